"""A model's artifacts in S3: found at CreateModel, fetched to a folder when an instance starts."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from local.aws.errors import validation_error
from local.aws.s3.objects import ObjectError, Objects, split_uri


class ModelDataError(Exception):
    """The artifacts could not be fetched; the text is the endpoint's FailureReason."""


@dataclass(frozen=True)
class DataSource:
    """One S3DataSource, or a ModelDataUrl (an object, Gzip)."""

    uri: str
    prefix: bool
    gzip: bool

    def check(self) -> None:
        """Raises ValidationException for what the API reference of S3ModelDataSource forbids."""
        if self.prefix and not self.uri.endswith("/"):
            raise validation_error(f"S3Uri {self.uri} must end with a forward slash (/) when S3DataType is S3Prefix.")
        if not self.prefix and not self.gzip and self.uri.endswith("/"):
            raise validation_error(f"S3Uri {self.uri} must not end with a forward slash when S3DataType is S3Object.")
        if self.prefix and self.gzip:
            raise validation_error("CompressionType Gzip needs S3DataType S3Object: one .tar.gz file.")

    def find(self, objects: Objects) -> list[str]:
        """The keys of this source; none if nothing is there. Raises ObjectError."""
        keys = objects.under(self.uri)
        return keys if self.prefix else [key for key in keys if key == split_uri(self.uri)[1]]

    def fetch(self, objects: Objects, folder: Path) -> None:
        """Puts the artifacts into `folder`: the prefix trimmed, an archive unpacked. Raises ModelDataError."""
        bucket, prefix = split_uri(self.uri)
        try:
            keys = self.find(objects)
            if not keys:
                raise ModelDataError(f"Failed to download model data: no object at {self.uri}.")
            if self.gzip:
                _unpack(objects, self.uri, folder)
                return
            for key in keys:
                name = key[len(prefix) :] if self.prefix else PurePosixPath(key).name
                _download(objects, f"s3://{bucket}/{key}", name, folder)
        except ObjectError as error:
            raise ModelDataError(f"Failed to download model data from {self.uri}: {error.code}.") from error


def data_sources(container: dict[str, Any]) -> list[DataSource]:
    """The sources that a container definition names."""
    sources = []
    if url := container.get("ModelDataUrl"):
        sources.append(DataSource(url, prefix=False, gzip=True))
    if "ModelDataSource" in container:
        if sources:
            raise validation_error("ModelDataUrl and ModelDataSource exclude each other.")
        sources.append(_s3_source(container["ModelDataSource"]))
    if container.get("AdditionalModelDataSources"):
        raise validation_error("The local AWS does not mount AdditionalModelDataSources.")
    return sources


def _s3_source(source: dict[str, Any]) -> DataSource:
    s3 = source.get("S3DataSource")
    if s3 is None:
        raise validation_error("ModelDataSource needs an S3DataSource.")
    return DataSource(s3["S3Uri"], s3["S3DataType"] == "S3Prefix", s3["CompressionType"] == "Gzip")


def _download(objects: Objects, uri: str, name: str, folder: Path) -> None:
    # S3ModelDataSource: "folder" keys and names with . or .. between slashes make the deployment fail.
    parts = name.split("/")
    if not name or name.endswith("/") or any(part in ("", ".", "..") for part in parts):
        raise ModelDataError(f"Failed to download model data: the key of {uri} cannot be a file's name.")
    path = folder.joinpath(*parts)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for chunk in objects.open(uri).chunks():
                file.write(chunk)
    except OSError as error:
        raise ModelDataError(f"Failed to download model data: {uri} clashes with another key ({error}).") from error


def _unpack(objects: Objects, uri: str, folder: Path) -> None:
    """One .tar.gz, unpacked as it is read. Links are refused, as in AWS (developer guide, troubleshooting)."""
    try:
        with tarfile.open(fileobj=_Stream(objects.open(uri).chunks()), mode="r|gz") as tar:
            for member in tar:
                if member.issym() or member.islnk():
                    raise ModelDataError(
                        f"Failed to extract model data archive {uri}: {member.name} is a link; links are not supported."
                    )
                # "data" refuses devices and paths that leave the folder.
                tar.extract(member, folder, filter="data")
    except (tarfile.TarError, zlib.error, OSError, EOFError) as error:
        raise ModelDataError(f"Failed to extract model data archive {uri}: {error}") from error


class _Stream(io.RawIOBase):
    """Chunks of bytes as the file that tarfile reads."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = next(self._chunks, b"")
        part = self._left[: len(buffer)]
        self._left = self._left[len(part) :]
        buffer[: len(part)] = part
        return len(part)
