"""Removes secrets from text and JSON values, and leaves placeholders that name their kind.

One scan finds where any rule could match; the rules then read bounded windows there. A secret is
replaced by `[REDACTED:kind:hash8]`, whose hash is keyed, so that equal secrets have equal
placeholders and nothing else follows from them. Rules do not see existing placeholders, and a text
that was changed is read again until nothing more is found: redacting twice changes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from bisect import bisect_right
from collections import Counter
from functools import lru_cache
from itertools import accumulate
from operator import add
from typing import TYPE_CHECKING

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.privacy.detect import json_values
from ccsync_watch.privacy.detect.assignments import AssignmentFinder
from ccsync_watch.privacy.detect.base64_runs import Base64Finder
from ccsync_watch.privacy.detect.rules import (
    ASSIGNMENTS_FROM,
    BASE64_FROM,
    STRUCTURAL_FROM,
    STRUCTURAL_RULES,
)
from ccsync_watch.privacy.detect.urls import is_in_userinfo
from ccsync_watch.privacy.detect.vendor_tokens import VendorRule
from ccsync_watch.privacy.detect.vendors import VENDORS
from ccsync_watch.privacy.dressing.table import (
    DRESSING_FROM,
    all_triggers,
    dressing_hits,
    undressed_views,
    unfolded_view,
)
from ccsync_watch.privacy.engine import scanner
from ccsync_watch.privacy.engine.placeholders import PLACEHOLDER
from ccsync_watch.privacy.engine.spans import Span, merge
from ccsync_watch.privacy.engine.text_views import MASK
from ccsync_watch.privacy.known import user_patterns
from ccsync_watch.privacy.known.known_values import KnownValues

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy.engine.text_views import View

_MOST_PASSES = 6
_MOST_DEPTH = 2
"""How many levels of base64 in base64 are decoded."""
_MOST_LAYERS = 4
"""How many layers of dressing are taken off: `%2525`, colours in escaped entities."""

_SEPARATOR = "\n\x01\n"
"""Between the strings of a value that are scanned together; no rule matches across it."""


class Redactor:
    """Replaces secrets by placeholders; one thread at a time per instance.

    `key` is the installation's own secret for the placeholders' hashes. `patterns` and `allow` are
    the user's regular expressions: what else to remove, and what to leave (a secret that one of
    them matches whole). `known` maps exact values to the kind that their placeholders name. `cache`
    is a folder, writable by the user alone, for the compiled rules; `engine` names one, for tests.
    Raises ConfigError for an invalid pattern, RedactorUnavailable if no engine can be built.
    """

    def __init__(
        self,
        *,
        key: bytes,
        patterns: Sequence[str] = (),
        allow: Sequence[str] = (),
        known: Mapping[str, str] | None = None,
        cache: Path | None = None,
        engine: str = "",
    ) -> None:
        self._key = key
        self._counts: Counter[str] = Counter()
        self._seen_shapes = json_values.SeenShapes()
        self._user_patterns = user_patterns.UserPatterns(
            [user_patterns.compile_pattern(pattern, "redact.patterns") for pattern in patterns]
        )
        self._allow = [user_patterns.compile_pattern(pattern, "redact.allow") for pattern in allow]
        try:
            self._vendors = _vendor_rules()
            self._engine = scanner.build(all_triggers(), prefer=engine, cache=cache)
        except Exception as error:
            raise RedactorUnavailable(
                f"the redaction rules cannot be compiled ({error})",
                hint="reinstall ccsync-watch; nothing is sent until then",
            ) from error
        self._known = KnownValues(engine)
        self._has_user_rules = bool(self._user_patterns)
        for value, kind in (known or {}).items():
            self.add_known(value, kind)

    @property
    def engine(self) -> str:
        """Return the name of the engine that scans: `hyperscan`, `re2` or `re`."""
        return self._engine.name

    def take_counts(self) -> dict[str, int]:
        """Return how many replacements of each kind were made since the last call."""
        counts, self._counts = dict(self._counts), Counter()
        return counts

    def add_known(self, value: str, kind: str) -> None:
        """Remove `value` from now on, plain and as JSON, URLs and base64 encode it.

        A value of fewer than six characters is ignored: it would be found in innocent text.
        """
        self._known.add(value, kind)
        self._has_user_rules = bool(self._user_patterns or self._known)
        self._seen_shapes.forget()

    def redact(self, text: str) -> str:
        """Return `text` without its secrets."""
        data = text.encode("utf-8", "surrogatepass")
        spans = self._spans(data)
        if not spans:
            return text
        for _ in range(_MOST_PASSES):
            data = self._replace(data, spans)
            spans = self._spans(data)
            if not spans:
                break
        return data.decode("utf-8", "surrogatepass")

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return `obj` without its secrets: in strings, in keys, and under the names of secrets.

        A value without secrets is returned itself, not copied.
        """
        strings = json_values.Strings(obj, self._seen_shapes)
        dirty = self._dirty_indices(strings.texts) if strings.texts else []
        if strings.names_secrets or dirty:
            obj = json_values.Rebuild(self.redact, self._placeholder_text, strings, dirty).value(
                obj
            )
        if strings.keys:
            secret = set(dirty)
            self._seen_shapes.remember(
                key for key, index in strings.keys.items() if index not in secret
            )
        return obj

    def _placeholder_text(self, value: str, kind: str) -> str:
        return self._placeholder(value.encode("utf-8", "surrogatepass"), kind).decode()

    def _dirty_indices(self, texts: list[str]) -> list[int]:
        """Return the indices of the texts with something to remove, by one scan over all."""
        joined = _SEPARATOR.join(texts)
        data = joined.encode("utf-8", "surrogatepass")
        if len(data) == len(joined):
            sizes = list(map(len, texts))
        else:
            sizes = [len(text.encode("utf-8", "surrogatepass")) for text in texts]
        gaps = range(0, len(_SEPARATOR) * len(texts), len(_SEPARATOR))
        starts = list(map(add, accumulate(sizes, initial=0), gaps))
        # A text with placeholders is redacted by itself, with its placeholders masked.
        ends = list(_ends(data, b"REDACTED"))
        if self._has_user_rules:
            ends.extend(span.end for span in self._find_users(data))
        dirty = {bisect_right(starts, end - 1) - 1 for end in ends}
        dirty.update(self._dirty_by_hits(data, starts, sizes))
        return sorted(dirty)

    def _dirty_by_hits(self, data: bytes, starts: list[int], sizes: list[int]) -> Iterator[int]:
        """Yield the indices of the texts with a secret; `data` is all texts joined."""
        if not self._engine.reports_all:  # a match across two texts would hide one in a text
            for index, (start, size) in enumerate(zip(starts, sizes, strict=True)):
                text = data[start : start + size]
                hits = self._engine.scan(text)
                if hits and any(True for _ in self._find_at(text, hits, 0)):
                    yield index
            return
        hits = self._engine.scan(data)
        for index, hits_of_text in _by_text(hits, starts, sizes).items():
            text = data[starts[index] : starts[index] + sizes[index]]
            if any(True for _ in self._find_at(text, hits_of_text, 0)):
                yield index
        # Views of all texts at once: most texts with dressing have little of it.
        dressing = dressing_hits(hits)
        if dressing:
            for span in self._find_in_views(data, dressing, [], 0):
                yield bisect_right(starts, span.start) - 1

    def _spans(self, data: bytes) -> list[Span]:
        """Return the spans to remove from `data`, in order, without overlaps."""
        if b"REDACTED" in data:
            data = PLACEHOLDER.sub(lambda match: MASK * len(match[0]), data)
        spans = [span for span in self._find(data) if MASK not in data[span.start : span.end]]
        if self._allow:
            spans = [span for span in spans if not self._is_allowed(data[span.start : span.end])]
        return merge(spans)

    def _is_allowed(self, secret: bytes) -> bool:
        return any(pattern.fullmatch(secret[: user_patterns.PIECE]) for pattern in self._allow)

    def _find(self, data: bytes, depth: int = 0) -> Iterator[Span]:
        """Yield the spans of all rules; they may overlap and repeat."""
        yield from self._find_at(data, self._engine.scan(data), depth)
        if self._has_user_rules:
            yield from self._find_users(data)

    def _find_at(
        self, data: bytes, hits: list[scanner.Hit], depth: int, layer: int = 0
    ) -> Iterator[Span]:
        """Yield the spans of the rules at their triggers' hits, in the text and in its views."""
        ends: list[int] = []
        if hits:
            for span in self._apply_rules(data, hits, depth):
                ends.append(span.end)
                yield span
        dressing = dressing_hits(hits)
        if dressing or ends:
            yield from self._find_in_views(data, dressing, ends, depth, layer)

    def _find_in_views(
        self, data: bytes, hits: list[scanner.Hit], ends: list[int], depth: int, layer: int = 0
    ) -> Iterator[Span]:
        """Yield what is found in the views of a text; the unfolded one is the last layer."""
        if layer > _MOST_LAYERS:
            return
        unfolded = unfolded_view(data, hits, ends)
        if unfolded is not None:
            yield from self._find_in_view(unfolded, depth, _MOST_LAYERS + 1)
        if layer < _MOST_LAYERS:
            for view in undressed_views(data, hits, ends):
                yield from self._find_in_view(view, depth, layer + 1)

    def _find_in_view(self, view: View, depth: int, layer: int) -> Iterator[Span]:
        """Yield what is found in a view, as ranges of the text that it is a view of."""
        for span in self._find_at(view.data, self._engine.scan(view.data), depth, layer):
            if MASK not in view.data[span.start : span.end]:
                yield view.original(span)
        if self._has_user_rules:
            for span in self._find_users(view.data):
                if MASK not in view.data[span.start : span.end]:
                    yield view.original(span)

    def _find_users(self, data: bytes) -> Iterator[Span]:
        """Yield the spans of the user's patterns and of known values."""
        yield from self._user_patterns.find(data)
        yield from self._known.find(data)

    def _apply_rules(self, data: bytes, hits: list[scanner.Hit], depth: int) -> Iterator[Span]:
        """Yield the spans that the rules confirm at their triggers' hits."""
        assignments = AssignmentFinder(data)
        base64 = Base64Finder(data, lambda text: any(True for _ in self._find(text, depth + 1)))
        done: dict[int, int] = {}
        for end, index in hits:
            if index < STRUCTURAL_FROM:
                if end <= done.get(index, 0):
                    continue  # inside the token that this rule has just found
                span = self._vendors[index].at(data, end, done.get(index, -end))
                done[index] = span.end if span else end
                if span is not None:
                    yield span
            elif index < ASSIGNMENTS_FROM:
                rule = STRUCTURAL_RULES[index - STRUCTURAL_FROM]
                yield from rule.find(data, end, done.get(index, 0))
                done[index] = end
            elif index < BASE64_FROM:
                yield from assignments.at(end)
            elif index < DRESSING_FROM and depth < _MOST_DEPTH:
                yield from base64.at(end)

    def _replace(self, data: bytes, spans: list[Span]) -> bytes:
        """Return `data` with the bytes of each span replaced by a placeholder."""
        pieces: list[bytes] = []
        position = 0
        for span in spans:
            pieces.append(data[position : span.start])
            in_url = is_in_userinfo(data, span.start, span.end)
            pieces.append(self._placeholder(data[span.start : span.end], span.kind, in_url=in_url))
            position = span.end
        pieces.append(data[position:])
        return b"".join(pieces)

    def _placeholder(self, secret: bytes, kind: str, *, in_url: bool = False) -> bytes:
        """Return the placeholder of `secret`, and count it; equal for equal secrets."""
        digest = hmac.new(self._key, self._known.plain(secret), hashlib.sha256).hexdigest()[:8]
        self._counts[kind] += 1
        text = f"REDACTED-{kind}-{digest}" if in_url else f"[REDACTED:{kind}:{digest}]"
        return text.encode()


@lru_cache(maxsize=1)
def _vendor_rules() -> tuple[VendorRule, ...]:
    return tuple(VendorRule(row) for row in VENDORS)


def _by_text(
    hits: list[scanner.Hit], starts: list[int], sizes: list[int]
) -> dict[int, list[scanner.Hit]]:
    """Return the hits of rules in each text, by its index; those across two texts are none."""
    grouped: dict[int, list[scanner.Hit]] = {}
    for end, trigger in hits:
        if trigger < DRESSING_FROM:
            index = bisect_right(starts, end - 1) - 1
            if end - starts[index] <= sizes[index]:
                grouped.setdefault(index, []).append((end - starts[index], trigger))
    return grouped


def _ends(data: bytes, word: bytes) -> Iterator[int]:
    """Yield where each occurrence of `word` ends; `re` would take ten times as long."""
    start = data.find(word)
    while start >= 0:
        yield start + len(word)
        start = data.find(word, start + len(word))
