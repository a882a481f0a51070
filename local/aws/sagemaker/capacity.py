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

    def acquire(self, instance_type: str) -> bool:
        """Takes one instance; False if there is none left, or the quota is used up."""
        with self._lock:
            limit = self._quota.get(instance_type, DEFAULT_QUOTA)
            limit = min(limit, self._capacity.get(instance_type, limit))
            if self._used[instance_type] >= limit:
                return False
            self._used[instance_type] += 1
            return True

    def release(self, instance_type: str) -> None:
        """Gives one instance back."""
        with self._lock:
            self._used[instance_type] -= 1

    def check_quota(self, instance_types: Sequence[str], more: int) -> None:
        """Raises ResourceLimitExceeded if `more` instances of these types, beside those that run, are too many.

        Of several types (instance pools) each may fill its own quota; the error names the first.
        """
        kind = instance_types[0]
        with self._lock:
            quota, used = self._quota.get(kind, DEFAULT_QUOTA), self._used[kind]
            left = sum(max(0, self._quota.get(each, DEFAULT_QUOTA) - self._used[each]) for each in instance_types)
        if more > left and more > 0:
            raise AwsError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{kind} for endpoint usage' is {quota} Instances, with current "
                f"utilization of {used} Instances and a request delta of {more} Instances. Please use AWS Service "
                "Quotas to request an increase for this quota. If AWS Service Quotas is not available, contact AWS "
                "support to request an increase for this quota.",
            )


def _apply(where: dict[str, int], limits: Mapping[str, int | None]) -> None:
    for instance_type, limit in limits.items():
        if limit is None:
            where.pop(instance_type, None)
        elif isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise ValueError(f"the limit of {instance_type} must be a whole number or null, not {limit!r}")
        else:
            where[instance_type] = limit
