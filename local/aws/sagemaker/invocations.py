"""One asynchronous request on one instance: fetch the input, POST it to the container, write output or failure."""

from __future__ import annotations

import http.client
import json
import select
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.sns.models import sns_backends

from local.aws.clock import Clock
from local.aws.s3.objects import ObjectError, Objects
from local.aws.sagemaker.instances import ModelInstance
from local.aws.sagemaker.queue import AsyncRequest
from local.aws.sagemaker.roles import allows, s3_arn
from local.engine.base import EngineError

MAX_INPUT_BYTES = 1 << 30  # developer guide, async inference: payloads up to 1 GB
MAX_INPUT_TEXT = "1 GB"
POLL_SECONDS = 0.1
# A container that answered but stalls in the middle of its answer, real seconds.
READ_SECONDS = 60.0
# An answer's header with which a test's container (local/instant/) plays what AWS does to a request: "lost", as if the
# instance had been taken away before it answered, or "again", as a queue that delivers at least once may do.
DELIVERY = "X-Local-Delivery"


@dataclass(frozen=True)
class Answer:
    """A container's good answer."""

    content: bytes
    content_type: str
    delivery: str | None


class Lost(Exception):
    """The instance was taken away in the middle of the work: neither output nor failure is written."""


class Failed(Exception):
    """The request failed; the text goes into the failure object."""


