"""Target tracking: the two alarms that Application Auto Scaling keeps for a policy, and the capacity it then wants.

Source: user guide, "How target tracking scaling works". The alarms' shape (3 and 15 minutes, 90 % for the low one) is
what people see in their accounts; AWS does not promise it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from local.aws.autoscaling.errors import ValidationException
from local.aws.cloudwatch.metrics import STATISTICS
from local.aws.cloudwatch.queries import QueryError, read_dimensions, read_queries

HIGH = "AlarmHigh"
LOW = "AlarmLow"
_SHAPE = {HIGH: ("GreaterThanThreshold", 3, 1.0), LOW: ("LessThanThreshold", 15, 0.9)}


def check_tracking(config: Mapping[str, Any]) -> None:
    """ValidationException unless the TargetTrackingScalingPolicyConfiguration is one that AWS accepts."""
    target = config.get("TargetValue")
    if target is None or not -(2.0**360) <= target <= 2.0**360:
        raise ValidationException(f"TargetValue must be a number from -2^360 to 2^360, not {target!r}")
    for member in ("ScaleInCooldown", "ScaleOutCooldown"):
        if config.get(member, 0) < 0:
            raise ValidationException(f"{member} must be at least 0 seconds")
    if "PredefinedMetricSpecification" in config:
        raise ValidationException(
            "PredefinedMetricSpecification: the predefined metrics are not published for asynchronous endpoints; "
            "use CustomizedMetricSpecification"
        )
    metric = config.get("CustomizedMetricSpecification")
    if not metric:
        raise ValidationException("Either PredefinedMetricSpecification or CustomizedMetricSpecification is required")
    try:
        if "Metrics" in metric:
            returned = [query for query in read_queries(metric["Metrics"]) if query.returned]
            if len(returned) != 1 or "MetricName" in metric:
                raise QueryError("Metrics needs exactly one query with ReturnData true, and no MetricName beside it")
            return
        if not metric.get("MetricName") or not metric.get("Namespace") or metric.get("Statistic") not in STATISTICS:
            raise QueryError("CustomizedMetricSpecification needs MetricName, Namespace and a valid Statistic")
        read_dimensions(metric.get("Dimensions"))
    except QueryError as error:
        raise ValidationException(str(error)) from error


def alarm_request(kind: str, resource_id: str, alarm_id: str, config: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """PutMetricAlarm's request for one of the policy's alarms. `arn` is the policy's."""
    comparison, periods, share = _SHAPE[kind]
    metric = config["CustomizedMetricSpecification"]
    request = {
        "AlarmName": f"TargetTracking-{resource_id}-{kind}-{alarm_id}",
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {arn}.",
        "ActionsEnabled": True,
        "AlarmActions": [arn],
        "EvaluationPeriods": periods,
        "Threshold": config["TargetValue"] * share,
        "ComparisonOperator": comparison,
    }
    if "Metrics" in metric:
        return {**request, "Metrics": [_with_period(query) for query in metric["Metrics"]]}
    request |= {"Period": 60, "MetricName": metric["MetricName"], "Namespace": metric["Namespace"]}
    request |= {"Statistic": metric["Statistic"], "Dimensions": metric.get("Dimensions", [])}
    return request | ({"Unit": metric["Unit"]} if "Unit" in metric else {})


def _with_period(query: Mapping[str, Any]) -> dict[str, Any]:
    """A policy's query has no period of its own; its alarms look at one-minute datapoints."""
    stat = query.get("MetricStat")
    return {**query, "MetricStat": {"Period": 60, **stat}} if stat else dict(query)


def wanted_capacity(target: float, value: float, capacity: int) -> int:
    """The capacity at which the metric would be at its target, in proportion; from 0 as if there was one instance."""
    return max(0, math.ceil(max(capacity, 1) * value / target - 1e-9)) if target else capacity
