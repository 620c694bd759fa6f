"""Says which rules find each secret in a text; what it says has no part of a secret.

For reports of what was found wrongly, or of what was not found: they can be shown to anybody.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ccsync_watch.privacy.detect.rules import (
    ASSIGNMENTS_FROM,
    BASE64_FROM,
    STRUCTURAL_FROM,
    STRUCTURAL_RULES,
)
from ccsync_watch.privacy.detect.vendors import VENDORS
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.text_views import Edit, View
from ccsync_watch.privacy.redactor import Redactor
from ccsync_watch.privacy.secret_finder import SecretFinder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ccsync_watch.privacy.engine.joined_texts import HitsByTrigger
    from ccsync_watch.privacy.engine.spans import Span
    from ccsync_watch.privacy.known.user_patterns import UserPatterns


@dataclass(frozen=True, slots=True)
class RuleName:
    """A rule as people may look it up; `source` is where its format is documented, if anywhere."""

    id: str
    about: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a secret is: lines and columns count characters from 1, the end is included.

    `rules` are those that found it; the first one names the kind in its placeholder.
    """

    kind: str
    line: int
    column: int
    end_line: int
    end_column: int
    characters: int
    rules: tuple[RuleName, ...]

    @property
    def place(self) -> str:
        """Where it is, for people."""
        if self.line == self.end_line:
            return f"line {self.line}, columns {self.column} to {self.end_column}"
        return (
            f"line {self.line}, column {self.column}"
            f" to line {self.end_line}, column {self.end_column}"
        )

    def moved(self, lines: int) -> Finding:
        """Return it for a text that has so many lines before this one."""
        return replace(self, line=self.line + lines, end_line=self.end_line + lines)


ASSIGNMENT = RuleName("assignment", "a value under a name of secrets")
BASE64 = RuleName("base64", "base64 whose content has a secret")
USER_PATTERN = RuleName("redact.patterns", "a pattern in your settings")
KNOWN_VALUE = RuleName("known-value", "a value that is known to be a secret of yours")


class _RuledKind(str):  # noqa: SLOT000 - has the rule besides
    """A span's kind, with the rule that found it: it passes wherever a kind does."""

    rule: RuleName


class _NamingFinder(SecretFinder):
    """A finder whose spans' kinds have their rules; `seen` are all spans of the texts it read."""

    def __init__(self, patterns: UserPatterns, *, engine: str, cache: Path | None) -> None:
        super().__init__(patterns, engine=engine, cache=cache)
        self.seen: list[Span] = []

    def find(
        self, data: bytes, depth: int = 0, *, ranges: Sequence[tuple[int, int]] | None = None
    ) -> Iterator[Span]:
        for span in super().find(data, depth, ranges=ranges):
            if depth == 0:
                self.seen.append(span)
            yield span

    def find_users(self, data: bytes) -> Iterator[Span]:
        for span in super().find_users(data):
            is_pattern = span.rank is Rank.USER_PATTERN
            yield _ruled(span, USER_PATTERN if is_pattern else KNOWN_VALUE)

    def apply_rules(self, data: bytes, hits: HitsByTrigger, depth: int) -> Iterator[Span]:
        by_rule: dict[RuleName, HitsByTrigger] = {}
        for index, ends in hits.items():
            by_rule.setdefault(_rule_at(index), {})[index] = ends
        for rule, own in by_rule.items():
            for span in super().apply_rules(data, own, depth):
                yield _ruled(span, rule)


