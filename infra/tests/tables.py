"""The tables of docs/rights.md, of what the templates say. `python -m infra.tests.tables` writes them there."""

from __future__ import annotations

import re
from pathlib import Path

from infra.tests import cloudformation, terraform
from infra.tests.roles import Role, Statement, Template

DOCUMENT = Path(__file__).parents[2] / "docs" / "rights.md"
# When an optional statement is there, in words.
WHEN = {
    "local.own_bucket": "the bucket is the action's own",
    "local.own_repository": "the repository is in this account",
    "local.has_model_bucket": "`model` is an `s3://` prefix",
    "local.has_audio_bucket": "`files` has `s3://` globs",
    "local.has_publish_bucket": "there is a `publish-uri`",
    "local.has_base_image": "`base-image` is in ECR",
    "local.has_key": "there is a KMS key",
    "local.has_topics": "there are topics",
    "local.runs_in_vpc": "the endpoint is in a VPC",
}
# Parameters that are ARNs.
GIVEN = {
    "var.kms_key_arn": "the key",
    "var.topic_arns": "the topics",
    "var.base_image_repository_arn": "that repository",
    "aws_iam_role.execution.arn": "the execution role",
}


def table(role: Role) -> str:
    """A role's statements as a table in Markdown."""
    rows = [_row(statement) for statement in role.statements]
    return "\n".join(["| actions | on | if |", "| --- | --- | --- |", *rows])


def with_tables(text: str, template: Template) -> str:
    """A document with the tables between its marks."""
    for name, role in template.roles.items():
        begin, end = f"<!-- rights: {name} -->", "<!-- /rights -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        assert found, f"{begin} … {end} is missing"
        text = f"{before}{begin}\n{table(role)}\n{end}{after}"
    return text


def template() -> Template:
    """What the tables tell; the tests hold Terraform's to be the same."""
    return cloudformation.load({value: f"local.{name}" for name, value in terraform.local_values().items()})


def _row(statement: Statement) -> str:
    resources = "<br>".join(_resource(resource) for resource in statement.resources)
    when = [WHEN[statement.only_if]] if statement.only_if else []
    when += [f"`{key}` is {' or '.join(_text(value) for value in values)}" for _, key, values in statement.conditions]
    return f"| {_actions(statement.actions)} | {resources} | {'; '.join(when)} |"


def _actions(actions: tuple[str, ...]) -> str:
    """`service:First`, `Second`, …: the service is told once."""
    told, last = [], ""
    for action in actions:
        service, _, name = action.partition(":")
        told.append(f"`{name}`" if service == last else f"`{action}`")
        last = service
    return ", ".join(told)


def _resource(expression: str) -> str:
    if expression in GIVEN:
        return GIVEN[expression]
    return _text(re.sub(r"^\"arn:[^:]*:[^:]*:[^:]*:[^:]*:", '"', expression))


def _text(expression: str) -> str:
    return "`" + re.sub(r"\$?\{?(?:var|local)\.(\w+)\}?", r"<\1>", expression.strip('"')) + "`"


def main() -> None:
    """Writes the tables into the document."""
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text(), template()))


if __name__ == "__main__":
    main()