class Invocations:
    """Processes the requests of one endpoint. `config` is its AsyncInferenceConfig, `role` its execution role's ARN."""

    def __init__(
        self,
        endpoint: str,
        config: dict[str, Any],
        role: str,
        account: str,
        region: str,
        objects: Objects,
        clock: Clock,
    ) -> None:
        self._endpoint = endpoint
        self._config = config
        self._role = role
        self._account = account
        self._region = region
        self._objects = objects
        self._clock = clock

    def __call__(self, request: AsyncRequest, instance: ModelInstance) -> None:
        """Never raises for what the caller, the container or S3 did wrong: that is the failure object's text."""
        delivery = self._deliver(request, instance)
        if delivery == "again":
            self._deliver(request, instance)

    def _deliver(self, request: AsyncRequest, instance: ModelInstance) -> str | None:
        """What the answer says of its delivery: see DELIVERY."""
        try:
            answer = self._invoke(request, instance)
            if instance.stopped or answer.delivery == "lost":
                return None
            self._write(request.output_location, answer.content, answer.content_type)
        except Lost:
            return None
        except Failed as error:
            if not instance.stopped:
                instance.note(self._logged(request, f"Inference request failed. {error}"))
                self._fail(request, str(error))
            return None
        instance.note(self._logged(request, "Inference request succeeded."))
        answered = {"contentType": answer.content_type, "outputLocation": request.output_location}
        self._notify("SuccessTopic", request, {"invocationStatus": "Completed", "responseParameters": answered})
        return answer.delivery

    def _invoke(self, request: AsyncRequest, instance: ModelInstance) -> Answer:
        """The container's answer. There is no second try (developer guide: model errors are not retried)."""
        size, body = self._input(request)
        deadline = self._clock.now() + request.timeout
        try:
            connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=self._real_seconds(deadline))
            try:
                headers = {"Content-Length": str(size), **request.headers}
                connection.request("POST", "/invocations", body=body, headers=headers)
                self._await_answer(connection, instance, deadline)
                connection.sock.settimeout(READ_SECONDS)
                answer = connection.getresponse()
                content = answer.read()
            finally:
                connection.close()
        except ObjectError as error:
            raise Failed(f"ClientError: Failed to download data from {request.input_location}: {error}") from error
        except (OSError, http.client.HTTPException, EngineError) as error:
            if instance.stopped:
                raise Lost from error
            instance.suspect()
            raise Failed(self._server_error(0, f"{type(error).__name__}: no answer from the container")) from error
        if not 200 <= answer.status < 300:
            raise Failed(self._server_error(answer.status, content.decode("utf-8", "replace")))
        content_type = answer.getheader("Content-Type", "application/octet-stream")
        return Answer(content, content_type, answer.getheader(DELIVERY))

    def _input(self, request: AsyncRequest) -> tuple[int, bytes | Iterator[bytes]]:
        if request.body is not None:
            return len(request.body), request.body
        try:
            location = request.input_location or ""
            if not allows(self._account, self._role, "s3:GetObject", s3_arn(location)):
                raise ObjectError("AccessDenied", "s3:GetObject is not allowed to the role")
            found = self._objects.open(location)
        except ObjectError as error:
            raise Failed(
                f"ClientError: Failed to download data from {request.input_location}. Please ensure that the object "
                f"exists and that the role may read it ({error.code})."
            ) from error
        if found.size > MAX_INPUT_BYTES:
            raise Failed(f"ClientError: {request.input_location} has {found.size} bytes; {MAX_INPUT_TEXT} is the most.")
        return found.size, found.chunks()

    def _await_answer(
        self, connection: http.client.HTTPConnection, instance: ModelInstance, deadline: datetime
    ) -> None:
        """Waits until the container begins its answer, watching the simulated time, whose speed may change."""
        while not select.select([connection.sock], [], [], POLL_SECONDS)[0]:
            if instance.stopped:
                raise Lost
            if self._clock.now() >= deadline:
                raise Failed(
                    self._server_error(
                        0,
                        "Your invocation timed out while waiting for a response from container primary. Review the "
                        "latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again.",
                    )
                )

    def _real_seconds(self, deadline: datetime) -> float:
        return max(1.0, (deadline - self._clock.now()).total_seconds() / self._clock.speed)

    def _server_error(self, status: int, message: str) -> str:
        """The text that SageMaker writes for a model's error (seen in public issues)."""
        kind = "client" if 400 <= status < 500 else "server"
        return (
            f'Received {kind} error ({status}) from primary with message "{message}". See '
            f"https://{self._region}.console.aws.amazon.com/cloudwatch/home?region={self._region}#logEventViewer:group="
            f"/aws/sagemaker/Endpoints/{self._endpoint} in account {self._account} for more information."
        )

    def _logged(self, request: AsyncRequest, text: str) -> str:
        took = int((self._clock.now() - request.accepted).total_seconds() * 1e6)
        now = self._clock.now().isoformat()
        return f"{now}: [sagemaker logs] [{request.inference_id}] {text} TotalProcessingTime: {took} us"

    def _write(self, location: str, content: bytes, content_type: str) -> None:
        try:
            self._objects.put(location, content, content_type)
        except ObjectError as error:
            raise Failed(f"ClientError: Failed to upload data to {location}: {error}") from error

    def _fail(self, request: AsyncRequest, reason: str) -> None:
        if request.failure_location is not None:
            try:
                self._objects.put(request.failure_location, reason.encode(), "text/plain")
            except ObjectError:
                # AWS counts ResponseUploadFailures and writes nothing.
                return
        self._notify("ErrorTopic", request, {"invocationStatus": "Failed", "failureReason": reason})

    def _notify(self, topic: str, request: AsyncRequest, outcome: dict[str, Any]) -> None:
        """Tells the SNS topic of the notification configuration, if there is one."""
        arn = self._config["OutputConfig"].get("NotificationConfig", {}).get(topic)
        if arn is None:
            return
        message = {
            "awsRegion": self._region,
            "eventTime": _time(self._clock.now()),
            "receivedTime": _time(request.accepted),
            **outcome,
            "requestParameters": _present(
                contentType=request.headers.get("Content-Type"),
                endpointName=self._endpoint,
                inputLocation=request.input_location,
            ),
            "inferenceId": request.inference_id,
            "eventVersion": "1.0",
            "eventSource": "aws:sagemaker",
            "eventName": "InferenceResult",
        }
        backend = sns_backends[self._account][self._region]
        if arn in backend.topics:
            backend.publish(json.dumps(message), arn=arn)


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _present(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}
