"""What metric math means: a tree, evaluated over time series on one grid of periods.

A series has one place for each period of the range that is asked for, None where there is no data. Values are scalars
(float, None for "no value"), series (Series) or arrays of series (list). Source: CloudWatch user guide, "Using math
expressions with CloudWatch metrics", and docs/local-scaling.md for what that page leaves open.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from local.aws.cloudwatch.expression import Array, Call, ExpressionError, Keyword, Node, Number, Reference, Text

Value = float | None


@dataclass(frozen=True)
class Series:
    values: tuple[Value, ...]


Operand = Value | Series | list[Series]


@dataclass(frozen=True)
class Scope:
    """What an expression can see. `metrics` names the Ids that are metrics (METRICS() leaves expressions out)."""

    values: Mapping[str, Operand]
    metrics: Sequence[str]
    period: int
    length: int


def evaluate(node: Node, scope: Scope) -> Operand:
    """The value of the tree. ExpressionError for an unknown function or Id, or for operands that do not fit."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Reference):
        if node.id not in scope.values:
            raise ExpressionError(f"unknown Id {node.id!r}")
        return scope.values[node.id]
    if isinstance(node, Array):
        return [series for item in node.items for series in _many(evaluate(item, scope), "[]")]
    if isinstance(node, Call):
        if node.name in _BINARY:
            left, right = (evaluate(argument, scope) for argument in node.arguments)
            return _spread(_BINARY[node.name], left, right)
        if node.name in _FUNCTIONS:
            return _FUNCTIONS[node.name](node.arguments, scope)
        raise ExpressionError(f"unknown function {node.name}")
    raise ExpressionError(f"{node.name if isinstance(node, Keyword) else node.value!r} does not stand for a value")


# Operators -----------------------------------------------------------------------------------------------------------


def _divide(left: float, right: float) -> Value:
    return left / right if right else None  # "the data point is dropped"


def _power(left: float, right: float) -> Value:
    try:
        result = left**right
    except (OverflowError, ZeroDivisionError):
        return None
    return result if isinstance(result, float) else None


