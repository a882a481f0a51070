"""An endpoint: its state, its fleet and what is being deployed in its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.aws.sagemaker.fleet import Fleet
from local.aws.sagemaker.queue import RequestQueue
from local.aws.sagemaker.resource import instance_types

# EndpointStatus in the API reference: in these no operation but Describe is taken.
IN_PROGRESS = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")


@dataclass
class Endpoint:
    """Guarded by the store's lock. `fleet` serves, `pending` comes up beside it; `desired` is the variant's count."""

    name: str
    arn: str
    config_name: str
    created: datetime
    modified: datetime
    queue: RequestQueue
    fleet: Fleet
    desired: int
    status: str = "Creating"
    failure_reason: str | None = None
    pending: Fleet | None = None
    pending_desired: int = 0
    pending_since: datetime | None = None
    deployment: dict[str, Any] | None = None
    weight: float = 1.0

    @property
    def variant_name(self) -> str:
        """The one production variant's name."""
        return self.fleet.variant["VariantName"]

    def describe(self) -> dict[str, Any]:
        """DescribeEndpoint's answer."""
        answer: dict[str, Any] = {
            "EndpointName": self.name,
            "EndpointArn": self.arn,
            "EndpointConfigName": self.config_name,
            "EndpointStatus": self.status,
            "FailureReason": self.failure_reason,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "LastDeploymentConfig": self.deployment,
            "AsyncInferenceConfig": self.fleet.config.spec["AsyncInferenceConfig"],
            "MetricsConfig": self.fleet.config.spec.get("MetricsConfig"),
        }
        # A failed or new endpoint has no variant in service to tell of.
        if self.status not in ("Creating", "Failed"):
            variant = _variant(self.fleet, self.fleet.in_service, self.desired)
            answer["ProductionVariants"] = [{**variant, "CurrentWeight": self.weight, "DesiredWeight": self.weight}]
        if self.status == "Creating":
            answer["PendingDeploymentSummary"] = _pending(self.fleet, self.desired, self.created, "Creating")
        elif self.pending is not None:
            answer["PendingDeploymentSummary"] = _pending(
                self.pending, self.pending_desired, self.pending_since or self.modified, "Creating"
            )
        return answer


def _variant(fleet: Fleet, current: int, desired: int) -> dict[str, Any]:
    variant = fleet.variant
    described: dict[str, Any] = {
        "VariantName": variant["VariantName"],
        "CurrentInstanceCount": current,
        "DesiredInstanceCount": desired,
        "RoutingConfig": variant.get("RoutingConfig"),
    }
    if fleet.digest is not None:
        repository = fleet.image.partition("@")[0]
        # A tag stands after the last slash; a colon before it belongs to the registry's port.
        slash = repository.rfind("/")
        repository = repository[: slash + 1] + repository[slash + 1 :].partition(":")[0]
        image = {"SpecifiedImage": fleet.image, "ResolvedImage": f"{repository}@{fleet.digest}"}
        described["DeployedImages"] = [image]
    if "InstancePools" in variant:
        described["InstancePools"] = [
            {
                "InstanceType": kind,
                "CurrentInstanceCount": sum(instance.instance_type == kind for instance in fleet.instances),
            }
            for kind in instance_types(variant)
        ]
    return described


def _pending(fleet: Fleet, desired: int, since: datetime, status: str) -> dict[str, Any]:
    variant = _variant(fleet, fleet.in_service, desired)
    variant["InstanceType"] = fleet.variant.get("InstanceType")
    variant["VariantStatus"] = [{"Status": status, "StartTime": since}]
    return {
        "EndpointConfigName": fleet.config.name,
        "ProductionVariants": [variant],
        "StartTime": since,
    }
