"""Metric data queries (MetricStat or Expression), as GetMetricData and metric math alarms share them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.aws.cloudwatch.expression import ExpressionError, Node, parse, references
from local.aws.cloudwatch.functions import Operand, Scope, Series, evaluate
from local.aws.cloudwatch.metrics import STATISTICS, MetricKey, MetricStore

_ID = re.compile(r"[a-z][A-Za-z0-9_]*")


class QueryError(ValueError):
    """The queries are not what CloudWatch accepts; the text says which and why."""


@dataclass(frozen=True)
class Stat:
    """One statistic of one metric. `period` in seconds."""

    key: MetricKey
    statistic: str
    period: int
    unit: str | None


@dataclass(frozen=True)
class Query:
    """One checked MetricDataQuery: exactly one of `stat` and `expression`."""

    id: str
    stat: Stat | None
    expression: Node | None
    label: str
    returned: bool


@dataclass(frozen=True)
class Grid:
    """`length` periods of `period` seconds from `start`."""

    start: datetime
    period: int
    length: int

    @property
    def end(self) -> datetime:
        return self.at(self.length)

    def at(self, place: int) -> datetime:
        return self.start + timedelta(seconds=place * self.period)


def read_queries(raw: Sequence[Mapping[str, Any]]) -> list[Query]:
    """The queries of a request, checked one by one and against each other. QueryError names the first that is wrong."""
    queries = [_read(item) for item in raw]
    ids = [query.id for query in queries]
    for id_ in ids:
        if ids.count(id_) > 1:
            raise QueryError(f"The Id {id_!r} is used more than once.")
    periods = {query.stat.period for query in queries if query.stat}
    if len(periods) > 1 and any(query.expression is not None for query in queries):
        raise QueryError(f"All metrics of a math expression must use the same period, found {sorted(periods)}.")
    # A run over a range without data finds every unknown Id, unknown function and operand that does not fit.
    series(queries, None, Grid(datetime.min, min(periods, default=60), 1), datetime.min)
    return queries


def series(
    queries: Sequence[Query], store: MetricStore | None, grid: Grid, now: datetime
) -> dict[str, Series | list[Series]]:
    """The data of every query on `grid`, as visible at `now`; without a store every metric is empty."""
    values: dict[str, Operand] = {
        query.id: _stat_series(query.stat, store, grid, now) for query in queries if query.stat is not None
    }
    metrics = [query.id for query in queries if query.stat is not None]
    waiting = [query for query in queries if query.expression is not None]
    while waiting:
        ready = [query for query in waiting if not references(query.expression) & {q.id for q in waiting}]
        if not ready:
            raise QueryError(f"The expressions {', '.join(q.id for q in waiting)} refer to each other.")
        for query in ready:
            try:
                values[query.id] = evaluate(query.expression, Scope(values, metrics, grid.period, grid.length))
            except ExpressionError as error:
                raise QueryError(f"Error in expression {query.id!r}: {error}") from error
        waiting = [query for query in waiting if query not in ready]
    for query in queries:
        if query.returned and not isinstance(values[query.id], Series | list):
            raise QueryError(f"Error in expression {query.id!r}: the result must be a time series, not a number.")
    return {id_: value for id_, value in values.items() if isinstance(value, Series | list)}


def read_period(value: Any, where: str) -> int:
    """A period in seconds. QueryError unless CloudWatch takes it."""
    if isinstance(value, bool) or not isinstance(value, int) or not (value in (1, 5, 10, 20, 30) or value % 60 == 0):
        raise QueryError(f"{where} must be 1, 5, 10, 20, 30 or a multiple of 60 seconds, not {value!r}.")
    if value < 1:
        raise QueryError(f"{where} must be positive, not {value!r}.")
    return value


def read_dimensions(raw: Sequence[Mapping[str, Any]] | None) -> dict[str, str]:
    """Dimensions by name. QueryError for a doubled name, too many, or a name that CloudWatch refuses."""
    found: dict[str, str] = {}
    if len(raw or ()) > 30:
        raise QueryError("A metric has at most 30 dimensions.")
    for item in raw or ():
        name, value = item.get("Name"), item.get("Value")
        for part, text, most in (("name", name, 255), ("value", value, 1024)):
            if not isinstance(text, str) or not 1 <= len(text) <= most or not text.isascii() or not text.strip():
                raise QueryError(f"A dimension's {part} must be 1 to {most} ASCII characters, not {text!r}.")
        if name.startswith(":"):
            raise QueryError(f"A dimension's name cannot start with a colon: {name!r}.")
        if name in found:
            raise QueryError(f"The dimension {name!r} is given twice.")
        found[name] = value
    return found


def _read(raw: Mapping[str, Any]) -> Query:
    id_ = raw.get("Id") or ""
    if not _ID.fullmatch(id_) or len(id_) > 255:
        raise QueryError(f"The Id {id_!r} must start with a lowercase letter and have letters, digits and _ only.")
    has_stat, has_expression = raw.get("MetricStat") is not None, raw.get("Expression") is not None
    if has_stat == has_expression:
        raise QueryError(f"The query {id_!r} must have either MetricStat or Expression, and not both.")
    returned = raw.get("ReturnData", True)
    if has_expression:
        try:
            node = parse(raw["Expression"])
        except ExpressionError as error:
            raise QueryError(f"Error in expression {id_!r}: {error}") from error
        return Query(id_, None, node, raw.get("Label") or id_, returned)
    stat = _read_stat(raw["MetricStat"], id_)
    return Query(id_, stat, None, raw.get("Label") or f"{stat.key.name} {stat.statistic}", returned)


def _read_stat(raw: Mapping[str, Any], id_: str) -> Stat:
    metric = raw.get("Metric") or {}
    namespace, name = metric.get("Namespace"), metric.get("MetricName")
    if not namespace or not name:
        raise QueryError(f"The query {id_!r} must name a metric: Namespace and MetricName.")
    statistic = raw.get("Stat")
    if statistic not in STATISTICS:
        raise QueryError(f"The query {id_!r} has the statistic {statistic!r}; here only {', '.join(STATISTICS)} exist.")
    period = read_period(raw.get("Period"), f"The Period of {id_!r}")
    key = MetricKey.of(namespace, name, read_dimensions(metric.get("Dimensions")))
    return Stat(key, statistic, period, raw.get("Unit"))


def _stat_series(stat: Stat, store: MetricStore | None, grid: Grid, now: datetime) -> Series:
    if store is None:
        return Series((None,) * grid.length)
    found = store.statistics(stat.key, grid.start, grid.end, grid.period, now, stat.unit)
    values = (found.get(grid.at(place)) for place in range(grid.length))
    return Series(tuple(None if value is None else value.get(stat.statistic) for value in values))
