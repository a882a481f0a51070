"""SageMaker's own reads and writes of S3 objects. They go to moto's store directly: they are no client's requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends

from local.aws.s3.checksums import md5
from local.aws.s3.storage import chunks

_URI = re.compile(r"s3://([^/]+)/?(.*)", re.DOTALL)


class ObjectError(Exception):
    """An S3 object could not be read or written; `code` is S3's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StoredObject:
    """An object as it was when it was opened; read it once, in parts."""

    def __init__(self, key: Any) -> None:
        self._key = key
        self.name: str = key.name
        self.size: int = key.size

    def chunks(self) -> Iterator[bytes]:
        """The object's bytes, 1 MiB at a time."""
        sent = 0
        for part in chunks(self._key):
            sent += len(part)
            yield part
        if sent < self.size:
            raise ObjectError("NoSuchKey", f"{self.name} was removed while it was read")

    def read(self) -> bytes:
        """The whole object."""
        return b"".join(self.chunks())


class Objects:
    """The S3 of one account, seen from `region`: other accounts' buckets and other regions are refused, as in AWS."""

    def __init__(self, account: str, region: str) -> None:
        self._account = account
        self._region = region

    def open(self, uri: str) -> StoredObject:
        """Raises ObjectError NoSuchBucket, NoSuchKey or AccessDenied."""
        bucket, name = split_uri(uri)
        self.bucket(bucket)
        key = s3_backends[self._account]["aws"].get_object(bucket, name)
        if key is None:
            raise ObjectError("NoSuchKey", f"The specified key does not exist: {uri}")
        return StoredObject(key)

    def under(self, uri: str) -> list[str]:
        """The keys that start with the URI's key, sorted. Raises ObjectError as open() does for the bucket."""
        bucket, prefix = split_uri(uri)
        names = [name for name in self.bucket(bucket).keys if name.startswith(prefix)]
        # A versioned bucket also lists what was deleted.
        backend = s3_backends[self._account]["aws"]
        return sorted(name for name in names if backend.get_object(bucket, name) is not None)

    def put(self, uri: str, content: bytes, content_type: str) -> None:
        """Writes an object. Raises ObjectError NoSuchBucket or AccessDenied."""
        bucket, name = split_uri(uri)
        self.bucket(bucket)
        # With its ETag: moto would read the content for it when somebody asks, and disturb a reader.
        etag = md5(content).hexdigest()
        key = s3_backends[self._account]["aws"].put_object(bucket, name, content, etag=etag)
        key.set_metadata({"Content-Type": content_type})

    def bucket(self, name: str) -> Any:
        """The bucket, if this account's SageMaker may use it. Raises ObjectError NoSuchBucket or AccessDenied."""
        owner = s3_backends.bucket_accounts.get(name)
        if owner is None:
            raise ObjectError("NoSuchBucket", f"The specified bucket does not exist: {name}")
        if owner[1] != self._account:
            raise ObjectError("AccessDenied", f"Access Denied: bucket {name} belongs to another account")
        try:
            bucket = s3_backends[self._account]["aws"].get_bucket(name)
        except S3ClientError as error:
            raise ObjectError("AccessDenied", f"Access Denied: {name}") from error
        if bucket.region_name != self._region:
            raise ObjectError("PermanentRedirect", f"bucket {name} is in {bucket.region_name}, not in {self._region}")
        return bucket


def split_uri(uri: str) -> tuple[str, str]:
    """An s3:// URI's bucket and key. ObjectError InvalidURI for anything else."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise ObjectError("InvalidURI", f"{uri!r} is not an S3 URI (s3://bucket/key)")
    return match[1], match[2]
