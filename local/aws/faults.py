"""Errors that a test asks for: the next calls of an operation are refused, or done without the answer saying so."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from local.aws.credentials import access_denied
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
_UNAVAILABLE = {"InternalFailure": 500, "InternalError": 500, "ServiceUnavailable": 503, "InternalServerError": 500}
# botocore's folder -> the signing name under which requests are logged, for those who know a service by the former.
_ALIASES = {folder: signing for signing, folder in MODELS.items()}


@dataclass
class Fault:
    """`left` calls of `operation` (a pattern) are still to fail. `after`: they are done first, and then fail."""

    service: str
    operation: str
    error: str
    message: str | None
    status: int | None
    after: bool
    left: int

    def answer(self, call: Call) -> AwsError:
        """The error in the words of the call's service."""
        if self.error in _DENYING:
            denied = access_denied(call)
            code, message, status = denied.code, denied.message, denied.status
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
        """Adds a fault, in place of an earlier one of the same service and operation; `times` 0 only takes it away.

        `service` and `operation` as in the log of requests; `operation` may be a pattern such as `Describe*`.
        ValueError or KeyError for what no request could match.
        """
        service = _ALIASES.get(params["service"], params["service"])
        operation, times = params["operation"], params.get("times", 1)
        _check(service, operation, times)
        fault = Fault(
            service=service,
            operation=operation,
            error=params["error"] if times else "",
            message=params.get("message"),
            status=params.get("status"),
            after=bool(params.get("after", False)),
            left=times,
        )
        with self._lock:
            self._faults = [f for f in self._faults if (f.service, f.operation) != (service, operation)]
            if times:
                self._faults.append(fault)

    def clear(self) -> None:
        """Takes all faults away."""
        with self._lock:
            self._faults.clear()

    def left(self) -> list[dict[str, Any]]:
        """The faults that are still to happen."""
        with self._lock:
            return [dict(vars(fault)) for fault in self._faults]

    def take(self, call: Call) -> Fault | None:
        """The fault that this call is to meet, counted as met."""
        with self._lock:
            for fault in self._faults:
                if fault.service == call.service and fnmatchcase(call.operation, fault.operation):
                    fault.left -= 1
                    if not fault.left:
                        self._faults.remove(fault)
                    return fault
        return None


def _check(service: str, operation: str, times: Any) -> None:
    if isinstance(times, bool) or not isinstance(times, int) or times < 0:
        raise ValueError(f"times must be a whole number, not {times!r}")
    if service not in MODELS and service != RUNTIME:
        raise ValueError(f"service {service!r} is unknown; use one of {', '.join(sorted([*MODELS, RUNTIME]))}")
    names = service_model(MODELS.get(service, service)).operation_names
    if not any(fnmatchcase(name, operation) for name in names):
        raise ValueError(f"{service} has no operation {operation!r}")
