"""The alarms of one region: kept, evaluated, and their actions handed on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.aws.cloudwatch.alarm import Alarm, Condition, checked, evaluation_grid, evaluation_time
from local.aws.cloudwatch.errors import InvalidFormat, ResourceNotFound, ResourceNotFoundException, ValidationError
from local.aws.cloudwatch.functions import Series
from local.aws.cloudwatch.metrics import MetricStore
from local.aws.cloudwatch.queries import Grid, series
from local.aws.cloudwatch.state import STATES, Evaluation, evaluate

# "For Auto Scaling actions, the alarm continues to invoke the action once per minute that the alarm remains in the new
# state" (user guide, "Using Amazon CloudWatch alarms"), whatever its period.
_REPEATED = ("scalingPolicy:",)
_REPEAT_SECONDS = 60


@dataclass(frozen=True)
class Invocation:
    """One action of one alarm. `values` are the datapoints that decided the state, oldest first; may be empty."""

    action: str
    alarm: str
    condition: Condition
    values: tuple[float, ...]


Act = Callable[[Sequence[Invocation], datetime], None]


class Alarms:
    """Safe to use from any thread. `act` gets the actions of one evaluation together, outside of any lock of ours."""

    def __init__(self, region: str, account: str, store: MetricStore, act: Act) -> None:
        self._region = region
        self._account = account
        self._store = store
        self._act = act
        self._lock = threading.RLock()
        self._alarms: dict[str, Alarm] = {}

    def put(self, request: Mapping[str, Any], now: datetime) -> Alarm:
        """PutMetricAlarm: a new alarm has INSUFFICIENT_DATA; an update keeps the state and ignores tags."""
        config, condition = checked(request, self._region)
        tags = _tags(request.get("Tags") or [])
        with self._lock:
            alarm = self._alarms.get(config["AlarmName"])
            if alarm is None:
                arn = f"arn:aws:cloudwatch:{self._region}:{self._account}:alarm:{config['AlarmName']}"
                alarm = Alarm(arn, config, condition, now, acted_at=now, tags=tags)
                self._alarms[alarm.name] = alarm
            else:
                alarm.config, alarm.condition, alarm.configured_at, alarm.evaluated_at = config, condition, now, None
        return alarm

    def find(
        self, names: Sequence[str] = (), prefix: str = "", state: str | None = None, action_prefix: str = ""
    ) -> list[Alarm]:
        """The alarms that fit everything that is given, by name."""
        with self._lock:
            alarms = [self._alarms[name] for name in sorted(self._alarms)]
        return [
            alarm
            for alarm in alarms
            if (not names or alarm.name in names)
            and alarm.name.startswith(prefix)
            and (state is None or alarm.state == state)
            and (not action_prefix or any(a.startswith(action_prefix) for a in alarm.config.get("AlarmActions", [])))
        ]

    def delete(self, names: Iterable[str]) -> None:
        """DeleteAlarms: names that do not exist are passed over, as CloudWatch does when any other one exists."""
        with self._lock:
            for name in names:
                self._alarms.pop(name, None)

    def enable_actions(self, names: Iterable[str], enabled: bool) -> None:
        """EnableAlarmActions and DisableAlarmActions; unknown names are passed over."""
        with self._lock:
            for name in names:
                if name in self._alarms:
                    self._alarms[name].config["ActionsEnabled"] = enabled

    def set_state(self, name: str, state: str, reason: str, reason_data: str | None, now: datetime) -> None:
        """SetAlarmState: holds until the next evaluation; a real change runs the actions at once."""
        if state not in STATES:
            raise ValidationError(f"StateValue must be one of {', '.join(STATES)}, not {state!r}.")
        data = _reason_data(reason_data)
        with self._lock:
            alarm = self._alarms.get(name)
            if alarm is None:
                raise ResourceNotFound("Unknown")
            invocations: list[Invocation] = []
            if state != alarm.state:
                self._transition(alarm, state, reason, reason_data, now)
                values = data.get("recentDatapoints", [])
                invocations = _invocations(alarm, tuple(v for v in values if isinstance(v, int | float)), now)
        if invocations:
            self._act(invocations, now)

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of an alarm, to read and to change. ResourceNotFoundException if there is none."""
        with self._lock:
            for alarm in self._alarms.values():
                if alarm.arn == arn:
                    return alarm.tags
        raise ResourceNotFoundException(f"There is no alarm {arn}.")

    def tick(self, now: datetime) -> None:
        """Evaluates every alarm whose time has come, then hands all actions on together."""
        invocations: list[Invocation] = []
        with self._lock:
            for alarm in self._alarms.values():
                due = evaluation_time(alarm.condition, now)
                if alarm.evaluated_at != due:
                    alarm.evaluated_at = due
                    invocations += self._evaluate(alarm, now)
        if invocations:
            self._act(invocations, now)

    def _evaluate(self, alarm: Alarm, now: datetime) -> list[Invocation]:
        condition = alarm.condition
        grid = evaluation_grid(condition, now)
        watched = series(condition.queries, self._store, grid, now)[condition.watched.id]
        values = watched.values if isinstance(watched, Series) else ()
        result = evaluate(condition.rule, values, alarm.state)
        if result.state != alarm.state:
            reason, data = _explain(alarm, result, values, grid, now)
            self._transition(alarm, result.state, reason, data, now)
        elif alarm.acted_at is not None and (now - alarm.acted_at).total_seconds() < _REPEAT_SECONDS:
            return []
        return _invocations(alarm, tuple(values[place] for place in result.used), now)

    def _transition(self, alarm: Alarm, state: str, reason: str, data: str | None, now: datetime) -> None:
        alarm.state, alarm.reason, alarm.reason_data = state, reason, data
        alarm.updated_at, alarm.acted_at = now, None


