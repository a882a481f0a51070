"""Access keys that are expired or unknown, and requests without a signature, refused as each service refuses them."""

from __future__ import annotations

import threading
from typing import Literal

from local.errors import AwsError
from local.operations import Call

State = Literal["valid", "expired", "invalid"]
# STS API reference: these exchange a token for credentials and are not signed.
UNSIGNED = ("AssumeRoleWithWebIdentity", "AssumeRoleWithSAML")


class Credentials:
    """Which access keys work. A key that nobody marked works: a local AWS has no list of its users' keys."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, State] = {}

    def mark(self, access_key: str, state: State) -> None:
        """Makes a key valid, expired or invalid from now on. ValueError for another state."""
        if state not in ("valid", "expired", "invalid"):
            raise ValueError(f"state {state!r} is unknown; use valid, expired or invalid")
        with self._lock:
            self._states[access_key] = state

    def check(self, call: Call) -> None:
        """Raises the error with which the service refuses this call's credentials, if it does."""
        if call.operation in UNSIGNED:
            return
        if call.access_key is None:
            raise _missing(call.protocol)
        with self._lock:
            state = self._states.get(call.access_key, "valid")
        if state == "expired":
            raise _expired(call.protocol)
        if state == "invalid":
            raise _invalid(call.protocol)


def _missing(protocol: str) -> AwsError:
    if protocol == "rest-xml":
        return AwsError("AccessDenied", "Access Denied", 403)
    code = "MissingAuthenticationToken" if protocol == "query" else "MissingAuthenticationTokenException"
    return AwsError(code, "Request is missing Authentication Token", 403)


def _expired(protocol: str) -> AwsError:
    if protocol == "rest-xml":
        return AwsError("ExpiredToken", "The provided token has expired.", 400)
    if protocol == "query":
        return AwsError("ExpiredToken", "The security token included in the request is expired", 403)
    return AwsError("ExpiredTokenException", "The security token included in the request is expired", 400)


def _invalid(protocol: str) -> AwsError:
    if protocol == "rest-xml":
        message = "The AWS Access Key Id you provided does not exist in our records."
        return AwsError("InvalidAccessKeyId", message, 403)
    message = "The security token included in the request is invalid."
    if protocol == "query":
        return AwsError("InvalidClientTokenId", message, 403)
    return AwsError("UnrecognizedClientException", message, 400)
