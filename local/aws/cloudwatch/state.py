"""From datapoints to an alarm's state, by CloudWatch's rules for missing data. No clock, no store.

Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data", whose two tables are the tests.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

OK = "OK"
ALARM = "ALARM"
INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
STATES = (OK, ALARM, INSUFFICIENT_DATA)

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}

# AWS publishes no formula for the evaluation range, only an example: 3 evaluation periods, 5 datapoints retrieved.
_EXTRA = 2


def evaluation_range(evaluation_periods: int) -> int:
    """How many datapoints are looked at: more than the evaluation periods, since some may be missing."""
    return evaluation_periods + _EXTRA


@dataclass(frozen=True)
class Rule:
    """An alarm's condition: `datapoints` breaching out of `periods`."""

    comparison: str
    threshold: float
    periods: int
    datapoints: int
    treat_missing: str = "missing"

    def breaches(self, value: float) -> bool:
        return COMPARISONS[self.comparison](value, self.threshold)


@dataclass(frozen=True)
class Evaluation:
    """The state, and the places (in the range given) of the real datapoints that decided it, oldest first."""

    state: str
    used: tuple[int, ...]


def evaluate(rule: Rule, values: Sequence[float | None], current: str) -> Evaluation:
    """The state for the datapoints of the evaluation range, oldest first, None where missing."""
    places = [place for place, value in enumerate(values) if value is not None]
    used = tuple(places[-rule.periods :])
    breaching = [place for place in used if rule.breaches(values[place])]
    if len(used) == rule.periods:
        return Evaluation(ALARM if len(breaching) >= rule.datapoints else OK, used)
    return Evaluation(_with_missing(rule, len(values), used, breaching, current), used)


def _with_missing(rule: Rule, length: int, used: tuple[int, ...], breaching: list[int], current: str) -> str:
    """The state when there are fewer real datapoints than evaluation periods."""
    if rule.treat_missing == "breaching":
        filled = rule.periods - len(used)
        return ALARM if len(breaching) + filled >= rule.datapoints else OK
    if len(breaching) >= rule.datapoints:
        return ALARM
    if rule.treat_missing == "notBreaching" or len(breaching) < len(used):
        return OK
    if rule.treat_missing == "ignore":
        return current
    # All there is breaches, but it is too little. "Premature" unless the oldest is at least as old as M datapoints.
    if breaching and length - breaching[0] >= rule.datapoints:
        return ALARM
    return INSUFFICIENT_DATA
