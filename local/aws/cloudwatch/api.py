"""CloudWatch's operations, in the place of moto's: parameters in, botocore's result shapes out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

from local.aws.clock import Clock
from local.aws.cloudwatch.alarms import Alarms
from local.aws.cloudwatch.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    ValidationError,
)
from local.aws.cloudwatch.functions import Series
from local.aws.cloudwatch.metrics import STATISTICS, MetricKey, MetricStore, Sample
from local.aws.cloudwatch.queries import Grid, QueryError, read_dimensions, read_period, read_queries, series

Params = Mapping[str, Any]
_MOST_DATAPOINTS = 1440
_LARGEST = 2.0**360


class CloudWatch(Protocol):
    """One region's CloudWatch."""

    clock: Clock
    store: MetricStore
    alarms: Alarms


def put_metric_alarm(cloudwatch: CloudWatch, params: Params) -> None:
    cloudwatch.alarms.put(params, cloudwatch.clock.now())


def describe_alarms(cloudwatch: CloudWatch, params: Params) -> dict[str, Any]:
    names, prefix = params.get("AlarmNames") or (), params.get("AlarmNamePrefix") or ""
    if names and prefix:
        raise ValidationError("AlarmNames and AlarmNamePrefix exclude each other.")
    found = cloudwatch.alarms.find(names, prefix, params.get("StateValue"), params.get("ActionPrefix") or "")
    start, size = int(params.get("NextToken") or 0), params.get("MaxRecords") or 50
    page = found[start : start + size]
    result: dict[str, Any] = {"MetricAlarms": [alarm.described() for alarm in page], "CompositeAlarms": []}
    return result | ({"NextToken": str(start + size)} if start + size < len(found) else {})


def describe_alarms_for_metric(cloudwatch: CloudWatch, params: Params) -> dict[str, Any]:
    key = _key(params)
    found = [
        alarm.described()
        for alarm in cloudwatch.alarms.find()
        if "MetricName" in alarm.config and alarm.condition.watched.stat.key == key
    ]
    return {"MetricAlarms": found}


def delete_alarms(cloudwatch: CloudWatch, params: Params) -> None:
    names = params.get("AlarmNames") or []
    if len(names) > 100:
        raise ValidationError(f"DeleteAlarms takes at most 100 names, not {len(names)}.")
    cloudwatch.alarms.delete(names)


def enable_alarm_actions(cloudwatch: CloudWatch, params: Params) -> None:
    cloudwatch.alarms.enable_actions(params.get("AlarmNames") or [], True)


def disable_alarm_actions(cloudwatch: CloudWatch, params: Params) -> None:
    cloudwatch.alarms.enable_actions(params.get("AlarmNames") or [], False)


def set_alarm_state(cloudwatch: CloudWatch, params: Params) -> None:
    now = cloudwatch.clock.now()
    data = params.get("StateReasonData")
    cloudwatch.alarms.set_state(params["AlarmName"], params["StateValue"], params["StateReason"], data, now)


