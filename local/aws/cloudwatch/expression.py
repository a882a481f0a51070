"""The grammar of CloudWatch's metric math: text to a tree. What the tree means is in `functions`.

Source: CloudWatch user guide, "Using math expressions with CloudWatch metrics".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


class ExpressionError(ValueError):
    """The expression is not metric math, or names something that does not exist."""


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Text:
    value: str


@dataclass(frozen=True)
class Reference:
    """The Id of another query of the same request."""

    id: str


@dataclass(frozen=True)
class Keyword:
    """A bare upper-case word, such as REPEAT in FILL(m1, REPEAT)."""

    name: str


@dataclass(frozen=True)
class Call:
    """A function, or an operator under its own sign."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Array:
    items: tuple[Node, ...]


Node = Number | Text | Reference | Keyword | Call | Array

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
      | (?P<id>[a-z][A-Za-z0-9_]*)
      | (?P<word>[A-Z][A-Z0-9_]*)
      | "(?P<double>[^"]*)" | '(?P<single>[^']*)'
      | (?P<sign><=|>=|==|!=|&&|\|\||[-+*/^<>()\[\],])
    )""",
    re.VERBOSE,
)

# Loosest first. AND and OR have signs of their own that mean the same.
_LEVELS = (("OR",), ("AND",), ("==", "!=", "<", "<=", ">", ">="), ("+", "-"), ("*", "/"), ("^",))
_SAME = {"||": "OR", "&&": "AND"}
_OPERATORS = frozenset(sign for level in _LEVELS for sign in level)
# Far above any real expression; they keep a hostile one from exhausting the stack.
_DEEPEST = 20
_LONGEST = 100


def parse(expression: str) -> Node:
    """The tree of `expression`. ExpressionError if it is malformed."""
    parser = _Parser(_tokens(expression))
    node = parser.binary(0)
    if parser.peek() is not None:
        raise ExpressionError(f"unexpected {parser.peek()[1]!r}")
    return node


def references(node: Node) -> set[str]:
    """The Ids that the tree uses."""
    if isinstance(node, Reference):
        return {node.id}
    children = node.arguments if isinstance(node, Call) else node.items if isinstance(node, Array) else ()
    return set().union(*(references(child) for child in children))


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    text = expression.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"unexpected {text[position:].lstrip()[:1]!r}")
        kind = match.lastgroup or ""
        value = match.group(kind)
        if kind in ("double", "single"):
            kind = "text"
        value = _SAME.get(value, value) if kind == "sign" else value
        tokens.append(("sign" if value in _OPERATORS and kind != "text" else kind, value))
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent; binary operators by precedence."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    def peek(self) -> tuple[str, str] | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        node = self.binary(level + 1)
        chain = 0
        while (token := self.peek()) and token[0] == "sign" and token[1] in _LEVELS[level]:
            self._position += 1
            node = Call(token[1], (node, self.binary(level + 1)))
            chain += 1
            if chain > _LONGEST:
                raise ExpressionError("the expression is too long")
        return node

    def _unary(self) -> Node:
        if self._accept("-"):
            return Call("*", (Number(-1.0), self._deeper(self._unary)))
        return self._primary()

    def _primary(self) -> Node:
        token = self.peek()
        if token is None:
            raise ExpressionError("the expression ends too early")
        self._position += 1
        kind, value = token
        if kind == "number":
            return Number(float(value))
        if kind == "text":
            return Text(value)
        if kind == "id":
            return Reference(value)
        if kind == "word":
            return Call(value, self._list(")")) if self._accept("(") else Keyword(value)
        if value == "(":
            node = self._nested()
            self._expect(")")
            return node
        if value == "[":
            return Array(self._list("]"))
        raise ExpressionError(f"unexpected {value!r}")

    def _list(self, end: str) -> tuple[Node, ...]:
        if self._accept(end):
            return ()
        items = [self._nested()]
        while self._accept(","):
            items.append(self._nested())
        self._expect(end)
        return tuple(items)

    def _nested(self) -> Node:
        return self._deeper(lambda: self.binary(0))

    def _deeper(self, step: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError("the expression is nested too deeply")
        node = step()
        self._depth -= 1
        return node

    def _accept(self, sign: str) -> bool:
        token = self.peek()
        if token is not None and token == ("sign", sign):
            self._position += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            found = self.peek()
            raise ExpressionError(f"expected {sign!r}, found {found[1]!r}" if found else f"missing {sign!r}")
