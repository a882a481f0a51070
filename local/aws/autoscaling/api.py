"""Application Auto Scaling's operations for SageMaker variants, in the place of moto's: JSON in, JSON out."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from local.aws.autoscaling.endpoints import Endpoints
from local.aws.autoscaling.errors import ResourceNotFoundException, ValidationException
from local.aws.autoscaling.registry import (
    DIMENSION,
    NAMESPACE,
    SUSPENSIONS,
    Activity,
    Policy,
    Registry,
    ResourceId,
    Target,
)
from local.aws.autoscaling.scaler import Scaler
from local.aws.autoscaling.steps import check_steps
from local.aws.autoscaling.tracking import HIGH, LOW, alarm_request, check_tracking
from local.aws.clock import Clock
from local.aws.cloudwatch.alarms import Alarms

Params = Mapping[str, Any]
_KINDS = {
    "StepScaling": "StepScalingPolicyConfiguration",
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
}
_SAME = {"ServiceNamespace": NAMESPACE, "ScalableDimension": DIMENSION}


class AutoScaling(Protocol):
    """One region's Application Auto Scaling."""

    clock: Clock
    alarms: Alarms
    registry: Registry
    endpoints: Endpoints
    scaler: Scaler


def register_scalable_target(scaling: AutoScaling, params: Params) -> dict[str, Any]:
    resource = _resource(params)
    if scaling.endpoints.desired_instance_count(resource.endpoint, resource.variant) is None:
        raise ValidationException(f"SageMaker endpoint variant doesn't exist: {resource}")
    suspended = params.get("SuspendedState") or {}
    unknown = set(suspended) - set(SUSPENSIONS)
    if unknown:
        raise ValidationException(f"Unknown member of SuspendedState: {', '.join(sorted(unknown))}")
    tags = _tags(params.get("Tags") or {})
    now = scaling.clock.now()
    target = scaling.registry.register(
        resource, now, params.get("MinCapacity"), params.get("MaxCapacity"), dict(suspended), tags
    )
    scaling.scaler.clamp(target, now)
    return {"ScalableTargetARN": target.arn}


def describe_scalable_targets(scaling: AutoScaling, params: Params) -> dict[str, Any]:
    _namespace(params)
    shown = [_shown_target(target) for target in scaling.registry.targets(params.get("ResourceIds") or ())]
    return _page("ScalableTargets", shown, params, 50)


def deregister_scalable_target(scaling: AutoScaling, params: Params) -> dict[str, Any]:
    deregister(scaling, _resource(params))
    return {}


def deregister(scaling: AutoScaling, resource: ResourceId) -> None:
    """Takes the target, its policies and the alarms of its target tracking policies away."""
    for policy in scaling.registry.deregister(resource):
        scaling.alarms.delete([name for name, _ in policy.alarms.values()])


def put_scaling_policy(scaling: AutoScaling, params: Params) -> dict[str, Any]:
    resource = _resource(params)
    name = params.get("PolicyName") or ""
    if not 1 <= len(name) <= 256 or not name.isprintable():
        raise ValidationException(f"PolicyName must be 1 to 256 printable characters, not {name!r}")
    scaling.registry.target(resource)
    known = scaling.registry.policy(resource, name)
    kind = params.get("PolicyType") or (known.kind if known else None)
    if kind not in _KINDS:
        raise ValidationException(f"PolicyType must be one of {', '.join(_KINDS)}, not {kind!r}")
    config = params.get(_KINDS[kind])
    if config is None:
        raise ValidationException(f"{_KINDS[kind]} is required for a policy of type {kind}")
    (check_steps if kind == "StepScaling" else check_tracking)(config)
    now = scaling.clock.now()
    policy = scaling.registry.put_policy(resource, name, kind, dict(config), now)
    if kind == "TargetTrackingScaling":
        for which in (HIGH, LOW):
            # An update keeps the alarms, so their names are kept too.
            old = policy.alarms.get(which, ("",))[0]
            alarm_id = old[-36:] or str(uuid.uuid4())
            alarm = scaling.alarms.put(alarm_request(which, str(resource), alarm_id, config, policy.arn), now)
            policy.alarms[which] = (alarm.name, alarm.arn)
    return {"PolicyARN": policy.arn, "Alarms": _shown_alarms(scaling, policy)}


def describe_scaling_policies(scaling: AutoScaling, params: Params) -> dict[str, Any]:
    _namespace(params)
    found = scaling.registry.policies(params.get("ResourceId"), params.get("PolicyNames") or ())
    return _page("ScalingPolicies", [_shown_policy(scaling, policy) for policy in found], params, 10)


def delete_scaling_policy(scaling: AutoScaling, params: Params) -> dict[str, Any]:
    policy = scaling.registry.delete_policy(_resource(params), params.get("PolicyName") or "")
    scaling.alarms.delete([name for name, _ in policy.alarms.values()])
    return {}


