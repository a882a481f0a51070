"""The instances of one deployment: all run the same endpoint configuration and model, with one copy of its data."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from local.aws.clock import Clock
from local.aws.ecr.registries import Registries
from local.aws.s3.objects import Objects
from local.aws.sagemaker.capacity import NO_CAPACITY, Capacity
from local.aws.sagemaker.instances import Container, Handler, ModelInstance, StartError
from local.aws.sagemaker.logs import LogStream
from local.aws.sagemaker.model_data import ModelDataError, data_sources
from local.aws.sagemaker.queue import RequestQueue
from local.aws.sagemaker.resource import Resource, instance_types, only_container
from local.engine.base import Engine, PullError
from local.registry.client import split_image

# "default ~4 min after start" (developer guide); MaxConcurrentInvocationsPerInstance is "chosen by SageMaker".
START_SECONDS = 240
DEFAULT_SLOTS = 4
# How long AWS looks for capacity by itself is not documented; VariantInstanceProvisionTimeoutInSeconds says it.
PROVISION_SECONDS = 30


@dataclass(frozen=True)
class Outside:
    """What a fleet needs from the world."""

    engine: Engine
    registries: Registries
    objects: Objects
    capacity: Capacity
    clock: Clock
    account: str
    region: str
    state: Path


class Fleet:
    """`config` and `model` are fixed for the fleet's life. Methods are called by one deployment thread at a time."""

    def __init__(self, endpoint: str, config: Resource, model: Resource, outside: Outside) -> None:
        self.config = config
        self.model = model
        self.variant: dict[str, Any] = config.spec["ProductionVariants"][0]
        self.image: str = only_container(model.spec)["Image"]
        self.digest: str | None = None
        self.instances: list[ModelInstance] = []
        self._endpoint = endpoint
        self._outside = outside
        self._folder: Path | None = None
        self._lock = threading.Lock()
        self._serving: tuple[RequestQueue, Handler] | None = None

    @property
    def slots(self) -> int:
        """MaxConcurrentInvocationsPerInstance."""
        client = self.config.spec["AsyncInferenceConfig"].get("ClientConfig", {})
        return client.get("MaxConcurrentInvocationsPerInstance", DEFAULT_SLOTS)

    @property
    def in_service(self) -> int:
        """Instances that came up and were not told to stop."""
        return sum(instance.state in ("InService", "Unhealthy") for instance in self.instances)

    def grow(self, count: int) -> None:
        """Brings the fleet to `count` instances, promised before. Raises StartError; what came up before it stays."""
        more = count - len(self.instances)
        if more <= 0:
            return
        started: list[ModelInstance] = []
        try:
            self._prepare()
            for _ in range(more):
                started.append(self._acquire())
        except StartError:
            self._stop(started)
            raise
        finally:
            self._outside.capacity.take_back(instance_types(self.variant), more - len(started))
        with ThreadPoolExecutor(max_workers=more) as pool:
            futures = [pool.submit(self._start, instance) for instance in started]
            errors = [error for future in futures if (error := future.exception()) is not None]
        if errors:
            raise errors[0]

    def shrink(self, count: int) -> None:
        """Stops instances until `count` are left, whatever they are working on.

        Those of the instance pool of the lowest priority go first, of these the oldest.
        """
        types = instance_types(self.variant)
        leaving = sorted(self.instances, key=lambda instance: -types.index(instance.instance_type))
        self._stop(leaving[: max(0, len(leaving) - count)])

    def serve(self, queue: RequestQueue, handle: Handler) -> None:
        """Lets all instances, those to come too, take requests."""
        self._serving = (queue, handle)
        for instance in self.instances:
            instance.serve(queue, handle)

    def stop(self) -> None:
        """Stops all instances, those still starting too, waits for their end and removes the model's data."""
        for thread in self._stop(self.instances):
            thread.join()
        self.forget()

    def abandon(self) -> None:
        """The server ends: nothing is started again. The engine stops the containers themselves."""
        for instance in self.instances:
            instance.abandon()

    def forget(self) -> None:
        """Removes the model's data."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _prepare(self) -> None:
        """Pulls the image and fetches the model's data: AWS does so for every instance, here once does."""
        outside = self._outside
        host, repository, reference = split_image(self.image)
        try:
            registry = outside.registries.at(host)
            manifest = None if registry is None else registry.manifest(repository, reference)
            if registry is None or manifest is None:
                raise PullError(f"{self.image} is not in the registry")
            outside.engine.pull(self.image, registry.login)
        except PullError as error:
            name = self.variant["VariantName"]
            raise StartError(f"Failed to pull the image {self.image} for production variant {name}: {error}") from error
        self.digest = manifest.digest
        if self._folder is None:
            self._folder = self._fetch()

    def _fetch(self) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="model-", dir=self._outside.state))
        try:
            for source in data_sources(only_container(self.model.spec)):
                source.fetch(self._outside.objects, folder)
        except ModelDataError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise StartError(str(error)) from error
        return folder

    def _acquire(self) -> ModelInstance:
        """Takes an instance of the first type that AWS has one of. Raises StartError."""
        outside = self._outside
        patience = timedelta(seconds=self.variant.get("VariantInstanceProvisionTimeoutInSeconds", PROVISION_SECONDS))
        deadline = outside.clock.now() + patience
        while (kind := outside.capacity.acquire(instance_types(self.variant))) is None:
            if outside.clock.now() >= deadline:
                raise StartError(NO_CAPACITY)
            outside.clock.sleep(1)
        name = f"i-{secrets.token_hex(8)}"
        stream = f"{self.variant['VariantName']}/{name}"
        logs = LogStream(outside.account, outside.region, self._endpoint, stream)
        instance = ModelInstance(name, self._container(), kind, outside.engine, outside.clock, logs)
        self.instances.append(instance)
        return instance

    def _container(self) -> Container:
        seconds = self.variant.get("ContainerStartupHealthCheckTimeoutInSeconds", START_SECONDS)
        return Container(
            variant=self.variant["VariantName"],
            image=self.image,
            environment=only_container(self.model.spec).get("Environment", {}),
            model_dir=self._folder,
            start_timeout=timedelta(seconds=seconds),
            slots=self.slots,
        )

    def _start(self, instance: ModelInstance) -> None:
        try:
            instance.start()
        except StartError:
            self._stop([instance])
            raise
        if self._serving is not None:
            instance.serve(*self._serving)

    def _stop(self, leaving: list[ModelInstance]) -> list[threading.Thread]:
        """Takes instances out at once; their containers get their seconds to end in the threads returned."""
        threads = []
        for instance in list(leaving):
            with self._lock:
                if instance not in self.instances:
                    continue
                self.instances.remove(instance)
            self._outside.capacity.release(instance.instance_type)
            thread = threading.Thread(target=instance.stop, name=f"{instance.id}-stop", daemon=True)
            thread.start()
            threads.append(thread)
        return threads
