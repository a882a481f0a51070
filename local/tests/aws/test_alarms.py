"""Alarms as PutMetricAlarm makes them and time moves them: what is refused, states, actions and their repetition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from moto.core.exceptions import ServiceException

from local.aws.cloudwatch.alarms import Alarms, Invocation
from local.aws.cloudwatch.metrics import MetricStore
from local.tests.aws.autoscaling_rig import START, HandClock

POLICY = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1:resource/sagemaker/endpoint/e:policyName/p"
TOPIC = "arn:aws:sns:us-east-1:123456789012:topic"
SINGLE: dict[str, Any] = {
    "AlarmName": "a",
    "Namespace": "n",
    "MetricName": "m",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}
STAT = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Average"}
MATH: dict[str, Any] = {
    "AlarmName": "a",
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "Metrics": [
        {"Id": "m", "MetricStat": STAT, "ReturnData": False},
        {"Id": "e", "Expression": "FILL(m,0)+1", "ReturnData": True},
    ],
}


class Bench:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.store = MetricStore(self.clock, delay=0)
        self.acted: list[tuple[str, str]] = []
        self.alarms = Alarms("us-east-1", "123456789012", self.store, self.act)

    def act(self, invocations: Sequence[Invocation], now: datetime) -> None:
        self.acted += [(invocation.alarm, invocation.action) for invocation in invocations]

    def put(self, request: dict[str, Any]) -> None:
        self.alarms.put(request, self.clock.now())

    def state(self) -> str:
        return self.alarms.find(["a"])[0].state

    def minute(self, value: float | None = None) -> None:
        """A minute with a datapoint in it, if any, then the evaluation."""
        if value is not None:
            self.store.put("n", "m", {}, value)
        self.clock.seconds += 60
        self.alarms.tick(self.clock.now())


def metrics(*queries: dict[str, Any]) -> dict[str, Any]:
    return {**MATH, "Metrics": list(queries)}


def expression(text: str) -> dict[str, Any]:
    return metrics(MATH["Metrics"][0], {"Id": "e", "Expression": text})


@pytest.mark.parametrize(
    "bad",
    [
        {**SINGLE, "AlarmName": ""},
        {**SINGLE, "AlarmName": "a" * 256},
        {**SINGLE, "AlarmName": "a\n"},
        {**SINGLE, "AlarmDescription": "x" * 1025},
        {**SINGLE, "Period": 45},
        {**SINGLE, "Period": 90},
        {**SINGLE, "Period": -60},
        {**SINGLE, "EvaluationPeriods": 0},
        {**SINGLE, "EvaluationPeriods": 1441},
        {**SINGLE, "Period": 3600, "EvaluationPeriods": 169},
        {**SINGLE, "DatapointsToAlarm": 2},
        {**SINGLE, "DatapointsToAlarm": 0},
        {**SINGLE, "TreatMissingData": "not-breaching"},
        {**SINGLE, "Statistic": "p90"},
        {**SINGLE, "ComparisonOperator": "EqualToThreshold"},
        {**SINGLE, "Dimensions": [{"Name": "x", "Value": ""}]},
        {**SINGLE, "Dimensions": [{"Name": ":x", "Value": "y"}]},
        {**SINGLE, "Dimensions": [{"Name": "x", "Value": "y"}] * 2},
        {**SINGLE, "Dimensions": [{"Name": f"x{i}", "Value": "y"} for i in range(31)]},
        {**SINGLE, "AlarmActions": ["scale it"]},
        {**SINGLE, "AlarmActions": [TOPIC] * 6},
        {**SINGLE, "OKActions": [TOPIC.replace("us-east-1", "eu-west-1")]},
        {**SINGLE, "Tags": [{"Key": "aws:x", "Value": "y"}]},
        {**SINGLE, "Tags": [{"Key": "x", "Value": "y"}] * 2},
        {**SINGLE, "EvaluationWindow": {"SlidingWindow": {}}},
        *({key: value for key, value in SINGLE.items() if key != left_out} for left_out in SINGLE),
        {**MATH, "MetricName": "m"},
        {**MATH, "Period": 60},
        metrics(),
        metrics({"Id": "m", "MetricStat": STAT}, {"Id": "e", "Expression": "m"}),
        metrics({"Id": "m", "MetricStat": STAT, "ReturnData": False}),
        metrics({"Id": "M", "MetricStat": STAT}),
        metrics({"Id": "m", "MetricStat": STAT}, {"Id": "m", "MetricStat": STAT, "ReturnData": False}),
        metrics({"Id": "m", "MetricStat": STAT, "Expression": "m"}),
        metrics({"Id": "m", "MetricStat": {**STAT, "Stat": "Median"}}),
        metrics({"Id": "m", "MetricStat": {**STAT, "Period": 45}}),
        metrics({"Id": "m", "MetricStat": {**STAT, "Metric": {"Namespace": "n"}}}),
        metrics(
            {"Id": "m", "MetricStat": STAT},
            {"Id": "o", "MetricStat": {**STAT, "Period": 300}, "ReturnData": False},
        ),
        metrics(*({"Id": f"m{i}", "MetricStat": STAT, "ReturnData": i == 0} for i in range(11))),
        metrics({"Id": "e", "Expression": "TIME_SERIES(1)"}),
        metrics(
            MATH["Metrics"][0],
            {"Id": "e", "Expression": "f"},
            {"Id": "f", "Expression": "e", "ReturnData": False},
        ),
        expression("m +"),
        expression("NOSUCH(m)"),
        expression("other + m"),
        expression("MAX(m)"),
        expression("METRICS()"),
    ],
)
def test_what_cloudwatch_refuses(bad: dict[str, Any]) -> None:
    bench = Bench()
    with pytest.raises(ServiceException):
        bench.put(bad)
    assert bench.alarms.find() == []


@pytest.mark.parametrize(
    "good",
    [
        SINGLE,
        MATH,
        {**SINGLE, "Period": 10},
        {**SINGLE, "Period": 3600, "EvaluationPeriods": 168},
        {**SINGLE, "EvaluationPeriods": 1440, "DatapointsToAlarm": 3},
        metrics({"Id": "m", "MetricStat": STAT}),
        {**SINGLE, "AlarmActions": [POLICY, "arn:aws:automate:us-east-1:ec2:stop"]},
    ],
)
def test_what_cloudwatch_takes(good: dict[str, Any]) -> None:
    bench = Bench()
    bench.put(good)
    assert bench.state() == "INSUFFICIENT_DATA"


def test_a_state_follows_its_metric_and_says_why() -> None:
    bench = Bench()
    bench.put({**SINGLE, "EvaluationPeriods": 2, "AlarmActions": [TOPIC]})
    bench.minute(0.0)
    bench.minute(0.0)
    assert bench.state() == "OK"
    bench.minute(4.0)
    assert bench.state() == "OK"
    bench.minute(4.0)
    [alarm] = bench.alarms.find(["a"])
    assert alarm.state == "ALARM"
    assert "4.0 (23/11/26 06:03:00)" in alarm.reason
    assert alarm.updated_at == START + timedelta(minutes=4)
    for _ in range(4):
        bench.minute()
    assert bench.state() == "INSUFFICIENT_DATA"


def test_scaling_actions_repeat_every_minute_and_others_do_not() -> None:
    bench = Bench()
    bench.put({**SINGLE, "AlarmActions": [POLICY, TOPIC], "OKActions": [TOPIC]})
    for _ in range(3):
        bench.minute(2.0)
    assert bench.acted == [("a", POLICY), ("a", TOPIC), ("a", POLICY), ("a", POLICY)]
    bench.acted.clear()
    bench.minute(0.0)
    bench.minute(0.0)
    assert bench.acted == [("a", TOPIC)]


def test_a_period_of_minutes_is_evaluated_and_repeated_each_minute() -> None:
    bench = Bench()
    bench.put({**SINGLE, "Period": 180, "AlarmActions": [POLICY]})
    for _ in range(2):
        bench.minute(2.0)
    assert len(bench.acted) == 2, "the window slides: it does not wait for three whole minutes"
    for _ in range(3):
        bench.minute(2.0)
    assert len(bench.acted) == 5


def test_an_evaluation_happens_once_a_minute_however_often_time_ticks() -> None:
    bench = Bench()
    bench.put({**SINGLE, "AlarmActions": [POLICY]})
    bench.minute(2.0)
    for _ in range(5):
        bench.clock.seconds += 10
        bench.alarms.tick(bench.clock.now())
    assert len(bench.acted) == 1


def test_disabled_actions_do_not_run() -> None:
    bench = Bench()
    bench.put({**SINGLE, "AlarmActions": [POLICY], "ActionsEnabled": False})
    bench.minute(2.0)
    assert (bench.state(), bench.acted) == ("ALARM", [])
    bench.alarms.enable_actions(["a", "unknown"], True)
    bench.minute(2.0)
    assert bench.acted == [("a", POLICY)]


def test_an_update_keeps_the_state_and_takes_the_whole_new_configuration() -> None:
    bench = Bench()
    bench.put({**SINGLE, "AlarmActions": [POLICY], "AlarmDescription": "old", "Tags": [{"Key": "k", "Value": "1"}]})
    bench.minute(2.0)
    bench.put({**SINGLE, "Threshold": 5.0, "Tags": [{"Key": "k", "Value": "2"}]})
    [alarm] = bench.alarms.find()
    assert alarm.state == "ALARM"
    assert alarm.tags == {"k": "1"}
    assert "AlarmDescription" not in alarm.described()
    assert alarm.described()["AlarmActions"] == []


def test_an_alarm_on_other_dimensions_never_gets_data() -> None:
    bench = Bench()
    bench.put({**SINGLE, "Dimensions": [{"Name": "VariantName", "Value": "v"}]})
    for _ in range(10):
        bench.minute(2.0)
    assert bench.state() == "INSUFFICIENT_DATA"


def test_math_alarms_use_their_expression() -> None:
    bench = Bench()
    bench.put({**MATH, "Threshold": 3.0})
    bench.minute()
    assert bench.state() == "OK", "FILL(m,0)+1 is 1 without data"
    bench.minute(2.0)
    assert bench.state() == "ALARM"


def test_a_state_set_by_hand_acts_once_and_ends_with_the_next_evaluation() -> None:
    bench = Bench()
    bench.put({**SINGLE, "AlarmActions": [POLICY], "TreatMissingData": "notBreaching"})
    now = bench.clock.now()
    bench.alarms.set_state("a", "ALARM", "drill", '{"recentDatapoints": [3.0]}', now)
    bench.alarms.set_state("a", "ALARM", "drill", None, now)
    assert (bench.state(), bench.acted) == ("ALARM", [("a", POLICY)])
    bench.minute()
    assert bench.state() == "OK"
    for state, data in (("ALERT", None), ("OK", "{bad")):
        with pytest.raises(ServiceException):
            bench.alarms.set_state("a", state, "drill", data, now)
    with pytest.raises(ServiceException):
        bench.alarms.set_state("unknown", "OK", "drill", None, now)


def test_alarms_are_found_by_name_prefix_state_and_action() -> None:
    bench = Bench()
    for name in ("b", "a-2", "a-1"):
        bench.put({**SINGLE, "AlarmName": name, "AlarmActions": [POLICY] if name == "b" else []})
    assert [alarm.name for alarm in bench.alarms.find()] == ["a-1", "a-2", "b"]
    assert [alarm.name for alarm in bench.alarms.find(prefix="a-")] == ["a-1", "a-2"]
    assert [alarm.name for alarm in bench.alarms.find(names=["a-1", "zz"])] == ["a-1"]
    assert [alarm.name for alarm in bench.alarms.find(action_prefix=POLICY)] == ["b"]
    assert bench.alarms.find(state="OK") == []
