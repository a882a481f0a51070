"""The four handlers of SageMaker's inference toolkits, and the only door to the pipeline.

Our server calls them, and so does AWS's toolkit (sagemaker-inference), which passes `context` to a function with one
more parameter than its own call has. Packed as code/ in a model.tar.gz, it needs pipeline/ and TRANSCRIBER beside it.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

# A toolkit may import this file by its path, without its folder on the module path.
if (_FOLDER := str(Path(__file__).resolve().parent)) not in sys.path:
    sys.path.insert(0, _FOLDER)

from pipeline import audio, media, options, transcript
from pipeline.errors import RequestError
from pipeline.model import Model
from pipeline.split import transcribe_channels
from pipeline.transcribe import transcribe
from pipeline.warm import load

CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"


@dataclass(frozen=True)
class Request:
    """A checked request; `audio` is seekable. `cancelled` says when nobody waits for the answer any more."""

    audio: BinaryIO
    options: options.Options
    cancelled: Callable[[], bool]


def model_fn(model_dir: str) -> Model:
    """Loads the CTranslate2 weights in `model_dir` and warms them up. Raises ModelError."""
    return load(Path(model_dir), os.environ)


def input_fn(body: bytes | bytearray | BinaryIO, content_type: str | None, context: Any = None) -> Request:
    """Checks everything that can be checked before the expensive part. Raises RequestError.

    `body`: the audio file's bytes, or a seekable binary file of them, which is not copied.
    """
    headers = _headers(context)
    media.check_content_type(content_type)
    media.negotiate(headers.get("accept"))
    chosen = options.parse(headers.get(CUSTOM_ATTRIBUTES))
    file = io.BytesIO(body) if isinstance(body, (bytes, bytearray)) else body
    if file.seek(0, io.SEEK_END) == 0:
        raise RequestError(400, "empty_body", "the body is empty; send the bytes of one audio file")
    # Only our own server's context has it.
    return Request(file, chosen, getattr(context, "cancelled", lambda: False))


def predict_fn(data: Request, model: Model) -> dict[str, Any]:
    """The transcript as the JSON document of schema version 1. Raises RequestError `bad_audio` and `bad_options`, and
    Cancelled."""
    started = time.monotonic()
    if data.options.channels == "split":
        speech = transcribe_channels(model, data.audio, data.options, data.cancelled)
    else:
        speech = transcribe(model, audio.blocks(data.audio), data.options, data.cancelled)
    return transcript.document(model.provenance, data.options.task, speech, time.monotonic() - started)


def output_fn(prediction: dict[str, Any], accept: str | None) -> tuple[str, str]:
    """The answer's body and its Content-Type."""
    media_type = media.negotiate(accept)
    return transcript.encode(prediction, media_type), f"{media_type}; charset=utf-8"


def _headers(context: Any) -> dict[str, str]:
    """The request's headers by lower-case name; proxies change the case, and the toolkit keeps what it got."""
    if context is None:
        return {}
    found = context.get_all_request_header(0)
    return {name.lower(): value for name, value in found.items() if isinstance(value, str)}
