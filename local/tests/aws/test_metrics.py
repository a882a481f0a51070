"""Metrics: exact dimensions, statistics by period, and late publication."""

from __future__ import annotations

from datetime import timedelta

import pytest

from local.aws.cloudwatch.metrics import STATISTICS, MetricKey, MetricStore, Sample
from local.tests.aws.autoscaling_rig import START, HandClock

BOTH = {"EndpointName": "e", "VariantName": "v"}


def store(delay: float = 0) -> MetricStore:
    return MetricStore(HandClock(), delay)


def read(metrics: MetricStore, dimensions: dict[str, str], minutes: int = 5, **options: object) -> dict[int, float]:
    key = MetricKey.of("n", "m", dimensions)
    now = options.pop("now", START + timedelta(hours=1))
    found = metrics.statistics(key, START, START + timedelta(minutes=minutes), 60, now, **options)
    return {int((at - START).total_seconds() // 60): data.get("Average") for at, data in found.items()}


def test_other_dimensions_are_another_metric() -> None:
    metrics = store()
    metrics.put("n", "m", BOTH, 3.0)
    assert read(metrics, BOTH) == {0: 3.0}
    assert read(metrics, dict(reversed(BOTH.items()))) == {0: 3.0}
    assert read(metrics, {"EndpointName": "e"}) == {}
    assert read(metrics, {}) == {}


def test_periods_without_data_are_absent_and_the_end_is_not_included() -> None:
    metrics = store()
    for second, value in ((0, 1.0), (59, 3.0), (120, 5.0), (300, 9.0)):
        metrics.put("n", "m", {}, value, at=START + timedelta(seconds=second))
    assert read(metrics, {}) == {0: 2.0, 2: 5.0}


@pytest.mark.parametrize(("statistic", "value"), list(zip(STATISTICS, [4, 4.0, 16.0, 1.0, 7.0], strict=True)))
def test_statistics_count_a_statistic_set_as_its_samples(statistic: str, value: float) -> None:
    metrics = store()
    metrics.put("n", "m", {}, 1.0)
    key = MetricKey.of("n", "m", {})
    metrics.add(key, Sample(START, START, 3, 15.0, 3.0, 7.0, "None"))
    data = metrics.statistics(key, START, START + timedelta(minutes=1), 60, START)[START]
    assert data.get(statistic) == value


def test_a_late_metric_cannot_be_read_early() -> None:
    metrics = store(delay=90)
    metrics.put("n", "m", {}, 1.0)
    assert read(metrics, {}, now=START + timedelta(seconds=89)) == {}
    assert metrics.keys(START) == []
    assert read(metrics, {}, now=START + timedelta(seconds=90)) == {0: 1.0}


def test_units_are_told_apart_when_asked() -> None:
    metrics = store()
    metrics.put("n", "m", {}, 50.0, "Percent")
    metrics.put("n", "m", {}, 2.0, "Count")
    assert read(metrics, {}, unit="Percent") == {0: 50.0}
    assert read(metrics, {}) == {0: 26.0}


def test_old_samples_are_dropped() -> None:
    metrics = store()
    metrics.put("n", "m", {}, 1.0, at=START - timedelta(days=16))
    metrics.put("n", "m", {}, 2.0)
    key = MetricKey.of("n", "m", {})
    assert len(metrics.statistics(key, START - timedelta(days=20), START + timedelta(days=1), 60, START)) == 1
