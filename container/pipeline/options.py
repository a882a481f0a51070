"""A request's options: read from the custom attributes and checked."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.errors import RequestError

# 1,024 characters of base64url inflate to far less than this in honest use; more is a decompression bomb.
MAX_INFLATED_BYTES = 16 * 1024


@dataclass(frozen=True)
class Options:
    """What the caller may choose. None: the pipeline's own choice."""

    language: str | None = None
    task: str = "transcribe"
    prompt: str | None = None
    hotwords: str | None = None
    word_timestamps: bool = False
    vad: bool = True
    beam_size: int | None = None
    temperature: float | None = None
    channels: str = "mix"
    multilingual: bool = False


def parse(attributes: str | None) -> Options:
    """Reads the X-Amzn-SageMaker-Custom-Attributes header.

    Two spellings: JSON, or base64url (no padding) of raw-deflated JSON, because the header holds at most 1,024
    visible ASCII characters. Missing or blank means all defaults. Raises RequestError 400 `bad_options`.
    """
    text = (attributes or "").strip()
    if not text:
        return Options()
    values = _object(text if text.startswith("{") else _inflate(text))
    unknown = sorted(set(values) - set(_CHECKS))
    if unknown:
        raise _bad(f"unknown option {_shown(unknown[0])}; known are {', '.join(_CHECKS)}")
    # null is how several JSON writers say "not given".
    return Options(**{name: _CHECKS[name](name, value) for name, value in values.items() if value is not None})


def _inflate(text: str) -> str:
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        unpacked = inflater.decompress(packed, MAX_INFLATED_BYTES)
        if not inflater.eof:
            raise _bad(f"the deflated JSON is cut off or longer than {MAX_INFLATED_BYTES} bytes")
        return unpacked.decode("utf-8")
    except (binascii.Error, zlib.error, ValueError) as error:
        raise _bad("expected a JSON object, or base64url of raw-deflated JSON") from error


def _object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad("the JSON can't be parsed") from error
    if not isinstance(values, dict):
        raise _bad(f"expected a JSON object, found {type(values).__name__}")
    return values


def _text(name: str, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _bad(f"{name} must be a string, found {type(value).__name__}")
    return value.strip() or None


def _language(name: str, value: Any) -> str | None:
    text = _text(name, value)
    return text.lower() if text else None


def _one_of(*known: str) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if value not in known:
            raise _bad(f"{name} must be {' or '.join(known)}, found {_shown(value)}")
        return value

    return check


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _bad(f"{name} must be true or false, found {_shown(value)}")
    return value


def _beam_size(name: str, value: Any) -> int:
    # bool is a kind of int in Python.
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10:
        raise _bad(f"{name} must be a whole number from 1 to 10, found {_shown(value)}")
    return value


def _temperature(name: str, value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
        raise _bad(f"{name} must be a number from 0 to 1, found {_shown(value)}")
    return float(value)


def _shown(value: Any) -> str:
    """A value as the caller wrote it, short enough for a message."""
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _bad(message: str) -> RequestError:
    return RequestError(400, "bad_options", f"X-Amzn-SageMaker-Custom-Attributes: {message}")


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "language": _language,
    "task": _one_of("transcribe", "translate"),
    "prompt": _text,
    "hotwords": _text,
    "word_timestamps": _flag,
    "vad": _flag,
    "beam_size": _beam_size,
    "temperature": _temperature,
    "channels": _one_of("mix", "split"),
    "multilingual": _flag,
}
