"""Faults that tests ask for: refused calls in each service's words, and endpoint states that AWS brings about."""

from __future__ import annotations

import urllib.error
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, IncompleteReadError, ResponseStreamingError

from local.tests.aws.aws_rig import REGION, Aws, refused, wait


@pytest.mark.parametrize(
    ("service", "operation", "call", "throttled", "denied"),
    [
        (
            "sagemaker",
            "ListModels",
            lambda a: a.sagemaker.list_models(),
            "ThrottlingException",
            "AccessDeniedException",
        ),
        ("s3", "ListObjectsV2", lambda a: a.s3.list_objects_v2(Bucket="b-any"), "SlowDown", "AccessDenied"),
        ("iam", "ListRoles", lambda a: a.client("iam").list_roles(), "Throttling", "AccessDenied"),
        (
            "cloudwatch",
            "DescribeAlarms",
            lambda a: a.client("cloudwatch").describe_alarms(),
            "ThrottlingException",
            "AccessDeniedException",
        ),
    ],
)
def test_the_next_calls_of_an_operation_are_refused_in_its_services_words(
    aws: Aws, service: str, operation: str, call: Any, throttled: str, denied: str
) -> None:
    for error, code in (("ThrottlingException", throttled), ("AccessDenied", denied)):
        aws.control("faults", {"service": service, "operation": operation, "error": error, "times": 2})
        for _ in range(2):
            with refused(code):
                call(aws)
        try:
            call(aws)
        except ClientError as caught:
            assert caught.response["Error"]["Code"] == "NoSuchBucket"
    assert aws.control("faults") == {"faults": []}


def test_an_sdk_with_retries_outlasts_throttling(aws: Aws) -> None:
    aws.control(
        "faults", {"service": "sagemaker", "operation": "Describe*", "error": "ThrottlingException", "times": 1}
    )
    client = boto3.client(
        "sagemaker",
        endpoint_url=aws.session.url,
        region_name=REGION,
        aws_access_key_id="A",
        aws_secret_access_key="s",
        config=Config(retries={"total_max_attempts": 2}),
    )
    with refused("ValidationException", "Could not find"):
        client.describe_model(ModelName="nope")
    assert aws.control("faults") == {"faults": []}


def test_a_call_can_be_done_although_its_answer_is_an_error(aws: Aws) -> None:
    fault = {"service": "s3", "operation": "PutObject", "error": "InternalError", "after": True}
    bucket = aws.bucket()
    aws.control("faults", fault)
    with refused("InternalError"):
        aws.s3.put_object(Bucket=bucket, Key="k", Body=b"content")
    assert aws.read(f"s3://{bucket}/k") == b"content"


def test_a_connection_can_be_cut_before_the_work_after_it_and_in_the_middle_of_the_answer(aws: Aws) -> None:
    bucket = aws.bucket()
    cut = {"service": "s3", "operation": "PutObject", "error": "ConnectionCut"}
    for after in (False, True):
        aws.control("faults", {**cut, "after": after})
        with pytest.raises(ConnectionClosedError):
            aws.s3.put_object(Bucket=bucket, Key=f"after-{after}", Body=b"content")
    assert aws.read(f"s3://{bucket}/after-False") is None
    assert aws.read(f"s3://{bucket}/after-True") == b"content"

    aws.control("faults", {**cut, "operation": "GetObject", "after_bytes": 3})
    answer = aws.s3.get_object(Bucket=bucket, Key="after-True")
    with pytest.raises((IncompleteReadError, ResponseStreamingError)):
        answer["Body"].read()
    assert aws.control("faults") == {"faults": []}


def test_a_token_can_end_for_some_calls(aws: Aws) -> None:
    for service, operation in (("s3", "ListObjectsV2"), ("sagemaker", "ListModels")):
        aws.control("faults", {"service": service, "operation": operation, "error": "ExpiredToken"})
    with refused("ExpiredToken"):
        aws.s3.list_objects_v2(Bucket="b-any")
    with refused("ExpiredTokenException"):
        aws.sagemaker.list_models()
    aws.sagemaker.list_models()


