"""Asynchronous invocations: where results and failures go, what is refused, and what is lost."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from local.tests.aws.aws_rig import Aws, refused, wait


def state(aws: Aws, endpoint: str) -> dict[str, object]:
    return aws.control(f"endpoints/{endpoint}")


def scale(aws: Aws, endpoint: str, count: int) -> None:
    weights = [{"VariantName": "AllTraffic", "DesiredInstanceCount": count}]
    aws.sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=weights)


def test_a_result_is_written_to_the_output_path_under_a_generated_name(aws: Aws) -> None:
    endpoint = aws.endpoint()
    answer = aws.invoke(endpoint, b"audio", ContentType="audio/wav")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["OutputLocation"].startswith(f"s3://{aws.name('bucket')}/output/")
    assert answer["OutputLocation"].endswith(".out")
    assert answer["FailureLocation"].startswith(f"s3://{aws.name('bucket')}/failure/")
    assert json.loads(aws.wait_for(answer["OutputLocation"]))["segments"][0]["text"].startswith("5 bytes")
    assert aws.read(answer["FailureLocation"]) is None


def test_extension_and_file_name_place_the_result(aws: Aws) -> None:
    endpoint = aws.endpoint()
    answer = aws.invoke(endpoint, S3OutputPathExtension="jobs/7", Filename="k.json")
    assert answer["OutputLocation"] == f"s3://{aws.name('bucket')}/output/jobs/7/k.json"
    assert aws.wait_for(answer["OutputLocation"])


def test_the_callers_headers_reach_the_container(aws: Aws) -> None:
    endpoint = aws.endpoint()
    attributes = json.dumps({"language": "de", "task": "translate"})
    answer = aws.invoke(endpoint, ContentType="audio/mpeg", Accept="application/json", CustomAttributes=attributes)
    result = json.loads(aws.wait_for(answer["OutputLocation"]))
    assert (result["language"], result["task"]) == ("de", "translate")
    answer = aws.invoke(endpoint, Accept="text/plain")
    assert aws.wait_for(answer["OutputLocation"]).startswith(b"5 bytes")
    refused_type = aws.invoke(endpoint, ContentType="text/html")
    assert b"415" in aws.wait_for(refused_type["FailureLocation"])


def test_the_inference_id_is_the_callers_or_a_new_one_and_is_logged_by_the_container(aws: Aws) -> None:
    endpoint = aws.endpoint()
    given, made = aws.invoke(endpoint, InferenceId="my-id-1"), aws.invoke(endpoint)
    assert given["InferenceId"] == "my-id-1"
    assert made["InferenceId"] not in ("", "my-id-1")
    aws.wait_for(made["OutputLocation"])
    logs = aws.client("logs")

    def logged() -> bool:
        groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/sagemaker/Endpoints/{endpoint}")["logGroups"]
        if not groups:
            return False
        events = logs.filter_log_events(logGroupName=groups[0]["logGroupName"])["events"]
        text = " ".join(event["message"] for event in events)
        return "my-id-1" in text and made["InferenceId"] in text

    wait(logged)


def test_a_small_payload_may_be_sent_inline(aws: Aws) -> None:
    endpoint = aws.endpoint()
    answer = aws.runtime.invoke_endpoint_async(EndpointName=endpoint, Body=b"inline", ContentType="audio/wav")
    assert b"6 bytes" in aws.wait_for(answer["OutputLocation"])


@pytest.mark.parametrize("status", [400, 500])
def test_a_models_error_is_not_tried_again_and_becomes_the_failure_object(aws: Aws, status: int) -> None:
    endpoint = aws.endpoint()
    answer = aws.invoke(endpoint, f"fail:{status}".encode())
    kind = "client" if status == 400 else "server"
    text = aws.wait_for(answer["FailureLocation"]).decode()
    assert text.startswith(f'Received {kind} error ({status}) from primary with message "')
    assert f"told to fail with {status}" in text
    assert aws.read(answer["OutputLocation"]) is None
    assert state(aws, endpoint)["queued"] == 0


def test_an_input_that_is_not_there_is_found_out_when_it_is_processed(aws: Aws) -> None:
    endpoint = aws.endpoint()
    location = f"s3://{aws.name('bucket')}/absent"
    answer = aws.runtime.invoke_endpoint_async(EndpointName=endpoint, InputLocation=location)
    assert f"Failed to download data from {location}" in aws.wait_for(answer["FailureLocation"]).decode()


def test_an_invocation_that_takes_too_long_fails(aws: Aws) -> None:
    endpoint = aws.endpoint()
    answer = aws.invoke(endpoint, b"sleep:30", InvocationTimeoutSeconds=20)
    wait(lambda: state(aws, endpoint)["running"] == 1)
    with aws.speed(20):
        text = aws.wait_for(answer["FailureLocation"]).decode()
    assert "Your invocation timed out" in text


def test_a_request_that_waits_longer_than_its_ttl_is_dropped_without_any_object(aws: Aws) -> None:
    endpoint = aws.endpoint()
    scale(aws, endpoint, 0)
    aws.settled(endpoint)
    answer = aws.invoke(endpoint, RequestTTLSeconds=60)
    with aws.speed(100):
        wait(lambda: state(aws, endpoint)["expired"] == 1)
    scale(aws, endpoint, 1)
    aws.settled(endpoint)
    later = aws.invoke(endpoint)
    aws.wait_for(later["OutputLocation"])
    assert aws.read(answer["OutputLocation"]) is None
    assert aws.read(answer["FailureLocation"]) is None


def test_requests_wait_in_order_until_an_instance_comes(aws: Aws) -> None:
    endpoint = aws.endpoint()
    scale(aws, endpoint, 0)
    aws.settled(endpoint)
    answers = [aws.invoke(endpoint, f"{n}".encode()) for n in range(3)]
    assert state(aws, endpoint)["queued"] == 3
    assert not [answer for answer in answers if aws.read(answer["OutputLocation"])]
    scale(aws, endpoint, 1)
    bodies = [aws.wait_for(answer["OutputLocation"]) for answer in answers]
    assert all(b"1 bytes" in body for body in bodies)


def test_no_more_than_the_configured_number_run_on_an_instance(aws: Aws) -> None:
    endpoint = aws.endpoint(slots=2)
    for _ in range(5):
        aws.invoke(endpoint, b"sleep:10")
    wait(lambda: state(aws, endpoint)["running"] == 2)
    assert state(aws, endpoint)["queued"] == 3
    scale(aws, endpoint, 2)
    wait(lambda: state(aws, endpoint)["running"] == 4)
    assert state(aws, endpoint)["queued"] == 1


def test_scale_in_loses_the_running_request_without_any_object(aws: Aws) -> None:
    endpoint = aws.endpoint()
    lost = aws.invoke(endpoint, b"sleep:5")
    wait(lambda: state(aws, endpoint)["running"] == 1)
    waiting = aws.invoke(endpoint)
    scale(aws, endpoint, 0)
    aws.settled(endpoint)
    wait(lambda: state(aws, endpoint)["running"] == 0)
    assert state(aws, endpoint)["queued"] == 1
    scale(aws, endpoint, 1)
    assert aws.wait_for(waiting["OutputLocation"])
    assert aws.read(lost["OutputLocation"]) is None
    assert aws.read(lost["FailureLocation"]) is None


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"RequestTTLSeconds": 59}, "requestTTLSeconds"),
        ({"RequestTTLSeconds": 21601}, "requestTTLSeconds"),
        ({"InvocationTimeoutSeconds": 3601}, "invocationTimeoutSeconds"),
        ({"CustomAttributes": "x" * 1025}, "customAttributes"),
        ({"CustomAttributes": "a\tb"}, "visible US-ASCII"),
        ({"InferenceId": "x" * 65}, "inferenceId"),
        ({"Filename": "a.b.c"}, "filename"),
        ({"S3OutputPathExtension": "s3://x"}, "s3OutputPathExtension"),
        ({"InputLocation": "ftp://x/y"}, "inputLocation"),
        ({"Body": b"x"}, "Exactly one of InputLocation and Body"),
    ],
)
def test_a_request_outside_the_rules_is_refused(aws: Aws, params: dict[str, object], text: str) -> None:
    with refused("ValidationError", text):
        aws.runtime.invoke_endpoint_async(**{"EndpointName": "e", "InputLocation": "s3://b/k", **params})


def test_neither_input_nor_too_large_a_body_is_accepted(aws: Aws) -> None:
    with refused("ValidationError", "Exactly one of InputLocation and Body"):
        aws.runtime.invoke_endpoint_async(EndpointName="e")
    with refused("ValidationError", "less than or equal to 128000"):
        aws.runtime.invoke_endpoint_async(EndpointName="e", Body=b"x" * 128001)


def test_an_endpoint_that_does_not_serve_is_not_found(aws: Aws) -> None:
    with refused("ValidationError", "Endpoint nope of account 123456789012 not found."):
        aws.runtime.invoke_endpoint_async(EndpointName="nope", InputLocation="s3://b/k")


def test_an_asynchronous_endpoint_takes_no_synchronous_request(aws: Aws) -> None:
    endpoint = aws.endpoint()
    with refused("ValidationError", "does not support this inference type"):
        aws.runtime.invoke_endpoint(EndpointName=endpoint, Body=b"x")


def test_a_container_that_dies_fails_its_request_and_is_started_again(aws: Aws) -> None:
    endpoint = aws.endpoint()
    before = state(aws, endpoint)["instances"]
    answer = aws.invoke(endpoint, b"sleep:30")
    wait(lambda: state(aws, endpoint)["running"] == 1)
    kill(before[0]["url"])
    assert "no answer from the container" in aws.wait_for(answer["FailureLocation"]).decode()
    after = aws.invoke(endpoint)
    assert aws.wait_for(after["OutputLocation"])
    assert state(aws, endpoint)["instances"][0]["id"] == before[0]["id"]


def kill(url: str) -> None:
    """Ends the process that listens at `url`, as the kernel does when memory runs out."""
    port = url.rpartition(":")[2]
    inodes = {
        f"socket:[{fields[9]}]"
        for fields in (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        if fields[1].endswith(f":{int(port):04X}") and fields[3] == "0A"
    }
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found = any(str(file.readlink()) in inodes for file in (process / "fd").iterdir())
        except OSError:
            continue
        if found:
            os.kill(int(process.name), signal.SIGKILL)


def test_success_and_failure_are_told_to_their_topics(aws: Aws) -> None:
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topics, queues = {}, {}
    for kind in ("Success", "Error"):
        topics[kind] = sns.create_topic(Name=aws.name(kind))["TopicArn"]
        queues[kind] = sqs.create_queue(QueueName=aws.name(kind))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queues[kind], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topics[kind], Protocol="sqs", Endpoint=arn)
    told = {"NotificationConfig": {f"{kind}Topic": arn for kind, arn in topics.items()}}
    endpoint = aws.start(aws.config("notifying", aws.model(), output=told))
    aws.settled(endpoint)
    succeeded = aws.invoke(endpoint, ContentType="audio/mpeg", Accept="application/json", InferenceId="good")
    failed = aws.invoke(endpoint, b"fail:400\n", InferenceId="bad")
    aws.wait_for(succeeded["OutputLocation"])
    aws.wait_for(failed["FailureLocation"])

    def message(kind: str) -> dict[str, Any]:
        found: list[Any] = []
        wait(lambda: found.extend(sqs.receive_message(QueueUrl=queues[kind]).get("Messages", [])) or found)
        assert len(found) == 1
        return json.loads(json.loads(found[0]["Body"])["Message"])

    good, bad = message("Success"), message("Error")
    assert {name: good[name] for name in ("invocationStatus", "inferenceId", "eventName", "eventSource")} == {
        "invocationStatus": "Completed",
        "inferenceId": "good",
        "eventName": "InferenceResult",
        "eventSource": "aws:sagemaker",
    }
    answered = {"contentType": "application/json", "outputLocation": succeeded["OutputLocation"]}
    assert good["responseParameters"] == answered
    assert good["requestParameters"]["inputLocation"].startswith("s3://")
    assert (good["requestParameters"]["contentType"], good["requestParameters"]["endpointName"]) == (
        "audio/mpeg",
        endpoint,
    )
    assert (bad["invocationStatus"], bad["inferenceId"]) == ("Failed", "bad")
    assert "Received client error (400)" in bad["failureReason"]
    assert "responseParameters" not in bad


def test_a_lost_request_has_neither_result_nor_failure_and_the_next_one_is_served(aws: Aws) -> None:
    endpoint = aws.endpoint()
    body = b"lost x1\n" + aws.unique.encode()
    lost, again = aws.invoke(endpoint, body), aws.invoke(endpoint, body)
    assert aws.wait_for(again["OutputLocation"])
    assert (aws.read(lost["OutputLocation"]), aws.read(lost["FailureLocation"])) == (None, None)
    assert state(aws, endpoint)["running"] == 0


def test_a_request_that_is_delivered_twice_writes_its_result_twice(aws: Aws) -> None:
    endpoint = aws.endpoint()
    answer = aws.invoke(endpoint, b"twice:1\n" + aws.unique.encode())
    first = aws.wait_for(answer["OutputLocation"])
    bucket, _, key = answer["OutputLocation"].removeprefix("s3://").partition("/")
    aws.s3.delete_object(Bucket=bucket, Key=key)
    second = aws.wait_for(answer["OutputLocation"])
    assert json.loads(second)["segments"] == json.loads(first)["segments"]
