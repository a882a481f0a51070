"""Step scaling: from how far an alarm is breached to a capacity. No state, no clock.

Source: Application Auto Scaling user guide, "How step scaling works", and API_StepAdjustment.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from local.aws.autoscaling.errors import ValidationException

_TYPES = ("ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity")
_AGGREGATIONS = ("Average", "Minimum", "Maximum")


def check_steps(config: Mapping[str, Any]) -> None:
    """ValidationException unless the StepScalingPolicyConfiguration is one that AWS accepts."""
    adjustment_type = config.get("AdjustmentType")
    if adjustment_type not in _TYPES:
        raise ValidationException(f"AdjustmentType must be one of {', '.join(_TYPES)}, not {adjustment_type!r}")
    if config.get("MetricAggregationType", "Average") not in _AGGREGATIONS:
        raise ValidationException(f"MetricAggregationType must be one of {', '.join(_AGGREGATIONS)}")
    if config.get("Cooldown", 0) < 0:
        raise ValidationException("Cooldown must be at least 0 seconds")
    if "MinAdjustmentMagnitude" in config and adjustment_type != "PercentChangeInCapacity":
        raise ValidationException("MinAdjustmentMagnitude is only for PercentChangeInCapacity")
    steps = config.get("StepAdjustments") or []
    if not steps:
        raise ValidationException("At least one StepAdjustment is required")
    if len(steps) > 20:
        raise ValidationException(f"A step scaling policy has at most 20 step adjustments, not {len(steps)}")
    for step in steps:
        if adjustment_type == "ExactCapacity" and step["ScalingAdjustment"] < 0:
            raise ValidationException("ScalingAdjustment must be at least 0 for ExactCapacity")
    _check_intervals([_interval(step) for step in steps])


def _check_intervals(intervals: list[tuple[float, float]]) -> None:
    intervals.sort()
    for low, high in intervals:
        if math.isinf(low) and math.isinf(high):
            raise ValidationException("A step adjustment cannot leave out both interval bounds")
        if low >= high:
            raise ValidationException(f"MetricIntervalUpperBound ({high}) must be above the lower bound ({low})")
    for (_, end), (begin, _) in itertools.pairwise(intervals):
        if end != begin:
            raise ValidationException("The intervals of step adjustments must not overlap or leave a gap")
    first, last = intervals[0][0], intervals[-1][1]
    if first < 0 and not math.isinf(first):
        raise ValidationException("With a negative lower bound, one step adjustment must have no lower bound")
    if last > 0 and not math.isinf(last):
        raise ValidationException("With a positive upper bound, one step adjustment must have no upper bound")


def _interval(step: Mapping[str, Any]) -> tuple[float, float]:
    low, high = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
    return -math.inf if low is None else low, math.inf if high is None else high


def aggregate(config: Mapping[str, Any], values: Sequence[float], threshold: float) -> float:
    """The metric's value by MetricAggregationType; the threshold itself when the alarm brought no datapoint."""
    if not values:
        return threshold
    kind = config.get("MetricAggregationType", "Average")
    return {"Minimum": min, "Maximum": max, "Average": lambda v: sum(v) / len(v)}[kind](values)


def step_for(config: Mapping[str, Any], difference: float, above: bool) -> Mapping[str, Any] | None:
    """The step whose interval has `difference` (metric minus threshold), or None.

    `above`: the alarm fires above its threshold; then lower bounds are inclusive, else upper bounds are.
    """
    for step in config["StepAdjustments"]:
        low, high = _interval(step)
        if (low <= difference < high) if above else (low < difference <= high):
            return step
    return None


def adjusted(config: Mapping[str, Any], adjustment: int, capacity: int) -> int:
    """`capacity` after the adjustment, not yet clamped to the target's limits; never below 0."""
    kind = config["AdjustmentType"]
    if kind == "ExactCapacity":
        return adjustment
    if kind == "ChangeInCapacity":
        return max(0, capacity + adjustment)
    change = capacity * adjustment / 100
    # "Values greater than 1 are rounded down, between 0 and 1 to 1, between 0 and -1 to -1, below -1 up."
    whole = math.trunc(change) if abs(change) >= 1 else math.ceil(change) if change > 0 else math.floor(change)
    least = config.get("MinAdjustmentMagnitude", 0)
    if adjustment and abs(whole) < least:
        whole = int(math.copysign(least, adjustment))
    return max(0, capacity + whole)
