"""Access keys that are expired, unknown or without a right, and unsigned requests, refused as each service does it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from typing import Literal

from local.aws.errors import AwsError
from local.aws.operations import RUNTIME, Call

State = Literal["valid", "expired", "invalid"]
# STS API reference: these exchange a token for credentials and are not signed.
UNSIGNED = ("AssumeRoleWithWebIdentity", "AssumeRoleWithSAML")
# IAM's prefix of an action where it is not the signing name.
IAM_PREFIXES = {"monitoring": "cloudwatch", RUNTIME: "sagemaker"}
# Service authorization reference, Amazon S3.
S3_ACTIONS = {
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "HeadObject": "GetObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "UploadPartCopy": "PutObject",
    "DeleteObjects": "DeleteObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListParts": "ListMultipartUploadParts",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}


class Credentials:
    """Which access keys work. A key that nobody marked works: a local AWS has no list of its users' keys."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, State] = {}
        self._denied: dict[str, tuple[str, ...]] = {}
        self._ends: dict[str, datetime] = {}

    def mark(self, access_key: str, state: State, denied: Sequence[str] = ()) -> None:
        """Makes a key valid, expired or invalid from now on. ValueError for another state.

        `denied` are the actions, such as `sagemaker:Create*`, that the key has no right to; they replace earlier ones.
        """
        if state not in ("valid", "expired", "invalid"):
            raise ValueError(f"state {state!r} is unknown; use valid, expired or invalid")
        with self._lock:
            self._states[access_key] = state
            self._denied[access_key] = tuple(denied)

    def end(self, access_key: str, at: datetime) -> None:
        """Makes a session's key expire at a time of the machine's clock."""
        with self._lock:
            self._ends[access_key] = at

    def check(self, call: Call) -> None:
        """Raises the error with which the service refuses this call's credentials, if it does."""
        if call.operation in UNSIGNED:
            return
        if call.access_key is None:
            raise _missing(call.protocol)
        with self._lock:
            state = self._states.get(call.access_key, "valid")
            denied = self._denied.get(call.access_key, ())
            ends = self._ends.get(call.access_key)
        if state == "expired" or (ends is not None and datetime.now(timezone.utc) >= ends):
            raise expired(call.protocol)
        if state == "invalid":
            raise _invalid(call.protocol)
        action = iam_action(call)
        if any(fnmatchcase(action, pattern) for pattern in denied):
            raise access_denied(call)


def iam_action(call: Call) -> str:
    """The action that a policy must allow for this call. S3's are not all named as its operations."""
    if call.service == "s3":
        return f"s3:{S3_ACTIONS.get(call.operation, call.operation)}"
    return f"{IAM_PREFIXES.get(call.service, call.service)}:{call.operation}"


def access_denied(call: Call) -> AwsError:
    """The answer to a caller without the right to this call, in the words of its service."""
    if call.protocol == "rest-xml":
        return AwsError("AccessDenied", "Access Denied", 403)
    action = iam_action(call)
    message = (
        f"User: arn:aws:iam::123456789012:user/{call.access_key} is not authorized to perform: {action} because no "
        f"identity-based policy allows the {action} action"
    )
    if call.protocol == "query":
        return AwsError("AccessDenied", message, 403)
    return AwsError("AccessDeniedException", message, 400)


def _missing(protocol: str) -> AwsError:
    if protocol == "rest-xml":
        return AwsError("AccessDenied", "Access Denied", 403)
    code = "MissingAuthenticationToken" if protocol == "query" else "MissingAuthenticationTokenException"
    return AwsError(code, "Request is missing Authentication Token", 403)


def expired(protocol: str) -> AwsError:
    """The answer to a session's key after its end, in the words of the protocol."""
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
