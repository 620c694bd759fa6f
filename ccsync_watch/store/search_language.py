"""Read what somebody typed into a search: words, phrases, operators, what is left out; pure.

    "a phrase"  -left-out  one OR another  (a group)  project:name  since:7d

Whatever else is typed is words. Code and paths are searched for more often than anything: `main()`,
`std::vector`, `https://host/path` and `--force` need no quotes.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from ccsync_watch.errors import QueryError
from ccsync_watch.store.search_nodes import (
    And,
    Not,
    OperatorField,
    Or,
    ParsedQuery,
    TextSpan,
    Words,
    positive_words,
    span_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ccsync_watch.store.search_nodes import Node

MAX_LEAVES = 30
"""More words and operators than anybody types."""
MAX_CHARS = 1000
"""And longer than any line: what SQLite makes of one word takes time with its square."""
_MAX_DEPTH = 5  # SQLite's parser has no room for more than seven
_FIELD = re.compile(r"([A-Za-z]{2,20}):(?!//|:)")
_QUOTE = '"'
_QUOTED = re.compile('"((?:[^"]|"")*)"')
_CURLY = str.maketrans("\u201c\u201d\u201e", '"""')  # what telephones write


def parse_query(text: str, names: Collection[str]) -> ParsedQuery:
    """Return what a text means. `names` are the operators; others with a colon are words.

    Raises QueryError for a quote or a parenthesis that is not closed, and for an operator or an OR
    with nothing to apply to; and for one that is too long.
    """
    # A letter and its accent are one character: so the words are found whole.
    text = unicodedata.normalize("NFC", text[: MAX_CHARS + 1]).translate(_CURLY)
    if len(text) > MAX_CHARS:
        raise QueryError(f"more than {MAX_CHARS} characters", hint="write a shorter search")
    reader = _QueryReader(text, frozenset(names))
    root = reader.read_all()
    if root is None:
        return ParsedQuery(text, None, (), tuple(reader.unknown))
    root = _mark_last(root, text)
    parts = root.nodes if isinstance(root, And) else (root,)
    return ParsedQuery(text, root, parts, tuple(reader.unknown))


