"""CloudWatch's metrics: samples kept by namespace, name and exact dimensions, read as statistics per period."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter

from local.aws.clock import Clock

# CloudWatch keeps 1-minute data for 15 days (API_GetMetricStatistics); nothing here lives that long.
RETENTION = timedelta(days=15)


@dataclass(frozen=True)
class MetricKey:
    """What identifies a metric: CloudWatch treats each set of dimensions as a metric of its own."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> MetricKey:
        return cls(namespace, name, frozenset(dimensions.items()))


@dataclass(frozen=True)
class Sample:
    """A value, or a statistic set (PutMetricData StatisticValues), at a time, readable from `visible` on."""

    at: datetime
    visible: datetime
    count: float
    total: float
    minimum: float
    maximum: float
    unit: str


@dataclass
class Statistics:
    """The samples of one metric in one period."""

    samples: list[Sample] = field(default_factory=list)

    def get(self, statistic: str) -> float:
        """The value of Average, Sum, Minimum, Maximum or SampleCount. KeyError for any other."""
        count = sum(s.count for s in self.samples)
        total = sum(s.total for s in self.samples)
        return {
            "SampleCount": count,
            "Sum": total,
            "Average": total / count,
            "Minimum": min(s.minimum for s in self.samples),
            "Maximum": max(s.maximum for s in self.samples),
        }[statistic]


STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


class MetricStore:
    """All samples of one region. `delay` is how many simulated seconds pass before a sample can be read.

    Real CloudWatch shows a service's one-minute metrics a minute or two late; scaling must work in spite of that.
    """

    def __init__(self, clock: Clock, delay: float = 60.0) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._samples: dict[MetricKey, list[Sample]] = {}
        self.delay = delay

    def put(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str = "None",
        at: datetime | None = None,
    ) -> None:
        """Records a service's own metric at `at` (default: now); readable `delay` seconds later."""
        when = at or self._clock.now()
        visible = when + timedelta(seconds=self.delay)
        self.add(MetricKey.of(namespace, name, dimensions), Sample(when, visible, 1, value, value, value, unit))

    def add(self, key: MetricKey, sample: Sample) -> None:
        """Records one sample as it is: a caller's PutMetricData with its own timestamp and visibility."""
        with self._lock:
            samples = self._samples.setdefault(key, [])
            bisect.insort(samples, sample, key=attrgetter("at"))
            oldest = self._clock.now() - RETENTION
            while samples[0].at < oldest and len(samples) > 1:
                samples.pop(0)

    def statistics(
        self, key: MetricKey, start: datetime, end: datetime, period: float, now: datetime, unit: str | None = None
    ) -> dict[datetime, Statistics]:
        """The periods of `period` seconds in [start, end), counted from `start`, that have samples visible at `now`.

        Keyed by each period's begin; a period without data is absent, never zero.
        """
        with self._lock:
            samples = self._samples.get(key, [])
            first = bisect.bisect_left(samples, start, key=attrgetter("at"))
            last = bisect.bisect_left(samples, end, key=attrgetter("at"))
            wanted = [s for s in samples[first:last] if s.visible <= now and (unit is None or s.unit == unit)]
        periods: dict[datetime, Statistics] = {}
        for sample in wanted:
            index = (sample.at - start).total_seconds() // period
            periods.setdefault(start + timedelta(seconds=index * period), Statistics()).samples.append(sample)
        return periods

    def keys(self, now: datetime) -> list[MetricKey]:
        """Every metric that has a visible sample, in a stable order (ListMetrics)."""
        with self._lock:
            found = [key for key, samples in self._samples.items() if any(s.visible <= now for s in samples)]
        return sorted(found, key=lambda k: (k.namespace, k.name, sorted(k.dimensions)))
