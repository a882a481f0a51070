"""CloudWatch, in the place of moto's, and Application Auto Scaling: their regions, and the time that passes in them."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from local.aws.autoscaling import api as autoscaling_api
from local.aws.autoscaling.endpoints import Endpoints
from local.aws.autoscaling.errors import ObjectNotFoundException
from local.aws.autoscaling.registry import Registry, ResourceId
from local.aws.autoscaling.scaler import Scaler
from local.aws.clock import Clock
from local.aws.cloudwatch import api as cloudwatch_api
from local.aws.cloudwatch.alarms import Alarms
from local.aws.cloudwatch.metrics import MetricStore

logger = logging.getLogger(__name__)

# CloudWatch evaluates alarms of less than a minute's period every ten seconds, others every minute.
_TICK = 10.0


@dataclass(frozen=True)
class Region:
    """The two services in one region of one account."""

    clock: Clock
    store: MetricStore
    alarms: Alarms
    registry: Registry
    endpoints: Endpoints
    scaler: Scaler

    def tick(self, now: datetime) -> None:
        """Everything that happens by itself as time passes: alarms, their actions, activities."""
        self.scaler.tick(now)
        self.alarms.tick(now)


class _NoEndpoints:
    """A region without SageMaker endpoints."""

    def desired_instance_count(self, endpoint: str, variant: str) -> int | None:
        return None

    def current_instance_count(self, endpoint: str, variant: str) -> int | None:
        return None

    def failure_reason(self, endpoint: str, variant: str) -> str | None:
        return None

    def set_desired_instance_count(self, endpoint: str, variant: str, count: int) -> None:
        raise LookupError(f"there is no endpoint {endpoint} in this region")


class Scaling:
    """The running scaling services; what `install` returns."""

    def __init__(self, clock: Clock, home: Region, home_place: tuple[str, str]) -> None:
        self._clock = clock
        self._home = home
        self._regions = {home_place: home}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._restore: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def start(self) -> None:
        """Replaces moto's methods and starts evaluating."""
        self._replace(CloudWatchResponse, cloudwatch_api.OPERATIONS, _cloudwatch_method)
        self._thread.start()

    def stop(self) -> None:
        """Ends the evaluation thread and gives moto its own methods back. Safe to call twice."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        while self._restore:
            self._restore.pop()()

    def has_scalable_target(self, endpoint: str, variant: str) -> bool:
        """Whether the variant is registered, so that SageMaker can refuse what it refuses on such a variant."""
        return self._home.registry.has_target(ResourceId(endpoint, variant))

    def deregister(self, endpoint: str, variant: str) -> None:
        """What DeleteEndpoint does with a variant's scalable target; nothing if there is none."""
        with contextlib.suppress(ObjectNotFoundException):
            autoscaling_api.deregister(self._home, ResourceId(endpoint, variant))

    def tick(self, now: datetime) -> None:
        """One step of evaluation, as the thread does it; for tests that move the time by hand."""
        with self._lock:
            regions = list(self._regions.values())
        for region in regions:
            region.tick(now)

    def region(self, account: str, name: str) -> Region:
        """The services of one region, made when first asked for."""
        with self._lock:
            if (account, name) not in self._regions:
                self._regions[(account, name)] = _region(
                    self._clock, MetricStore(self._clock), _NoEndpoints(), account, name
                )
            return self._regions[(account, name)]

    def _run(self) -> None:
        while not self._clock.wait(self._stopping, _TICK - self._clock.now().timestamp() % _TICK):
            try:
                self.tick(self._clock.now())
            except Exception:  # the thread must live on, and the log must say why a tick was lost
                logger.exception("evaluating alarms failed")

    def _replace(self, response: type[BaseResponse], operations: Mapping[str, Any], method: Callable[..., Any]) -> None:
        for name, operation in operations.items():
            before = response.__dict__.get(name)
            setattr(response, name, method(self, name, operation))
            undo = (lambda n=name: delattr(response, n)) if before is None else (
                lambda n=name, b=before: setattr(response, n, b)
            )  # fmt: skip
            self._restore.append(undo)


def install(
    clock: Clock,
    metrics: MetricStore,
    endpoints: Endpoints,
    region: str = "us-east-1",
    account: str = "123456789012",
) -> Scaling:
    """Replaces moto's CloudWatch and starts evaluating alarms. `region` is where `metrics` and `endpoints` live."""
    scaling = Scaling(clock, _region(clock, metrics, endpoints, account, region), (account, region))
    scaling.start()
    return scaling


def _region(clock: Clock, store: MetricStore, endpoints: Endpoints, account: str, name: str) -> Region:
    registry = Registry(name, account)
    scaler = Scaler(registry, endpoints)
    return Region(clock, store, Alarms(name, account, store, scaler.act), registry, endpoints, scaler)


def _cloudwatch_method(scaling: Scaling, name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: CloudWatchResponse) -> ActionResult:
        result = operation(scaling.region(self.current_account, self.region), self._get_params())
        return EmptyResult() if result is None else ActionResult(result)

    call.__name__ = name
    return call
