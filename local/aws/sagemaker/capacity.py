"""How many instances AWS has left (capacity) and how many the account may run (quota), switchable by tests."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

from local.aws.errors import AwsError

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
        """The most instances of each type that the account may run; None for as many as one likes."""
        with self._lock:
            _apply(self._quota, limits)

    def acquire(self, instance_type: str) -> bool:
        """Takes one instance; False if there is none left, or the quota is used up."""
        with self._lock:
            limits = [where[instance_type] for where in (self._capacity, self._quota) if instance_type in where]
            if limits and self._used[instance_type] >= min(limits):
                return False
            self._used[instance_type] += 1
            return True

    def release(self, instance_type: str) -> None:
        """Gives one instance back."""
        with self._lock:
            self._used[instance_type] -= 1

    def check_quota(self, instance_type: str, more: int) -> None:
        """Raises ResourceLimitExceeded if `more` instances beside those that run are too many."""
        with self._lock:
            quota, used = self._quota.get(instance_type), self._used[instance_type]
        if quota is not None and more > 0 and used + more > quota:
            raise AwsError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{instance_type} for endpoint usage' is {quota} Instances, with "
                f"current utilization of {used} Instances and a request delta of {more} Instances. Please use AWS "
                "Service Quotas to request an increase for this quota. If AWS Service Quotas is not available, contact "
                "AWS support to request an increase for this quota.",
            )


def _apply(where: dict[str, int], limits: Mapping[str, int | None]) -> None:
    for instance_type, limit in limits.items():
        if limit is None:
            where.pop(instance_type, None)
        elif isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise ValueError(f"the limit of {instance_type} must be a whole number or null, not {limit!r}")
        else:
            where[instance_type] = limit
