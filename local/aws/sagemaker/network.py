"""A model's VpcConfig: whether what it names could exist, and whether it does."""

from __future__ import annotations

import re
from typing import Any

from local.aws.errors import validation_error

_IDS = {
    "subnet": re.compile(r"subnet-[0-9a-f]{8}(?:[0-9a-f]{9})?"),
    "security group": re.compile(r"sg-[0-9a-f]{8}(?:[0-9a-f]{9})?"),
}


def check_vpc(config: dict[str, Any], account: str, region: str) -> None:
    """Raises ValidationException unless all subnets and security groups exist and lie in one VPC."""
    named = [("subnet", id) for id in config["Subnets"]]
    named += [("security group", id) for id in config["SecurityGroupIds"]]
    for kind, id in named:
        if _IDS[kind].fullmatch(id) is None:
            raise validation_error(f"Invalid VpcConfig: {id!r} is not the ID of a {kind}.")
    known = network(account, region)
    vpcs = set()
    for kind, id in named:
        if id not in known[kind]:
            raise validation_error(f"The {kind} ID '{id}' does not exist")
        vpcs.add(known[kind][id])
    if len(vpcs) > 1:
        raise validation_error("The subnets and security groups of a VpcConfig must belong to one VPC.")


def network(account: str, region: str) -> dict[str, dict[str, str]]:
    """The VPC of each 'subnet' and 'security group', by ID. There is a default VPC from the beginning."""
    # EC2 takes seconds to load, and hardly any model has a VpcConfig.
    from moto.ec2.models import ec2_backends

    backend = ec2_backends[account][region]
    groups = {group.id: group.vpc_id for group in backend.describe_security_groups()}
    return {"subnet": {s.id: s.vpc_id for s in backend.describe_subnets()}, "security group": groups}
