"""What Application Auto Scaling needs from SageMaker: the count of instances, read and set."""

from __future__ import annotations

from typing import Protocol


class Busy(Exception):
    """The endpoint is not InService, so its count cannot be set now; scaling tries again later."""


class Endpoints(Protocol):
    """The endpoints of the home region and account."""

    def desired_instance_count(self, endpoint: str, variant: str) -> int | None:
        """The count the variant is to have, or None if there is no such endpoint or variant."""

    def set_desired_instance_count(self, endpoint: str, variant: str, count: int) -> None:
        """Starts to bring the variant to `count` instances; returns at once. Raises Busy while it is Updating."""

    def instance_type(self, endpoint: str, variant: str) -> str | None:
        """For example ml.g5.xlarge; None if there is no such endpoint or variant."""
