"""An alarm: PutMetricAlarm's request, checked as CloudWatch checks it, and the state it is in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.aws.cloudwatch.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    ValidationError,
)
from local.aws.cloudwatch.functions import Series
from local.aws.cloudwatch.metrics import STATISTICS, MetricKey
from local.aws.cloudwatch.queries import Grid, Query, QueryError, Stat, read_dimensions, read_queries, series
from local.aws.cloudwatch.state import COMPARISONS, INSUFFICIENT_DATA, TREATMENTS, Rule, evaluation_range

_ACTIONS = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z0-9-]*):(?:\d{12}:|ec2:).+")
_DAY = 86_400
# Members that only a metric of the alarm's own can have; with Metrics they belong into each MetricStat.
_SINGLE = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit")
# Members that AWS knows and this stand-in does not: refused, so that nobody believes that they work.
_UNKNOWN_HERE = ("ThresholdMetricId", "EvaluationWindow", "WarmUpConfiguration", "EvaluationCriteria",
                 "EvaluationInterval", "ExtendedStatistic", "ActionConfiguration")  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """What an alarm watches: the returned query on periods of `period` seconds, held against `rule`."""

    queries: tuple[Query, ...]
    period: int
    rule: Rule

    @property
    def watched(self) -> Query:
        return next(query for query in self.queries if query.returned)


@dataclass
class Alarm:
    """An alarm with its state. `config` is the request as it was put, without its tags."""

    arn: str
    config: dict[str, Any]
    condition: Condition
    configured_at: datetime
    state: str = INSUFFICIENT_DATA
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str | None = None
    updated_at: datetime | None = None
    # When the actions of the present state last ran; Auto Scaling actions run again each minute.
    acted_at: datetime | None = None
    evaluated_at: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.config["AlarmName"]

    def actions(self) -> list[str]:
        """The ARNs to invoke in the present state; none while actions are disabled."""
        return self.config.get(_ACTIONS[self.state], []) if self.config["ActionsEnabled"] else []

    def described(self) -> dict[str, Any]:
        """The alarm as DescribeAlarms shows it."""
        updated = self.updated_at or self.configured_at
        shown = {
            "AlarmArn": self.arn,
            "AlarmConfigurationUpdatedTimestamp": self.configured_at,
            "OKActions": [],
            "AlarmActions": [],
            "InsufficientDataActions": [],
            "Dimensions": [],
            **self.config,
            "StateValue": self.state,
            "StateReason": self.reason,
            "StateUpdatedTimestamp": updated,
            "StateTransitionedTimestamp": updated,
        }
        if self.reason_data is not None:
            shown["StateReasonData"] = self.reason_data
        return shown


def checked(request: Mapping[str, Any], region: str) -> tuple[dict[str, Any], Condition]:
    """PutMetricAlarm's request as the configuration to keep, and what it watches; CloudWatch's errors if it is bad."""
    config = {key: value for key, value in request.items() if key != "Tags" and value is not None}
    _check_name(config)
    for member in _UNKNOWN_HERE:
        if member in config:
            raise ValidationError(f"{member} is not implemented by the local AWS.")
    config.setdefault("ActionsEnabled", True)
    for member in _ACTIONS.values():
        _check_actions(member, config.get(member, []), region)
    rule = _rule(config)
    try:
        condition = _from_metrics(config, rule) if "Metrics" in config else _from_metric(config, rule)
    except QueryError as error:
        raise ValidationError(f"Invalid metrics list: {error}" if "Metrics" in config else str(error)) from error
    _check_span(condition)
    return config, condition


def _check_name(config: Mapping[str, Any]) -> None:
    name = config.get("AlarmName")
    if not isinstance(name, str) or not 1 <= len(name) <= 255 or any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise ValidationError(f"AlarmName must be 1 to 255 characters without control characters, not {name!r}.")
    if len(config.get("AlarmDescription", "")) > 1024:
        raise ValidationError("AlarmDescription must have at most 1024 characters.")


def _check_actions(member: str, arns: list[str], region: str) -> None:
    if len(arns) > 5:
        raise ValidationError(f"{member} must have at most 5 actions, not {len(arns)}.")
    for arn in arns:
        match = _ARN.fullmatch(arn)
        if match is None:
            raise ValidationError(f"Invalid arn syntax: {arn}")
        if match[1] != region:
            raise ValidationError(f"Invalid region {match[1]} specified. Only {region} is supported.")


def _rule(config: Mapping[str, Any]) -> Rule:
    for member in ("ComparisonOperator", "EvaluationPeriods", "Threshold"):
        if member not in config:
            raise MissingParameter(f"The parameter {member} is required for an alarm on a static threshold.")
    comparison, periods = config["ComparisonOperator"], config["EvaluationPeriods"]
    if comparison not in COMPARISONS:
        raise ValidationError(f"ComparisonOperator must be one of {', '.join(COMPARISONS)}, not {comparison!r}.")
    datapoints = config.get("DatapointsToAlarm", periods)
    for member, value in (("EvaluationPeriods", periods), ("DatapointsToAlarm", datapoints)):
        if value < 1:
            raise ValidationError(f"{member} must be at least 1, not {value}.")
    if datapoints > periods:
        raise ValidationError(f"DatapointsToAlarm ({datapoints}) must be at most EvaluationPeriods ({periods}).")
    treat = config.get("TreatMissingData", "missing")
    if treat not in TREATMENTS:
        raise ValidationError(
            f"Option {treat} is not supported. Supported options for parameter TreatMissingData are "
            f"{', '.join(TREATMENTS)}."
        )
    return Rule(comparison, float(config["Threshold"]), periods, datapoints, treat)


def _from_metric(config: Mapping[str, Any], rule: Rule) -> Condition:
    for member in ("MetricName", "Namespace", "Statistic", "Period"):
        if member not in config:
            raise MissingParameter(f"The parameter {member} is required for an alarm on one metric.")
    if config["Statistic"] not in STATISTICS:
        raise InvalidParameterValue(f"Statistic must be one of {', '.join(STATISTICS)}, not {config['Statistic']!r}.")
    period = _period(config["Period"])
    key = MetricKey.of(config["Namespace"], config["MetricName"], read_dimensions(config.get("Dimensions")))
    stat = Stat(key, config["Statistic"], period, config.get("Unit"))
    return Condition((Query("metric", stat, None, key.name, True),), period, rule)


def _from_metrics(config: Mapping[str, Any], rule: Rule) -> Condition:
    for member in _SINGLE:
        if member in config:
            raise InvalidParameterCombination(f"{member} should not be set if list of Metrics is set.")
    queries = read_queries(config["Metrics"])
    returned = [query for query in queries if query.returned]
    if len(returned) != 1:
        raise QueryError(f"Exactly one query must have ReturnData true, found {len(returned)}.")
    stats = [query.stat for query in queries if query.stat is not None]
    if not 1 <= len(stats) <= 10:
        raise QueryError(f"An alarm watches 1 to 10 metrics, found {len(stats)}.")
    period = _period(stats[0].period)
    if any(stat.period != period for stat in stats):
        raise QueryError("All metrics of an alarm must use the same period.")
    if not isinstance(series(queries, None, Grid(datetime.min, period, 1), datetime.min)[returned[0].id], Series):
        raise QueryError("The expression of an alarm must give one time series, not an array of them.")
    return Condition(tuple(queries), period, rule)


def _period(value: Any) -> int:
    if value not in (10, 20, 30) and (not isinstance(value, int) or value < 60 or value % 60):
        raise ValidationError(f"Period must be 10, 20, 30 or a multiple of 60 seconds, not {value!r}.")
    return value


def _check_span(condition: Condition) -> None:
    """A day at most, or a week for periods of an hour and more (user guide, "Common features of alarms")."""
    span = condition.rule.periods * condition.period
    most = _DAY * (7 if condition.period >= 3600 else 1)
    if span > most:
        raise ValidationError(
            f"Metrics cannot be checked across more than {most} seconds (EvaluationPeriods * Period is {span})."
        )


def evaluation_grid(condition: Condition, now: datetime) -> Grid:
    """The evaluation range at `now`: complete periods that end at the last boundary of `evaluation_time`."""
    length = evaluation_range(condition.rule.periods)
    start = evaluation_time(condition, now) - timedelta(seconds=length * condition.period)
    return Grid(start, condition.period, length)


def evaluation_time(condition: Condition, now: datetime) -> datetime:
    """The last time at or before `now` at which the alarm is evaluated: each minute, or each 10 s below a minute."""
    step = 60 if condition.period >= 60 else 10
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(seconds=(now - midnight).total_seconds() // step * step)
