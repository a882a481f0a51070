"""The errors that a caller sees, and what the device's errors mean."""

from __future__ import annotations

from http import HTTPStatus

try:
    # Under AWS's inference toolkit only its own error type becomes a 4xx; any other exception becomes a 500.
    from sagemaker_inference.errors import BaseInferenceToolkitError as _Base
except ImportError:
    _Base = Exception


class RequestError(_Base):
    """A request that gets an error as its answer: HTTP status, a short code for programs and a message for people.

    The messages never quote the audio's text, the prompt or the hotwords.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status_code = status
        self.code = code
        self.message = message
        self.phrase = HTTPStatus(status).phrase
        super().__init__(self.status_code, self.message, self.phrase)

    def __str__(self) -> str:
        return self.message


class ModelError(Exception):
    """The weights or the machine can't serve: the container must stop and say why."""


class Cancelled(Exception):
    """Nobody waits for the answer any more."""


class EngineStopped(RuntimeError):
    """The thread that calls the model has ended: nothing can be read any more."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the device's memory was too small: the process goes on, and less at once may fit."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and ("out of memory" in text or "alloc" in text)
    )


def is_fatal(error: BaseException) -> bool:
    """Whether this process can't go on: a CUDA context that has failed stays so until the process ends."""
    if isinstance(error, EngineStopped):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("cuda" in text or "cublas" in text) and not is_out_of_memory(error)