def test_a_share_of_the_calls_with_some_parameters_is_refused_evenly(aws: Aws) -> None:
    bucket = aws.bucket()
    slow = {"service": "s3", "operation": "PutObject", "error": "SlowDown", "where": {"Key": "results/*"}}

    def refusals(prefix: str) -> list[int]:
        found = []
        for number in range(10):
            try:
                aws.s3.put_object(Bucket=bucket, Key=f"{prefix}/{number}", Body=b"")
            except ClientError as error:
                assert error.response["Error"]["Code"] == "SlowDown"
                found.append(number)
        return found

    aws.control("faults", {**slow, "share": 0.4})
    assert (refusals("jobs"), refusals("results")) == ([], [2, 4, 7, 9])
    aws.control("faults", {**slow, "share": 0.5, "times": 2})
    assert refusals("results") == [1, 3]
    assert aws.control("faults") == {"faults": []}


@pytest.mark.parametrize(
    "fault",
    [
        {"service": "coffee", "operation": "Make", "error": "E"},
        {"service": "sagemaker", "operation": "MakeCoffee", "error": "E"},
        {"service": "sagemaker", "operation": "ListModels", "error": "E", "times": -1},
        {"service": "sagemaker", "operation": "ListModels", "error": "E", "share": 1.5},
        {"service": "sagemaker", "operation": "ListModels", "error": "E", "where": {"Colour": "red"}},
        {"service": "sagemaker", "operation": "ListModels", "error": "E", "after_bytes": 3},
    ],
)
def test_a_fault_that_could_never_happen_is_refused(aws: Aws, fault: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        aws.control("faults", fault)
    assert caught.value.code == 400


def test_an_endpoint_passes_through_the_states_that_aws_brings_about(aws: Aws) -> None:
    endpoint = aws.endpoint()
    config = aws.describe(endpoint)["EndpointConfigName"]

    def update() -> None:
        aws.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)

    def delete() -> None:
        aws.sagemaker.delete_endpoint(EndpointName=endpoint)

    aws.control(f"endpoints/{endpoint}", {"status": "SystemUpdating", "reason": "patching", "seconds": 3000})
    described = aws.describe(endpoint)
    assert (described["EndpointStatus"], described["FailureReason"]) == ("SystemUpdating", "patching")
    for call in (update, delete):
        with refused("ValidationException", "Cannot update in-progress endpoint"):
            call()
    # It serves all the while.
    with aws.speed(1000):
        aws.wait_for(aws.invoke(endpoint)["OutputLocation"])
        wait(lambda: aws.status(endpoint) == "InService")

    aws.control(f"endpoints/{endpoint}", {"status": "OutOfService", "reason": "hardware"})
    with refused("ValidationError", "not found"):
        aws.invoke(endpoint)
    aws.control(f"endpoints/{endpoint}", {"status": "UpdateRollbackFailed", "reason": "mixed"})
    aws.wait_for(aws.invoke(endpoint)["OutputLocation"])

    aws.control(f"endpoints/{endpoint}", {"status": "Failed", "reason": "Request to service failed."})
    described = aws.describe(endpoint)
    assert (described["EndpointStatus"], described["FailureReason"]) == ("Failed", "Request to service failed.")
    with refused("ValidationException", "in status Failed"):
        update()
    wait(lambda: not aws.control(f"endpoints/{endpoint}")["instances"])
    with pytest.raises(urllib.error.HTTPError):
        aws.control(f"endpoints/{endpoint}", {"status": "InService"})
    delete()
    wait(lambda: endpoint not in [e["EndpointName"] for e in aws.sagemaker.list_endpoints()["Endpoints"]])


def test_a_deletion_can_take_its_time(aws: Aws) -> None:
    endpoint = aws.endpoint()
    aws.control(f"endpoints/{endpoint}", {"status": "Deleting", "seconds": 500})
    with refused("ValidationException", "Cannot create already existing endpoint"):
        aws.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=aws.name("config"))
    with aws.speed(1000):
        wait(lambda: endpoint not in [e["EndpointName"] for e in aws.sagemaker.list_endpoints()["Endpoints"]])
