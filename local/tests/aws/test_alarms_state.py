"""The state of an alarm, held against the tables of AWS's page on missing data (- missing, 0 fine, X breaching)."""

from __future__ import annotations

import pytest

from local.aws.cloudwatch.state import Rule, evaluate

KEPT = "as it was"
NONE = "INSUFFICIENT_DATA"
# Evaluation periods 3, evaluation range 5; the columns are missing, ignore, breaching, notBreaching.
THREE_OF_THREE = {
    "0-X-X": ("OK", "OK", "OK", "OK"),
    "0----": ("OK", "OK", "OK", "OK"),
    "-----": (NONE, KEPT, "ALARM", "OK"),
    "0XX-X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "--X--": ("ALARM", KEPT, "ALARM", "OK"),
    # From the page's older version and its text on premature alarms.
    "----X": (NONE, KEPT, "ALARM", "OK"),
    "---X-": (NONE, KEPT, "ALARM", "OK"),
    "X----": ("ALARM", KEPT, "ALARM", "OK"),
    "--X-0": ("OK", "OK", "OK", "OK"),
}
TWO_OF_THREE = {
    "0-X-X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "00X0X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "0-X--": ("OK", "OK", "ALARM", "OK"),
    "----0": ("OK", "OK", "ALARM", "OK"),
    "---X-": ("ALARM", KEPT, "ALARM", "OK"),
    "----X": (NONE, KEPT, "ALARM", "OK"),
    "XX000": ("OK", "OK", "OK", "OK"),
}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


@pytest.mark.parametrize("current", ["OK", "ALARM", NONE])
@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize(
    ("datapoints", "shape", "states"),
    [(3, *row) for row in THREE_OF_THREE.items()] + [(2, *row) for row in TWO_OF_THREE.items()],
)
def test_the_tables_of_aws(datapoints: int, shape: str, states: tuple[str, ...], treatment: str, current: str) -> None:
    rule = Rule("GreaterThanOrEqualToThreshold", 1.0, 3, datapoints, treatment)
    values = [{"-": None, "0": 0.0, "X": 1.0}[point] for point in shape]
    expected = states[TREATMENTS.index(treatment)]
    assert evaluate(rule, values, current).state == (current if expected == KEPT else expected)


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanOrEqualToThreshold", [False, True, True]),
        ("GreaterThanThreshold", [False, False, True]),
        ("LessThanThreshold", [True, False, False]),
        ("LessThanOrEqualToThreshold", [True, True, False]),
    ],
)
def test_comparisons(comparison: str, breaching: list[bool]) -> None:
    rule = Rule(comparison, 5.0, 1, 1)
    assert [evaluate(rule, [value], "OK").state == "ALARM" for value in (4.9, 5.0, 5.1)] == breaching


def test_the_newest_real_datapoints_decide() -> None:
    rule = Rule("GreaterThanThreshold", 0.0, 3, 3)
    assert evaluate(rule, [0.0, 1.0, 2.0, None, 3.0], "OK").used == (1, 2, 4)
