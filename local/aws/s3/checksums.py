"""The checksums that S3 knows, in the shape of hashlib's objects."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from local.aws.errors import AwsError

PREFIX = "x-amz-checksum-"
# Headers with the same prefix that say how, not what.
DESCRIPTIONS = ("algorithm", "type", "mode")


class Hash(Protocol):
    """What hashlib's objects and Crc share."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class Crc:
    """A cyclic redundancy check: `compute(data, previous)` goes on from the previous value."""

    def __init__(self, compute: Callable[[bytes, int], int], size: int) -> None:
        self._compute = compute
        self._size = size
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = self._compute(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


def md5(content: bytes = b"") -> Any:
    """The hash of ETags."""
    return hashlib.md5(content, usedforsecurity=False)


def new_hash(algorithm: str) -> Hash:
    """A new hash by S3's name of it, in any case. AwsError InvalidRequest for one that S3 does not have."""
    made = _HASHES.get(algorithm.lower())
    if made is None:
        raise AwsError("InvalidRequest", "Value for x-amz-checksum-algorithm header is invalid.")
    return made()


def _from_crt(name: str, size: int) -> Callable[[], Hash]:
    def make() -> Hash:
        # AWS's own implementation, loaded only where it is asked for.
        from awscrt import checksums

        return Crc(getattr(checksums, name), size)

    return make


_HASHES: dict[str, Callable[[], Any]] = {
    "crc32": lambda: Crc(zlib.crc32, 4),
    "crc32c": _from_crt("crc32c", 4),
    "crc64nvme": _from_crt("crc64nvme", 8),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}
