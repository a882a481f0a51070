"""Whether a service may assume a role, from the role's trust policy."""

from __future__ import annotations

import json


def assumable(trust_policy: str, principal: str) -> bool:
    """Whether a statement allows sts:AssumeRole to the service `principal`. Conditions are not looked at."""
    try:
        statements = json.loads(trust_policy).get("Statement", [])
    except ValueError:
        return False
    for statement in [statements] if isinstance(statements, dict) else statements:
        services = statement.get("Principal", {})
        services = services.get("Service", []) if isinstance(services, dict) else services
        actions = statement.get("Action", [])
        if (
            statement.get("Effect") == "Allow"
            and principal in _listed(services)
            and {"sts:AssumeRole", "sts:*", "*"} & set(_listed(actions))
        ):
            return True
    return False


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
