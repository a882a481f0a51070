"""Errors as AWS sends them: each protocol has a wire format of its own, and the SDKs read the error's name from it."""

from __future__ import annotations

import json
import uuid
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

JSON_TYPE = "application/x-amz-json-1.1"


class AwsError(Exception):
    """What a service answers instead of a result. `code` is the name that an SDK shows (err.name)."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def validation_error(message: str) -> AwsError:
    """SageMaker's answer to nearly everything that it refuses."""
    return AwsError("ValidationException", message)


def error_response(service: str, protocol: str, error: AwsError, *, head: bool = False, path: str = "/") -> Response:
    """The error in the wire format of `protocol` ('json', 'rest-json', 'query', 'rest-xml'), as `service` sends it."""
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id}
    if protocol in ("json", "rest-json"):
        headers["x-amzn-ErrorType"] = error.code
        body = json.dumps({"__type": error.code, "message": error.message, "Message": error.message})
        content_type = JSON_TYPE if protocol == "json" else "application/json"
    elif protocol == "rest-xml":
        headers = {"x-amz-request-id": request_id}
        # A HEAD answer has no body: the SDKs then name the error by its status alone, as with real S3.
        body = "" if head else _s3_xml(error, request_id, path)
        content_type = "application/xml"
    else:
        body = _query_xml(service, error, request_id)
        content_type = "text/xml"
    return Response(body, status=error.status, headers=headers, content_type=content_type)


def _s3_xml(error: AwsError, request_id: str, path: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        f"<Resource>{escape(path)}</Resource><RequestId>{request_id}</RequestId></Error>"
    )


def _query_xml(service: str, error: AwsError, request_id: str) -> str:
    fault = "Sender" if error.status < 500 else "Receiver"
    return (
        f'<ErrorResponse xmlns="https://{escape(service)}.amazonaws.com/doc/"><Error><Type>{fault}</Type>'
        f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
