"""One instance behind an endpoint: its container, kept healthy, and the slots that take requests from the queue."""

from __future__ import annotations

import contextlib
import http.client
import logging
import random
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from local.aws.clock import Clock
from local.aws.sagemaker.logs import LINES, LogStream
from local.aws.sagemaker.queue import AsyncRequest, RequestQueue
from local.engine.base import Engine, EngineError, Instance

logger = logging.getLogger(__name__)

PING_SECONDS = 2.0  # SageMaker's /ping timeout (developer guide, "container should respond to health check requests")
POLL_SECONDS = 0.1
KEEP_SECONDS = 3.0  # real seconds between two looks at a running container
STOP_SECONDS = 30.0  # SIGTERM to SIGKILL, simulated
PORTS = range(10_000, 32_767)
EXITS = 3  # a container that ended this often before it was healthy is not started again


class StartError(Exception):
    """The instance did not come into service; the text is the endpoint's FailureReason."""


@dataclass(frozen=True)
class Container:
    """What an instance runs. `start_timeout` is simulated."""

    variant: str
    image: str
    environment: dict[str, str]
    model_dir: Path | None
    start_timeout: timedelta
    slots: int


Handler = Callable[[AsyncRequest, "ModelInstance"], None]


class ModelInstance:
    """Starts at `start()`; takes requests after `serve()`; a stopped instance's running requests are lost."""

    def __init__(
        self, id: str, container: Container, instance_type: str, engine: Engine, clock: Clock, logs: LogStream
    ) -> None:
        self.id = id
        self.container = container
        self.instance_type = instance_type
        self.state = "Starting"
        self.last_busy: datetime | None = None
        self._busy = 0
        self._engine = engine
        self._clock = clock
        self._logs = logs
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._look = threading.Event()
        self._process: Instance | None = None
        self._queue: RequestQueue | None = None

    @property
    def stopped(self) -> bool:
        """Whether the instance was told to stop."""
        return self._stopping.is_set()

    @property
    def url(self) -> str | None:
        """Where its container listens; None while there is none."""
        return self._process.url if self._process else None

    @property
    def port(self) -> int:
        """Raises EngineError while no container runs."""
        if self._process is None:
            raise EngineError("no container runs on this instance")
        return self._process.port

    def start(self) -> None:
        """Runs the container and waits until it answers /ping. Raises StartError; the instance is then stopped."""
        deadline = self._clock.now() + self.container.start_timeout
        try:
            for _ in range(EXITS):
                self._run()
                if self._healthy_before(deadline):
                    self._set_state("InService")
                    return
                self._ship_logs()
                if self.stopped or self._clock.now() >= deadline:
                    break
        except EngineError as error:
            logger.warning("%s", error)
            self.stop()
            raise StartError(
                f"CannotStartContainerError. Please ensure the model container for production variant "
                f"{self.container.variant} starts correctly when invoked with 'docker run <image> serve'."
            ) from error
        self.stop()
        raise StartError(
            f"The primary container for production variant {self.container.variant} did not pass the ping health "
            "check. Please check CloudWatch logs for this endpoint."
        )

    def serve(self, queue: RequestQueue, handle: Handler) -> None:
        """Takes requests from `queue`, as many at once as the container has slots."""
        self._queue = queue
        for number in range(self.container.slots):
            name = f"{self.id}-{number}"
            threading.Thread(target=self._slot, args=(queue, handle), name=name, daemon=True).start()
        threading.Thread(target=self._keep, name=f"{self.id}-keep", daemon=True).start()

    def stop(self) -> None:
        """SIGTERM to the container, SIGKILL after 30 simulated seconds. What it was working on is lost."""
        with self._lock:
            if self.stopped:
                return
            self._stopping.set()
            self._look.set()
            self.state = "Stopping"
            process = self._process
        if self._queue is not None:
            self._queue.wake()
        if process is not None:
            self._ship_logs()
            process.stop(max(1.0, STOP_SECONDS / self._clock.speed))
        self.state = "Stopped"

    def abandon(self) -> None:
        """Nothing is taken or started any more; the container is left to the engine."""
        self._stopping.set()
        self._look.set()

    def _run(self) -> None:
        """Starts a container in the place of the one before."""
        if self._process is not None:
            self._process.stop(0)
            self._logs.restarted()
        with self._lock:
            if self.stopped:
                return
            container = self.container
            self._process = self._engine.run(container.image, container.environment, container.model_dir, free_port())

    def _healthy_before(self, deadline: datetime) -> bool:
        """Waits for a good /ping; False when the container ends, the time is up or the instance is stopped."""
        rounds = 0
        while not self._stopping.wait(POLL_SECONDS) and self._clock.now() < deadline:
            if self._ping():
                return True
            rounds += 1
            # Asking the engine costs a process each time; a refused connection says nearly as much.
            if rounds % 5 == 0 and self._process is not None and not self._process.alive():
                return False
        return False

    def _ping(self) -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PING_SECONDS)
            try:
                connection.request("GET", "/ping")
                return connection.getresponse().status == 200
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, EngineError):
            return False

    def _slot(self, queue: RequestQueue, handle: Handler) -> None:
        while not self.stopped:
            request = queue.take(self._unfit, timeout=1.0)
            if request is None:
                self._stopping.wait(0 if self.state == "InService" else POLL_SECONDS)
                continue
            self._note_busy(1)
            try:
                handle(request, self)
            except Exception:
                logger.exception("request %s failed inside the local AWS", request.inference_id)
            finally:
                self._note_busy(-1)
                queue.done(request)

    def _unfit(self) -> bool:
        return self.state != "InService"

    def _note_busy(self, change: int) -> None:
        with self._lock:
            self._busy += change
            self.last_busy = self._clock.now()

    def busy_since(self, moment: datetime) -> bool:
        """Whether a request was being worked on at any time since `moment`."""
        with self._lock:
            return self._busy > 0 or (self.last_busy is not None and self.last_busy > moment)

    def note(self, message: str) -> None:
        """A line of SageMaker's own about a request, beside the container's output."""
        self._logs.note(message)

    def suspect(self) -> None:
        """A request got no answer: nothing more is taken until the container has been looked at."""
        with self._lock:
            if self.state == "InService":
                self.state = "Unhealthy"
        self._look.set()

    def _keep(self) -> None:
        """Copies the container's output and starts it again when it has ended."""
        while not self.stopped:
            self._look.wait(KEEP_SECONDS)
            self._look.clear()
            process = self._process
            if process is None or self.stopped:
                continue
            self._ship_logs()
            try:
                self._revive(process)
            except EngineError as error:
                logger.warning("%s", error)

    def _revive(self, process: Instance) -> None:
        if not process.alive():
            self._set_state("Unhealthy")
            self._run()
        if self.state == "Unhealthy" and self._healthy_before(self._clock.now() + self.container.start_timeout):
            self._set_state("InService")

    def _set_state(self, state: str) -> None:
        with self._lock:
            if not self.stopped:
                self.state = state

    def _ship_logs(self) -> None:
        process = self._process
        if process is not None:
            try:
                self._logs.ship(process.logs(LINES))
            except EngineError as error:
                logger.warning("%s", error)


def free_port() -> int:
    """A port of the loopback address on which nothing listens now.

    Below those that Linux hands out by itself: AWS's model servers refuse these (SageMaker's own choice is 8080).
    """
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise EngineError("no port is free on 127.0.0.1")
