"""What an engine and its instances are: the interface that docker.py and process.py implement.

An instance listens on 127.0.0.1:<port> and speaks the
container's HTTP contract (GET /ping, POST /invocations). All methods may be called from any thread.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from local.registry.login import RegistryAuth


class EngineError(Exception):
    """The engine could not do what was asked; the text names the image or instance and what the engine said."""


class PullError(EngineError):
    """The image could not be pulled: no such image, or the registry refused the login."""


class Instance(ABC):
    """One started container or process."""

    id: str
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @abstractmethod
    def alive(self) -> bool:
        """False once its main process has ended, for whatever reason."""

    @abstractmethod
    def exit_code(self) -> int | None:
        """The main process's exit status (128 + signal when killed); None while it runs or once it was removed."""

    @abstractmethod
    def logs(self, lines: int = 200) -> str:
        """The last lines of stdout and stderr; they can be read until stop() has been called."""

    @abstractmethod
    def stop(self, timeout: float = 30.0) -> None:
        """SIGTERM, then SIGKILL after `timeout` seconds (SageMaker: 30), then remove it. Harmless when repeated."""


class Engine(ABC):
    kind: str
    """'docker' or 'process'."""

    @abstractmethod
    def pull(self, image_uri: str, auth: RegistryAuth) -> None:
        """Fetches the image from its registry with this login and no other. Raises PullError."""

    @abstractmethod
    def run(self, image_uri: str, env: Mapping[str, str], model_dir: Path | None, port: int) -> Instance:
        """Starts `IMAGE serve` with Model.Environment `env`, weights read-only at /opt/ml/model, on 127.0.0.1:`port`.

        Returns as soon as it is started: poll GET /ping. The image must have been pulled. Raises EngineError.
        """

    @abstractmethod
    def stop_all(self) -> None:
        """Stops and removes every instance that belongs to this state folder, those of a crashed server too."""
