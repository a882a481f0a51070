"""The two templates grant the same, are well-formed, and fit what AWS's service authorization reference says."""

from __future__ import annotations

from collections import Counter

import cfnlint.api
import pytest
from cfnlint.config import ManualArgs

from infra.tests import cloudformation, tables, terraform
from infra.tests.roles import Role, Statement, Template

NAMES = {value: f"local.{name}" for name, value in terraform.local_values().items()}
CLOUDFORMATION = cloudformation.load(NAMES)
TERRAFORM = terraform.load()
ROLES = ("deploy", "plan", "transcribe", "execution")


def by_sid(statements: list[Statement]) -> dict[str | None, Statement]:
    assert max(Counter(statement.sid for statement in statements).values()) == 1
    return {statement.sid: statement for statement in statements}


def test_cfn_lint_finds_nothing() -> None:
    config = ManualArgs(include_checks=["W", "I"])
    assert [str(match) for match in cfnlint.api.lint_file(cloudformation.PATH, config=config)] == []


def test_both_take_the_same_parameters() -> None:
    assert CLOUDFORMATION.parameters == TERRAFORM.parameters


def test_both_ask_the_same_of_them() -> None:
    assert CLOUDFORMATION.conditions == TERRAFORM.conditions


def test_both_make_the_same_roles() -> None:
    def bare(template: Template) -> dict[str, Role]:
        return {name: role._replace(trust=[], statements=[]) for name, role in template.roles.items()}

    assert {*CLOUDFORMATION.roles} == {*ROLES}
    assert bare(CLOUDFORMATION) == bare(TERRAFORM)
    assert CLOUDFORMATION.outputs == TERRAFORM.outputs
    assert CLOUDFORMATION.others == TERRAFORM.others


@pytest.mark.parametrize("role", ROLES)
def test_both_let_the_same_assume_a_role(role: str) -> None:
    assert CLOUDFORMATION.roles[role].trust == TERRAFORM.roles[role].trust


@pytest.mark.parametrize("role", ROLES)
def test_both_grant_a_role_the_same(role: str) -> None:
    ours, theirs = (by_sid(template.roles[role].statements) for template in (CLOUDFORMATION, TERRAFORM))
    assert ours == theirs


def test_the_documents_tables_are_what_is_granted() -> None:
    text = tables.DOCUMENT.read_text()
    assert text == tables.with_tables(text, CLOUDFORMATION), "run: python -m infra.tests.tables"