def list_tags_for_resource(cloudwatch: CloudWatch, params: Params) -> dict[str, Any]:
    tags = cloudwatch.alarms.tags(params["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def tag_resource(cloudwatch: CloudWatch, params: Params) -> None:
    cloudwatch.alarms.tags(params["ResourceARN"]).update({tag["Key"]: tag["Value"] for tag in params["Tags"]})


def untag_resource(cloudwatch: CloudWatch, params: Params) -> None:
    tags = cloudwatch.alarms.tags(params["ResourceARN"])
    for key in params["TagKeys"]:
        tags.pop(key, None)


def put_metric_data(cloudwatch: CloudWatch, params: Params) -> None:
    """A caller's own metrics, readable at once. All of a request or nothing is kept."""
    namespace = params.get("Namespace") or ""
    if not namespace or namespace.startswith((":", "AWS/")):
        raise InvalidParameterValue(f"The value {namespace} for parameter Namespace is invalid.")
    data = params.get("MetricData") or []
    if not 1 <= len(data) <= 1000:
        raise InvalidParameterValue(f"MetricData must have 1 to 1000 items, not {len(data)}.")
    now = cloudwatch.clock.now()
    read = [pair for number, item in enumerate(data, 1) for pair in _samples(namespace, item, number, now)]
    for key, sample in read:
        cloudwatch.store.add(key, sample)


def get_metric_statistics(cloudwatch: CloudWatch, params: Params) -> dict[str, Any]:
    wanted = params.get("Statistics") or []
    if not wanted:
        raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
    for statistic in wanted:
        if statistic not in STATISTICS:
            raise InvalidParameterValue(f"Statistics must be of {', '.join(STATISTICS)}, not {statistic!r}.")
    grid = _grid(params, _checked_period(params.get("Period")))
    if grid.length > _MOST_DATAPOINTS:
        raise InvalidParameterCombination(
            f"You have requested up to {grid.length} datapoints, which exceeds the limit of {_MOST_DATAPOINTS}."
        )
    now = cloudwatch.clock.now()
    found = cloudwatch.store.statistics(_key(params), grid.start, grid.end, grid.period, now, params.get("Unit"))
    points = [
        {"Timestamp": at, "Unit": data.samples[0].unit} | {statistic: data.get(statistic) for statistic in wanted}
        for at, data in found.items()
    ]
    return {"Label": params["MetricName"], "Datapoints": points}


def get_metric_data(cloudwatch: CloudWatch, params: Params) -> dict[str, Any]:
    raw = params.get("MetricDataQueries") or []
    if not 1 <= len(raw) <= 500:
        raise ValidationError(f"MetricDataQueries must have 1 to 500 queries, not {len(raw)}.")
    descending = (params.get("ScanBy") or "TimestampDescending") == "TimestampDescending"
    now = cloudwatch.clock.now()
    results: list[dict[str, Any]] = []
    try:
        queries = read_queries(raw)
        periods = sorted({query.stat.period for query in queries if query.stat}) or [60]
        # Without an expression each metric has its own period; with one there is a single period.
        for period in periods:
            own = [query for query in queries if query.stat is None or query.stat.period == period]
            grid = _grid(params, period)
            values = series(own, cloudwatch.store, grid, now)
            for query in own:
                if query.returned:
                    results += [
                        _result(query.id, query.label, item, grid, descending) for item in _all(values[query.id])
                    ]
    except QueryError as error:
        raise ValidationError(str(error)) from error
    return {"MetricDataResults": results, "Messages": []}


def list_metrics(cloudwatch: CloudWatch, params: Params) -> dict[str, Any]:
    filters = params.get("Dimensions") or []

    def fits(key: MetricKey) -> bool:
        dimensions = dict(key.dimensions)
        return (
            params.get("Namespace") in (None, key.namespace)
            and params.get("MetricName") in (None, key.name)
            and all(f["Name"] in dimensions and f.get("Value") in (None, dimensions[f["Name"]]) for f in filters)
        )

    found = [key for key in cloudwatch.store.keys(cloudwatch.clock.now()) if fits(key)]
    start = int(params.get("NextToken") or 0)
    metrics = [
        {
            "Namespace": key.namespace,
            "MetricName": key.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in sorted(key.dimensions)],
        }
        for key in found[start : start + 500]
    ]
    return {"Metrics": metrics} | ({"NextToken": str(start + 500)} if start + 500 < len(found) else {})


OPERATIONS: dict[str, Callable[[Any, Params], dict[str, Any] | None]] = {
    function.__name__: function
    for function in (
        put_metric_alarm,
        describe_alarms,
        describe_alarms_for_metric,
        delete_alarms,
        enable_alarm_actions,
        disable_alarm_actions,
        set_alarm_state,
        list_tags_for_resource,
        tag_resource,
        untag_resource,
        put_metric_data,
        get_metric_statistics,
        get_metric_data,
        list_metrics,
    )
}


def _key(params: Params) -> MetricKey:
    for member in ("Namespace", "MetricName"):
        if not params.get(member):
            raise MissingParameter(f"The parameter {member} is required.")
    try:
        return MetricKey.of(params["Namespace"], params["MetricName"], read_dimensions(params.get("Dimensions")))
    except QueryError as error:
        raise InvalidParameterValue(str(error)) from error


def _checked_period(value: Any) -> int:
    try:
        return read_period(value, "Period")
    except QueryError as error:
        raise InvalidParameterValue(str(error)) from error


def _grid(params: Params, period: int) -> Grid:
    """StartTime rounded down to the minute (or to the period below one), up to EndTime, which is not included."""
    start, end = _aware(params["StartTime"]), _aware(params["EndTime"])
    if start >= end:
        raise ValidationError("The parameter StartTime must be less than the parameter EndTime.")
    step = min(period, 60)
    start -= timedelta(seconds=start.second % step, microseconds=start.microsecond)
    return Grid(start, period, math.ceil((end - start).total_seconds() / period))


def _aware(time: datetime) -> datetime:
    return time.replace(tzinfo=timezone.utc) if time.tzinfo is None else time.astimezone(timezone.utc)


def _all(values: Series | list[Series]) -> list[Series]:
    return [values] if isinstance(values, Series) else values


def _result(id_: str, label: str, values: Series, grid: Grid, descending: bool) -> dict[str, Any]:
    points = [(grid.at(place), value) for place, value in enumerate(values.values) if value is not None]
    if descending:
        points.reverse()
    times, numbers = [at for at, _ in points], [value for _, value in points]
    return {"Id": id_, "Label": label, "Timestamps": times, "Values": numbers, "StatusCode": "Complete"}


def _samples(namespace: str, item: Params, number: int, now: datetime) -> list[tuple[MetricKey, Sample]]:
    where = f"MetricData.member.{number}"
    key = _key({"Namespace": namespace, "MetricName": item.get("MetricName"), "Dimensions": item.get("Dimensions")})
    at = _aware(item["Timestamp"]) if item.get("Timestamp") else now
    if not now - timedelta(days=14) <= at <= now + timedelta(hours=2):
        raise InvalidParameterValue(
            f"The parameter {where}.Timestamp must be at most two weeks old and at most two hours in the future."
        )
    given = [member for member in ("Value", "Values", "StatisticValues") if item.get(member) is not None]
    if len(given) != 1:
        raise InvalidParameterCombination(f"{where} must have exactly one of Value, Values and StatisticValues.")
    unit = item.get("Unit") or "None"
    if given == ["StatisticValues"]:
        stats = {name: _number(item["StatisticValues"].get(name), f"{where}.{name}") for name in _STATISTIC_SET}
        if stats["SampleCount"] <= 0:
            raise InvalidParameterValue(f"{where}.StatisticValues.SampleCount must be above 0.")
        return [(key, Sample(at, now, *(stats[name] for name in _STATISTIC_SET), unit))]
    values = item["Values"] if given == ["Values"] else [item["Value"]]
    counts = item.get("Counts") or [1.0] * len(values)
    if len(counts) != len(values) or not 1 <= len(values) <= 150:
        raise InvalidParameterValue(f"{where}.Values and .Counts must be of the same size, 1 to 150.")
    return [
        (key, Sample(at, now, count, value * count, value, value, unit))
        for value, count in zip((_number(v, where) for v in values), (_number(c, where) for c in counts), strict=True)
    ]


# In the order of Sample's members.
_STATISTIC_SET = ("SampleCount", "Sum", "Minimum", "Maximum")


def _number(value: Any, where: str) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > _LARGEST:
        raise InvalidParameterValue(f"The value {value} for parameter {where} is invalid.")
    return float(value)
