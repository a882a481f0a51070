"""The server's settings, from the environment that SageMaker and the deployment set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(Exception):
    """A variable of the environment has a value that can't be used."""


@dataclass(frozen=True)
class Settings:
    host: str
    port: int
    model_dir: Path
    concurrency: int


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsError that names the variable. SAGEMAKER_* as in AWS's inference toolkit."""
    return Settings(
        host=environment.get("BIND_HOST") or "0.0.0.0",  # noqa: S104 SageMaker calls from outside the container
        port=_whole_number(environment, "SAGEMAKER_BIND_TO_PORT", default=8080, lowest=1, highest=65535),
        model_dir=Path(environment.get("SAGEMAKER_BASE_DIR") or "/opt/ml") / "model",
        concurrency=_whole_number(environment, "WHISPER_CONCURRENCY", default=1, lowest=1, highest=1000),
    )


def _whole_number(environment: Mapping[str, str], name: str, *, default: int, lowest: int, highest: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
        raise SettingsError(f"{name} must be a whole number from {lowest} to {highest}, found {text[:40]!r}")
    return int(text)
