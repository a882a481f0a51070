"""What Application Auto Scaling needs from SageMaker: the count of instances, read and set."""

from __future__ import annotations

from typing import Protocol


class Refused(Exception):
    """SageMaker refuses the count; str() is its message, a quota's (ResourceLimitExceeded) for example."""


class Busy(Refused):
    """The endpoint is not InService, so its count cannot be set now; scaling tries again later."""


class Endpoints(Protocol):
    """The endpoints of the home region and account. No method may wait for an instance."""

    def desired_instance_count(self, endpoint: str, variant: str) -> int | None:
        """The count the variant is to have, or None if there is no such endpoint or variant."""

    def current_instance_count(self, endpoint: str, variant: str) -> int | None:
        """The count the variant has (DescribeEndpoint's CurrentInstanceCount), or None as above."""

    def set_desired_instance_count(self, endpoint: str, variant: str, count: int) -> None:
        """Starts to bring the variant to `count` instances; returns at once. Raises Refused, Busy while Updating."""

    def failure_reason(self, endpoint: str, variant: str) -> str | None:
        """Why the last change of the count was given up (no capacity, quota), or None if it was not."""
