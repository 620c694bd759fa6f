"""The parts of a query, as `search_language` reads them, and their places in the text; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUOTE = '"'


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Where a part stands in the typed text: `start, end`, half open."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Words:
    """A word or a phrase. `is_last`: nothing follows it, so it may be the beginning of a word."""

    text: str
    span: TextSpan
    is_quoted: bool = False
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class OperatorField:
    """An operator with its value, `name:value`; the name is one of those that were asked for."""

    name: str
    value: str
    span: TextSpan


@dataclass(frozen=True, slots=True)
class Not:
    """What must not match."""

    node: Node
    span: TextSpan


@dataclass(frozen=True, slots=True)
class And:
    """What must all match."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Of which one must match."""

    nodes: tuple[Node, ...]
    span: TextSpan


Node: TypeAlias = "Words | OperatorField | Not | And | Or"


class ParsedQuery(NamedTuple):
    """What was typed: `root` is None for a text without words. `unknown` are fields that are not.

    `parts` are the conditions that must all match, in their order: what a page shows as chips.
    """

    text: str
    root: Node | None
    parts: tuple[Node, ...]
    unknown: tuple[str, ...]

    def text_of(self, part: Node) -> str:
        """Return a part as it was typed."""
        span = span_of(part)
        return self.text[span.start : span.end]

    def without(self, part: Node) -> str:
        """Return the text without one of its parts."""
        span = span_of(part)
        return " ".join((self.text[: span.start] + " " + self.text[span.end :]).split())


def quoted(value: str) -> str:
    """Return a value as it is written in a query, in quotes where it needs them."""
    if value and not re.search(r'[\s()"]', value):
        return value
    return f'"{value.replace(_QUOTE, 2 * _QUOTE)}"'


def leaves(node: Node) -> Iterator[Words | OperatorField]:
    """Yield the words and fields of a query."""
    if isinstance(node, (Words, OperatorField)):
        yield node
    elif isinstance(node, Not):
        yield from leaves(node.node)
    else:
        for inner in node.nodes:
            yield from leaves(inner)


def positive_words(node: Node | None) -> Iterator[Words]:
    """Yield the words that a match may contain, those that are left out not."""
    if isinstance(node, Words):
        yield node
    elif isinstance(node, (And, Or)):
        for inner in node.nodes:
            yield from positive_words(inner)


def span_of(part: Node) -> TextSpan:
    """Return where a part stands in the typed text."""
    if isinstance(part, And):
        return TextSpan(span_of(part.nodes[0]).start, span_of(part.nodes[-1]).end)
    return part.span
