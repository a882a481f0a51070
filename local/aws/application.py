"""The WSGI application: every request is identified, logged, checked and given to the service that answers it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Request, Response

from local.aws import validation
from local.aws.credentials import Credentials
from local.aws.errors import JSON_TYPE, AwsError, error_response
from local.aws.faults import CUT, Faults
from local.aws.operations import MODELS, RUNTIME, Call, identify, service_model
from local.aws.parameters import parameters
from local.aws.requests_log import RequestsLog

logger = logging.getLogger(__name__)

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# JSON services whose requests are held against botocore's model, and the error that each of them answers then.
VALIDATED = {
    "sagemaker": "ValidationException",
    "ecr": "InvalidParameterException",
    "application-autoscaling": "ValidationException",
    "monitoring": "ValidationError",
    "servicequotas": "IllegalArgumentException",
    "logs": "InvalidParameterException",
}
# Services of which there is one region here; the others are moto's and have them all.
REGIONAL = ("sagemaker", RUNTIME, "ecr", "servicequotas")
CONTROL = "/_local/"


class Service(Protocol):
    """A service of ours. It answers a request, or returns None to leave it to moto."""

    def __call__(self, call: Call, request: Request) -> Response | Wsgi | None: ...


class Application:
    """`services` by signing name; `moto` answers what they do not; `control` answers /_local/."""

    def __init__(
        self,
        services: Mapping[str, Service],
        moto: Wsgi,
        control: Wsgi,
        log: RequestsLog,
        credentials: Credentials,
        faults: Faults,
        region: str,
    ) -> None:
        self._services = services
        self._moto = moto
        self._control = control
        self._log = log
        self._credentials = credentials
        self._faults = faults
        self._region = region

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(CONTROL):
            return self._control(environ, start_response)
        request = Request(environ)
        call = identify(request)
        named = parameters(call, request)
        entry = self._log.begin(call, request.content_length or 0, named)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            entry.status = int(status.split(" ", 1)[0])
            return start_response(status, headers, *rest)

        return self._log.counted(entry, self._answer(call, request, named)(environ, start))

    def _answer(self, call: Call, request: Request, named: Mapping[str, Any]) -> Wsgi:
        fault = self._faults.take(call, named)
        if fault is None:
            return self._served(call, request)
        if fault.error == CUT:
            done = fault.after or fault.after_bytes is not None
            return _cut(self._served(call, request) if done else None, fault.after_bytes)
        error = fault.answer(call)
        refusal = error_response(call.service, call.protocol, error, head=request.method == "HEAD", path=request.path)
        return _unheard(self._served(call, request), refusal) if fault.after else refusal

    def _served(self, call: Call, request: Request) -> Wsgi:
        try:
            self._credentials.check(call)
            if call.service in REGIONAL and call.region != self._region:
                raise AwsError("InvalidSignatureException", "Credential should be scoped to a valid region. ", 403)
            self._validate(call, request)
            service = self._services.get(call.service)
            answer = service(call, request) if service is not None else None
        except AwsError as error:
            return error_response(call.service, call.protocol, error, head=request.method == "HEAD", path=request.path)
        except ClientDisconnected:
            error = AwsError("RequestTimeout", "The connection was closed before the whole body had arrived.")
            return error_response(call.service, call.protocol, error, path=request.path)
        except Exception:
            logger.exception("%s %s failed inside the local AWS", call.service, call.operation)
            error = AwsError("InternalFailure", "The local AWS failed; its log has the traceback.", 500)
            return error_response(call.service, call.protocol, error, path=request.path)
        return self._to_moto(request) if answer is None else answer

    def _to_moto(self, request: Request) -> Wsgi:
        """moto with the same request; a body that was read on the way is put back."""

        def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            if hasattr(request, "_cached_data"):
                rewind(environ, request.get_data())
            return self._moto(environ, start_response)

        return run

    def _validate(self, call: Call, request: Request) -> None:
        code = VALIDATED.get(call.service)
        if code is None or call.protocol != "json":
            return
        if call.operation not in service_model(MODELS[call.service]).operation_names:
            raise AwsError("UnknownOperationException", f"{call.service} has no operation {call.operation}.")
        validation.check(MODELS[call.service], call.operation, parsed(request), code)


def _unheard(work: Wsgi, refusal: Wsgi) -> Wsgi:
    """Does the work and answers with the refusal all the same."""

    def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        Response.from_app(work, environ, buffered=True)
        return refusal(environ, start_response)

    return run


def _cut(work: Wsgi | None, after_bytes: int | None) -> Wsgi:
    """Does the work, if any, and ends the connection without an answer, or after so many bytes of the answer's body.

    The server closes a connection whose answer raises a ConnectionError.
    """

    def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if work is not None and after_bytes is not None:
            return _beginning(work(environ, start_response), after_bytes)
        if work is not None:
            Response.from_app(work, environ, buffered=True)
        raise ConnectionAbortedError

    return run


def _beginning(body: Iterable[bytes], size: int) -> Iterator[bytes]:
    for part in body:
        yield part[:size]
        size -= len(part)
        if size <= 0:
            raise ConnectionAbortedError


def rewind(environ: dict[str, Any], body: bytes) -> None:
    """Puts a body that was read back for the next reader of `environ`."""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))


def parsed(request: Request) -> dict[str, Any]:
    """The body of a JSON service's request. AwsError SerializationException if it is not a JSON object."""
    try:
        params = json.loads(request.get_data(cache=True) or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"the body is not JSON: {error}") from error
    if not isinstance(params, dict):
        raise AwsError("SerializationException", "the body is not a JSON object")
    return params


def json_response(result: Mapping[str, Any] | None, status: int = 200, content_type: str = JSON_TYPE) -> Response:
    """A JSON service's answer; absent (None) members are left out, times are epoch seconds as AWS sends them."""
    body = json.dumps(_plain(result or {}), separators=(",", ":"))
    return Response(body, status=status, content_type=content_type)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "timestamp"):
        return value.timestamp()
    return value
