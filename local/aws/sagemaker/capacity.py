"""How many instances AWS has left (capacity) and how many the account may run (quota), switchable by tests."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence

from local.aws.errors import AwsError

# AWS's own are small numbers that differ by type and account (often 0); this one only has to be out of a test's way.
DEFAULT_QUOTA = 100
NO_CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type."
)


class Capacity:
    """Counts the instances that run or start, by type. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: Counter[str] = Counter()
        # Accepted requests whose instances are still to be taken, by the first of their types.
        self._promised: Counter[str] = Counter()
        self._capacity: dict[str, int] = {}
        self._quota: dict[str, int] = {}

    def limit_capacity(self, limits: Mapping[str, int | None]) -> None:
        """The most instances of each type that AWS can run at once; None for as many as one likes."""
        with self._lock:
            _apply(self._capacity, limits)

    def limit_quota(self, limits: Mapping[str, int | None]) -> None:
        """The most instances of each type that the account may run; None for DEFAULT_QUOTA."""
        with self._lock:
            _apply(self._quota, limits)

    def quota(self, instance_type: str) -> int:
        """The most instances of the type that the account may run."""
        with self._lock:
            return self._quota.get(instance_type, DEFAULT_QUOTA)

    def promise(self, instance_types: Sequence[str], more: int) -> None:
        """Keeps room for `more` instances of these types until they are acquired, or the promise is taken back.

        Raises ResourceLimitExceeded if they are too many beside those that run. Of several types (instance pools) each
        may fill its own quota; the error names the first.
        """
        if more <= 0:
            return
        kind = instance_types[0]
        with self._lock:
            if more > sum(self._left(each) for each in instance_types):
                raise self._exceeded(kind, more)
            self._promised[kind] += more

    def take_back(self, instance_types: Sequence[str], count: int) -> None:
        """Ends promises that will not be used."""
        with self._lock:
            self._promised[instance_types[0]] -= count

    def acquire(self, instance_types: Sequence[str]) -> str | None:
        """Takes a promised instance of the first type that there is; None if there is none, or no quota for it."""
        with self._lock:
            for kind in instance_types:
                limit = self._quota.get(kind, DEFAULT_QUOTA)
                if self._used[kind] < min(limit, self._capacity.get(kind, limit)):
                    self._used[kind] += 1
                    self._promised[instance_types[0]] -= 1
                    return kind
        return None

    def release(self, instance_type: str) -> None:
        """Gives one instance back."""
        with self._lock:
            self._used[instance_type] -= 1

    def _left(self, kind: str) -> int:
        return max(0, self._quota.get(kind, DEFAULT_QUOTA) - self._used[kind] - self._promised[kind])

    def _exceeded(self, kind: str, more: int) -> AwsError:
        quota, used = self._quota.get(kind, DEFAULT_QUOTA), self._used[kind] + self._promised[kind]
        return AwsError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{kind} for endpoint usage' is {quota} Instances, with current "
            f"utilization of {used} Instances and a request delta of {more} Instances. Please use AWS Service Quotas "
            "to request an increase for this quota. If AWS Service Quotas is not available, contact AWS support to "
            "request an increase for this quota.",
        )


def _apply(where: dict[str, int], limits: Mapping[str, int | None]) -> None:
    for instance_type, limit in limits.items():
        if limit is None:
            where.pop(instance_type, None)
        elif isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise ValueError(f"the limit of {instance_type} must be a whole number or null, not {limit!r}")
        else:
            where[instance_type] = limit
