"""CloudWatch Logs of endpoints: what a caller who looks for the reason of a failure finds."""

from __future__ import annotations

from local.tests.aws.aws_rig import Aws, refused, wait


def test_the_logs_of_a_working_endpoint_are_streams_of_its_instances(aws: Aws) -> None:
    logs = aws.client("logs")
    endpoint = aws.endpoint()
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    aws.wait_for(aws.invoke(endpoint, InferenceId="first")["OutputLocation"])

    def streams() -> list[str]:
        # One page holds them all.
        try:
            found = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [stream["logStreamName"] for stream in found["logStreams"]]

    instance = aws.control(f"endpoints/{endpoint}")["instances"][0]["id"]
    stream = f"AllTraffic/{instance}"
    wait(lambda: set(streams()) == {stream, f"{stream}/data-log"})
    said = logs.get_log_events(logGroupName=group, logStreamName=f"{stream}/data-log")["events"][0]["message"]
    assert "[sagemaker logs] [first] Inference request succeeded." in said
    last = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=1)
    assert len(last["events"]) == 1
    first = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=1, startFromHead=True)
    assert "listening on" in first["events"][0]["message"]
    # At its end, the same token comes back with no events.
    end = logs.get_log_events(logGroupName=group, logStreamName=stream, nextToken=last["nextForwardToken"])
    assert (end["events"], end["nextForwardToken"]) == ([], last["nextForwardToken"])
    with refused("ResourceNotFoundException"):
        logs.get_log_events(logGroupName=group, logStreamName="AllTraffic/i-nope")


def test_an_endpoint_whose_container_never_started_has_no_log_group(aws: Aws) -> None:
    logs = aws.client("logs")
    config = aws.config("c", aws.model())
    aws.control("capacity", {"ml.g5.xlarge": 0})
    with aws.speed(60):
        endpoint = aws.start(config)
        assert aws.settled(endpoint)["EndpointStatus"] == "Failed"
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    for call in (logs.describe_log_streams, logs.get_log_events):
        with refused("ResourceNotFoundException", "The specified log group does not exist"):
            call(logGroupName=group, **({"logStreamName": "s"} if call == logs.get_log_events else {}))


def test_more_than_a_page_is_refused(aws: Aws) -> None:
    with refused("InvalidParameterException", "limit"):
        aws.client("logs").describe_log_streams(logGroupName="g", limit=51)
