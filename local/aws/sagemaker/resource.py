"""A model or an endpoint configuration, and what can be read off its Create request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.aws.errors import validation_error


@dataclass(frozen=True)
class Resource:
    """A model or an endpoint configuration: immutable, `spec` is its Create request."""

    name: str
    arn: str
    spec: dict[str, Any]
    created: datetime


def only_container(spec: dict[str, Any]) -> dict[str, Any]:
    """The model's one container. Inference pipelines of several containers are not simulated."""
    primary, several = spec.get("PrimaryContainer"), spec.get("Containers")
    if primary is not None and several:
        raise validation_error("Both PrimaryContainer and Containers are given; only one of them is allowed.")
    if primary is not None:
        return primary
    if not several:
        raise validation_error("PrimaryContainer or Containers is required.")
    if len(several) > 1:
        raise validation_error("The local AWS runs models of one container only.")
    return several[0]


def instance_types(variant: dict[str, Any]) -> list[str]:
    """The variant's instance types, the one to try first in front (InstancePools by Priority)."""
    if "InstanceType" in variant:
        return [variant["InstanceType"]]
    return [pool["InstanceType"] for pool in sorted(variant["InstancePools"], key=lambda pool: pool["Priority"])]
