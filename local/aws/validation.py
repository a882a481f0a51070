"""Refuses what AWS refuses before any service looks at it: the request's shape against botocore's service model."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.aws.errors import AwsError
from local.aws.operations import service_model

_NUMBERS = ("integer", "long", "float", "double")
_PYTHON_TYPES = {
    "string": str,
    "character": str,
    "blob": (str, bytes),
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "list": list,
    "map": dict,
    "structure": dict,
}


def check(service: str, operation: str, params: Mapping[str, Any], code: str = "ValidationException") -> None:
    """Raises `code` with AWS's text for each member of `params` that the operation's input shape does not allow.

    `service` is botocore's name. Members that the model does not know are ignored, as AWS does.
    """
    shape = service_model(service).operation_model(operation).input_shape
    found = list(_faults(shape, params, "")) if shape is not None else []
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
        raise AwsError(code, f"{count}: {'; '.join(found)}")


def _faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    expected = _PYTHON_TYPES[shape.type_name]
    if not isinstance(value, expected) or (isinstance(value, bool) and shape.type_name != "boolean"):
        raise AwsError("SerializationException", f"'{path}' is of the wrong type: {shape.type_name} expected")
    if isinstance(shape, StructureShape):
        yield from _structure_faults(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _limit_faults(shape, value, path)
        for number, item in enumerate(value, 1):
            yield from _faults(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        yield from _limit_faults(shape, value, path)
        for key, item in value.items():
            yield from _faults(shape.key, key, f"{path}.key")
            yield from _faults(shape.value, item, f"{path}.{key}.member")
    else:
        yield from _limit_faults(shape, value, path)


def _structure_faults(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        where = f"{path}.{name[0].lower()}{name[1:]}".lstrip(".")
        if value.get(name) is None:
            if name in shape.required_members:
                yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
        else:
            yield from _faults(member, value[name], where)


def _limit_faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    def fault(constraint: str) -> str:
        return f"Value '{value}' at '{path}' failed to satisfy constraint: Member must {constraint}"

    limits = shape.metadata
    if shape.type_name in _NUMBERS:
        if "min" in limits and value < limits["min"]:
            yield fault(f"have value greater than or equal to {limits['min']}")
        if "max" in limits and value > limits["max"]:
            yield fault(f"have value less than or equal to {limits['max']}")
        return
    if shape.type_name in ("string", "list", "map", "blob"):
        if "min" in limits and len(value) < limits["min"]:
            yield fault(f"have length greater than or equal to {limits['min']}")
        if "max" in limits and len(value) > limits["max"]:
            yield fault(f"have length less than or equal to {limits['max']}")
    if shape.type_name != "string":
        return
    if shape.enum and value not in shape.enum:
        yield fault(f"satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = limits.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield fault(f"satisfy regular expression pattern: {pattern}")


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A botocore pattern, which is Java's, as a Python one: the classes and escapes that differ are rewritten."""
    for java, python in (
        (r"\p{ASCII}", r"[\x00-\x7f]"),
        (r"[\p{Print}]", r"[\x20-\x7e]"),
        (r"\p{Print}", r"[\x20-\x7e]"),
        (r"\p{L}\p{Z}\p{N}", r"\w\s"),
        (r"\z", r"\Z"),
        (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"),
    ):
        pattern = pattern.replace(java, python)
    return re.compile(pattern)
