"""The plain requests of which thousands come: small objects put, read and listed in a bucket without special rules.

They are answered from moto's store directly. moto's own way from the request to the store takes twenty times as long as
the store itself, and its listing fails when an object comes in meanwhile. Every request with a header, a parameter or a
bucket that asks for more goes moto's way: each function here then returns None. What is checked before (owner, region,
conditions, checksums) has been checked for these requests too.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from moto.s3.models import FakeBucket, FakeDeleteMarker, s3_backends
from werkzeug.wrappers import Request, Response

from local.aws.errors import AwsError, error_response
from local.aws.s3.checksums import md5
from local.aws.s3.storage import STREAMED

# Of larger ones moto writes the body to the disk.
MOST_BYTES = 1 << 20
MOST_KEYS = 1000
# Names on which all ways to decode a path agree.
_KEY = re.compile(r"[A-Za-z0-9/_.=+-]+")
_CHECKSUM = "HTTP_X_AMZ_CHECKSUM_"
_KNOWN = frozenset(
    f"HTTP_X_AMZ_{name}"
    for name in (
        "CONTENT_SHA256",
        "DATE",
        "SECURITY_TOKEN",
        "USER_AGENT",
        "EXPECTED_BUCKET_OWNER",
        "SDK_CHECKSUM_ALGORITHM",
        "DECODED_CONTENT_LENGTH",
    )
)
_CHECKSUMS = frozenset(f"{_CHECKSUM}{name}" for name in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "MODE"))
_READ_CONDITIONS = ("HTTP_RANGE", "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")
_SPECIAL = (
    "HTTP_ORIGIN",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_UNMODIFIED_SINCE",
    "HTTP_CACHE_CONTROL",
    "HTTP_CONTENT_DISPOSITION",
    "HTTP_CONTENT_ENCODING",
    "HTTP_CONTENT_LANGUAGE",
    "HTTP_CONTENT_MD5",
    "HTTP_EXPIRES",
    "HTTP_X_ROBOTS_TAG",
)
_LISTING = {"list-type", "prefix", "max-keys", "continuation-token", "start-after", "encoding-type", "x-id"}


def put(account: str, bucket: str, key: str, request: Request, body: IO[bytes]) -> Response | None:
    """PutObject of a verified body."""
    environ = request.environ
    size = int(environ["CONTENT_LENGTH"])
    if size > MOST_BYTES or not _is_plain(environ, ("", "x-id=PutObject")) or not _KEY.fullmatch(key):
        return None
    if _bucket(account, bucket) is None:
        return None
    algorithm = environ.get("HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM")
    checksum = environ.get(f"{_CHECKSUM}{algorithm}") if algorithm else None
    if algorithm and checksum is None:
        return None
    content = body.read()
    # With its ETag: moto would read the content for it when somebody asks, and disturb a reader.
    etag = md5(content).hexdigest()
    made = s3_backends[account]["aws"].put_object(bucket, key, content, etag=etag, checksum_value=checksum)
    if content_type := environ.get("CONTENT_TYPE"):
        made.set_metadata({"Content-Type": content_type})
    headers = {"ETag": made.etag, "x-amz-server-side-encryption": made.encryption}
    if algorithm:
        made.checksum_algorithm = algorithm
        headers[f"x-amz-checksum-{algorithm.lower()}"] = checksum
    return _answer(b"", headers)


def get(account: str, bucket: str, key: str, request: Request) -> Response | None:
    """GetObject and HeadObject of an object that fits into the answer."""
    environ = request.environ
    if not _is_plain(environ, ("", "x-id=GetObject", "x-id=HeadObject")) or not _KEY.fullmatch(key):
        return None
    if any(name in environ for name in _READ_CONDITIONS) or _bucket(account, bucket) is None:
        return None
    found = s3_backends[account]["aws"].get_object(bucket, key)
    head = request.method == "HEAD"
    if found is None:
        error = AwsError("NoSuchKey", "The specified key does not exist.", 404)
        return error_response("s3", "rest-xml", error, head=head, path=request.path)
    if found.size >= STREAMED or found.multipart is not None or found.checksum_type is not None:
        return None
    headers = {**found.response_dict, **found.metadata, "Accept-Ranges": "bytes"}
    if environ.get(f"{_CHECKSUM}MODE") == "ENABLED" and found.checksum_algorithm:
        headers[f"x-amz-checksum-{found.checksum_algorithm.lower()}"] = found.checksum_value
    try:
        content = b"" if head else found.value
    except ValueError:  # It was deleted or replaced this moment, and its file is closed.
        return None
    return _answer(content, headers)


def list_keys(account: str, bucket: str, request: Request) -> Response | None:
    """ListObjectsV2 without a delimiter. Raises AwsError InvalidArgument."""
    query = request.args
    store = _bucket(account, bucket)
    if store is None or not query.keys() <= _LISTING or not _is_plain(request.environ, None):
        return None
    most = _most_keys(query.get("max-keys", str(MOST_KEYS)))
    prefix, token = query.get("prefix", ""), query.get("continuation-token")
    after = _read_token(token) if token is not None else query.get("start-after", "")
    # A copy: objects come in and go while this looks.
    names = sorted(name for name in list(store.keys) if name > after and name.startswith(prefix))
    found = [entry for name in names[: most + 1] if (entry := _entry(store, name, query)) is not None]
    more = len(names) > most > 0
    told = {
        "Name": bucket,
        "Prefix": _encoded(prefix, query),
        "MaxKeys": most,
        "KeyCount": len(found[:most]),
        "EncodingType": query.get("encoding-type"),
        "ContinuationToken": token,
        "StartAfter": _encoded(query["start-after"], query) if "start-after" in query else None,
        "IsTruncated": "true" if more else "false",
        "NextContinuationToken": base64.urlsafe_b64encode(names[most - 1].encode()).decode() if more else None,
    }
    head = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in told.items() if value is not None)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{head}{"".join(found[:most])}'
        "</ListBucketResult>"
    )
    return _answer(text.encode(), {"Content-Type": "application/xml"})


def _entry(store: FakeBucket, name: str, query: Mapping[str, str]) -> str | None:
    key = store.keys.get(name)
    if key is None or isinstance(key, FakeDeleteMarker):
        return None
    algorithm = f"<ChecksumAlgorithm>{key.checksum_algorithm}</ChecksumAlgorithm>" if key.checksum_algorithm else ""
    modified: datetime = key.last_modified
    return (
        f"<Contents><Key>{escape(_encoded(name, query))}</Key><LastModified>{modified:%Y-%m-%dT%H:%M:%S}.000Z"
        f"</LastModified><ETag>{escape(key.etag)}</ETag>{algorithm}<Size>{key.size}</Size>"
        f"<StorageClass>{key.storage_class}</StorageClass></Contents>"
    )


def _encoded(text: str, query: Mapping[str, str]) -> str:
    return quote(text) if query.get("encoding-type") == "url" else text


def _most_keys(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise AwsError("InvalidArgument", "Provided max-keys not an integer or within integer range")
    return min(int(text), MOST_KEYS)


def _read_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode() or _fail_token()
    except (binascii.Error, ValueError):
        return _fail_token()


def _fail_token() -> str:
    raise AwsError("InvalidArgument", "The continuation token provided is incorrect")


def _is_plain(environ: Mapping[str, Any], queries: tuple[str, ...] | None) -> bool:
    """Whether nothing in the query (None: any) or the headers asks for more than the object."""
    if queries is not None and environ["QUERY_STRING"] not in queries:
        return False
    if any(name in environ for name in _SPECIAL):
        return False
    return all(name in _KNOWN or name in _CHECKSUMS for name in environ if name.startswith("HTTP_X_AMZ_"))


def _bucket(account: str, name: str) -> FakeBucket | None:
    """The bucket, if it has no versions, policy, locks, log or receivers of events."""
    found = s3_backends[account]["aws"].buckets.get(name)
    if found is None or found.versioning_status or found.policy or found.object_lock_enabled:
        return None
    return None if found.logging or found.notification_configuration else found


def _answer(body: bytes, headers: Mapping[str, str | None]) -> Response:
    answer = Response(body)
    answer.headers.clear()
    answer.headers.extend((name, value) for name, value in headers.items() if value is not None)
    answer.headers.setdefault("Content-Length", str(len(body)))
    answer.headers["x-amz-request-id"] = uuid.uuid4().hex[:16].upper()
    return answer
