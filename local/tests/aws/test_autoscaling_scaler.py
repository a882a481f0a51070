"""Scaling carried out: limits, cooldowns, refusals, and what the activities say of it."""

from __future__ import annotations

from typing import Any

import pytest

from local.aws.autoscaling.endpoints import Refused
from local.aws.autoscaling.errors import ObjectNotFoundException, ValidationException
from local.aws.cloudwatch.alarm import checked
from local.aws.cloudwatch.alarms import Invocation
from local.tests.aws.autoscaling_rig import RESOURCE, SCALABLE, Rig, steps

METRIC = {"Namespace": "n", "MetricName": "m", "Statistic": "Average"}


def put(rig: Rig, name: str, config: dict[str, Any]) -> str:
    kind = "StepScaling" if "StepAdjustments" in config else "TargetTrackingScaling"
    member = f"{kind}PolicyConfiguration"
    return rig.call("put_scaling_policy", **SCALABLE, PolicyName=name, PolicyType=kind, **{member: config})["PolicyARN"]


def fire(rig: Rig, *firing: tuple[str, float], comparison: str = "GreaterThanOrEqualToThreshold") -> None:
    """Fires step policies, by ARN, together, each with a metric's value against a threshold of 10."""
    request = {**METRIC, "AlarmName": "alarm", "Period": 60, "EvaluationPeriods": 1, "Threshold": 10.0}
    _, condition = checked({**request, "ComparisonOperator": comparison}, "us-east-1")
    rig.region.scaler.act([Invocation(arn, "alarm", condition, (value,)) for arn, value in firing], rig.clock.now())


def activities(rig: Rig, include: bool = True) -> list[dict[str, Any]]:
    return rig.call(
        "describe_scaling_activities",
        ServiceNamespace="sagemaker",
        ResourceId=RESOURCE,
        IncludeNotScaledActivities=include,
    )["ScalingActivities"]


def test_registering_clamps_the_count_now_or_when_the_endpoint_is_free() -> None:
    rig = Rig(instances=5)
    rig.register(0, 3)
    assert rig.variant.desired == 3
    rig.variant.busy = True
    rig.register(4, 6)
    assert rig.variant.desired == 3
    rig.variant.busy = False
    rig.minute()
    assert rig.variant.desired == 4
    assert activities(rig)[0]["Cause"] == "minimum capacity was set to 4"


def test_a_policy_needs_a_target_and_keeps_its_kind_and_arn() -> None:
    rig = Rig()
    config = steps("ExactCapacity", (0, None, 1))
    with pytest.raises(ObjectNotFoundException):
        put(rig, "p", config)
    rig.register()
    arn = put(rig, "p", config)
    assert put(rig, "p", {**config, "Cooldown": 5}) == arn
    assert put(rig, "q", config) != arn
    with pytest.raises(ValidationException, match="delete it and create it again"):
        put(rig, "p", {"TargetValue": 1.0, "CustomizedMetricSpecification": METRIC})
    rig.call("delete_scaling_policy", **SCALABLE, PolicyName="p")
    assert put(rig, "p", config) != arn


def test_the_largest_capacity_wins_and_limits_hold() -> None:
    rig = Rig(instances=2)
    rig.register(1, 4)
    down = put(rig, "down", steps("ExactCapacity", (0, None, 0)))
    up = put(rig, "up", steps("ChangeInCapacity", (0, None, 1)))
    fire(rig, (down, 10), (up, 10))
    assert rig.variant.desired == 3
    fire(rig, (down, 10))
    assert rig.variant.desired == 1, "never below the minimum"
    most = put(rig, "most", steps("ExactCapacity", (0, None, 99)))
    fire(rig, (most, 10))
    assert rig.variant.desired == 4, "never above the maximum"


def test_an_alarm_outside_of_every_step_does_nothing() -> None:
    rig = Rig(instances=0)
    rig.register(0, 4)
    wrong_bound = put(rig, "up", steps("ExactCapacity", (None, 0, 1)))
    fire(rig, (wrong_bound, 10))
    assert rig.variant.desired == 0
    fire(rig, (wrong_bound, 10), comparison="LessThanOrEqualToThreshold")
    assert rig.variant.desired == 1


def test_scaling_out_again_in_the_cooldown_counts_what_the_first_one_added() -> None:
    rig = Rig(instances=2)
    rig.register(0, 20)
    up = put(rig, "up", steps("ChangeInCapacity", (0, 10, 2), (10, None, 3), Cooldown=300))
    fire(rig, (up, 10))
    assert rig.variant.desired == 4
    rig.clock.seconds += 60
    fire(rig, (up, 10))
    assert rig.variant.desired == 4
    fire(rig, (up, 20))
    assert rig.variant.desired == 5, "AWS's own example: 3 minus the 2 that were added"
    rig.clock.seconds += 301
    fire(rig, (up, 10))
    assert rig.variant.desired == 7


def test_scaling_in_waits_for_its_cooldown_which_scaling_out_ends() -> None:
    rig = Rig(instances=10)
    rig.register(0, 20)
    down = put(rig, "down", steps("ChangeInCapacity", (0, None, -1), Cooldown=300))
    up = put(rig, "up", steps("ChangeInCapacity", (0, None, 1), Cooldown=0))
    fire(rig, (down, 10))
    fire(rig, (down, 10))
    assert rig.variant.desired == 9
    fire(rig, (up, 10))
    assert rig.variant.desired == 10
    fire(rig, (down, 10))
    assert rig.variant.desired == 9
    rig.clock.seconds += 300
    fire(rig, (down, 10))
    assert rig.variant.desired == 8