def _invocations(alarm: Alarm, values: tuple[float, ...], now: datetime) -> list[Invocation]:
    """The actions to run now: all of them on entering the state, afterwards only those that repeat."""
    first = alarm.acted_at is None
    alarm.acted_at = now
    actions = [action for action in alarm.actions() if first or any(mark in action for mark in _REPEATED)]
    return [Invocation(action, alarm.name, alarm.condition, values) for action in actions]


def _explain(
    alarm: Alarm, result: Evaluation, values: Sequence[float | None], grid: Grid, now: datetime
) -> tuple[str, str]:
    """StateReason and StateReasonData, in CloudWatch's manner."""
    rule = alarm.condition.rule
    points = [f"{values[place]} ({grid.at(place):%d/%m/%y %H:%M:%S})" for place in reversed(result.used)]
    crossing = sum(rule.breaches(values[place]) for place in result.used)
    if not points:
        reason = f"Insufficient Data: {rule.periods} datapoint(s) were unknown."
        if result.state != "INSUFFICIENT_DATA":
            reason = f"Threshold Crossed: no datapoints were received; they are treated as [{rule.treat_missing}]."
    else:
        reason = (
            f"Threshold Crossed: {crossing} of the last {len(points)} datapoints [{', '.join(points)}] crossed "
            f"{rule.comparison} ({rule.threshold}); {rule.datapoints} of {rule.periods} are needed for ALARM."
        )
    data = {
        "version": "1.0",
        "queryDate": now.isoformat(timespec="milliseconds"),
        "startDate": grid.start.isoformat(timespec="milliseconds"),
        "period": grid.period,
        "recentDatapoints": [values[place] for place in result.used],
        "threshold": rule.threshold,
    }
    return reason, json.dumps(data)


def _reason_data(text: str | None) -> dict[str, Any]:
    try:
        data = json.loads(text) if text is not None else {}
    except ValueError as error:
        raise InvalidFormat(f"StateReasonData was not valid JSON: {error}") from error
    return data if isinstance(data, dict) else {}


def _tags(raw: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Tags by key. ValidationError for too many, a doubled or a reserved key."""
    tags = {item["Key"]: item["Value"] for item in raw}
    if len(raw) > 50 or len(tags) < len(raw) or any(key.startswith("aws:") or not key for key in tags):
        raise ValidationError("An alarm has at most 50 tags, each key once, and none that begins with aws:.")
    return tags
