"""The recipe on the whole local AWS: a real endpoint goes to nothing, wakes for a request and finishes a long one."""

from __future__ import annotations

from typing import Any

import pytest

from local.tests.aws.aws_rig import Aws, wait
from local.tests.aws.test_autoscaling_recipe import IDLE, metric

IDLE_MINUTES = 3


def policy(aws: Aws, scalable: dict[str, str], name: str, capacity: int) -> str:
    steps = [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": capacity}]
    config = {"AdjustmentType": "ExactCapacity", "StepAdjustments": steps, "Cooldown": 0}
    put = aws.client("application-autoscaling").put_scaling_policy(
        **scalable, PolicyName=name, PolicyType="StepScaling", StepScalingPolicyConfiguration=config
    )
    return put["PolicyARN"]


def alarm(aws: Aws, name: str, arn: str, periods: int, watched: dict[str, Any], missing: str) -> None:
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        **watched,
        EvaluationPeriods=periods,
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData=missing,
        AlarmActions=[arn],
    )


@pytest.mark.parametrize("counts_running", [True, False], ids=["backlog-counts-running", "waiting-only"])
def test_idle_wake_and_a_long_job(aws: Aws, counts_running: bool) -> None:
    aws.control("backlog", {"counts_running": counts_running})
    endpoint = aws.endpoint()
    scalable = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    aws.client("application-autoscaling").register_scalable_target(**scalable, MinCapacity=0, MaxCapacity=1)
    by_endpoint = {"EndpointName": endpoint}
    by_variant = by_endpoint | {"VariantName": "AllTraffic"}
    host = "/aws/sagemaker/Endpoints"
    wake = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "HasBacklogWithoutCapacity",
        "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
        "Statistic": "Maximum",
        "Period": 60,
    }
    idle = [
        metric("backlog", "AWS/SageMaker", "ApproximateBacklogSize", by_endpoint),
        metric("gpu", host, "GPUUtilization", by_variant),
        metric("cpu", host, "CPUUtilization", by_variant),
        {"Id": "idle", "Expression": IDLE, "ReturnData": True},
    ]
    alarm(aws, f"{endpoint}-wake", policy(aws, scalable, f"{endpoint}-wake", 1), 1, wake, "missing")
    alarm(
        aws, f"{endpoint}-idle", policy(aws, scalable, f"{endpoint}-idle", 0), IDLE_MINUTES, {"Metrics": idle},
        "notBreaching",
    )  # fmt: skip

    def count() -> tuple[int, int]:
        variant = aws.describe(endpoint)["ProductionVariants"][0]
        return variant["DesiredInstanceCount"], variant["CurrentInstanceCount"]

    with aws.speed(120):
        wait(lambda: count() == (0, 0))
        # Four seconds are eight simulated minutes here: longer than it takes to be called idle.
        answer = aws.invoke(endpoint, b"sleep:4", ContentType="audio/wav")
        wait(lambda: aws.read(answer["OutputLocation"]) is not None or aws.read(answer["FailureLocation"]) is not None)
        assert aws.read(answer["FailureLocation"]) is None
        wait(lambda: count() == (0, 0))
    found = aws.client("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="sagemaker", ResourceId=scalable["ResourceId"]
    )
    ways = [(a["Description"], a["StatusCode"]) for a in reversed(found["ScalingActivities"])]
    assert [text for text, _ in ways] == [f"Setting desired instance count to {n}." for n in (0, 1, 0)]
    assert {status for _, status in ways[:2]} == {"Successful"}
