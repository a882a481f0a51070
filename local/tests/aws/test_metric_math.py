"""Metric math, held against the examples of AWS's page "Using math expressions with CloudWatch metrics"."""

from __future__ import annotations

import pytest

from local.aws.cloudwatch.expression import ExpressionError, parse
from local.aws.cloudwatch.functions import Scope, Series, evaluate

_ = None
SERIES = {
    # The page's own: comparison operators, then the three tables of IF.
    "metric1": (30, 20, 0, 0),
    "metric2": (20, _, 20, _),
    "empty": (_, _, _, _),
    "gap": (1, _, _, 4),
    "late": (_, 2, _, 8),
}
IF = {"c": (1, 1, 0, 0, _), "t": (30, _, 0, 0, 30), "f": (0, 0, 20, _, 20)}


def value(expression: str, series: dict[str, tuple[float | None, ...]] = SERIES) -> object:
    length = len(next(iter(series.values())))
    values = {name: Series(tuple(points)) for name, points in series.items()}
    result = evaluate(parse(expression), Scope(values, list(values), 60, length))
    if isinstance(result, list):
        return [item.values for item in result]
    return result.values if isinstance(result, Series) else result


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("metric1 < metric2", (0, 0, 1, 0)),
        ("metric1 >= 30", (1, 0, 0, 0)),
        ("metric1 > 15 AND metric2 > 15", (1, 0, 0, 0)),
        ("metric1 > 15 || metric2 > 15", (1, 1, 1, 0)),
        ("metric1 + metric2", (50, 20, 20, 0)),
        ("metric2 - 20", (0, _, 0, _)),
        ("-metric2", (-20, _, -20, _)),
        ("metric2 / metric1", (20 / 30, 0, _, _)),
        ("metric1 / 0", (_, _, _, _)),
        ("2 + 3 * 4 ^ 2 / 8 - 1", 7),
        ("(2 + 3) * 4", 20),
        ("1 < 2 && 2 != 2", 0),
        ("empty < 1", (_, _, _, _)),
        ("empty < 1 AND metric1 > 15", (0, 0, 0, 0)),
        ("FILL(gap, 0)", (1, 0, 0, 4)),
        ("FILL(gap, REPEAT)", (1, 1, 1, 4)),
        ("FILL(gap, LINEAR)", (1, 2, 3, 4)),
        ("FILL(late, REPEAT)", (_, 2, 2, 8)),
        ("FILL(late, LINEAR)", (_, 2, 5, 8)),
        ("FILL(late, metric1)", (30, 2, 0, 8)),
        ("FILL(late, MIN(late))", (2, 2, 2, 8)),
        ("FILL(empty, 7)", (7, 7, 7, 7)),
        ("FILL(empty, REPEAT)", (_, _, _, _)),
        ("SUM([metric1, metric2])", (50, 20, 20, 0)),
        ("AVG([metric1, metric2])", (25, 10, 10, 0)),
        ("MAX([gap, late])", (1, 2, _, 8)),
        ("AVG(metric2)", 20),
        ("SUM(METRICS('metric')) / METRIC_COUNT(METRICS())", (10, 4, 4, 0)),
        ("DATAPOINT_COUNT(gap)", 2),
        ("ABS(CEIL(metric2 / 3) - FLOOR(50 / metric2))", (5, _, 5, _)),
        ("metric2 / PERIOD(metric2)", (1 / 3, _, 1 / 3, _)),
        ("TIME_SERIES(5 * MAX(gap))", (20, 20, 20, 20)),
        ("[gap, late] * 2", [(2, _, _, 8), (_, 4, _, 16)]),
        ("IF(1 > 2, gap, late)", (_, 2, _, 8)),
        ("IF(1 > 2, gap)", (_, _, _, _)),
        ("IF(gap >= 4, 1)", (_, _, _, 1)),
    ],
)
def test_expressions(expression: str, expected: object) -> None:
    assert _rounded(value(expression)) == _rounded(expected)


def _rounded(result: object) -> object:
    if isinstance(result, tuple | list):
        return [_rounded(item) for item in result]
    return result if result is None else round(float(result), 9)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("IF(c, t, f)", (30, 0, 20, _, _)),
        ("IF(c, 5, f)", (5, 5, 20, _, _)),
        ("IF(c, t, 5)", (30, 0, 5, 5, _)),
        ("IF(c, t)", (30, 0, _, _, _)),
    ],
)
def test_if_as_in_the_tables_of_aws(expression: str, expected: tuple[float | None, ...]) -> None:
    assert value(expression, IF) == expected


@pytest.mark.parametrize(
    ("backlog", "gpu", "cpu", "expected"),
    [
        ((_, _, _), (0, 0, 0), (1, 1, 1), (1, 1, 1)),
        ((0, 2, _), (0, 0, 0), (1, 1, 1), (1, 0, 1)),
        ((0, 0, 0), (0, 60, _), (1, 1, _), (1, 0, _)),
        ((0, 0, 0), (0, 0, 0), (1, 90, _), (1, 0, 0)),
        ((0, 3, _), (_, _, _), (_, _, _), (_, 0, _)),
    ],
)
def test_the_idle_expression(
    backlog: tuple[float | None, ...],
    gpu: tuple[float | None, ...],
    cpu: tuple[float | None, ...],
    expected: tuple[float | None, ...],
) -> None:
    metrics = {"backlog": backlog, "gpu": gpu, "cpu": cpu}
    assert value("IF(FILL(backlog,0)>=1, 0, IF(gpu<1 AND cpu<20, 1, 0))", metrics) == expected


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("", "ends too early"),
        ("metric1 +", "ends too early"),
        ("(metric1", "missing '\\)'"),
        ("metric1 metric2", "unexpected 'metric2'"),
        ("metric1 ; 2", "unexpected ';'"),
        ("m9 + 1", "unknown Id 'm9'"),
        ("FILLED(metric1, 0)", "unknown function FILLED"),
        ("fill(metric1, 0)", "unexpected"),
        ("FILL(metric1)", "FILL takes 2 argument"),
        ("FILL(metric1, ZERO)", "cannot fill with ZERO"),
        ("IF(metric1)", "IF takes 2 to 3"),
        ("ABS(5)", "needs a time series"),
        ("[metric1] + [metric2]", "both sides"),
        ("METRICS(metric1)", "string in quotes"),
        ("REPEAT", "does not stand for a value"),
        ("'text'", "does not stand for a value"),
        ("(" * 500 + "1" + ")" * 500, "nested too deeply"),
        ("-" * 1500 + "1", "nested too deeply"),
        ("+".join(["metric1"] * 250), "too long"),
    ],
)
def test_what_is_not_metric_math_is_refused(expression: str, complaint: str) -> None:
    with pytest.raises(ExpressionError, match=complaint):
        value(expression)
