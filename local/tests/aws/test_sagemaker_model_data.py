"""What a container finds at /opt/ml/model, and the model data that SageMaker cannot deploy."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from local.aws.s3.objects import Objects
from local.aws.sagemaker.model_data import DataSource, ModelDataError
from local.tests.aws.aws_rig import Aws


def prefix(aws: Aws, path: str) -> dict[str, object]:
    uri = f"s3://{aws.name('bucket')}/{path}"
    return {"S3DataSource": {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None"}}


@pytest.mark.parametrize("keys", [["m/", "m/model.bin"], ["m/a", "m/a/b"], ["m/../x"]])
def test_keys_that_cannot_be_files_break_the_deployment(aws: Aws, keys: list[str]) -> None:
    bucket = aws.bucket()
    for key in keys:
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"" if key.endswith("/") else b"x")
    endpoint = aws.start(aws.config("c", aws.model(ModelDataSource=prefix(aws, "m/"))))
    described = aws.settled(endpoint)
    assert described["EndpointStatus"] == "Failed"
    assert "Failed to download model data" in described["FailureReason"]


def test_model_data_that_was_deleted_since_breaks_the_deployment(aws: Aws) -> None:
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="m/model.bin", Body=b"x")
    config = aws.config("c", aws.model(ModelDataSource=prefix(aws, "m/")))
    aws.s3.delete_object(Bucket=bucket, Key="m/model.bin")
    described = aws.settled(aws.start(config))
    assert described["EndpointStatus"] == "Failed"
    assert "no object at" in described["FailureReason"]


class Bucket(Objects):
    """The objects of one bucket, in memory."""

    def __init__(self, content: dict[str, bytes]) -> None:
        super().__init__("123456789012", "us-east-1")
        self._content = content

    def under(self, uri: str) -> list[str]:
        return sorted(key for key in self._content if f"s3://b/{key}".startswith(uri))

    def open(self, uri: str) -> Bytes:
        return Bytes(self._content[uri.removeprefix("s3://b/")])


class Bytes:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def chunks(self) -> list[bytes]:
        return [self._content]


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_prefix_is_trimmed_and_its_folders_are_kept(tmp_path: Path) -> None:
    objects = Bucket({"m/x/model.bin": b"w", "m/x/sub/a.json": b"{}", "m/xy": b"not mine"})
    DataSource("s3://b/m/x/", prefix=True, gzip=False).fetch(objects, tmp_path)
    assert files(tmp_path) == {"model.bin": b"w", "sub/a.json": b"{}"}


def test_an_archive_is_unpacked(tmp_path: Path) -> None:
    objects = Bucket({"model.tar.gz": archive("model/a.bin", b"w")})
    DataSource("s3://b/model.tar.gz", prefix=False, gzip=True).fetch(objects, tmp_path)
    assert files(tmp_path) == {"model/a.bin": b"w"}


def test_an_archive_that_leaves_its_folder_is_refused(tmp_path: Path) -> None:
    objects = Bucket({"model.tar.gz": archive("../../outside", b"w")})
    with pytest.raises(ModelDataError, match="Failed to extract"):
        DataSource("s3://b/model.tar.gz", prefix=False, gzip=True).fetch(objects, tmp_path / "a" / "b")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_an_archive_with_a_link_is_refused(tmp_path: Path, kind: bytes) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("model.bin"))
        link = tarfile.TarInfo("same.bin")
        link.type, link.linkname = kind, "model.bin"
        tar.addfile(link)
    objects = Bucket({"model.tar.gz": packed.getvalue()})
    with pytest.raises(ModelDataError, match=r"same\.bin is a link"):
        DataSource("s3://b/model.tar.gz", prefix=False, gzip=True).fetch(objects, tmp_path)


@pytest.mark.parametrize("content", [b"not gzip", b"\x1f\x8b\x08\x00rest is broken"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelDataError, match="Failed to extract"):
        DataSource("s3://b/m.tar.gz", prefix=False, gzip=True).fetch(Bucket({"m.tar.gz": content}), tmp_path)


def archive(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()
