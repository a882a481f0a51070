"""infra/terraform/*.tf, read by its grammar."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import hcl2

from infra.tests.roles import Parameter, Role, Statement, Template

FOLDER = Path(__file__).parents[1] / "terraform"
CONDITION = re.compile(r"^(?:var\.\w+|.+ [!=]= \"\")$")


def local_values() -> dict[str, str]:
    """Expressions of the locals, by name."""
    (values,) = _blocks("locals")
    return {name: _text(value) for name, value in values.items() if not name.startswith("__")}


def load() -> Template:
    """The module."""
    documents = _labelled("data", "aws_iam_policy_document")
    policies = _labelled("resource", "aws_iam_role_policy")
    roles = _labelled("resource", "aws_iam_role")
    assert {*roles} == {*policies}
    providers = _labelled("resource", "aws_iam_openid_connect_provider")
    return Template(
        parameters={name: _parameter(variable) for name, variable in _labelled("variable").items()},
        conditions={name: value for name, value in local_values().items() if CONDITION.match(value)},
        roles={name: _role(name, role, policies[name], documents) for name, role in roles.items()},
        outputs={
            name: (_string(output["description"]), _text(output["value"]))
            for name, output in _labelled("output").items()
        },
        others={
            f"aws_iam_openid_connect_provider.{name}[0].arn": _provider(provider)
            for name, provider in providers.items()
        },
    )


def _parameter(source: dict[str, Any]) -> Parameter:
    name, pattern = None, None
    if "validation" in source:
        (validation,) = source["validation"]
        name, pattern = _regex(validation["condition"])
        assert json.loads(_text(validation["error_message"])) == f"{name} must match {pattern}"
    default = source.get("default")
    return Parameter(
        _text(source["type"]),
        _string(source["description"]),
        _string(default) if isinstance(default, str) else default,
        pattern,
    )


def _regex(condition: str) -> tuple[str, str]:
    found = re.fullmatch(r'can\(regex\((".*"), var\.(\w+)\)\)', _text(condition))
    assert found, condition
    return found[2], json.loads(found[1])


def _role(name: str, source: dict[str, Any], policy: dict[str, Any], documents: dict[str, dict[str, Any]]) -> Role:
    assert _text(source["assume_role_policy"]) == f"data.aws_iam_policy_document.{name}_trust.json"
    assert _text(policy["policy"]) == f"data.aws_iam_policy_document.{name}.json"
    assert _text(policy["role"]) == f"aws_iam_role.{name}.name"
    return Role(
        *(_text(source[attribute]) for attribute in ("name", "description", "path", "permissions_boundary")),
        trust=_statements(documents[f"{name}_trust"]),
        policy=_string(policy["name"]),
        statements=_statements(documents[name]),
    )


def _statements(document: dict[str, Any]) -> list[Statement]:
    fixed = [_statement(source) for source in document["statement"]]
    optional = [_optional(source["statement"]) for source in _unquoted(document.get("dynamic", []))]
    return fixed + optional


def _optional(source: dict[str, Any]) -> Statement:
    found = re.fullmatch(r"(local\.\w+) \? \[1\] : \[\]", _text(source["for_each"]))
    assert found, source["for_each"]
    (content,) = source["content"]
    return _statement(content)._replace(only_if=found[1])


def _statement(source: dict[str, Any]) -> Statement:
    resources = source.get("resources", [])
    known = {"sid", "actions", "resources", "principals", "condition", "__is_block__", "__comments__"}
    assert {*source} <= known, {*source} - known
    return Statement(
        sid=_string(source["sid"]) if "sid" in source else None,
        only_if=None,
        actions=tuple(_string(action) for action in source["actions"]),
        resources=(_text(resources),) if isinstance(resources, str) else tuple(_text(value) for value in resources),
        principals=tuple(
            (_string(principal["type"]), _text(value))
            for principal in source.get("principals", [])
            for value in principal["identifiers"]
        ),
        conditions=tuple(
            (_string(item["test"]), _string(item["variable"]), tuple(_text(value) for value in item["values"]))
            for item in source.get("condition", [])
        ),
    )


def _provider(source: dict[str, Any]) -> dict[str, Any]:
    found = re.fullmatch(r"(local\.\w+) \? 1 : 0", _text(source["count"]))
    assert found, source["count"]
    return {
        "only_if": found[1],
        "url": _string(source["url"]),
        "client_id_list": [_string(item) for item in source["client_id_list"]],
    }


def _blocks(kind: str) -> list[dict[str, Any]]:
    found = []
    for path in sorted(FOLDER.glob("*.tf")):
        with path.open() as file:
            found += hcl2.load(file).get(kind, [])
    return found


def _labelled(kind: str, label: str | None = None) -> dict[str, dict[str, Any]]:
    """The blocks of a kind by their name: `variable "name"`, `resource "label" "name"`."""
    blocks = _unquoted(_blocks(kind))
    if label is not None:
        blocks = _unquoted([block[label] for block in blocks if label in block])
    return {name: block for found in blocks for name, block in found.items()}


def _unquoted(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name.strip('"'): value for name, value in block.items() if not name.startswith("__")} for block in blocks]


def _text(value: str) -> str:
    """A value as it stands in the file: the parser puts a bare expression into ${}."""
    return value[2:-1] if value.startswith("${") else value


def _string(value: str) -> str:
    return value[1:-1]
