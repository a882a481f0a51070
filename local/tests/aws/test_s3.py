"""S3 as strict as AWS where moto is not: other people's buckets, checksums, conditional writes, secure defaults."""

from __future__ import annotations

import base64
import hashlib
import http.client
import threading
import time
import zlib

import pytest

from local.tests.aws.aws_rig import Aws, refused

OTHER = "999999999999"


def test_a_bucket_of_another_account_is_closed(aws: Aws) -> None:
    name = aws.name("foreign")
    aws.control("bucket", {"name": name, "region": "us-east-1", "account": OTHER})
    with refused("403"):
        aws.s3.head_bucket(Bucket=name)
    for call, more in (
        (aws.s3.list_objects_v2, {}),
        (aws.s3.get_object, {"Key": "k"}),
        (aws.s3.put_object, {"Key": "k"}),
    ):
        with refused("AccessDenied"):
            call(Bucket=name, **more)
    with refused("BucketAlreadyExists"):
        aws.s3.create_bucket(Bucket=name)
    aws.bucket()
    with refused("AccessDenied"):
        aws.s3.copy_object(Bucket=aws.name("bucket"), Key="k", CopySource=f"{name}/k")


def test_a_bucket_elsewhere_redirects_and_tells_its_region(aws: Aws) -> None:
    name = aws.name("elsewhere")
    aws.control("bucket", {"name": name, "region": "eu-west-1"})
    status, headers = head(aws, name)
    assert status == 301
    assert headers["x-amz-bucket-region"] == "eu-west-1"
    there = aws.client("s3", region="eu-west-1")
    there.put_object(Bucket=name, Key="k", Body=b"x")
    assert there.get_object(Bucket=name, Key="k")["Body"].read() == b"x"


def head(aws: Aws, bucket: str) -> tuple[int, dict[str, str]]:
    """HeadBucket without boto3, which would follow the redirect."""
    connection = http.client.HTTPConnection(aws.session.url.removeprefix("http://"), timeout=30)
    scope = "AWS4-HMAC-SHA256 Credential=AKIA/20261123/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    connection.request("HEAD", f"/{bucket}", headers={"Authorization": scope})
    answer = connection.getresponse()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


def test_the_expected_owner_must_be_the_owner(aws: Aws) -> None:
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="k", Body=b"x", ExpectedBucketOwner="123456789012")
    for call in (aws.s3.get_object, aws.s3.put_object, aws.s3.delete_object):
        with refused("AccessDenied"):
            call(Bucket=bucket, Key="k", ExpectedBucketOwner=OTHER)
    with refused("403"):
        aws.s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=OTHER)
    with refused("AccessDenied"):
        aws.s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k", ExpectedSourceBucketOwner=OTHER)


def sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def crc32(content: bytes) -> str:
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def test_a_wrong_checksum_is_refused_and_writes_nothing(aws: Aws) -> None:
    bucket = aws.bucket()
    wrong = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()
    for given in ({"ChecksumSHA256": sha256(b"other")}, {"ChecksumCRC32": crc32(b"other")}, {"ContentMD5": wrong}):
        with refused("BadDigest"):
            aws.s3.put_object(Bucket=bucket, Key="k", Body=b"content", **given)
    with refused("404"):
        aws.s3.head_object(Bucket=bucket, Key="k")


def test_a_right_checksum_is_kept_with_the_object(aws: Aws) -> None:
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="k", Body=b"content", ChecksumSHA256=sha256(b"content"))
    found = aws.s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert found["ChecksumSHA256"] == sha256(b"content")


def test_a_wrong_checksum_of_a_part_is_refused(aws: Aws) -> None:
    bucket = aws.bucket()
    upload = aws.s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256")["UploadId"]
    part = {"Bucket": bucket, "Key": "k", "UploadId": upload, "PartNumber": 1, "Body": b"content"}
    with refused("BadDigest"):
        aws.s3.upload_part(**part, ChecksumSHA256=sha256(b"other"))
    etag = aws.s3.upload_part(**part, ChecksumSHA256=sha256(b"content"))["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag, "ChecksumSHA256": sha256(b"content")}]}
    aws.s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload=parts)
    assert aws.s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"content"


def chunked(aws: Aws, path: str, content: bytes, trailer: str) -> tuple[int, bytes]:
    """A PUT as the SDKs stream it: aws-chunked with the checksum at the end."""
    body = b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % (len(content), content, trailer.encode())
    scope = "AWS4-HMAC-SHA256 Credential=AKIA/20261123/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    headers = {
        "Authorization": scope,
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-trailer": "x-amz-checksum-crc32",
        "x-amz-decoded-content-length": str(len(content)),
        "Content-Encoding": "aws-chunked",
    }
    connection = http.client.HTTPConnection(aws.session.url.removeprefix("http://"), timeout=30)
    connection.request("PUT", path, body=body, headers=headers)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_streamed_upload_is_unwrapped_and_its_trailing_checksum_counts(aws: Aws) -> None:
    bucket = aws.bucket()
    content = b"stream" * 1000
    status, body = chunked(aws, f"/{bucket}/k", content, crc32(b"other"))
    assert (status, b"BadDigest" in body) == (400, True)
    status, body = chunked(aws, f"/{bucket}/k", content, crc32(content))
    assert status == 200, body
    assert aws.s3.get_object(Bucket=bucket, Key="k")["Body"].read() == content


