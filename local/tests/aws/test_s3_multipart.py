"""Multipart uploads: their parts, checksums and ETags, and the large objects that they become."""

from __future__ import annotations

import base64
import hashlib

from local.tests.aws.aws_rig import Aws, refused


def md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def test_the_parts_of_an_unfinished_upload_are_listed_with_their_checksums(aws: Aws) -> None:
    at = {"Bucket": aws.bucket(), "Key": "models/model.bin"}
    upload = {**at, "UploadId": aws.s3.create_multipart_upload(**at, ChecksumAlgorithm="SHA256")["UploadId"]}
    contents = [b"a" * (5 << 20), b"b"]
    sums = [base64.b64encode(hashlib.sha256(content).digest()).decode() for content in contents]
    with refused("InvalidRequest"):
        aws.s3.upload_part(**upload, PartNumber=1, Body=b"a", ChecksumAlgorithm="CRC32")
    for number in (2, 1):
        aws.s3.upload_part(**upload, PartNumber=number, Body=contents[number - 1], ChecksumSHA256=sums[number - 1])
    listed = aws.s3.list_parts(**upload)
    assert [(part["PartNumber"], part["ChecksumSHA256"]) for part in listed["Parts"]] == [(1, sums[0]), (2, sums[1])]
    page = aws.s3.list_parts(**upload, MaxParts=1)
    assert page["IsTruncated"]
    rest = aws.s3.list_parts(**upload, PartNumberMarker=page["NextPartNumberMarker"])["Parts"]
    assert [part["PartNumber"] for part in rest] == [2]
    found = aws.s3.list_multipart_uploads(Bucket=at["Bucket"], Prefix="models/")["Uploads"]
    assert [(each["Key"], each["ChecksumAlgorithm"]) for each in found] == [(at["Key"], "SHA256")]

    parts = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in listed["Parts"]]
    with refused("InvalidRequest"):
        aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    parts = [{**part, "ChecksumSHA256": sums[part["PartNumber"] - 1]} for part in parts]
    with refused("InvalidPart"):
        swapped = [{**part, "ChecksumSHA256": sums[0]} for part in parts]
        aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": swapped})
    aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert aws.s3.get_object(**at)["Body"].read() == b"".join(contents)


def test_an_upload_that_is_over_takes_nothing_more(aws: Aws) -> None:
    at = {"Bucket": aws.bucket(), "Key": "gone"}
    upload = {**at, "UploadId": aws.s3.create_multipart_upload(**at)["UploadId"]}
    aws.s3.abort_multipart_upload(**upload)
    parts = {"Parts": [{"PartNumber": 1, "ETag": '"e"'}]}
    for call, more in (
        (aws.s3.upload_part, {"PartNumber": 1, "Body": b"x"}),
        (aws.s3.list_parts, {}),
        (aws.s3.complete_multipart_upload, {"MultipartUpload": parts}),
        (aws.s3.abort_multipart_upload, {}),
    ):
        with refused("NoSuchUpload"):
            call(**upload, **more)


