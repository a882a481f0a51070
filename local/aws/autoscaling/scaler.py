"""Carries scaling out: what the policies of firing alarms want, within limits and cooldowns, becomes a count."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.aws.autoscaling.endpoints import Busy, Endpoints, Refused
from local.aws.autoscaling.registry import Activity, Policy, Registry, ResourceId, Target
from local.aws.autoscaling.steps import adjusted, aggregate, step_for
from local.aws.autoscaling.tracking import LOW, wanted_capacity
from local.aws.cloudwatch.alarms import Invocation

logger = logging.getLogger(__name__)

# SageMaker's default, for step scaling and target tracking (user guide, "Define cooldown periods").
_COOLDOWN = 300


@dataclass(frozen=True)
class Proposal:
    """The capacity that one policy wants, before the target's limits; `cooldown` in seconds."""

    capacity: int
    cooldown: int
    policy: Policy
    alarm: str

    @property
    def cause(self) -> str:
        return f"monitor alarm {self.alarm} in state ALARM triggered policy {self.policy.name}"


class Scaler:
    """One scaling at a time. SageMaker is never called with the registry's lock held."""

    def __init__(self, registry: Registry, endpoints: Endpoints) -> None:
        self._registry = registry
        self._endpoints = endpoints
        self._one_at_a_time = threading.RLock()

    def act(self, invocations: Sequence[Invocation], now: datetime) -> None:
        """Runs the policies behind alarm actions; actions that are no policy of ours are passed over."""
        with self._one_at_a_time:
            by_target: dict[ResourceId, list[tuple[Policy, Invocation]]] = {}
            for invocation in invocations:
                policy = self._registry.policy_by_arn(invocation.action)
                if policy is not None and self._registry.has_target(policy.target):
                    by_target.setdefault(policy.target, []).append((policy, invocation))
            for resource, firing in by_target.items():
                current = self._endpoints.desired_instance_count(resource.endpoint, resource.variant)
                if current is not None:
                    self._scale(self._registry.target(resource), firing, current, now)

    def clamp(self, target: Target, now: datetime) -> None:
        """Brings the count within the target's limits, as RegisterScalableTarget does; later if it is refused now."""
        with self._one_at_a_time:
            current = self._endpoints.desired_instance_count(target.id.endpoint, target.id.variant)
            target.unclamped = False
            if current is None or target.clamp(current) == current:
                return
            limit = "minimum" if current < target.minimum else "maximum"
            try:
                self._set(target, target.clamp(current), f"{limit} capacity was set to {target.clamp(current)}", now)
            except Refused:
                target.unclamped = True

    def tick(self, now: datetime) -> None:
        """Follows up what was begun: counts still outside of their limits, and activities that are in progress."""
        with self._one_at_a_time:
            for target in self._registry.targets():
                if target.unclamped:
                    self.clamp(target, now)
            for activity in self._registry.activities():
                if activity.status == "InProgress":
                    self._follow(activity, now)

    def _scale(self, target: Target, firing: list[tuple[Policy, Invocation]], current: int, now: datetime) -> None:
        proposals = [
            proposal
            for policy, invocation in firing
            if (proposal := _proposal(target, policy, invocation, current, now)) is not None
        ]
        if not proposals:
            return
        # "precedence to the policy that provides the largest capacity for both scale out and scale in"
        best = max(proposals, key=lambda proposal: proposal.capacity)
        capacity = target.clamp(best.capacity)
        if capacity == current:
            self._not_scaled(target, best, _reason(target, best.capacity, current), now)
            return
        if target.suspended["DynamicScalingOutSuspended" if capacity > current else "DynamicScalingInSuspended"]:
            return
        try:
            self._set(target, capacity, best.cause, now)
        except Refused as error:
            self._refused(target, best, capacity, error, now)
            return
        until = now + timedelta(seconds=best.cooldown)
        if capacity > current:
            target.out_until, target.out_from, target.in_until = until, current, None
        else:
            target.in_until, target.out_until = until, None

    def _set(self, target: Target, capacity: int, cause: str, now: datetime) -> None:
        self._endpoints.set_desired_instance_count(target.id.endpoint, target.id.variant, capacity)
        for activity in self._registry.activities(str(target.id)):
            if activity.status == "InProgress":
                activity.status, activity.ended_at = "Overridden", now
        message = (
            f"Successfully set desired instance count to {capacity}. Waiting for change to be fulfilled by sagemaker."
        )
        self._registry.add_activity(_activity(target, cause, now, "InProgress", message, capacity))

    def _follow(self, activity: Activity, now: datetime) -> None:
        place = (activity.target.endpoint, activity.target.variant)
        done = _done(activity.capacity)
        if self._endpoints.current_instance_count(*place) == activity.capacity:
            activity.status, activity.message = "Successful", f"{done} Change successfully fulfilled by sagemaker."
        elif (reason := self._endpoints.failure_reason(*place)) is not None:
            activity.status, activity.message = "Unfulfilled", f"{done} Change was not fulfilled by sagemaker: {reason}"
        elif self._endpoints.desired_instance_count(*place) != activity.capacity:
            activity.status = "Overridden"
        if activity.status != "InProgress":
            activity.ended_at = now

    def _not_scaled(self, target: Target, proposal: Proposal, reason: dict[str, Any], now: datetime) -> None:
        description = "Attempting to scale due to alarm triggered"
        last = next(iter(self._registry.activities(str(target.id))), None)
        if last is not None and last.not_scaled == reason and last.cause == proposal.cause:
            last.ended_at = now  # the alarm fires every minute; once told is enough
            return
        activity = _activity(target, proposal.cause, now, "Failed", "", proposal.capacity)
        activity.description, activity.not_scaled, activity.ended_at = description, reason, now
        self._registry.add_activity(activity)

    def _refused(self, target: Target, proposal: Proposal, capacity: int, error: Refused, now: datetime) -> None:
        """SageMaker refused the change. The alarm fires again next period, so the change is tried again."""
        message = f"Failed to set desired instance count to {capacity}. Reason: {error}"
        last = next(iter(self._registry.activities(str(target.id))), None)
        if last is not None and last.status == "InProgress" and isinstance(error, Busy):
            return  # busy with what we asked for ourselves
        if last is not None and last.message == message and last.cause == proposal.cause:
            last.ended_at = now
            return
        activity = _activity(target, proposal.cause, now, "Failed", message, capacity)
        activity.ended_at = now
        self._registry.add_activity(activity)