_POINT: dict[str, Callable[[float, float], Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "^": _power,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "AND": lambda a, b: float(bool(a) and bool(b)),
    "OR": lambda a, b: float(bool(a) or bool(b)),
}


def _pointwise(point: Callable[[float, float], Value]) -> Callable[[Operand, Operand], Operand]:
    """An operator on scalars and series. Between two series a value that only one lacks counts as 0."""

    def both(left: Value, right: Value) -> Value:
        if left is None and right is None:
            return None
        return point(left or 0.0, right or 0.0)

    def known(left: Value, right: Value) -> Value:
        return None if left is None or right is None else point(left, right)

    def apply(left: Operand, right: Operand) -> Operand:
        if isinstance(left, Series) and isinstance(right, Series):
            return Series(tuple(both(a, b) for a, b in zip(left.values, right.values, strict=True)))
        if isinstance(left, Series):
            return Series(tuple(known(a, right) for a in left.values))
        if isinstance(right, Series):
            return Series(tuple(known(left, b) for b in right.values))
        return known(left, right)

    return apply


_BINARY = {sign: _pointwise(point) for sign, point in _POINT.items()}


def _spread(apply: Callable[[Operand, Operand], Operand], left: Operand, right: Operand) -> Operand:
    """Applies an operator to each series of an array. Two arrays do not fit together."""
    if isinstance(left, list) and isinstance(right, list):
        raise ExpressionError("an operator cannot have an array of time series on both sides")
    if isinstance(left, list):
        return [apply(item, right) for item in left]
    if isinstance(right, list):
        return [apply(left, item) for item in right]
    return apply(left, right)


# Functions -----------------------------------------------------------------------------------------------------------

Arguments = tuple[Node, ...]


def _many(value: Operand, function: str) -> list[Series]:
    if isinstance(value, Series):
        return [value]
    if isinstance(value, list):
        return value
    raise ExpressionError(f"{function} needs a time series, not a number")


def _count(name: str, arguments: Arguments, least: int, most: int) -> None:
    if not least <= len(arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise ExpressionError(f"{name} takes {wanted} argument(s), not {len(arguments)}")


def _each(name: str, function: Callable[[float], float]) -> Callable[[Arguments, Scope], Operand]:
    """ABS, CEIL, FLOOR: point by point."""

    def call(arguments: Arguments, scope: Scope) -> Operand:
        _count(name, arguments, 1, 1)
        value = evaluate(arguments[0], scope)
        mapped = [
            Series(tuple(None if v is None else float(function(v)) for v in series.values))
            for series in _many(value, name)
        ]
        return mapped if isinstance(value, list) else mapped[0]

    return call


def _aggregate(name: str, function: Callable[[list[float], int], float]) -> Callable[[Arguments, Scope], Operand]:
    """AVG, SUM, MIN...: a series becomes a scalar, an array a series. `function` gets the values and the full count."""

    def call(arguments: Arguments, scope: Scope) -> Operand:
        _count(name, arguments, 1, 1)
        value = evaluate(arguments[0], scope)
        if isinstance(value, list):
            return Series(tuple(reduce(column) for column in zip(*(s.values for s in value), strict=True)))
        found = [v for v in _many(value, name)[0].values if v is not None]
        return function(found, len(found)) if found else None

    def reduce(column: tuple[Value, ...]) -> Value:
        found = [v for v in column if v is not None]
        return function(found, len(column)) if found else None

    return call


def _metrics(arguments: Arguments, scope: Scope) -> Operand:
    _count("METRICS", arguments, 0, 1)
    part = ""
    if arguments:
        if not isinstance(arguments[0], Text):
            raise ExpressionError("METRICS takes a string in quotes")
        part = arguments[0].value
    return [series for id_ in scope.metrics if part in id_ for series in _many(scope.values[id_], "METRICS")]


def _metric_count(arguments: Arguments, scope: Scope) -> Operand:
    _count("METRIC_COUNT", arguments, 1, 1)
    return float(len(_many(evaluate(arguments[0], scope), "METRIC_COUNT")))


def _period(arguments: Arguments, scope: Scope) -> Operand:
    _count("PERIOD", arguments, 1, 1)
    if not isinstance(arguments[0], Reference) or arguments[0].id not in scope.metrics:
        raise ExpressionError("PERIOD takes the Id of a metric")
    return float(scope.period)


def _time_series(arguments: Arguments, scope: Scope) -> Operand:
    _count("TIME_SERIES", arguments, 1, 1)
    value = evaluate(arguments[0], scope)
    if isinstance(value, Series | list):
        raise ExpressionError("TIME_SERIES takes a number")
    return Series((value,) * scope.length)


def _if(arguments: Arguments, scope: Scope) -> Operand:
    """IF(condition, then, otherwise?): no condition, no point; a missing `then` is 0, a missing `otherwise` none."""
    _count("IF", arguments, 2, 3)
    condition, then, *rest = (evaluate(argument, scope) for argument in arguments)
    otherwise = rest[0] if rest else None
    if any(isinstance(value, list) for value in (condition, then, otherwise)):
        raise ExpressionError("IF takes numbers and single time series")
    if not isinstance(condition, Series):
        chosen = then if condition else otherwise
        series = isinstance(then, Series) or isinstance(otherwise, Series) or not rest
        return Series((chosen,) * scope.length) if series and not isinstance(chosen, Series) else chosen

    def at(value: Operand, place: int) -> Value:
        return value.values[place] if isinstance(value, Series) else value

    return Series(
        tuple(
            None if known is None else (at(then, place) or 0.0) if known else at(otherwise, place)
            for place, known in enumerate(condition.values)
        )
    )


def _fill(arguments: Arguments, scope: Scope) -> Operand:
    """FILL(series, number | series | REPEAT | LINEAR), over the whole range, a series without any data too."""
    _count("FILL", arguments, 2, 2)
    value = evaluate(arguments[0], scope)
    filler = arguments[1]
    fill: Callable[[tuple[Value, ...]], tuple[Value, ...]]
    if isinstance(filler, Keyword):
        if filler.name not in _FILLERS:
            raise ExpressionError(f"FILL cannot fill with {filler.name}; use a number, a time series, REPEAT or LINEAR")
        fill = _FILLERS[filler.name]
    else:
        other = evaluate(filler, scope)
        if isinstance(other, list):
            raise ExpressionError("FILL cannot fill with an array of time series")
        others = other.values if isinstance(other, Series) else (other,) * scope.length

        def fill(values: tuple[Value, ...]) -> tuple[Value, ...]:
            return tuple(b if a is None else a for a, b in zip(values, others, strict=True))

    filled = [Series(fill(series.values)) for series in _many(value, "FILL")]
    return filled if isinstance(value, list) else filled[0]


def _repeat(values: tuple[Value, ...]) -> tuple[Value, ...]:
    last: Value = None
    filled: list[Value] = []
    for value in values:
        last = last if value is None else value
        filled.append(last)
    return tuple(filled)


def _linear(values: tuple[Value, ...]) -> tuple[Value, ...]:
    filled = list(values)
    known = [place for place, value in enumerate(values) if value is not None]
    for left, right in itertools.pairwise(known):
        low, high = values[left], values[right]
        for place in range(left + 1, right):
            filled[place] = low + (high - low) * (place - left) / (right - left)
    return tuple(filled)


_FILLERS = {"REPEAT": _repeat, "LINEAR": _linear}

_FUNCTIONS: dict[str, Callable[[Arguments, Scope], Operand]] = {
    "ABS": _each("ABS", abs),
    "CEIL": _each("CEIL", math.ceil),
    "FLOOR": _each("FLOOR", math.floor),
    "AVG": _aggregate("AVG", lambda found, count: sum(found) / count),  # "Missing values are treated as 0"
    "SUM": _aggregate("SUM", lambda found, _: sum(found)),
    "MIN": _aggregate("MIN", lambda found, _: min(found)),
    "MAX": _aggregate("MAX", lambda found, _: max(found)),
    "DATAPOINT_COUNT": _aggregate("DATAPOINT_COUNT", lambda found, _: float(len(found))),
    "METRICS": _metrics,
    "METRIC_COUNT": _metric_count,
    "PERIOD": _period,
    "TIME_SERIES": _time_series,
    "IF": _if,
    "FILL": _fill,
}
