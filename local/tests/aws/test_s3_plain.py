"""The requests that are answered without moto's web layer have the answers that moto and S3 give."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from local.tests.aws.aws_rig import Aws, refused

# The second name goes moto's way.
PLAIN, SPECIAL = "jobs/a-1_b.json", "jobs/a 1+ü.json"
SAME = ("ETag", "ContentLength", "ContentType", "AcceptRanges", "ServerSideEncryption", "ChecksumCRC32", "Metadata")


def told(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer.get(name) for name in SAME}


@pytest.mark.parametrize("content", [b"content", b""])
def test_both_ways_tell_the_same(aws: Aws, content: bytes) -> None:
    bucket = aws.bucket()
    made = [
        aws.s3.put_object(
            Bucket=bucket, Key=key, Body=content, ContentType="application/json", ChecksumAlgorithm="CRC32"
        )
        for key in (PLAIN, SPECIAL)
    ]
    assert told(made[0]) == told(made[1])
    for read in (aws.s3.head_object, aws.s3.get_object):
        plain, special = (read(Bucket=bucket, Key=key, ChecksumMode="ENABLED") for key in (PLAIN, SPECIAL))
        assert told(plain) == told(special)
        assert plain["ChecksumCRC32"]
        assert abs((plain["LastModified"] - special["LastModified"]).total_seconds()) < 60
        if read == aws.s3.get_object:
            assert plain["Body"].read() == special["Body"].read() == content


def test_what_asks_for_more_is_done(aws: Aws) -> None:
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key=PLAIN, Body=b"content", Metadata={"a": "b"}, CacheControl="no-store")
    found = aws.s3.get_object(Bucket=bucket, Key=PLAIN, Range="bytes=1-2")
    assert (found["Body"].read(), found["Metadata"], found["CacheControl"]) == (b"on", {"a": "b"}, "no-store")
    with refused("304"):
        aws.s3.get_object(Bucket=bucket, Key=PLAIN, IfNoneMatch=found["ETag"])
    aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    versions = [aws.s3.put_object(Bucket=bucket, Key=PLAIN, Body=body)["VersionId"] for body in (b"1", b"2")]
    assert aws.s3.get_object(Bucket=bucket, Key=PLAIN, VersionId=versions[0])["Body"].read() == b"1"
    aws.s3.delete_object(Bucket=bucket, Key=PLAIN)
    with refused("NoSuchKey"):
        aws.s3.get_object(Bucket=bucket, Key=PLAIN)
    assert aws.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_what_is_not_there_is_told_as_s3_tells_it(aws: Aws) -> None:
    with refused("NoSuchKey", "The specified key does not exist."):
        aws.s3.get_object(Bucket=aws.bucket(), Key=PLAIN)
    with refused("404"):
        aws.s3.head_object(Bucket=aws.bucket(), Key=PLAIN)
    with refused("NoSuchBucket"):
        aws.s3.list_objects_v2(Bucket="b-nowhere")


def test_a_listing_comes_in_pages_in_the_order_of_the_keys(aws: Aws) -> None:
    bucket = aws.bucket()
    keys = sorted([f"in/{number}" for number in range(5)] + [SPECIAL, "in/<&>"])
    for key in keys:
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    pages = list(aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2}))
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == keys
    assert [(page["KeyCount"], page["IsTruncated"]) for page in pages] == [(2, True)] * 3 + [(1, False)]
    entry, last = aws.s3.list_objects_v2(Bucket=bucket, Prefix="in/", StartAfter="in/3")["Contents"]
    assert last["Key"] == "in/<&>"
    head = aws.s3.head_object(Bucket=bucket, Key="in/4")
    assert (entry["Key"], entry["Size"], entry["ETag"]) == ("in/4", 1, head["ETag"])
    assert entry["LastModified"] == head["LastModified"]
    folders = aws.s3.list_objects_v2(Bucket=bucket, Delimiter="/")["CommonPrefixes"]
    assert [folder["Prefix"] for folder in folders] == ["in/", "jobs/"]
    assert aws.s3.list_objects_v2(Bucket=bucket, MaxKeys=5000)["MaxKeys"] == 1000
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    for wrong in ({"ContinuationToken": "not a token"}, {"MaxKeys": -1}):
        with refused("InvalidArgument"):
            aws.s3.list_objects_v2(Bucket=bucket, **wrong)


def test_a_listing_survives_objects_that_come_meanwhile(aws: Aws) -> None:
    bucket = aws.bucket()
    done = threading.Event()

    def fill() -> None:
        for number in range(150):
            aws.s3.put_object(Bucket=bucket, Key=f"in/{number}", Body=b"x")
        done.set()

    thread = threading.Thread(target=fill)
    thread.start()
    counts = [aws.s3.list_objects_v2(Bucket=bucket, Prefix="in/")["KeyCount"]]
    while not done.is_set():
        counts.append(aws.s3.list_objects_v2(Bucket=bucket, Prefix="in/")["KeyCount"])
    thread.join()
    assert counts == sorted(counts)
    assert aws.s3.list_objects_v2(Bucket=bucket, Prefix="in/")["KeyCount"] == 150
