"""Service Quotas of SageMaker: how many instances of each type an account may run, and for what."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from local.aws.application import json_response, parsed
from local.aws.errors import AwsError
from local.aws.operations import Call, service_model
from local.aws.sagemaker.capacity import DEFAULT_QUOTA, Capacity

SERVICE = "sagemaker"
HOSTING = "endpoint usage"
# A type has a quota for each use. Only that of endpoints counts here; the others are there to be told apart from it.
OTHER_USES = ("training job usage", "spot training job usage", "transform job usage", "processing job usage")
PAGE = 100


class Quotas:
    """A service of the application. What the account has is in `capacity`, where tests set it."""

    def __init__(self, account: str, region: str, capacity: Capacity) -> None:
        self._account = account
        self._region = region
        self._capacity = capacity
        names = [f"{kind} for {use}" for kind in _instance_types() for use in (HOSTING, *OTHER_USES)]
        # AWS tells no order; ours is that of the codes, so that nobody comes to rely on names.
        self._names = dict(sorted((quota_code(name), name) for name in names))
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "ListServiceQuotas": lambda params: self._listed(params, self._applied),
            "ListAWSDefaultServiceQuotas": lambda params: self._listed(params, self._default),
            "GetServiceQuota": lambda params: self._one(params, self._applied),
            "GetAWSDefaultServiceQuota": lambda params: self._one(params, self._default),
        }

    def __call__(self, call: Call, request: Request) -> Response:
        operation = self._operations.get(call.operation)
        if operation is None:
            raise AwsError("UnknownOperationException", f"The local Service Quotas has no operation {call.operation}.")
        params = parsed(request)
        if params["ServiceCode"] != SERVICE:
            raise AwsError(
                "NoSuchResourceException", f"The request failed because service {params['ServiceCode']} is unknown."
            )
        return json_response(operation(params))

    def _listed(self, params: dict[str, Any], value: Callable[[str], int]) -> dict[str, Any]:
        codes = list(self._names)
        if "QuotaCode" in params:
            codes = [code for code in codes if code == params["QuotaCode"]]
        start = _position(params.get("NextToken"))
        end = start + params.get("MaxResults", PAGE)
        answer: dict[str, Any] = {"Quotas": [self._described(code, value) for code in codes[start:end]]}
        if end < len(codes):
            answer["NextToken"] = base64.b64encode(str(end).encode()).decode()
        return answer

    def _one(self, params: dict[str, Any], value: Callable[[str], int]) -> dict[str, Any]:
        code = params["QuotaCode"]
        if code not in self._names:
            raise AwsError("NoSuchResourceException", f"The request failed because quota {code} does not exist.")
        return {"Quota": self._described(code, value)}

    def _described(self, code: str, value: Callable[[str], int]) -> dict[str, Any]:
        name = self._names[code]
        return {
            "ServiceCode": SERVICE,
            "ServiceName": "Amazon SageMaker",
            "QuotaArn": f"arn:aws:servicequotas:{self._region}:{self._account}:{SERVICE}/{code}",
            "QuotaCode": code,
            "QuotaName": name,
            "Value": float(value(name)),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
            "QuotaAppliedAtLevel": "ACCOUNT",
        }

    def _applied(self, name: str) -> int:
        kind, _, use = name.partition(" for ")
        return self._capacity.quota(kind) if use == HOSTING else 0

    def _default(self, name: str) -> int:
        return DEFAULT_QUOTA if name.endswith(HOSTING) else 0


def quota_code(name: str) -> str:
    """A quota's code: AWS's form, and always the same of a name, but not AWS's own code."""
    return f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"


def _instance_types() -> list[str]:
    return list(service_model("sagemaker").shape_for("ProductionVariantInstanceType").enum)


def _position(token: str | None) -> int:
    try:
        return int(base64.b64decode(token, validate=True)) if token else 0
    except (binascii.Error, ValueError):
        raise AwsError("InvalidPaginationTokenException", "Invalid token was passed as NextToken") from None
