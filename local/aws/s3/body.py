"""An S3 upload's body: taken out of its aws-chunked wrapping and held against the checksums that came with it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import tempfile
from collections.abc import Iterator
from typing import IO

from werkzeug.wrappers import Request

from local.aws.errors import AwsError
from local.aws.s3.checksums import DESCRIPTIONS, PREFIX, new_hash
from local.aws.s3.checksums import md5 as new_md5

# A body becomes the object's own storage, so what is larger goes to the disk.
MEMORY = 1 << 20
CHUNK = 1 << 20


def received(request: Request, *, checksums: bool = True) -> IO[bytes]:
    """The verified body, at its begin; the caller closes it. Afterwards the request's headers fit the bare body.

    `checksums` is False where the checksum headers are not about the body (CompleteMultipartUpload: the whole object).

    Raises AwsError BadDigest, XAmzContentSHA256Mismatch or IncompleteBody.
    """
    sha_header = request.headers.get("x-amz-content-sha256", "")
    wrapped = sha_header.startswith("STREAMING-")
    trailers: dict[str, str] = {}
    parts = _unwrapped(request.stream, trailers) if wrapped else iter(lambda: request.stream.read(CHUNK), b"")
    hashes = {name: new_hash(name[len(PREFIX) :]) for name in _checksum_headers(request)} if checksums else {}
    md5 = new_md5() if "Content-MD5" in request.headers else None
    sha256 = hashlib.sha256() if len(sha_header) == 64 else None
    wanted = [each for each in (*hashes.values(), md5, sha256) if each is not None]
    body = tempfile.SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115 (the caller closes it)
    try:
        for part in parts:
            body.write(part)
            for each in wanted:
                each.update(part)
        digests = {name: each.digest() for name, each in hashes.items()}
        for name, computed in digests.items():
            _compare(name[len(PREFIX) :].upper(), trailers.get(name) or request.headers.get(name, ""), computed)
        if md5 is not None:
            _compare("Content-MD5", request.headers["Content-MD5"], md5.digest())
        if sha256 is not None and sha_header != sha256.hexdigest():
            text = "The provided 'x-amz-content-sha256' header does not match what was computed."
            raise AwsError("XAmzContentSHA256Mismatch", text)
    except BaseException:
        body.close()
        raise
    _describe_bare(request, body.tell(), wrapped, digests)
    body.seek(0)
    return body


def _checksum_headers(request: Request) -> set[str]:
    """The names, in lower case, of the headers and of the trailer that carry a checksum of this body."""
    names = {name.lower() for name, _ in request.headers} | {request.headers.get("x-amz-trailer", "").lower()}
    return {name for name in names if name.startswith(PREFIX) and name[len(PREFIX) :] not in DESCRIPTIONS}


def _compare(name: str, given: str, computed: bytes) -> None:
    try:
        matches = base64.b64decode(given, validate=True) == computed
    except (binascii.Error, ValueError):
        matches = False
    if not matches:
        raise AwsError("BadDigest", f"The {name} you specified did not match the calculated checksum.")


def _unwrapped(stream: IO[bytes], trailers: dict[str, str]) -> Iterator[bytes]:
    """The data of an aws-chunked body; its trailing headers go into `trailers` (SigV4 streaming, S3 API reference)."""
    while True:
        line = stream.readline(1 << 16)
        try:
            left = int(line.partition(b";")[0].strip(), 16)
        except ValueError:
            raise AwsError("IncompleteBody", "The body is not aws-chunked as its headers say.") from None
        if left == 0:
            break
        while left:
            part = stream.read(min(left, CHUNK))
            if not part:
                raise AwsError("IncompleteBody", "The body ended in the middle of a chunk.")
            left -= len(part)
            yield part
        stream.readline(8)
    while line := stream.readline(1 << 16).strip():
        name, _, value = line.decode("ascii", "replace").partition(":")
        trailers[name.strip().lower()] = value.strip()


def _describe_bare(request: Request, size: int, wrapped: bool, digests: dict[str, bytes]) -> None:
    """Rewrites the headers so that the next reader finds a plain body with its checksum."""
    environ = request.environ
    environ["CONTENT_LENGTH"] = str(size)
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    for name in digests:
        # moto keeps a checksum only if this header, which S3 does not need, names its algorithm.
        environ.setdefault("HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM", name[len(PREFIX) :].upper())
    if not wrapped:
        return
    environ["HTTP_X_AMZ_CONTENT_SHA256"] = "UNSIGNED-PAYLOAD"
    environ.pop("HTTP_X_AMZ_TRAILER", None)
    encodings = [e.strip() for e in environ.get("HTTP_CONTENT_ENCODING", "").split(",")]
    kept = ",".join(e for e in encodings if e and e != "aws-chunked")
    environ.pop("HTTP_CONTENT_ENCODING", None)
    if kept:
        environ["HTTP_CONTENT_ENCODING"] = kept
    for name, digest in digests.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = base64.b64encode(digest).decode()
