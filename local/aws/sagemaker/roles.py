"""What SageMaker may do as an execution role: whether it may assume it, and what the role's policies allow."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.models import iam_backends

EXECUTION_ROLE = "whisper-sagemaker-execution"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def make_execution_role(account: str) -> str:
    """A role for endpoints that is there from the start; its ARN. The policies of a real one are in docs/rights.md."""
    role = iam_backends[account]["aws"].create_role(
        role_name=EXECUTION_ROLE,
        assume_role_policy_document=json.dumps(TRUST),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
    return str(role.arn)


def find(account: str, arn: str) -> Any | None:
    """The role of that ARN; None if there is none."""
    return next((role for role in iam_backends[account]["aws"].get_roles() if role.arn == arn), None)


def assumable(trust_policy: str, principal: str) -> bool:
    """Whether a statement allows sts:AssumeRole to the service `principal`. Conditions are not looked at."""
    for statement in _statements(trust_policy):
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


def allows(account: str, arn: str, action: str, resource: str) -> bool:
    """Whether the role's identity policies allow the action on the resource's ARN (IAM's policy evaluation logic).

    Inline and managed policies count, a Deny wins, the permissions boundary and conditions are not looked at. A role
    without any policy may do everything: that is how `script/aws up` and most tests make theirs.
    """
    role = find(account, arn)
    if role is None:
        return False
    documents = [*role.policies.values(), *(_document(policy) for policy in role.managed_policies.values())]
    if not documents:
        return True
    effects = {
        statement.get("Effect")
        for document in documents
        for statement in _statements(document)
        if _matches(statement, "Action", action.lower(), lower=True) and _matches(statement, "Resource", resource)
    }
    return "Allow" in effects and "Deny" not in effects


def _document(policy: Any) -> str:
    """A managed policy's default version."""
    return next(version.document for version in policy.versions if version.is_default)


def s3_arn(uri: str) -> str:
    """The ARN that policies name for an s3:// URI."""
    return f"arn:aws:s3:::{uri.removeprefix('s3://')}"


def _matches(statement: dict[str, Any], element: str, value: str, *, lower: bool = False) -> bool:
    """Whether a statement's Action or Resource (or its Not form) names the value; * and ? stand for anything."""
    for name, wanted in ((element, True), (f"Not{element}", False)):
        if name in statement:
            patterns = [pattern.lower() if lower else pattern for pattern in _listed(statement[name])]
            # [ is an ordinary character in a policy.
            return wanted == any(fnmatchcase(value, pattern.replace("[", "[[]")) for pattern in patterns)
    return False


def _statements(document: str | dict[str, Any]) -> list[dict[str, Any]]:
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return []
    statements = parsed.get("Statement", [])
    return [statements] if isinstance(statements, dict) else statements


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
