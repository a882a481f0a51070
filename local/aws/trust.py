"""Whether a role's trust policy lets in a caller that shows a token of an OpenID Connect provider."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

ACTION = "sts:AssumeRoleWithWebIdentity"


def trusts(trust_policy: str, provider_arn: str, claims: Mapping[str, Any]) -> bool:
    """Whether a statement allows it. Conditions know StringEquals and StringLike; any other one is never met.

    Source: IAM user guide, "Available keys for AWS web identity federation": a claim is `<provider>:<claim>`.
    """
    provider = provider_arn.partition(":oidc-provider/")[2]
    keys = {f"{provider}:{name}".lower(): value for name, value in claims.items()}
    statements = _listed(json.loads(trust_policy).get("Statement", []))
    if any(_applies(statement, "Deny", provider_arn, keys) for statement in statements):
        return False
    return any(_applies(statement, "Allow", provider_arn, keys) for statement in statements)


def _applies(statement: Mapping[str, Any], effect: str, provider_arn: str, keys: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    federated = _listed(principal.get("Federated", [])) if isinstance(principal, dict) else []
    return (
        statement.get("Effect") == effect
        and provider_arn in federated
        and any(fnmatchcase(ACTION, action) for action in _listed(statement.get("Action", [])))
        and all(
            _is_met(operator, _listed(wanted), keys.get(key.lower()))
            for operator, conditions in statement.get("Condition", {}).items()
            for key, wanted in conditions.items()
        )
    )


def _is_met(operator: str, wanted: list[str], found: Any) -> bool:
    values = [str(value) for value in _listed(found)] if found is not None else []
    if operator == "StringEquals":
        return any(value in wanted for value in values)
    if operator == "StringLike":
        return any(fnmatchcase(value, pattern) for value in values for pattern in wanted)
    return False


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