def test_only_the_first_of_two_creations_succeeds(aws: Aws) -> None:
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="k", Body=b"first", IfNoneMatch="*")
    with refused("PreconditionFailed"):
        aws.s3.put_object(Bucket=bucket, Key="k", Body=b"second", IfNoneMatch="*")
    assert aws.s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"first"


def test_of_many_creations_at_once_exactly_one_succeeds(aws: Aws) -> None:
    bucket = aws.bucket()
    results: list[str] = []

    def create(number: int) -> None:
        client = aws.client("s3")
        try:
            client.put_object(Bucket=bucket, Key="claim", Body=str(number).encode(), IfNoneMatch="*")
            results.append("made")
        except client.exceptions.ClientError as error:
            results.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=create, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["PreconditionFailed"] * 11 + ["made"]


def test_a_replacement_needs_the_etag_of_what_is_there(aws: Aws) -> None:
    bucket = aws.bucket()
    with refused("NoSuchKey"):
        aws.s3.put_object(Bucket=bucket, Key="k", Body=b"x", IfMatch='"0"')
    etag = aws.s3.put_object(Bucket=bucket, Key="k", Body=b"one")["ETag"]
    newer = aws.s3.put_object(Bucket=bucket, Key="k", Body=b"two", IfMatch=etag)["ETag"]
    with refused("PreconditionFailed"):
        aws.s3.put_object(Bucket=bucket, Key="k", Body=b"three", IfMatch=etag)
    assert aws.s3.get_object(Bucket=bucket, Key="k")["ETag"] == newer


def test_a_deletion_during_a_conditional_write_is_a_conflict(aws: Aws) -> None:
    bucket = aws.bucket()
    etag = aws.s3.put_object(Bucket=bucket, Key="k", Body=b"one")["ETag"]
    scope = "AWS4-HMAC-SHA256 Credential=AKIA/20261123/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    connection = http.client.HTTPConnection(aws.session.url.removeprefix("http://"), timeout=30)
    connection.putrequest("PUT", f"/{bucket}/k")
    for name, value in (("Authorization", scope), ("If-Match", etag), ("Content-Length", "3")):
        connection.putheader(name, value)
    before = len(aws.control("requests")["requests"])
    connection.endheaders()
    # The server has the headers once the request is in its log; its body is still to come.
    while len(aws.control("requests")["requests"]) == before:
        time.sleep(0.01)
    time.sleep(0.2)
    aws.s3.delete_object(Bucket=bucket, Key="k")
    connection.send(b"two")
    answer = connection.getresponse()
    assert (answer.status, b"ConditionalRequestConflict" in answer.read()) == (409, True)
    connection.close()


def test_a_multipart_upload_obeys_its_condition_too(aws: Aws) -> None:
    bucket = aws.bucket()
    upload = aws.s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    etag = aws.s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    aws.s3.put_object(Bucket=bucket, Key="k", Body=b"someone else's")
    with refused("PreconditionFailed"):
        aws.s3.complete_multipart_upload(
            Bucket=bucket,
            Key="k",
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]},
            IfNoneMatch="*",
        )


def test_a_new_bucket_is_encrypted_and_private(aws: Aws) -> None:
    bucket = aws.bucket()
    rule = aws.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    block = aws.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert aws.s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ServerSideEncryption"] == "AES256"


def test_creating_ones_own_bucket_again_changes_none_of_its_settings(aws: Aws) -> None:
    bucket = aws.bucket()
    aws.s3.delete_public_access_block(Bucket=bucket)
    aws.s3.create_bucket(Bucket=bucket)
    with refused("NoSuchPublicAccessBlockConfiguration"):
        aws.s3.get_public_access_block(Bucket=bucket)


@pytest.mark.parametrize("key", ["a/b c.wav", "ü/ä+ö&=?.mp3", "100%.wav"])
def test_keys_of_any_characters_are_kept(aws: Aws, key: str) -> None:
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key=key, Body=b"x", IfNoneMatch="*")
    with refused("PreconditionFailed"):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"x", IfNoneMatch="*")
    assert [o["Key"] for o in aws.s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]


def test_a_bucket_is_deleted_only_when_it_is_empty(aws: Aws) -> None:
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    with refused("BucketNotEmpty"):
        aws.s3.delete_bucket(Bucket=bucket)
    aws.s3.delete_object(Bucket=bucket, Key="k")
    aws.s3.delete_bucket(Bucket=bucket)
    with refused("404"):
        aws.s3.head_bucket(Bucket=bucket)


def test_encryption_with_a_key_of_ones_own_is_kept(aws: Aws) -> None:
    bucket = aws.bucket()
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    aws.s3.put_object(Bucket=bucket, Key="put", Body=b"x", **encrypted)
    upload = {"Bucket": bucket, "Key": "parts"}
    upload["UploadId"] = aws.s3.create_multipart_upload(**upload, **encrypted)["UploadId"]
    etag = aws.s3.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]
    aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    for name in ("put", "parts"):
        head = aws.s3.head_object(Bucket=bucket, Key=name)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)
    for code, bad in (
        ("InvalidArgument", {"ServerSideEncryption": "rot13"}),
        ("InvalidArgument", {"SSEKMSKeyId": key}),
        ("KMS.NotFoundException", {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "my-key"}),
    ):
        with refused(code):
            aws.s3.put_object(Bucket=bucket, Key="bad", Body=b"x", **bad)
