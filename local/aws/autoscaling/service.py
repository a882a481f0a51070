"""Application Auto Scaling as a service of the application, in the place of moto's, which loads all of EC2."""

from __future__ import annotations

import uuid

from botocore import xform_name
from werkzeug.wrappers import Request, Response

from local.aws.application import json_response, parsed
from local.aws.autoscaling.api import OPERATIONS
from local.aws.autoscaling.install import Scaling
from local.aws.operations import Call


class AutoScaling:
    """The operations that the stories call, in every region of one account; moto has the others."""

    def __init__(self, scaling: Scaling, account: str) -> None:
        self._scaling = scaling
        self._account = account

    def __call__(self, call: Call, request: Request) -> Response | None:
        operation = OPERATIONS.get(xform_name(call.operation))
        if operation is None:
            return None
        answer = json_response(operation(self._scaling.region(self._account, call.region), parsed(request)))
        answer.headers["x-amzn-RequestId"] = str(uuid.uuid4())
        return answer
