"""Removes secrets from text and JSON values, and leaves placeholders that name their kind.

One scan finds where any rule could match; the rules then read bounded windows there. A secret is
replaced by `[REDACTED:kind:hash8]`, whose hash is keyed, so that equal secrets have equal
placeholders and nothing else follows from them. Rules do not see existing placeholders, and a text
that was changed is read again until nothing more is found: redacting twice changes nothing.
"""

from __future__ import annotations

import hmac
from bisect import bisect_right
from collections import Counter
from itertools import accumulate
from operator import add
from typing import TYPE_CHECKING

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.privacy.detect import json_values
from ccsync_watch.privacy.detect.urls import is_in_userinfo
from ccsync_watch.privacy.dressing.table import DRESSING_FROM, dressing_hits
from ccsync_watch.privacy.engine.placeholders import PLACEHOLDER
from ccsync_watch.privacy.engine.spans import Span, merge, whole_characters
from ccsync_watch.privacy.engine.text_views import MASK
from ccsync_watch.privacy.known import user_patterns
from ccsync_watch.privacy.secret_finder import SecretFinder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy.engine.scanner import Hit
    from ccsync_watch.privacy.secret_finder import HitsByTrigger

_MOST_PASSES = 6
_PIECE = 1 << 19
"""How much text is read together."""
_SPANS_BETWEEN_PAUSES = 256
_MOST_TEXTS = 16_384

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
        added = user_patterns.UserPatterns(
            [user_patterns.compile_pattern(pattern, "redact.patterns") for pattern in patterns]
        )
        self._allow = [user_patterns.compile_pattern(pattern, "redact.allow") for pattern in allow]
        try:
            self._finder = self._make_finder(added, engine=engine, cache=cache)
        except Exception as error:
            raise RedactorUnavailable(
                f"the redaction rules cannot be compiled ({error})",
                hint="reinstall ccsync-watch; nothing is sent until then",
            ) from error
        self._known = self._finder.known
        self._known_count = 0
        self._long: tuple[str, list[Span]] | None = None
        """The last text that was read alone, and its secrets: it is not read twice."""
        for value, kind in (known or {}).items():
            self.add_known(value, kind)

    def _make_finder(
        self, patterns: user_patterns.UserPatterns, *, engine: str, cache: Path | None
    ) -> SecretFinder:
        return SecretFinder(patterns, engine=engine, cache=cache)

    @property
    def engine(self) -> str:
        """Return the name of the engine that scans: `hyperscan`, `re2` or `re`."""
        return self._finder.engine.name

    def take_counts(self) -> dict[str, int]:
        """Return how many replacements of each kind were made since the last call."""
        counts, self._counts = dict(self._counts), Counter()
        return counts

    def add_known(self, value: str, kind: str) -> None:
        """Remove `value` from now on, plain and as JSON, URLs and base64 encode it.

        A value of fewer than six characters is ignored: it would be found in innocent text.
        """
        self._known.add(value, kind)
        self._known_count += 1
        self._seen_shapes.forget()

    def set_pause(self, pause: Callable[[], None]) -> None:
        """Have `pause` called again and again during long work; it may use this redactor itself."""
        self._finder.pause = pause

    def take_known(self) -> list[str]:
        """Return the values that became known since the last call."""
        return self._known.take_added()

    @property
    def dropped_known(self) -> int:
        """Return how many values of files are not known any more, to bound what all take."""
        return self._known.dropped

    def redact(self, text: str) -> str:
        """Return `text` without its secrets."""
        data = text.encode("utf-8", "surrogatepass")
        is_read = self._long is not None and self._long[0] is text
        spans = self._long[1] if self._long and is_read else self._spans(data)
        if not spans:
            return text
        for _ in range(_MOST_PASSES):
            data, placed = self._replace(data, spans)
            spans = self._spans(data, placed)
            if not spans:
                break
        return data.decode("utf-8", "surrogatepass")

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return `obj` without its secrets: in strings, in keys, and under the names of secrets.

        A value without secrets is returned itself, not copied.
        """
        known_count = self._known_count
        strings = json_values.Strings(obj, self._seen_shapes)
        dirty = self._dirty_indices(strings.texts) if strings.texts else []
        if strings.names_secrets or dirty:
            obj = json_values.Rebuild(self.redact, self._placeholder_text, strings, dirty).value(
                obj
            )
        self._long = None
        if strings.keys and self._known_count == known_count:
            self._seen_shapes.remember(
                strings.keys.difference(map(strings.texts.__getitem__, dirty))
            )
        return obj

    def _placeholder_text(self, value: str, kind: str) -> str:
        return self._placeholder(value.encode("utf-8", "surrogatepass"), kind).decode()

    def _dirty_indices(self, texts: list[str]) -> list[int]:
        """Return the indices of the texts with something to remove, in order."""
        dirty: list[int] = []
        for first, last in _group(texts):
            self._finder.pause()
            dirty.extend(first + index for index in self._dirty_in_group(texts[first:last]))
        return dirty

    def _dirty_in_group(self, texts: list[str]) -> list[int]:
        """Return the indices of the texts with something to remove, by one scan over all."""
        if len(texts) == 1 and len(texts[0]) > _PIECE:
            spans = self._spans(texts[0].encode("utf-8", "surrogatepass"))
            self._long = texts[0], spans
            return [0] if spans else []
        spelled = list(map(_bytewise, texts))
        data = _SEPARATOR.join(spelled).encode("latin-1")
        sizes = list(map(len, spelled))
        gaps = range(0, len(_SEPARATOR) * len(texts), len(_SEPARATOR))
        starts = list(map(add, accumulate(sizes, initial=0), gaps))
        # A text with placeholders is redacted by itself, with its placeholders masked.
        ends = list(_ends(data, b"REDACTED"))
        ends.extend(span.end for span in self._finder.find_users(data))
        dirty = {bisect_right(starts, end - 1) - 1 for end in ends}
        self._add_dirty_by_hits(dirty, data, starts, sizes)
        return sorted(dirty)

    def _add_dirty_by_hits(
        self, dirty: set[int], data: bytes, starts: list[int], sizes: list[int]
    ) -> None:
        """Add the indices of the texts with a secret; `data` is all texts joined."""
        if not self._finder.engine.reports_all:  # a match across two texts would hide one in a text
            for index, (start, size) in enumerate(zip(starts, sizes, strict=True)):
                text = data[start : start + size]
                hits = self._finder.engine.scan(text)
                if hits and any(True for _ in self._finder.find_at(text, hits, 0)):
                    dirty.add(index)
            return
        hits = self._finder.engine.scan(data)
        for index, hits_of_text in _by_text(hits, starts, sizes).items():
            text = data[starts[index] : starts[index] + sizes[index]]
            if index in dirty or any(True for _ in self._finder.apply_rules(text, hits_of_text, 0)):
                dirty.add(index)
        # Views of all texts at once: most texts with dressing have little of it.
        dressing = [
            hit
            for hit in dressing_hits(data, hits)
            if bisect_right(starts, hit[0] - 1) - 1 not in dirty
        ]
        if dressing:
            for span in self._finder.find_in_views(data, dressing, [], 0):
                dirty.add(bisect_right(starts, span.start) - 1)

    def _spans(self, data: bytes, changes: list[tuple[int, int]] | None = None) -> list[Span]:
        """Return the spans to remove from `data`, in order, without overlaps.

        `changes`: it was read before, and the placeholders at these ranges are all that is new.
        """
        if b"REDACTED" in data:
            data = PLACEHOLDER.sub(lambda match: MASK * len(match[0]), data)
        spans = [
            span
            for span in self._finder.find(data, ranges=changes)
            if MASK not in data[span.start : span.end]
        ]
        if self._allow:
            spans = [span for span in spans if not self._is_allowed(data[span.start : span.end])]
        if not data.isascii():
            spans = [whole_characters(data, span) for span in spans]
        return merge(spans)

    def _is_allowed(self, secret: bytes) -> bool:
        return any(pattern.fullmatch(secret[: user_patterns.PIECE]) for pattern in self._allow)

    def _replace(self, data: bytes, spans: list[Span]) -> tuple[bytes, list[tuple[int, int]]]:
        """Return `data` with a placeholder for the bytes of each span, and where these are."""
        pieces: list[bytes] = []
        placed: list[tuple[int, int]] = []
        position = size = 0
        for number, span in enumerate(spans):
            if number % _SPANS_BETWEEN_PAUSES == _SPANS_BETWEEN_PAUSES - 1:
                self._finder.pause()
            pieces.append(data[position : span.start])
            in_url = is_in_userinfo(data, span.start, span.end)
            secret = span.text or data[span.start : span.end]
            placeholder = self._placeholder(secret, span.kind, in_url=in_url)
            pieces.append(placeholder)
            start = size + span.start - position
            size = start + len(placeholder)
            placed.append((start, size))
            position = span.end
        pieces.append(data[position:])
        return b"".join(pieces), placed

    def _placeholder(self, secret: bytes, kind: str, *, in_url: bool = False) -> bytes:
        """Return the placeholder of `secret`, and count it; equal for equal secrets."""
        digest = hmac.digest(self._key, self._known.plain(secret), "sha256").hex()[:8]
        self._counts[kind] += 1
        text = f"REDACTED-{kind}-{digest}" if in_url else f"[REDACTED:{kind}:{digest}]"
        return text.encode()


def _group(texts: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the ranges of texts that are read together; one that is long stays alone."""
    first = size = 0
    for index, text in enumerate(texts):
        if index > first and (size + len(text) > _PIECE or index - first >= _MOST_TEXTS):
            yield first, index
            first, size = index, 0
        size += len(text) + len(_SEPARATOR)
    yield first, len(texts)


def _bytewise(text: str) -> str:
    """Return a text with a character for each of its bytes: itself if it is ASCII, as most are.

    Such texts are joined and encoded without a conversion of any.
    """
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _by_text(hits: list[Hit], starts: list[int], sizes: list[int]) -> dict[int, HitsByTrigger]:
    """Return the hits of rules in each text, by its index; those across two texts are none."""
    by_text: dict[int, HitsByTrigger] = {}
    for end, trigger in hits:
        if trigger < DRESSING_FROM:
            index = bisect_right(starts, end - 1) - 1
            end_in_text = end - starts[index]
            if end_in_text <= sizes[index]:
                by_text.setdefault(index, {}).setdefault(trigger, []).append(end_in_text)
    return by_text


def _ends(data: bytes, word: bytes) -> Iterator[int]:
    """Yield where each occurrence of `word` ends; `re` would take ten times as long."""
    start = data.find(word)
    while start >= 0:
        yield start + len(word)
        start = data.find(word, start + len(word))
