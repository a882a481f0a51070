"""Scalable targets, their policies and activities: what Application Auto Scaling remembers of one region."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.aws.autoscaling.errors import ObjectNotFoundException, ValidationException

NAMESPACE = "sagemaker"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_RESOURCE = re.compile(r"endpoint/([a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62})/variant/([a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62})")
_KEPT_ACTIVITIES = 1000
SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


@dataclass(frozen=True)
class ResourceId:
    """A variant of an endpoint, written `endpoint/<name>/variant/<name>`."""

    endpoint: str
    variant: str

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        match = _RESOURCE.fullmatch(text)
        if match is None:
            raise ValidationException("Unsupported service namespace, resource type or scalable dimension")
        return cls(match[1], match[2])

    def __str__(self) -> str:
        return f"endpoint/{self.endpoint}/variant/{self.variant}"


@dataclass
class Target:
    id: ResourceId
    arn: str
    role_arn: str
    created_at: datetime
    minimum: int
    maximum: int
    suspended: dict[str, bool]
    tags: dict[str, str]
    # Until when scaling in is blocked, and what the last scaling out started from and until when that counts.
    in_until: datetime | None = None
    out_until: datetime | None = None
    out_from: int = 0
    # The count was outside of the limits while the endpoint was busy; to be brought inside later.
    unclamped: bool = False

    def clamp(self, capacity: int) -> int:
        return min(max(capacity, self.minimum), self.maximum)


@dataclass
class Policy:
    """A scaling policy. `config` is the step or target tracking configuration, by `kind`; `alarms` its own alarms."""

    name: str
    target: ResourceId
    arn: str
    kind: str
    config: dict[str, Any]
    created_at: datetime
    alarms: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Activity:
    id: str
    target: ResourceId
    description: str
    cause: str
    started_at: datetime
    status: str
    message: str
    capacity: int
    ended_at: datetime | None = None
    not_scaled: dict[str, Any] | None = None


class Registry:
    """Safe to use from any thread; its lock is never held while SageMaker or CloudWatch is asked."""

    def __init__(self, region: str, account: str) -> None:
        self._region = region
        self._account = account
        self._lock = threading.Lock()
        self._targets: dict[ResourceId, Target] = {}
        self._policies: dict[tuple[ResourceId, str], Policy] = {}
        self._activities: list[Activity] = []

    def target(self, resource: ResourceId) -> Target:
        """The target. ObjectNotFoundException if the variant is not registered."""
        found = self._targets.get(resource)
        if found is None:
            raise ObjectNotFoundException(_no_target("registered", resource))
        return found

    def has_target(self, resource: ResourceId) -> bool:
        return resource in self._targets

    def targets(self, wanted: Sequence[str] = ()) -> list[Target]:
        with self._lock:
            return [target for target in self._targets.values() if not wanted or str(target.id) in wanted]

    def register(
        self,
        resource: ResourceId,
        now: datetime,
        minimum: int | None,
        maximum: int | None,
        suspended: dict[str, bool],
        tags: dict[str, str],
    ) -> Target:
        """Makes the target, or changes what is given of one that exists (its tags are left alone)."""
        with self._lock:
            target = self._targets.get(resource)
            low = target.minimum if minimum is None and target else minimum
            high = target.maximum if maximum is None and target else maximum
            if low is None or high is None:
                raise ValidationException("MinCapacity and MaxCapacity are required to register a new scalable target")
            if low < 0 or high < 0:
                raise ValidationException("Minimum and maximum capacity must be at least 0")
            if low > high:
                raise ValidationException("Maximum capacity cannot be less than minimum capacity")
            if target is None:
                arn = (
                    f"arn:aws:application-autoscaling:{self._region}:{self._account}:scalable-target/{uuid.uuid4().hex}"
                )
                role = (
                    f"arn:aws:iam::{self._account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com"
                    "/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
                )
                target = Target(resource, arn, role, now, low, high, dict.fromkeys(SUSPENSIONS, False), tags)
                self._targets[resource] = target
            target.minimum, target.maximum = low, high
            target.suspended |= suspended
            return target

    def deregister(self, resource: ResourceId) -> list[Policy]:
        """Takes the target and its policies away and returns the policies, whose alarms are left to the caller."""
        with self._lock:
            if self._targets.pop(resource, None) is None:
                raise ObjectNotFoundException(_no_target("found", resource))
            gone = [policy for policy in self._policies.values() if policy.target == resource]
            for policy in gone:
                del self._policies[(resource, policy.name)]
            return gone

    def put_policy(self, resource: ResourceId, name: str, kind: str, config: dict[str, Any], now: datetime) -> Policy:
        """Makes the policy or replaces its configuration; its ARN and its kind stay."""
        self.target(resource)
        with self._lock:
            policy = self._policies.get((resource, name))
            if policy is None:
                arn = (
                    f"arn:aws:autoscaling:{self._region}:{self._account}:scalingPolicy:{uuid.uuid4()}:"
                    f"resource/{NAMESPACE}/{resource}:policyName/{name}"
                )
                policy = Policy(name, resource, arn, kind, config, now)
                self._policies[(resource, name)] = policy
            elif policy.kind != kind:
                raise ValidationException(
                    f"The policy {name} is of type {policy.kind}; to change the type delete it and create it again"
                )
            policy.config = config
            return policy

    def policy(self, resource: ResourceId, name: str) -> Policy | None:
        return self._policies.get((resource, name))

    def policy_by_arn(self, arn: str) -> Policy | None:
        """The policy of an alarm action; None for an action that is no policy of ours (any more)."""
        with self._lock:
            return next((policy for policy in self._policies.values() if policy.arn == arn), None)

    def policies(self, resource: str | None = None, names: Sequence[str] = ()) -> list[Policy]:
        with self._lock:
            return [
                policy
                for policy in self._policies.values()
                if (resource is None or str(policy.target) == resource) and (not names or policy.name in names)
            ]

    def delete_policy(self, resource: ResourceId, name: str) -> Policy:
        """Takes the policy away and returns it. ObjectNotFoundException if there is none."""
        with self._lock:
            policy = self._policies.pop((resource, name), None)
        if policy is None:
            raise ObjectNotFoundException(
                f"No scaling policy found for service namespace: {NAMESPACE}, resource ID: {resource}, "
                f"scalable dimension: {DIMENSION}, policy name: {name}"
            )
        return policy

    def add_activity(self, activity: Activity) -> None:
        with self._lock:
            self._activities.append(activity)
            del self._activities[:-_KEPT_ACTIVITIES]

    def activities(self, resource: str | None = None) -> list[Activity]:
        """Newest first."""
        with self._lock:
            return [a for a in reversed(self._activities) if resource is None or str(a.target) == resource]


def _no_target(how: str, resource: ResourceId) -> str:
    return (
        f"No scalable target {how} for service namespace: {NAMESPACE}, resource ID: {resource}, "
        f"scalable dimension: {DIMENSION}"
    )
