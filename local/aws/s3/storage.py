"""Where large objects lie: each part of a multipart upload in a file of its own, joined only in the eyes of a reader.

moto would hold a completed upload in memory several times over; a model's 3 GB are more than a test machine has.
"""

from __future__ import annotations

import base64
import io
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, pairwise
from typing import IO, Any

from moto.s3 import models as moto_s3
from moto.s3.exceptions import EntityTooSmall, InvalidPart, InvalidPartOrder, MalformedXML

from local.aws.s3.checksums import Hash, md5, new_hash

CHUNK = 1 << 20
# Of larger objects moto gets the content as something that is read while it is sent.
STREAMED = 8 << 20
_streaming = threading.local()


class Joined(io.RawIOBase):
    """The parts of an upload, one after the other, as one file that can only be read. Guarded by its key's lock."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self._parts = parts
        self._starts = [0, *accumulate(part.contentsize for part in parts)]
        self._position = 0

    def __len__(self) -> int:
        return self._starts[-1]

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self)}[whence]
        self._position = max(0, base + offset)
        return self._position

    def close(self) -> None:
        for part in self._parts:
            part.dispose()
        super().close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._position >= len(self):
            return 0
        number = bisect_right(self._starts, self._position) - 1
        part, offset = self._parts[number], self._position - self._starts[number]
        with part.lock:
            part._value_buffer.seek(offset)
            read = part._value_buffer.read(min(len(buffer), part.contentsize - offset))
        buffer[: len(read)] = read
        self._position += len(read)
        return len(read)


class _Untracked(list):
    """In place of the list in which moto keeps every object for its dashboard, also those that were deleted."""

    def append(self, item: Any) -> None:
        """Keeps nothing."""


class Content:
    """A large object's bytes, or a range of them, as the body of an answer: what moto asks of bytes, without them."""

    def __init__(self, key: Any, start: int, end: int) -> None:
        self._key = key
        self._start = start
        self._end = end

    def __len__(self) -> int:
        return self._end - self._start

    def __getitem__(self, part: slice) -> Content:
        start, end, _ = part.indices(len(self))
        return Content(self._key, self._start + start, self._start + end)

    def __iter__(self) -> Iterator[bytes]:
        return chunks(self._key, self._start, self._end)


def install() -> None:
    """Lets moto's keys have a Joined as their value, and its multipart uploads be completed to one."""
    moto_s3.FakeMultipart.complete = _complete
    moto_s3.FakeKey.instances_tracked = _Untracked()
    # moto's own warns of each object that nobody deleted, which at the end are all.
    moto_s3.FakeKey.__del__ = moto_s3.FakeKey.dispose
    inherited = moto_s3.FakeKey.value

    def value(key: Any) -> bytes | Content:
        if getattr(_streaming, "on", False) and key.contentsize >= STREAMED:
            return Content(key, 0, key.contentsize)
        return inherited.fget(key)

    def set_value(key: Any, new: Any) -> None:
        if isinstance(new, Joined):
            replace_buffer(key, new, len(new))
        elif isinstance(new, Content):
            for part in new:
                key._value_buffer.write(part)
            key.contentsize = len(new)
        else:
            inherited.fset(key, new)

    moto_s3.FakeKey.value = property(value, set_value)


def replace_buffer(key: Any, buffer: IO[bytes] | Joined, size: int) -> None:
    """Gives a key of moto's its content without a copy; the key closes it."""
    key._value_buffer.close()
    key._value_buffer = buffer
    key.contentsize = size


@contextmanager
def streaming() -> Iterator[None]:
    """In this block and thread, moto answers with a large object's Content."""
    _streaming.on = True
    try:
        yield
    finally:
        _streaming.on = False


def chunks(key: Any, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """A key's bytes from `start` to before `end`, 1 MiB at a time; ends early if the key is disposed of meanwhile."""
    end = key.contentsize if end is None else end
    while start < end:
        try:
            with key.lock:
                key._value_buffer.seek(start)
                part = key._value_buffer.read(min(CHUNK, end - start))
        except ValueError:  # a closed file
            return
        if not part:
            return
        start += len(part)
        yield part


def full_digest(parts: Iterable[Any], algorithm: str) -> bytes:
    """The checksum of the parts' contents one after the other."""
    hash: Hash = new_hash(algorithm)
    for part in parts:
        for piece in chunks(part):
            hash.update(piece)
    return hash.digest()


def _complete(upload: Any, body: Iterator[tuple[int, str]]) -> tuple[Joined, str, tuple[str, str, int] | None]:
    """In place of FakeMultipart.complete, with its errors: content, ETag and (type, value, parts) of the checksum."""
    parts: list[Any] = []
    etags = md5()
    named = list(body)
    if any(second[0] <= first[0] for first, second in pairwise(named)):
        raise InvalidPartOrder
    for number, etag in named:
        part = upload.parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"'):
            raise InvalidPart
        if parts and parts[-1].contentsize < moto_s3.S3_UPLOAD_PART_MIN_SIZE:
            raise EntityTooSmall
        etags.update(bytes.fromhex(part.etag.strip('"')))
        parts.append(part)
    if not parts:
        raise MalformedXML
    # moto disposes of an upload that is complete; its parts are the object now, and go with it.
    upload.parts = {number: upload.parts[number] for number, _ in named}
    upload.partlist = list(upload.parts)
    upload.dispose = _nothing
    return Joined(parts), f"{etags.hexdigest()}-{len(parts)}", _checksum(upload, parts)


def _nothing() -> None:
    """In place of an upload's disposal."""


def _checksum(upload: Any, parts: Sequence[Any]) -> tuple[str, str, int] | None:
    algorithm = upload.metadata.get("x-amz-checksum-algorithm")
    if not algorithm:
        return None
    if upload.metadata["x-amz-checksum-type"] == "FULL_OBJECT":
        return "FULL_OBJECT", base64.b64encode(full_digest(parts, algorithm)).decode(), 1
    composite: Hash = new_hash(algorithm)
    for part in parts:
        composite.update(base64.b64decode(part.checksum_value))
    return "COMPOSITE", base64.b64encode(composite.digest()).decode(), len(parts)