def test_suspended_directions_do_not_scale() -> None:
    rig = Rig(instances=2)
    rig.register(0, 4)
    down = put(rig, "down", steps("ExactCapacity", (0, None, 0)))
    up = put(rig, "up", steps("ExactCapacity", (0, None, 4)))
    rig.call("register_scalable_target", **SCALABLE, SuspendedState={"DynamicScalingInSuspended": True})
    fire(rig, (down, 10))
    assert rig.variant.desired == 2
    rig.call("register_scalable_target", **SCALABLE, SuspendedState={"DynamicScalingOutSuspended": True})
    fire(rig, (up, 10))
    assert rig.variant.desired == 2
    resumed = {"DynamicScalingInSuspended": False, "DynamicScalingOutSuspended": False}
    rig.call("register_scalable_target", **SCALABLE, SuspendedState=resumed)
    fire(rig, (up, 10))
    assert rig.variant.desired == 4


def test_an_activity_tells_how_a_scaling_went() -> None:
    rig = Rig(instances=0)
    rig.register(0, 2)
    up = put(rig, "up", steps("ExactCapacity", (0, None, 1), Cooldown=0))
    fire(rig, (up, 10))
    [begun] = activities(rig)
    assert (begun["StatusCode"], begun["Description"]) == ("InProgress", "Setting desired instance count to 1.")
    assert begun["StatusMessage"].endswith("Waiting for change to be fulfilled by sagemaker.")
    fire(rig, (up, 10))
    fire(rig, (up, 10))
    assert [a.get("NotScaledReasons") for a in activities(rig)] == [
        [{"Code": "AlreadyAtDesiredCapacity", "CurrentCapacity": 1}],
        None,
    ], "what repeats each minute is told once"
    assert len(activities(rig, include=False)) == 1
    rig.minute()
    [ended] = activities(rig, include=False)
    assert ended["StatusCode"] == "Successful"
    assert ended["StatusMessage"].endswith("Change successfully fulfilled by sagemaker.")


def test_activities_tell_of_capacity_quota_and_limits() -> None:
    rig = Rig(instances=1)
    rig.register(1, 2)
    up = put(rig, "up", steps("ChangeInCapacity", (0, None, 1), Cooldown=0))
    down = put(rig, "down", steps("ExactCapacity", (0, None, 0), Cooldown=0))
    rig.variant.refusal = Refused("The account-level service limit 'ml.g5.xlarge for endpoint usage' is 1 Instances.")
    fire(rig, (up, 10))
    fire(rig, (up, 10))
    [refused] = activities(rig)
    assert refused["StatusCode"] == "Failed"
    assert refused["StatusMessage"].startswith("Failed to set desired instance count to 2. Reason: The account-level")

    rig.variant.refusal = None
    rig.variant.start_minutes = 99
    fire(rig, (up, 10))
    rig.variant.failure = "CapacityError: Unable to provision requested ML compute capacity."
    rig.minute()
    assert activities(rig)[0]["StatusCode"] == "Unfulfilled"
    assert "CapacityError" in activities(rig)[0]["StatusMessage"]

    fire(rig, (up, 10))
    assert activities(rig)[0]["NotScaledReasons"] == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 2}]
    fire(rig, (down, 10))
    fire(rig, (down, 10))
    assert activities(rig)[0]["NotScaledReasons"] == [{"Code": "AlreadyAtMinCapacity", "MinCapacity": 1}]


def test_a_busy_endpoint_is_scaled_when_it_is_free() -> None:
    rig = Rig(instances=0, delay=0)
    rig.register(0, 1)
    arn = rig.step_policy("wake", 1)
    rig.alarm(**METRIC, AlarmName="w", Period=60, EvaluationPeriods=1, Threshold=1.0, AlarmActions=[arn],
              ComparisonOperator="GreaterThanOrEqualToThreshold")  # fmt: skip
    rig.variant.busy = True
    for _ in range(3):
        rig.store.put("n", "m", {}, 1.0)
        rig.minute()
    assert rig.variant.desired == 0
    [refused] = activities(rig)
    assert "Cannot update in-progress endpoint" in refused["StatusMessage"]
    rig.variant.busy = False
    rig.store.put("n", "m", {}, 1.0)
    rig.minute()
    assert rig.variant.desired == 1


def test_deregistering_takes_policies_and_their_alarms_but_not_step_alarms() -> None:
    rig = Rig()
    rig.register()
    arn = rig.step_policy("wake", 1)
    rig.alarm(**METRIC, AlarmName="mine", Period=60, EvaluationPeriods=1, Threshold=1.0, AlarmActions=[arn],
              ComparisonOperator="GreaterThanOrEqualToThreshold")  # fmt: skip
    put(rig, "track", {"TargetValue": 5.0, "CustomizedMetricSpecification": METRIC})
    assert len(rig.region.alarms.find()) == 3
    rig.call("deregister_scalable_target", **SCALABLE)
    assert [alarm.name for alarm in rig.region.alarms.find()] == ["mine"]
    with pytest.raises(ObjectNotFoundException):
        rig.call("deregister_scalable_target", **SCALABLE)
    rig.register()
    fire(rig, (arn, 10))
    assert rig.variant.desired == 1, "an alarm whose policy is gone does nothing"


def test_target_tracking_scales_in_slowly_unless_it_may_not() -> None:
    for disabled, expected in ((False, 1), (True, 4)):
        rig = Rig(instances=4, delay=0)
        rig.register(1, 8)
        config = {"TargetValue": 5.0, "CustomizedMetricSpecification": METRIC, "DisableScaleIn": disabled}
        put(rig, "track", config)
        for minute in range(16):
            assert rig.variant.desired == 4 or minute >= 15
            rig.store.put("n", "m", {}, 1.0)
            rig.minute()
        assert rig.variant.desired == expected
