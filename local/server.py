"""The local AWS in one process: moto, and what replaces or corrects parts of it.

    python -m local.server --port 0 --state DIR --registry HOST:PORT --registry-password-file FILE --engine docker

Writes DIR/server.json, {"port", "pid", "registry", "role"}, when it is ready; `registry` is the address that images
carry, `role` the ARN of a role for endpoints.
"""

from __future__ import annotations

import argparse
import functools
import json
import logging
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer

from local.aws import iam  # noqa: F401  (moto then finds the types of CloudFormation that it lacks)
from local.aws.application import Application
from local.aws.autoscaling.install import Scaling, install
from local.aws.autoscaling.service import AutoScaling
from local.aws.clock import Clock
from local.aws.cloudwatch.metrics import MetricStore
from local.aws.credentials import Credentials
from local.aws.ecr.gate import RegistryGate
from local.aws.ecr.registries import Registries
from local.aws.ecr.service import Ecr
from local.aws.faults import Faults
from local.aws.operations import RUNTIME
from local.aws.quotas import Quotas
from local.aws.requests_log import RequestsLog
from local.aws.s3.objects import Objects
from local.aws.s3.service import S3
from local.aws.sagemaker.capacity import Capacity
from local.aws.sagemaker.deployment import Deployments
from local.aws.sagemaker.endpoint import Endpoint
from local.aws.sagemaker.endpoint_configs import EndpointConfigs
from local.aws.sagemaker.endpoints import Endpoints
from local.aws.sagemaker.fleet import Outside
from local.aws.sagemaker.instances import Handler
from local.aws.sagemaker.invocations import Invocations
from local.aws.sagemaker.invoke import Runtime
from local.aws.sagemaker.metrics import EndpointMetrics
from local.aws.sagemaker.models import Models
from local.aws.sagemaker.roles import make_execution_role
from local.aws.sagemaker.scaling import ScalableEndpoints
from local.aws.sagemaker.service import SageMaker
from local.aws.sagemaker.states import EndpointStates
from local.aws.sagemaker.store import Store
from local.aws.serving import HOST, listening, serving
from local.aws.sts import Sts
from local.control import Control
from local.engine.base import Engine
from local.engine.open import open_engine
from local.registry import docker_registry
from local.registry.client import Registry

REGION = "us-east-1"
SHUTDOWN_POLL_SECONDS = 0.05  # shutdown() takes up to this long a server; the default is half a second


