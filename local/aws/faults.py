"""Errors that a test asks for: calls of an operation are refused, cut off, or done without the answer saying so."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from local.aws.credentials import access_denied, expired
from local.aws.errors import AwsError
from local.aws.operations import MODELS, RUNTIME, Call, service_model

# The same thing has another name in each protocol (botocore's _retry.json; Amazon S3 API reference, error responses).
_THROTTLED = {
    "json": ("ThrottlingException", "Rate exceeded", 400),
    "rest-json": ("ThrottlingException", "Rate exceeded", 400),
    "query": ("Throttling", "Rate exceeded", 400),
    "rest-xml": ("SlowDown", "Please reduce your request rate.", 503),
}
_THROTTLING = ("Throttling", "ThrottlingException", "SlowDown")
_DENYING = ("AccessDenied", "AccessDeniedException")
# Of the caller's credentials; the token that AssumeRoleWithWebIdentity is shown has an ExpiredTokenException.
_EXPIRED = "ExpiredToken"
# Not an error that AWS sends: the connection ends.
CUT = "ConnectionCut"
_UNAVAILABLE = {"InternalFailure": 500, "InternalError": 500, "ServiceUnavailable": 503, "InternalServerError": 500}
# botocore's folder -> the signing name under which requests are logged, for those who know a service by the former.
_ALIASES = {folder: signing for signing, folder in MODELS.items()}
# Parameters in the log of requests that are no members: the keys of DeleteObjects, and the keys of tags.
_LOGGED = {"Keys", "TagKeys"}


@dataclass
class Fault:
    """What calls of `operation` (a pattern) are to meet. `after`: they are done first, and then fail.

    `where` are patterns for the parameters that the log of requests shows. Of the calls that fit, `share` fail, evenly,
    until `left` have (None: without end). `after_bytes` is how much of the answer's body arrives before a cut.
    """

    service: str
    operation: str
    error: str
    message: str | None
    status: int | None
    after: bool
    left: int | None
    share: float = 1.0
    where: dict[str, str] = field(default_factory=dict)
    after_bytes: int | None = None
    seen: int = 0

    def fits(self, call: Call, parameters: Mapping[str, Any]) -> bool:
        """Whether this call is one of those meant."""
        return (
            self.service == call.service
            and fnmatchcase(call.operation, self.operation)
            and all(_matches(parameters.get(name), pattern) for name, pattern in self.where.items())
        )

    def strikes(self) -> bool:
        """Counts a call that fits; whether it is to fail."""
        self.seen += 1
        return int(self.seen * self.share) > int((self.seen - 1) * self.share)

    def answer(self, call: Call) -> AwsError:
        """The error in the words of the call's service."""
        if self.error in _DENYING:
            denied = access_denied(call)
            code, message, status = denied.code, denied.message, denied.status
        elif self.error == _EXPIRED:
            ended = expired(call.protocol)
            code, message, status = ended.code, ended.message, ended.status
        elif self.error in _THROTTLING:
            code, message, status = _THROTTLED[call.protocol]
        else:
            code, status = self.error, _UNAVAILABLE.get(self.error, 400)
            message = f"{self.error}: the local AWS was told to answer so."
        return AwsError(code, self.message or message, self.status or status)


class Faults:
    """The faults asked for, oldest first. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def set(self, params: Mapping[str, Any]) -> None:
        """Adds a fault, in place of an earlier one of the same calls; `times` 0 only takes it away.

        `service` and `operation` as in the log of requests; `operation` may be a pattern such as `Describe*`.
        `times` is 1 unless a `share` is given, which goes on until it is cleared.
        ValueError or KeyError for what no request could match.
        """
        service = _ALIASES.get(params["service"], params["service"])
        operation, where = params["operation"], dict(params.get("where", {}))
        times = params.get("times", None if "share" in params else 1)
        _check_numbers(params, times)
        _check_calls(service, operation, where)
        fault = Fault(
            service=service,
            operation=operation,
            error="" if times == 0 else params["error"],
            message=params.get("message"),
            status=params.get("status"),
            after=bool(params.get("after", False)),
            left=times,
            share=params.get("share", 1.0),
            where=where,
            after_bytes=params.get("after_bytes"),
        )
        with self._lock:
            self._faults = [f for f in self._faults if (f.service, f.operation, f.where) != (service, operation, where)]
            if times != 0:
                self._faults.append(fault)

    def clear(self) -> None:
        """Takes all faults away."""
        with self._lock:
            self._faults.clear()

    def left(self) -> list[dict[str, Any]]:
        """The faults that are still to happen."""
        with self._lock:
            return [dict(vars(fault)) for fault in self._faults]

    def take(self, call: Call, parameters: Mapping[str, Any]) -> Fault | None:
        """The fault that this call is to meet, counted as met."""
        with self._lock:
            for fault in self._faults:
                if fault.fits(call, parameters) and fault.strikes():
                    if fault.left is not None:
                        fault.left -= 1
                        if not fault.left:
                            self._faults.remove(fault)
                    return fault
        return None


def _matches(value: Any, pattern: str) -> bool:
    values = value if isinstance(value, list) else [value]
    return any(isinstance(each, str) and fnmatchcase(each, pattern) for each in values)


def _check_numbers(params: Mapping[str, Any], times: Any) -> None:
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 0):
        raise ValueError(f"times must be a whole number, not {times!r}")
    share, after_bytes = params.get("share", 1.0), params.get("after_bytes", 1)
    if not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"share must be a number above 0, 1 at most, not {share!r}")
    if isinstance(after_bytes, bool) or not isinstance(after_bytes, int) or after_bytes < 1:
        raise ValueError(f"after_bytes must be a whole number above 0, not {after_bytes!r}")
    if "after_bytes" in params and params.get("error") != CUT:
        raise ValueError(f"after_bytes belongs to {CUT}")


def _check_calls(service: str, operation: str, where: Mapping[str, str]) -> None:
    if service not in MODELS and service != RUNTIME:
        raise ValueError(f"service {service!r} is unknown; use one of {', '.join(sorted([*MODELS, RUNTIME]))}")
    model = service_model(MODELS.get(service, service))
    names = [name for name in model.operation_names if fnmatchcase(name, operation)]
    if not names:
        raise ValueError(f"{service} has no operation {operation!r}")
    shapes = [model.operation_model(name).input_shape for name in names]
    members = {member for shape in shapes if shape is not None for member in shape.members} | _LOGGED
    if unknown := where.keys() - members:
        raise ValueError(f"{operation} has no parameter {', '.join(sorted(unknown))}")