def describe_scaling_activities(scaling: AutoScaling, params: Params) -> dict[str, Any]:
    _namespace(params)
    include = params.get("IncludeNotScaledActivities", False)
    found = scaling.registry.activities(params.get("ResourceId"))
    shown = [_shown_activity(activity) for activity in found if include or activity.not_scaled is None]
    return _page("ScalingActivities", shown, params, 50)


def list_tags_for_resource(scaling: AutoScaling, params: Params) -> dict[str, Any]:
    return {"Tags": dict(_tagged(scaling, params).tags)}


def tag_resource(scaling: AutoScaling, params: Params) -> dict[str, Any]:
    _tagged(scaling, params).tags.update(_tags(params.get("Tags") or {}))
    return {}


def untag_resource(scaling: AutoScaling, params: Params) -> dict[str, Any]:
    tags = _tagged(scaling, params).tags
    for key in params.get("TagKeys") or ():
        tags.pop(key, None)
    return {}


OPERATIONS: dict[str, Callable[[Any, Params], dict[str, Any]]] = {
    function.__name__: function
    for function in (
        register_scalable_target,
        describe_scalable_targets,
        deregister_scalable_target,
        put_scaling_policy,
        describe_scaling_policies,
        delete_scaling_policy,
        describe_scaling_activities,
        list_tags_for_resource,
        tag_resource,
        untag_resource,
    )
}


def _namespace(params: Params) -> None:
    if params.get("ServiceNamespace") != NAMESPACE or params.get("ScalableDimension") not in (None, DIMENSION):
        raise ValidationException(
            f"Unsupported service namespace, resource type or scalable dimension: the local AWS scales {DIMENSION} only"
        )


def _resource(params: Params) -> ResourceId:
    _namespace(params)
    if "ScalableDimension" not in params:
        raise ValidationException("ScalableDimension is required")
    return ResourceId.parse(params.get("ResourceId") or "")


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    if len(tags) > 50 or any(not key or len(key) > 128 or re.match("aws:", key, re.IGNORECASE) for key in tags):
        raise ValidationException("At most 50 tags, with keys of 1 to 128 characters that do not begin with aws:")
    return dict(tags)


def _tagged(scaling: AutoScaling, params: Params) -> Target:
    arn = params.get("ResourceARN")
    for target in scaling.registry.targets():
        if target.arn == arn:
            return target
    raise ResourceNotFoundException(f"The specified resource doesn't exist: {arn}")


def _page(member: str, items: Sequence[dict[str, Any]], params: Params, most: int) -> dict[str, Any]:
    size, token = params.get("MaxResults") or most, params.get("NextToken") or "0"
    if not 1 <= size <= most or not token.isdigit():
        raise ValidationException(f"MaxResults must be 1 to {most}, and NextToken one that was returned")
    end = int(token) + size
    return {member: items[int(token) : end]} | ({"NextToken": str(end)} if end < len(items) else {})


def _shown_target(target: Target) -> dict[str, Any]:
    return {
        **_SAME,
        "ResourceId": str(target.id),
        "MinCapacity": target.minimum,
        "MaxCapacity": target.maximum,
        "RoleARN": target.role_arn,
        "CreationTime": target.created_at.timestamp(),
        "SuspendedState": dict(target.suspended),
        "ScalableTargetARN": target.arn,
    }


def _shown_alarms(scaling: AutoScaling, policy: Policy) -> list[dict[str, str]]:
    """A target tracking policy's own alarms; for a step policy those that name it as an action."""
    if policy.kind == "TargetTrackingScaling":
        found = list(policy.alarms.values())
    else:
        found = [(alarm.name, alarm.arn) for alarm in scaling.alarms.find(action_prefix=policy.arn)]
    return [{"AlarmName": name, "AlarmARN": arn} for name, arn in found]


def _shown_policy(scaling: AutoScaling, policy: Policy) -> dict[str, Any]:
    return {
        **_SAME,
        "PolicyARN": policy.arn,
        "PolicyName": policy.name,
        "ResourceId": str(policy.target),
        "PolicyType": policy.kind,
        _KINDS[policy.kind]: policy.config,
        "Alarms": _shown_alarms(scaling, policy),
        "CreationTime": policy.created_at.timestamp(),
    }


def _shown_activity(activity: Activity) -> dict[str, Any]:
    shown = {
        **_SAME,
        "ActivityId": activity.id,
        "ResourceId": str(activity.target),
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": activity.started_at.timestamp(),
        "StatusCode": activity.status,
    }
    if activity.message:
        shown["StatusMessage"] = activity.message
    if activity.ended_at is not None:
        shown["EndTime"] = activity.ended_at.timestamp()
    if activity.not_scaled is not None:
        shown["NotScaledReasons"] = [activity.not_scaled]
    return shown
