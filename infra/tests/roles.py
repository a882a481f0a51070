"""What both templates are read into. Every value is an expression of Terraform's, as text."""

from __future__ import annotations

from typing import Any, NamedTuple


class Parameter(NamedTuple):
    """`default` None: it must be given."""

    kind: str
    description: str
    default: Any
    pattern: str | None


class Statement(NamedTuple):
    """`only_if`: the condition under which it is there at all. `conditions`: operator, key, values."""

    sid: str | None
    only_if: str | None
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]


class Role(NamedTuple):
    name: str
    description: str
    path: str
    boundary: str
    trust: list[Statement]
    policy: str
    statements: list[Statement]


class Template(NamedTuple):
    """`others`: resources that are no roles, by the expression of their ARN."""

    parameters: dict[str, Parameter]
    conditions: dict[str, str]
    roles: dict[str, Role]
    outputs: dict[str, tuple[str, str]]
    others: dict[str, dict[str, Any]]
