"""The two routes of SageMaker's container contract, as an ASGI application.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, BinaryIO

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipeline.errors import Cancelled, RequestError
from serving import log
from serving.service import Service

# The most that SageMaker sends to an asynchronous endpoint.
MAX_BODY_BYTES = 1024**3
# Bodies up to here stay in memory; larger ones go to an unnamed temporary file, which no crash can leave behind.
MAX_BODY_BYTES_IN_MEMORY = 8 * 1024**2


@dataclass
class Record:
    """One request's log line as it fills up. Never its text, prompt, hotwords or file name."""

    id: str
    started: float = field(default_factory=time.monotonic)
    fields: dict[str, Any] = field(default_factory=dict)

    def write(self, status: int) -> None:
        seconds = round(time.monotonic() - self.started, 3)
        log.info("request", id=self.id, status=status, seconds=seconds, **self.fields)


class RequestContext:
    """The part of multi-model-server's Context that handlers use (mms/context.py), and whether the caller has gone."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers
        self.gone = threading.Event()

    def cancelled(self) -> bool:
        return self.gone.is_set()

    def get_all_request_header(self, idx: int) -> dict[str, str]:
        return self._headers

    def get_request_header(self, idx: int, key: str) -> str | None:
        return self._headers.get(key)


def create_app(service: Service, handlers: ModuleType) -> Starlette:
    """`handlers` has input_fn, predict_fn and output_fn as inference.py does."""

    async def ping(request: Request) -> Response:
        return Response(status_code=200 if service.ready else 503)

    async def invocations(request: Request) -> Response:
        record = Record(_request_id(request))
        try:
            response = await _invoke(request, record, service, handlers)
        except RequestError as error:
            record.fields["error"] = error.code
            response = _error(error.status_code, error.code, error.message)
        except (ClientDisconnect, Cancelled):
            record.fields["error"] = "client_disconnected"
            response = Response(status_code=499)
        except Exception as error:
            log.error("request_failed", error, id=record.id)
            record.fields["error"] = "internal"
            response = _error(
                500, "internal", f"the container failed ({type(error).__name__}); see its log for {record.id}"
            )
        record.write(response.status_code)
        return response

    return Starlette(
        routes=[Route("/ping", ping), Route("/invocations", invocations, methods=["POST"])],
        exception_handlers={HTTPException: _http_error},
    )


async def _invoke(request: Request, record: Record, service: Service, handlers: ModuleType) -> Response:
    context = RequestContext(dict(request.headers))
    try:
        place = service.place()
    except RequestError:
        await _discard(request)
        raise
    with place, tempfile.SpooledTemporaryFile(max_size=MAX_BODY_BYTES_IN_MEMORY) as body:
        record.fields["bytes"] = await _receive(request, body)
        data = handlers.input_fn(body, request.headers.get("content-type"), context)
        async with _watched(request, context):
            prediction = await service.predict(handlers.predict_fn, data)
        record.fields |= _measured(prediction)
        content, media_type = handlers.output_fn(prediction, request.headers.get("accept"))
        return Response(content, headers={"content-type": media_type})


@asynccontextmanager
async def _watched(request: Request, context: RequestContext) -> AsyncIterator[None]:
    """Tells the handlers when the caller goes away: nobody else should wait for what nobody reads."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        context.gone.set()

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


def _measured(transcript: dict[str, Any]) -> dict[str, Any]:
    """What the log says of a transcript: none of its words. `stages`: seconds; they overlap (docs/container.md)."""
    stages = transcript["timings"]
    total = stages["total"]
    return {
        "audio_seconds": transcript["duration"],
        "language": transcript["language"],
        "windows": transcript["windows"],
        "retries": transcript["retries"],
        "speech_without_text": transcript["speech_without_text"],
        "stages": stages,
        "times_real_time": round(transcript["duration"] / total, 2) if total else None,
    }


async def _receive(request: Request, body: BinaryIO) -> int:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise RequestError(
                413, "too_large", f"the body is larger than {MAX_BODY_BYTES} bytes, SageMaker's own limit"
            )
        body.write(chunk)
    return size


async def _discard(request: Request) -> None:
    """Reads a refused body to its end: a client that still sends would see a broken connection, not the answer."""
    async for _ in request.stream():
        pass


def _request_id(request: Request) -> str:
    return request.headers.get("x-amzn-sagemaker-inference-id", "")[:64] or uuid.uuid4().hex


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


async def _http_error(request: Request, error: Exception) -> Response:
    """Unknown paths and methods, in the same shape as every other error."""
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "internal")
    return _error(error.status_code, code, "this server answers GET /ping and POST /invocations")