class _QueryReader:
    """A parser by recursive descent: OR of ANDs of terms."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self._text = text
        self._names = names
        self._at = 0
        self._leaves = 0
        self.unknown: list[str] = []

    def read_all(self) -> Node | None:
        return self._read_or(0)

    def _read_or(self, depth: int) -> Node | None:
        start = self._skip()
        nodes = [self._read_and(depth)]
        while self._take("OR"):
            if nodes[-1] is None:
                raise _lonely_or()
            nodes.append(self._read_and(depth))
            if nodes[-1] is None:
                raise _lonely_or()
        own = tuple(node for node in nodes if node is not None)
        if not own:
            return None
        return own[0] if len(own) == 1 else Or(own, TextSpan(start, span_of(own[-1]).end))

    def _read_and(self, depth: int) -> Node | None:
        nodes: list[Node] = []
        while True:
            # Words that are joined by AND are joined without it too.
            if nodes and self._take("AND"):
                continue
            if self._is_at_end(depth) or self._sees("OR"):
                break
            node = self._read_term(depth)
            if node is not None:
                nodes += node.nodes if isinstance(node, And) else (node,)
        if not nodes:
            return None
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes))

    def _is_at_end(self, depth: int) -> bool:
        self._skip()
        return self._at >= len(self._text) or (depth > 0 and self._text[self._at] == ")")

    def _read_term(self, depth: int) -> Node | None:
        start = self._at
        text = self._text
        is_left_out = self._take("NOT")
        # Of `--force` and `->` the signs are a part, as they are of a number that is negative.
        if re.match(r"-(?=[\w\"(*])(?!\d)", text[self._at : self._at + 2]):
            self._at += 1
            is_left_out = not is_left_out
        node = self._read_plain(depth)
        if is_left_out and node is not None:
            return Not(node, TextSpan(start, self._at))
        return node

    def _read_plain(self, depth: int) -> Node | None:
        start = self._at
        if start >= len(self._text):
            return None
        char = self._text[start]
        if char == _QUOTE:
            return self._leaf(Words(self._read_quoted(start), self._from(start), is_quoted=True))
        if char == "(":
            return self._read_group(depth)
        field = _FIELD.match(self._text, start)
        if field is not None:
            name = field[1].lower()
            if name in self._names:
                return self._read_field(name, start, field.end(), depth)
            if self._text[field.end() : field.end() + 1].strip():
                self.unknown.append(field[1])
        word = self._read_word(depth)
        return self._leaf(Words(word, self._from(start)))

    def _read_group(self, depth: int) -> Node | None:
        start = self._at
        if depth >= _MAX_DEPTH:
            raise QueryError("there are too many parentheses", hint="write a simpler search")
        self._at += 1
        node = self._read_or(depth + 1)
        if not self._text.startswith(")", self._at):
            shown = self._text[start : start + 30]
            raise QueryError(
                f"the parenthesis of {shown} is not closed",
                hint=f'write ) where it ends, or "{shown.strip()}" in quotes for the text itself',
            )
        self._at += 1
        if isinstance(node, Or):  # with its parentheses
            return Or(node.nodes, self._from(start))
        return node

    def _read_field(self, name: str, start: int, value_start: int, depth: int) -> Node:
        self._at = value_start
        if self._text.startswith("(", value_start):
            raise QueryError(
                f"{name}: is of one value",
                hint=f"write ({name}:one OR {name}:other) for one of several",
            )
        if self._text.startswith(_QUOTE, value_start):
            value = self._read_quoted(value_start)
        elif value_start < len(self._text) and not self._text[value_start].isspace():
            value = self._read_word(depth)
        else:
            value = ""
        if not value.strip():
            raise QueryError(
                f"{name}: has no value",
                hint=f'write it without a space behind the colon, or "{name}:" for the text itself',
            )
        self._count()
        return OperatorField(name, value.strip(), self._from(start))

    def _read_quoted(self, start: int) -> str:
        """Read up to the next quote; two together are one of the text itself."""
        match = _QUOTED.match(self._text, start)
        if match is None:
            shown = self._text[start : start + 30]
            raise QueryError(f"the quote of {shown} is not closed", hint='write " where it ends')
        self._at = match.end()
        return match[1].replace(2 * _QUOTE, _QUOTE)

    def _read_word(self, depth: int) -> str:
        """Read up to a space, or to the parenthesis that closes a group: that of `f()` does not."""
        start, opened = self._at, 0
        while self._at < len(self._text):
            char = self._text[self._at]
            if char.isspace():
                break
            opened += char == "("
            if char == ")":
                if depth and not opened:
                    break
                opened -= 1
            self._at += 1
        return self._text[start : self._at]

    def _leaf(self, words: Words) -> Words | None:
        if not any(char.isalnum() for char in words.text):
            return None  # nothing of it is in the index
        self._count()
        return words

    def _count(self) -> None:
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            raise QueryError(
                f"more than {MAX_LEAVES} words and operators", hint="write a shorter search"
            )

    def _from(self, start: int) -> TextSpan:
        return TextSpan(start, self._at)

    def _skip(self) -> int:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at

    def _sees(self, word: str) -> bool:
        end = self._at + len(word)
        is_whole = end >= len(self._text) or self._text[end].isspace() or self._text[end] in "()"
        return is_whole and self._text.startswith(word, self._at)

    def _take(self, word: str) -> bool:
        self._skip()
        if not self._sees(word):
            return False
        self._at += len(word)
        self._skip()
        return True


def _lonely_or() -> QueryError:
    return QueryError(
        "OR has nothing before or behind it",
        hint='write it between two words, or "OR" in quotes for the word itself',
    )


def _mark_last(root: Node, text: str) -> Node:
    """Return the query with its last word marked: somebody may still be typing it.

    Whatever is behind it says that it is whole, a space too.
    """
    words = list(positive_words(root))
    if not words:
        return root
    last = words[-1]
    if last.is_quoted or last.span.end < len(text):
        return root
    marked = Words(last.text, last.span, is_last=True)
    return _replaced(root, lambda node: marked if node is last else node)


def _replaced(node: Node, change: Callable[[Node], Node]) -> Node:
    if isinstance(node, And):
        return And(tuple(_replaced(inner, change) for inner in node.nodes))
    if isinstance(node, Or):
        return Or(tuple(_replaced(inner, change) for inner in node.nodes), node.span)
    return change(node)