class ExplainingRedactor(Redactor):
    """A redactor that says what it found, where and why; slower than one that does not."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - those of the redactor
        self._placeholders: list[bytes] = []
        self._views: list[View] = []
        self._spans_by_range: dict[tuple[int, int], tuple[str, tuple[RuleName, ...]]] = {}
        super().__init__(**options)

    def explain(self, text: str) -> tuple[str, list[Finding]]:
        """Return `text` without its secrets, and where they were in it, in order."""
        self._views.clear()
        self._spans_by_range.clear()
        self._naming_finder.seen.clear()
        redacted = self.redact(text)
        data = text.encode("utf-8", "surrogatepass")
        return redacted, list(_located(data, self._spans_by_range))

    def _make_finder(
        self, patterns: UserPatterns, *, engine: str, cache: Path | None
    ) -> SecretFinder:
        self._naming_finder = _NamingFinder(patterns, engine=engine, cache=cache)
        return self._naming_finder

    def _placeholder(self, secret: bytes, kind: str, *, in_url: bool = False) -> bytes:
        result = super()._placeholder(secret, kind, in_url=in_url)
        self._placeholders.append(result)
        return result

    def _replace(self, data: bytes, spans: list[Span]) -> tuple[bytes, list[tuple[int, int]]]:
        self._placeholders.clear()
        result = super()._replace(data, spans)
        for span, overlapping in zip(spans, self._overlapping(spans), strict=True):
            original = span
            for view in reversed(self._views):
                original = view.original(original)
            ordered = (span, *sorted(overlapping, key=lambda seen: seen.rank))
            rules = dict.fromkeys(
                seen.kind.rule for seen in ordered if isinstance(seen.kind, _RuledKind)
            )
            self._spans_by_range[original.start, original.end] = (str(span.kind), tuple(rules))
        edits = [
            Edit(span.start, span.end, placeholder)
            for span, placeholder in zip(spans, self._placeholders, strict=True)
        ]
        self._views.append(View(data, [((0, len(data)), edits)]))
        self._naming_finder.seen.clear()
        return result

    def _overlapping(self, spans: list[Span]) -> list[list[Span]]:
        """Return of each span those that were joined in it."""
        starts = [span.start for span in spans]
        joined: list[list[Span]] = [[] for _ in spans]
        for seen in self._naming_finder.seen:
            index = bisect_right(starts, seen.start) - 1
            if index >= 0 and seen.start < spans[index].end:
                joined[index].append(seen)
        return joined


def _ruled(span: Span, rule: RuleName) -> Span:
    kind = _RuledKind(span.kind)
    kind.rule = rule
    return span._replace(kind=kind)


@lru_cache(maxsize=1024)
def _rule_at(index: int) -> RuleName:
    """Return the rule behind a trigger."""
    if index < STRUCTURAL_FROM:
        row = VENDORS[index]
        return RuleName(row.id, row.about, row.source)
    if index < ASSIGNMENTS_FROM:
        rule = STRUCTURAL_RULES[index - STRUCTURAL_FROM]
        return RuleName(rule.id, rule.about)
    if index < BASE64_FROM:
        return ASSIGNMENT
    return BASE64


def _located(
    data: bytes, spans: dict[tuple[int, int], tuple[str, tuple[RuleName, ...]]]
) -> Iterator[Finding]:
    """Yield the findings with their lines and columns, read once from the start of the text."""
    position = _Position(data)
    for (start, end), (kind, rules) in sorted(spans.items(), key=lambda item: item[0]):
        line, column = position.move_to(start)
        secret = data[start:end].decode("utf-8", "replace")
        lines = secret.split("\n")
        end_column = len(lines[-1]) + (column - 1 if len(lines) == 1 else 0)
        yield Finding(kind, line, column, line + len(lines) - 1, end_column, len(secret), rules)


class _Position:
    """The line and column of an offset that only grows."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0
        self._line = self._column = 1

    def move_to(self, offset: int) -> tuple[int, int]:
        """Return the line and column at `offset`."""
        passed = self._data[self._offset : offset].decode("utf-8", "replace")
        lines = passed.count("\n")
        self._line += lines
        self._column = len(passed) - passed.rfind("\n") if lines else self._column + len(passed)
        self._offset = max(offset, self._offset)
        return self._line, self._column
