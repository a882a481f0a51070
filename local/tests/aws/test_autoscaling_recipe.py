"""The action's scaling recipe, minute by minute: it wakes, it goes to its minimum, and it never cuts a job off.

Both readings of the backlog (with and without the requests that are being worked on), and metrics on time and late.
"""

from __future__ import annotations

from typing import Any

import pytest

from local.tests.aws.autoscaling_rig import BY_ENDPOINT, BY_VARIANT, SCALABLE, Rig

IDLE_MINUTES = 5
# Utilisation is not filled: AWS's page on FILL warns that metrics which arrive late leave such an alarm stuck.
IDLE = "IF(gpu<1 AND cpu<40, FILL(backlog,0)<1, 0)"
FILLED = "IF(FILL(backlog,0)<1 AND FILL(gpu,100)<1 AND FILL(cpu,10000)<40, 1, 0)"

both_readings = pytest.mark.parametrize("counts_running", [True, False], ids=["backlog-counts-running", "waiting-only"])
any_delay = pytest.mark.parametrize("delay", [0, 60, 120], ids=["on-time", "a-minute-late", "two-minutes-late"])


def metric(id_: str, namespace: str, name: str, dimensions: dict[str, str]) -> dict[str, Any]:
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    stat = {
        "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": named},
        "Period": 60,
        "Stat": "Maximum",
    }
    return {"Id": id_, "MetricStat": stat, "ReturnData": False}


def idle_alarm(rig: Rig, arn: str, expression: str = IDLE) -> None:
    host = "/aws/sagemaker/Endpoints"
    rig.alarm(
        AlarmName="speech-idle",
        Metrics=[
            metric("backlog", "AWS/SageMaker", "ApproximateBacklogSize", BY_ENDPOINT),
            metric("gpu", host, "GPUUtilization", BY_VARIANT),
            metric("cpu", host, "CPUUtilization", BY_VARIANT),
            {"Id": "idle", "Expression": expression, "ReturnData": True},
        ],
        EvaluationPeriods=IDLE_MINUTES,
        DatapointsToAlarm=IDLE_MINUTES,
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[arn],
    )


def wake_alarm(rig: Rig, arn: str) -> None:
    rig.alarm(
        AlarmName="speech-wake",
        Namespace="AWS/SageMaker",
        MetricName="HasBacklogWithoutCapacity",
        Dimensions=[{"Name": key, "Value": value} for key, value in BY_ENDPOINT.items()],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[arn],
    )


def backlog_policy(rig: Rig) -> None:
    dimensions = [{"Name": key, "Value": value} for key, value in BY_ENDPOINT.items()]
    rig.call(
        "put_scaling_policy",
        **SCALABLE,
        PolicyName="speech-backlog",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 2.0,
            "CustomizedMetricSpecification": {
                "Namespace": "AWS/SageMaker",
                "MetricName": "ApproximateBacklogSizePerInstance",
                "Dimensions": dimensions,
                "Statistic": "Average",
            },
            "DisableScaleIn": True,
        },
    )


def recipe(
    *, instances: int = 0, minimum: int = 0, maximum: int = 3, expression: str = IDLE, **rig_options: Any
) -> Rig:
    rig = Rig(instances=instances, **rig_options)
    rig.register(minimum, maximum)
    wake_alarm(rig, rig.step_policy("speech-wake", 1))
    idle_alarm(rig, rig.step_policy("speech-idle", minimum), expression)
    backlog_policy(rig)
    return rig


@both_readings
@any_delay
def test_a_request_wakes_one_instance_and_idleness_takes_it_away(counts_running: bool, delay: int) -> None:
    rig = recipe(counts_running=counts_running, delay=delay)
    rig.minute(30)
    assert rig.variant.desired == 0, "nothing may start without a request"
    rig.variant.queued.append(3)
    rig.minute(1 + delay // 60)
    assert rig.variant.desired == 1
    rig.minute(5 + IDLE_MINUTES + delay // 60)
    assert (rig.variant.done, rig.variant.cut, rig.variant.desired) == (1, 0, 0)
    rig.minute(60)
    assert rig.variant.desired == 0
    assert rig.state("speech-idle") == "OK", "without instances there is no data, which is not idleness"


@both_readings
@any_delay
@pytest.mark.parametrize("start_minutes", [0, 6], ids=["quick-start", "slow-start"])
def test_a_long_job_is_never_cut(counts_running: bool, delay: int, start_minutes: int) -> None:
    rig = recipe(counts_running=counts_running, delay=delay)
    rig.variant.start_minutes = start_minutes
    rig.variant.queued.append(59)
    rig.minute(120)
    assert (rig.variant.done, rig.variant.cut, rig.variant.desired) == (1, 0, 0)


@both_readings
@any_delay
def test_a_burst_scales_out_and_the_last_long_job_keeps_the_fleet(counts_running: bool, delay: int) -> None:
    rig = recipe(counts_running=counts_running, delay=delay)
    rig.variant.queued += [55] + [4] * 14
    most = 0
    for _ in range(54):
        rig.minute()
        most = max(most, rig.variant.current)
    assert most == 3
    assert rig.variant.current == 3, "one long job keeps all instances"
    rig.minute(30)
    assert (rig.variant.done, rig.variant.cut, rig.variant.desired) == (15, 0, 0)


@both_readings
@any_delay
def test_a_request_right_after_the_scale_in_is_not_cut(counts_running: bool, delay: int) -> None:
    """The idle alarm stays in ALARM on old datapoints for a while; waking must win over it every minute."""
    for gap in range(4):
        rig = recipe(instances=1, counts_running=counts_running, delay=delay)
        while rig.variant.desired:
            rig.minute()
        rig.minute(gap)
        rig.variant.queued.append(20)
        rig.minute(50)
        assert (rig.variant.done, rig.variant.cut) == (1, 0), f"{gap} minutes after"


@both_readings
@any_delay
def test_silent_instances_are_not_taken_for_idle(counts_running: bool, delay: int) -> None:
    rig = recipe(instances=1, counts_running=counts_running, delay=delay)
    rig.minute(IDLE_MINUTES - 2)
    rig.silent_utilisation = True
    rig.minute(60)
    assert rig.variant.desired == 1


def test_idleness_goes_to_the_minimum_and_no_further() -> None:
    rig = recipe(instances=3, minimum=1)
    rig.minute(30)
    assert rig.variant.desired == 1


def test_filled_utilisation_never_scales_in_when_metrics_are_late() -> None:
    rig = recipe(instances=1, expression=FILLED, delay=0)
    rig.minute(10)
    assert rig.variant.desired == 0
    late = recipe(instances=1, expression=FILLED, delay=60)
    late.minute(600)
    assert late.variant.desired == 1, "the newest minute is always filled as busy: a GPU that bills for ever"


def test_the_articles_recipe_cuts_a_running_job() -> None:
    """Scale in when the backlog per instance is below 1 for a minute: the backlog falls when a job is picked up."""
    rig = Rig(instances=1, counts_running=False)
    rig.register(0, 1)
    arn = rig.step_policy("article-in", 0, MetricIntervalUpperBound=0.0)
    rig.alarm(
        AlarmName="article-in",
        Namespace="AWS/SageMaker",
        MetricName="ApproximateBacklogSizePerInstance",
        Dimensions=[{"Name": key, "Value": value} for key, value in BY_ENDPOINT.items()],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="LessThanThreshold",
        AlarmActions=[arn],
    )
    rig.variant.queued.append(10)
    rig.minute(5)
    assert rig.variant.cut == 1
