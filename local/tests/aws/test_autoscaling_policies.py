"""The rules of scaling policies by themselves: steps, target tracking, and what AWS refuses."""

from __future__ import annotations

import math
from typing import Any

import pytest

from local.aws.autoscaling.errors import ValidationException
from local.aws.autoscaling.steps import adjusted, check_steps, step_for
from local.aws.autoscaling.tracking import check_tracking, wanted_capacity
from local.tests.aws.autoscaling_rig import SCALABLE, Rig, steps

METRIC = {"Namespace": "n", "MetricName": "m", "Statistic": "Average"}


@pytest.mark.parametrize(
    ("difference", "above", "expected"),
    [
        (0, True, 1),
        (9.9, True, 1),
        (10, True, 2),
        (-0.1, True, None),
        (0, False, None),
        (10, False, 1),
        (10.1, False, 2),
    ],
)
def test_a_step_is_chosen_by_how_far_the_threshold_is_crossed(
    difference: float, above: bool, expected: int | None
) -> None:
    config = steps("ChangeInCapacity", (0, 10, 1), (10, None, 2))
    step = step_for(config, difference, above)
    assert (step and step["ScalingAdjustment"]) == expected


@pytest.mark.parametrize(
    ("kind", "adjustment", "capacity", "expected"),
    [
        ("ExactCapacity", 0, 3, 0),
        ("ChangeInCapacity", 2, 3, 5),
        ("ChangeInCapacity", -9, 3, 0),
        ("PercentChangeInCapacity", 127, 10, 22),
        ("PercentChangeInCapacity", 5, 10, 11),
        ("PercentChangeInCapacity", -5, 10, 9),
        ("PercentChangeInCapacity", -67, 10, 4),
    ],
)
def test_adjustments_round_as_aws_says(kind: str, adjustment: int, capacity: int, expected: int) -> None:
    assert adjusted({"AdjustmentType": kind}, adjustment, capacity) == expected


def test_a_percentage_has_a_least_magnitude() -> None:
    config = {"AdjustmentType": "PercentChangeInCapacity", "MinAdjustmentMagnitude": 2}
    assert adjusted(config, 25, 4) == 6
    assert adjusted(config, -25, 4) == 2


@pytest.mark.parametrize(
    "config",
    [
        steps("ExactCapacity"),
        steps("SomeCapacity", (0, None, 1)),
        steps("ExactCapacity", (0, None, -1)),
        steps("ChangeInCapacity", (None, None, 1)),
        steps("ChangeInCapacity", (0, 10, 1)),
        steps("ChangeInCapacity", (-10, 0, -1)),
        steps("ChangeInCapacity", (0, 10, 1), (5, None, 2)),
        steps("ChangeInCapacity", (0, 10, 1), (20, None, 2)),
        steps("ChangeInCapacity", (0, 0, 1), (0, None, 2)),
        steps("ChangeInCapacity", (0, None, 1), Cooldown=-1),
        steps("ChangeInCapacity", (0, None, 1), MinAdjustmentMagnitude=1),
        steps("ChangeInCapacity", (0, None, 1), MetricAggregationType="Sum"),
        steps("ChangeInCapacity", *((i, i + 1, 1) for i in range(20)), (20, None, 1)),
    ],
)
def test_step_policies_that_aws_refuses(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationException):
        check_steps(config)


@pytest.mark.parametrize(
    "config",
    [
        {"CustomizedMetricSpecification": METRIC},
        {"TargetValue": math.inf, "CustomizedMetricSpecification": METRIC},
        {"TargetValue": 5.0},
        {"TargetValue": 5.0, "CustomizedMetricSpecification": {**METRIC, "Statistic": "p90"}},
        {"TargetValue": 5.0, "CustomizedMetricSpecification": {"Namespace": "n", "Statistic": "Sum"}},
        {"TargetValue": 5.0, "CustomizedMetricSpecification": METRIC, "ScaleInCooldown": -1},
        {"TargetValue": 5.0, "PredefinedMetricSpecification": {"PredefinedMetricType": "x"}},
        {"TargetValue": 5.0, "CustomizedMetricSpecification": {"Metrics": [{"Id": "e", "Expression": "m+"}]}},
    ],
)
def test_target_tracking_policies_that_aws_refuses(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationException):
        check_tracking(config)


@pytest.mark.parametrize(
    ("value", "capacity", "expected"), [(10, 2, 4), (5.1, 1, 2), (5, 3, 3), (1, 5, 1), (0, 5, 0), (20, 0, 4)]
)
def test_target_tracking_is_proportional(value: float, capacity: int, expected: int) -> None:
    assert wanted_capacity(5.0, value, capacity) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"MinCapacity": 3, "MaxCapacity": 2},
        {"MinCapacity": -1, "MaxCapacity": 2},
        {"MinCapacity": 0},
        {"MinCapacity": 0, "MaxCapacity": 1, "ResourceId": "endpoint/other/variant/AllTraffic"},
        {"MinCapacity": 0, "MaxCapacity": 1, "ResourceId": "endpoint/speech/variant/Other"},
        {"MinCapacity": 0, "MaxCapacity": 1, "ResourceId": "endpoint/speech"},
        {"MinCapacity": 0, "MaxCapacity": 1, "ServiceNamespace": "ecs"},
        {"MinCapacity": 0, "MaxCapacity": 1, "SuspendedState": {"Everything": True}},
        {"MinCapacity": 0, "MaxCapacity": 1, "Tags": {"aws:x": "y"}},
    ],
)
def test_targets_that_aws_refuses(change: dict[str, Any]) -> None:
    rig = Rig()
    with pytest.raises(ValidationException):
        rig.call("register_scalable_target", **{**SCALABLE, **change})
    assert rig.call("describe_scalable_targets", ServiceNamespace="sagemaker") == {"ScalableTargets": []}
