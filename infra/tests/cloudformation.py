"""infra/cloudformation.yaml in the words of Terraform, so that the two can be compared as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cfnlint.decode

from infra.tests.roles import Parameter, Role, Statement, Template

PATH = Path(__file__).parents[1] / "cloudformation.yaml"
PSEUDO = {"AWS::Partition": "local.partition", "AWS::Region": "local.region", "AWS::AccountId": "local.account"}
# What Terraform calls a resource's ARN.
ARNS = {"OidcProvider": "aws_iam_openid_connect_provider.github[0].arn"}
NO_VALUE = {"Ref": "AWS::NoValue"}


def load(names: Mapping[str, str]) -> Template:
    """The template. `names`: Terraform's locals by their expression; one that is written out here gets its name."""
    source, problems = cfnlint.decode.decode(str(PATH))
    assert not problems, problems
    resources = source["Resources"]
    roles = {name: resource for name, resource in resources.items() if resource["Type"] == "AWS::IAM::Role"}
    return Template(
        parameters={snake(name): _parameter(parameter) for name, parameter in source["Parameters"].items()},
        conditions={snake(name): _condition(condition) for name, condition in source["Conditions"].items()},
        roles={_short(name): _role(resource["Properties"], names) for name, resource in roles.items()},
        outputs={
            snake(name): (output["Description"], expression(output["Value"], names))
            for name, output in source["Outputs"].items()
        },
        others={
            expression({"Ref": name}, names): _other(resource)
            for name, resource in resources.items()
            if name not in roles
        },
    )


def snake(name: str) -> str:
    """GitHubOwnerId -> github_owner_id"""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.replace("GitHub", "Github")).lower()


def _short(role: str) -> str:
    return role.removesuffix("Role").lower()


def _parameter(source: Mapping[str, Any]) -> Parameter:
    kinds = {"String": "string", "CommaDelimitedList": "list(string)"}
    kind, default = kinds[source["Type"]], source.get("Default")
    if source.get("AllowedValues") == ["true", "false"]:
        kind, default = "bool", default == "true"
    if kind == "list(string)" and default == "":
        default = []
    return Parameter(kind, source["Description"], default, source.get("AllowedPattern"))


def _condition(source: Mapping[str, Any]) -> str:
    if "Fn::Not" in source:
        return _condition(source["Fn::Not"][0]).replace(" == ", " != ")
    value, other = source["Fn::Equals"]
    if other == "true":
        return expression(value, {})
    if "Fn::Join" in value:
        separator, items = value["Fn::Join"]
        return f'join("{separator}", {expression(items, {})}) == "{other}"'
    return f'{expression(value, {})} == "{other}"'


def _role(source: Mapping[str, Any], names: Mapping[str, str]) -> Role:
    (policy,) = source["Policies"]
    properties = ("RoleName", "Description", "Path", "PermissionsBoundary")
    assert {*source} == {*properties, "AssumeRolePolicyDocument", "Policies"}
    statements = policy["PolicyDocument"]["Statement"]
    return Role(
        *(expression(source[name], names) for name in properties),
        trust=[_statement(item, names) for item in source["AssumeRolePolicyDocument"]["Statement"]],
        policy=policy["PolicyName"],
        statements=[_statement(item, names) for item in statements],
    )


def _statement(source: Mapping[str, Any], names: Mapping[str, str]) -> Statement:
    if "Fn::If" in source:
        condition, statement, otherwise = source["Fn::If"]
        assert otherwise == NO_VALUE
        return _statement(statement, names)._replace(only_if=f"local.{snake(condition)}")
    assert source["Effect"] == "Allow"
    principals = [(kind, expression(value, names)) for kind, value in source.get("Principal", {}).items()]
    conditions = [
        (test, key, tuple(expression(value, names) for value in _listed(values)))
        for test, keys in source.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return Statement(
        sid=source.get("Sid"),
        only_if=None,
        actions=tuple(_listed(source["Action"])),
        resources=tuple(expression(value, names) for value in _listed(source.get("Resource", []))),
        principals=tuple(principals),
        conditions=tuple(conditions),
    )


def _other(source: Mapping[str, Any]) -> dict[str, Any]:
    values = {re.sub(r"[A-Z]", lambda m: m[0].lower(), name, count=1): v for name, v in source["Properties"].items()}
    return {"only_if": f"local.{snake(source['Condition'])}", **{snake(name): value for name, value in values.items()}}


def expression(source: Any, names: Mapping[str, str]) -> str:
    """A value as Terraform writes it: `var.bucket`, `"text ${var.bucket}"`, `local.own_bucket ? … : …`."""
    if isinstance(source, str):
        return f'"{source}"'
    ((function, value),) = source.items()
    if source == NO_VALUE:
        return "null"
    if function == "Ref":
        return PSEUDO.get(value) or ARNS.get(value) or f"var.{snake(value)}"
    if function == "Fn::GetAtt":
        name, attribute = value
        assert attribute == "Arn"
        return f"aws_iam_role.{_short(name)}.arn"
    if function == "Fn::If":
        condition, then, otherwise = value
        text = f"local.{snake(condition)} ? {expression(then, names)} : {expression(otherwise, names)}"
        return names.get(text, text)
    assert function == "Fn::Sub", function
    template, given = (value, {}) if isinstance(value, str) else value
    own = {name: expression(item, names) for name, item in given.items()}

    def filled(found: re.Match[str]) -> str:
        return "${" + (own.get(found[1]) or expression({"Ref": found[1]}, names)) + "}"

    return '"' + re.sub(r"\$\{([\w:]+)\}", filled, template) + '"'


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