def _proposal(target: Target, policy: Policy, fired: Invocation, current: int, now: datetime) -> Proposal | None:
    """What the policy wants, or None when no step fits, scaling in is disabled or a cooldown holds it back."""
    config = policy.config
    if policy.kind == "StepScaling":
        rule = fired.condition.rule
        difference = aggregate(config, fired.values, rule.threshold) - rule.threshold
        step = step_for(config, difference, above=rule.comparison.startswith("Greater"))
        if step is None:
            # CloudWatch tells it in the alarm's history only; a wrong interval bound looks just like this.
            logger.warning(
                "policy %s: No step adjustment found for metric value %s and breach delta %s",
                policy.name,
                list(fired.values),
                difference,
            )
            return None
        cooldown = config.get("Cooldown", _COOLDOWN)

        def wanted(capacity: int) -> int:
            return adjusted(config, step["ScalingAdjustment"], capacity)
    else:
        low = fired.alarm == policy.alarms[LOW][0]
        if not fired.values or (low and config.get("DisableScaleIn", False)):
            return None
        cooldown = config.get("ScaleInCooldown" if low else "ScaleOutCooldown", _COOLDOWN)

        def wanted(capacity: int) -> int:
            tracked = wanted_capacity(config["TargetValue"], fired.values[-1], capacity)
            return min(tracked, current) if low else max(tracked, current)

    capacity = _after_cooldowns(target, wanted, current, now)
    return None if capacity is None else Proposal(capacity, cooldown, policy, fired.alarm)


def _after_cooldowns(target: Target, wanted: Callable[[int], int], current: int, now: datetime) -> int | None:
    """The capacity wanted now, or None while a cooldown holds it back (user guide, "Define cooldown periods").

    Scaling in waits for the end of the last scaling in's. During a scaling out's, what that one added counts towards
    the next, so only a larger one goes through.
    """
    capacity = wanted(current)
    if capacity < current and target.in_until is not None and now < target.in_until:
        return None
    if capacity > current and target.out_until is not None and now < target.out_until:
        capacity = wanted(target.out_from)
        return capacity if capacity > current else None
    return capacity


def _reason(target: Target, wanted: int, current: int) -> dict[str, Any]:
    if wanted > target.maximum:
        return {"Code": "AlreadyAtMaxCapacity", "MaxCapacity": target.maximum}
    if wanted < target.minimum:
        return {"Code": "AlreadyAtMinCapacity", "MinCapacity": target.minimum}
    return {"Code": "AlreadyAtDesiredCapacity", "CurrentCapacity": current}


def _done(capacity: int) -> str:
    return f"Successfully set desired instance count to {capacity}."


def _activity(target: Target, cause: str, now: datetime, status: str, message: str, capacity: int) -> Activity:
    description = f"Setting desired instance count to {capacity}."
    return Activity(str(uuid.uuid4()), target.id, description, cause, now, status, message, capacity)