def test_large_objects_are_joined_read_and_copied_by_their_parts(aws: Aws) -> None:
    """Ranges across the parts, out of order uploads, ETags and composite checksums: all as S3 has them."""
    at = {"Bucket": aws.bucket(), "Key": "large"}
    upload = {**at, "UploadId": aws.s3.create_multipart_upload(**at, ChecksumAlgorithm="SHA256")["UploadId"]}
    contents = [bytes([number]) * (5 << 20) + b"end" for number in range(3)]
    parts = {}
    for number in (3, 1, 2):
        content = contents[number - 1]
        answer = aws.s3.upload_part(**upload, PartNumber=number, Body=content, ChecksumAlgorithm="SHA256")
        assert answer["ETag"] == f'"{md5(content).hex()}"'
        parts[number] = {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": answer["ChecksumSHA256"]}
    named = [parts[number] for number in (1, 2, 3)]
    etag = aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": named})["ETag"]
    whole = b"".join(contents)
    assert etag == f'"{md5(b"".join(map(md5, contents))).hex()}-3"'
    composite = hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).digest()
    checksum = f"{base64.b64encode(composite).decode()}-3"
    head = aws.s3.head_object(**at, ChecksumMode="ENABLED")
    assert (head["ETag"], head["ContentLength"], head["ChecksumSHA256"]) == (etag, len(whole), checksum)
    got = aws.s3.get_object(**at, ChecksumMode="ENABLED")
    assert (got["Body"].read() == whole, got["ChecksumSHA256"]) == (True, checksum)
    edge = len(contents[0])
    for start, end in ((edge - 2, edge + 2), (0, 0), (2 * edge + 1, len(whole) - 1)):
        part = aws.s3.get_object(**at, Range=f"bytes={start}-{end}")
        assert part["ContentRange"] == f"bytes {start}-{end}/{len(whole)}"
        assert part["Body"].read() == whole[start : end + 1]
    assert aws.s3.get_object(**at, Range="bytes=-3")["Body"].read() == b"end"
    with refused("InvalidRange"):
        aws.s3.get_object(**at, Range=f"bytes={len(whole)}-")
    aws.s3.copy_object(Bucket=at["Bucket"], Key="copy", CopySource=f"{at['Bucket']}/large")
    assert aws.s3.get_object(Bucket=at["Bucket"], Key="copy")["Body"].read() == whole


def test_a_checksum_of_the_whole_object_is_held_against_its_parts(aws: Aws) -> None:
    at = {"Bucket": aws.bucket(), "Key": "whole"}
    for algorithm, kind in (("CRC64NVME", "COMPOSITE"), ("SHA256", "FULL_OBJECT")):
        with refused("InvalidRequest", f"{kind} checksum type cannot be used"):
            aws.s3.create_multipart_upload(**at, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    upload = {**at, "UploadId": aws.s3.create_multipart_upload(**at, ChecksumAlgorithm="CRC64NVME")["UploadId"]}
    # "123456789" has the check value of the CRC catalogue, https://reveng.sourceforge.io/crc-catalogue/all.htm
    right = base64.b64encode(bytes.fromhex("ae8b14860a799888")).decode()
    with refused("BadDigest"):
        aws.s3.upload_part(**upload, PartNumber=1, Body=b"12345678", ChecksumCRC64NVME=right)
    etag = aws.s3.upload_part(**upload, PartNumber=1, Body=b"123456789", ChecksumCRC64NVME=right)["ETag"]
    listed = aws.s3.list_parts(**upload)
    assert (listed["ChecksumType"], listed["Parts"][0]["ChecksumCRC64NVME"]) == ("FULL_OBJECT", right)
    parts = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": etag}]}}
    with refused("BadDigest"):
        aws.s3.complete_multipart_upload(**upload, **parts, ChecksumCRC64NVME=right.replace("r", "s"))
    aws.s3.complete_multipart_upload(**upload, **parts, ChecksumCRC64NVME=right)
    got = aws.s3.get_object(**at, ChecksumMode="ENABLED")
    assert (got["ChecksumCRC64NVME"], got["ChecksumType"]) == (right, "FULL_OBJECT")


def test_too_small_and_unknown_parts_are_refused(aws: Aws) -> None:
    at = {"Bucket": aws.bucket(), "Key": "small"}
    upload = {**at, "UploadId": aws.s3.create_multipart_upload(**at)["UploadId"]}
    etags = [aws.s3.upload_part(**upload, PartNumber=number, Body=b"x")["ETag"] for number in (1, 2)]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    with refused("EntityTooSmall"):
        aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    with refused("InvalidPart"):
        aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [parts[0] | {"ETag": '"00"'}]})
    with refused("InvalidPartOrder"):
        aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts[::-1]})
    with refused("InvalidArgument", "between 1 and 10000"):
        aws.s3.upload_part(**upload, PartNumber=10001, Body=b"x")
