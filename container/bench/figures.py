"""Measured values as the benchmarks print them: a JSON object a line, with the bar where one is set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STOCK = {"sequential", "batched"}
# Ours against the better of the two, on each file: percent, and words.
MORE_WER = 0.3
MORE_DELETED_IN_TEN_MINUTES = 5
# Against stock batched, over all files.
TIMES_BATCHED = {"cpu": 1.3, "cuda": 4.0}
# Percent.
GPU_BUSY = 80.0
# Of three hours against ten minutes.
MORE_MEGABYTES = 300

UNITS = {
    "wer": "%",
    "deleted_words": "words",
    "longest_deletion": "words",
    "times_real_time": "x",
    "times_batched": "x",
    "times_batched_by_cpu_seconds": "x",
    "cpu_seconds": "s",
    "peak_rss_mb": "MB",
    "loaded_rss_mb": "MB",
    "gpu_busy": "%",
}

# Metric to value.
Values = Mapping[str, float]
Figure = dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """The last value that is good enough: the highest, or the lowest."""

    value: float
    lowest: bool = False

    def held(self, value: float) -> Figure:
        ok = value >= self.value if self.lowest else value <= self.value
        return {"bar": round(self.value, 2), **({"lowest": True} if self.lowest else {}), "ok": ok}


def of(case: str, values: Values, bars: Mapping[str, Bar]) -> Iterator[Figure]:
    """The figures of those `values` that have a unit; `bars` by metric."""
    for metric, unit in UNITS.items():
        if metric in values:
            value = values[metric]
            figure = {"bench": "container", "case": case, "metric": metric, "value": round(value, 2), "unit": unit}
            yield figure | (bars[metric].held(value) if metric in bars else {})


def of_file(name: str, seconds: float, found: Mapping[str, Values], device: str) -> Iterator[Figure]:
    """Of one file, whose length is `seconds`: `found` by mode. Ours is held against the stock modes where both are."""
    bars = {"gpu_busy": Bar(GPU_BUSY, lowest=True)} if device == "cuda" else {}
    if found.keys() >= STOCK:
        wer, deleted = (min(found[mode][metric] for mode in STOCK) for metric in ("wer", "deleted_words"))
        bars["wer"] = Bar(wer + MORE_WER)
        bars["deleted_words"] = Bar(deleted + MORE_DELETED_IN_TEN_MINUTES * seconds / 600)
    for mode, values in found.items():
        yield from of(f"{name}/{mode}", values, bars if mode == "ours" else {})


def of_all(found: Sequence[Mapping[str, Values]], device: str) -> Iterator[Figure]:
    """How much faster than stock batched, where both were measured: by the clock, and by processor seconds, which other
    work disturbs less."""
    if not all(file.keys() >= {"batched", "ours"} for file in found):
        return

    def ratio(metric: str) -> float:
        return sum(file["batched"][metric] for file in found) / sum(file["ours"][metric] for file in found)

    values = {"times_batched": ratio("seconds"), "times_batched_by_cpu_seconds": ratio("cpu_seconds")}
    yield from of("all/ours", values, {"times_batched": Bar(TIMES_BATCHED[device], lowest=True)})


def of_memory(kind: str, minutes: Mapping[int, Values]) -> Iterator[Figure]:
    """Of one kind of file, by its length in minutes: the longest held against the shortest."""
    highest = {"peak_rss_mb": Bar(minutes[min(minutes)]["peak_rss_mb"] + MORE_MEGABYTES)}
    for length, values in minutes.items():
        yield from of(f"{kind}-{length}-minutes/ours", values, highest if length == max(minutes) else {})


def say(figures: Iterable[Figure]) -> None:
    """Prints them, each as soon as it is known."""
    for figure in figures:
        print(json.dumps(figure), flush=True)