class LocalAws:
    """All services and the two HTTP servers (AWS's and the registry's)."""

    def __init__(self, state: Path, port: int, registry: Registry, engine: Engine) -> None:
        self._engine = engine
        self.role = make_execution_role(DEFAULT_ACCOUNT_ID)
        self.clock = Clock()
        self.store = Store(DEFAULT_ACCOUNT_ID, REGION)
        self._state = state
        self._servers: list[BaseWSGIServer] = []
        ecr = self._open_ecr(self.store.account, registry)
        ecr.install()
        self.registry_host = ecr.host
        registries = Registries(ecr, self._open_other, functools.partial(docker_registry.keep, state))
        metric_store = MetricStore(self.clock)
        objects = Objects(self.store.account, REGION)
        capacity = Capacity()
        outside = Outside(engine, registries, objects, capacity, self.clock, self.store.account, REGION, state)
        deployments = Deployments(self.store, self.clock.now, self._handler_for(objects))
        self._scaling: Scaling = install(
            self.clock, metric_store, ScalableEndpoints(self.store, deployments, capacity), region=REGION
        )
        self._metrics = EndpointMetrics(self.store, self.clock, metric_store)
        endpoint_api = Endpoints(self.store, self.clock, outside, deployments, self._scaling.has_scalable_target)
        model_api = Models(self.store, self.clock, objects, registries)
        moto = DomainDispatcherApplication(create_backend_app)
        log, credentials, faults = RequestsLog(self.clock), Credentials(), Faults()
        states = EndpointStates(self.store, self.clock, deployments)
        sts = Sts(self.store.account, REGION, credentials)
        application = Application(
            services={
                "sagemaker": SageMaker(self.store, model_api, EndpointConfigs(self.store, self.clock), endpoint_api),
                RUNTIME: Runtime(self.store, self.clock),
                "ecr": registries,
                "application-autoscaling": AutoScaling(self._scaling, self.store.account),
                "servicequotas": Quotas(self.store.account, REGION, capacity),
                "s3": S3(self.store.account, moto),
                "sts": sts,
            },
            moto=moto,
            control=Control(
                self.clock, log, credentials, faults, capacity, self._metrics, self.store, states, registries, sts
            ),
            log=log,
            credentials=credentials,
            faults=faults,
            region=REGION,
        )
        self.port = self._serve(listening(port), application)

    def start(self) -> None:
        """Makes it ready. Containers that a crashed server left behind go first."""
        self._engine.stop_all()
        self._metrics.start()

    def stop(self) -> None:
        """Stops everything that was started: the servers, scaling, every instance, other accounts' registries."""
        self._scaling.stop()
        self._metrics.stop()
        for server in self._servers:
            server.shutdown()
        docker_registry.stop_others(self._state)
        endpoints = list(self.store.endpoints.values())
        fleets = [fleet for endpoint in endpoints for fleet in (endpoint.fleet, endpoint.pending) if fleet is not None]
        for fleet in fleets:
            fleet.abandon()
        self._engine.stop_all()
        for fleet in fleets:
            fleet.forget()

    def _serve(self, server_socket: socket.socket, application: Any) -> int:
        """Serves in a thread until stop(); the port."""
        server = serving(server_socket, application)
        threading.Thread(target=server.serve_forever, args=(SHUTDOWN_POLL_SECONDS,), daemon=True).start()
        self._servers.append(server)
        return server.port

    def _open_ecr(self, account: str, registry: Registry) -> Ecr:
        gate_socket = listening(0)
        ecr = Ecr(account, REGION, registry, f"{HOST}:{gate_socket.getsockname()[1]}", self.clock)
        self._serve(gate_socket, RegistryGate(registry, ecr))
        return ecr

    def _open_other(self, account: str, kept: str | None) -> Ecr:
        started = docker_registry.start_other(self._state, account, kept)
        ecr = self._open_ecr(account, Registry(started.address, started.password_file))
        docker_registry.note_address(self._state, account, ecr.host)
        return ecr

    def _handler_for(self, objects: Objects) -> Callable[[Endpoint], Handler]:
        def handler(endpoint: Endpoint) -> Handler:
            config = endpoint.fleet.config.spec["AsyncInferenceConfig"]
            role = endpoint.fleet.model.spec["ExecutionRoleArn"]
            return Invocations(endpoint.name, config, role, self.store.account, REGION, objects, self.clock)

        return handler


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--registry", required=True, metavar="HOST:PORT")
    parser.add_argument("--registry-password-file", type=Path, required=True)
    parser.add_argument("--engine", choices=("docker", "process"), required=True)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Runs until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Each part of a large object in S3 is an open file.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    options = arguments(argv)
    state: Path = options.state.resolve()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    engine = open_engine(options.engine, state)
    aws = LocalAws(state, options.port, Registry(options.registry, options.registry_password_file), engine)
    aws.start()
    ready = state / "server.json"
    # Renamed into place, so that nobody reads half of it.
    draft = ready.with_suffix(".new")
    told = {"port": aws.port, "pid": os.getpid(), "registry": aws.registry_host, "role": aws.role}
    draft.write_text(json.dumps(told))
    draft.replace(ready)
    ended.wait()
    ready.unlink(missing_ok=True)
    aws.stop()


if __name__ == "__main__":
    main()
    logging.shutdown()
    # Not the interpreter's own end: it takes moto apart object by object, for most of a second.
    os._exit(0)
