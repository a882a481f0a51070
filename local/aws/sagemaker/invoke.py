"""InvokeEndpointAsync: checks a request, names its output and puts it into the endpoint's queue."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from local.aws import validation
from local.aws.clock import Clock
from local.aws.errors import AwsError
from local.aws.operations import RUNTIME, Call, service_model
from local.aws.sagemaker.async_output import failure_location, output_location
from local.aws.sagemaker.queue import AsyncRequest
from local.aws.sagemaker.store import Store

TTL_SECONDS = 21600
TIMEOUT_SECONDS = 900
NUMBERS = ("RequestTTLSeconds", "InvocationTimeoutSeconds")


class Runtime:
    """The service that botocore calls sagemaker-runtime. Its validation error has no 'Exception' in its name."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def __call__(self, call: Call, request: Request) -> Response:
        name = request.path.split("/")[2]
        if call.operation == "InvokeEndpoint":
            raise self._refuse_synchronous(name)
        params = {**_headers(call.operation, request), "EndpointName": name}
        body = request.get_data() or None
        if body is not None:
            params["Body"] = body
        validation.check(RUNTIME, call.operation, params, "ValidationError")
        if ("InputLocation" in params) == ("Body" in params):
            raise AwsError("ValidationError", "Exactly one of InputLocation and Body must be given.")
        return self._accept(params)

    def _accept(self, params: dict[str, Any]) -> Response:
        with self._store.lock:
            endpoint = self._servable(params["EndpointName"])
            config = endpoint.fleet.config.spec["AsyncInferenceConfig"]
            unique = str(uuid.uuid4())
            params.setdefault("InferenceId", str(uuid.uuid4()))
            accepted = AsyncRequest(
                inference_id=params["InferenceId"],
                output_location=output_location(
                    config, unique, params.get("S3OutputPathExtension"), params.get("Filename")
                ),
                failure_location=failure_location(config, unique),
                headers=_forwarded(params),
                input_location=params.get("InputLocation"),
                body=params.get("Body"),
                accepted=self._clock.now(),
                ttl=timedelta(seconds=params.get("RequestTTLSeconds", TTL_SECONDS)),
                timeout=timedelta(seconds=params.get("InvocationTimeoutSeconds", TIMEOUT_SECONDS)),
            )
            endpoint.queue.put(accepted)
        answer = Response(
            json.dumps({"InferenceId": accepted.inference_id}), status=202, content_type="application/json"
        )
        answer.headers["X-Amzn-SageMaker-OutputLocation"] = accepted.output_location
        if accepted.failure_location:
            answer.headers["X-Amzn-SageMaker-FailureLocation"] = accepted.failure_location
        return answer

    def _servable(self, name: str) -> Any:
        endpoint = self._store.endpoints.get(name)
        if endpoint is None or endpoint.status in ("Creating", "Failed", "Deleting", "OutOfService"):
            raise AwsError("ValidationError", f"Endpoint {name} of account {self._store.account} not found.")
        return endpoint

    def _refuse_synchronous(self, name: str) -> AwsError:
        with self._store.lock:
            self._servable(name)
        return AwsError("ValidationError", f"Endpoint {name} does not support this inference type.")


def _headers(operation: str, request: Request) -> dict[str, Any]:
    """The members that the service model places in headers."""
    params: dict[str, Any] = {}
    for member, shape in service_model(RUNTIME).operation_model(operation).input_shape.members.items():
        if shape.serialization.get("location") != "header":
            continue
        value = request.headers.get(shape.serialization["name"])
        if value is None:
            continue
        if member in NUMBERS:
            if not value.isascii() or not value.isdecimal():
                raise AwsError("ValidationError", f"{member} {value!r} is not a whole number.")
            params[member] = int(value)
        else:
            params[member] = value
    attributes = params.get("CustomAttributes", "")
    # RFC 7230 section 3.2.6 field-content: visible characters with spaces between them.
    if any(not 0x20 <= ord(character) <= 0x7E for character in attributes):
        raise AwsError("ValidationError", "CustomAttributes may hold visible US-ASCII characters only.")
    return params


def _forwarded(params: dict[str, Any]) -> dict[str, str]:
    """What the container gets of the caller's headers."""
    names = {
        "ContentType": "Content-Type",
        "Accept": "Accept",
        "CustomAttributes": "X-Amzn-SageMaker-Custom-Attributes",
        "InferenceId": "X-Amzn-SageMaker-Inference-Id",
    }
    return {header: params[member] for member, header in names.items() if member in params}
