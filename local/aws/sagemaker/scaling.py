"""SageMaker as Application Auto Scaling sees it (local.autoscaling.endpoints.Endpoints)."""

from __future__ import annotations

from local.aws.autoscaling.endpoints import Busy, Refused
from local.aws.errors import AwsError
from local.aws.sagemaker.capacity import Capacity
from local.aws.sagemaker.deployment import Deployments
from local.aws.sagemaker.endpoint import Endpoint
from local.aws.sagemaker.resource import instance_types
from local.aws.sagemaker.store import Store


class ScalableEndpoints:
    """Counts of instances, read and set."""

    def __init__(self, store: Store, deployments: Deployments, capacity: Capacity) -> None:
        self._store = store
        self._capacity = capacity
        self._deployments = deployments

    def desired_instance_count(self, endpoint: str, variant: str) -> int | None:
        """The count the variant is to have; None if there is no such endpoint or variant."""
        found = self._find(endpoint, variant)
        return None if found is None else found.desired

    def current_instance_count(self, endpoint: str, variant: str) -> int | None:
        """The count the variant has; None as above."""
        found = self._find(endpoint, variant)
        return None if found is None else found.fleet.in_service

    def set_desired_instance_count(self, endpoint: str, variant: str, count: int) -> None:
        """Starts to bring the variant to `count` instances. Raises Busy unless InService, Refused over the quota."""
        with self._store.lock:
            found = self._find(endpoint, variant)
            if found is None:
                raise Refused(f"Could not find variant {variant} of endpoint {endpoint}.")
            if found.status != "InService":
                raise Busy(f"endpoint {endpoint} is {found.status}")
            try:
                more = count - len(found.fleet.instances)
                self._capacity.promise(instance_types(found.fleet.variant), more)
            except AwsError as error:
                raise Refused(error.message) from error
            self._deployments.scale(found, count)

    def failure_reason(self, endpoint: str, variant: str) -> str | None:
        """Why the last change of the count was given up; None if it was not."""
        found = self._find(endpoint, variant)
        return None if found is None else found.failure_reason

    def _find(self, endpoint: str, variant: str) -> Endpoint | None:
        with self._store.lock:
            found = self._store.endpoints.get(endpoint)
            return found if found is not None and found.variant_name == variant else None
