"""Removes secrets from text and JSON values, and leaves placeholders that name their kind.

One scan finds where any rule could match; the rules then read bounded windows there. A secret is
replaced by `[REDACTED:kind:hash8]`, whose hash is keyed, so that equal secrets have equal
placeholders and nothing else follows from them. Rules do not see existing placeholders, and a text
that was changed is read again until nothing more is found: redacting twice changes nothing.
"""

from __future__ import annotations

import hmac
from collections import Counter
from typing import TYPE_CHECKING

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.privacy.detect import json_values
from ccsync_watch.privacy.detect.urls import is_in_userinfo
from ccsync_watch.privacy.dressing.table import DRESSING_FROM, PLACEHOLDERS, dressing_hits
from ccsync_watch.privacy.engine.joined_texts import PIECE, join_texts
from ccsync_watch.privacy.engine.pauses import paced
from ccsync_watch.privacy.engine.placeholders import PLACEHOLDER
from ccsync_watch.privacy.engine.spans import Span, merge, whole_characters
from ccsync_watch.privacy.engine.text_views import MASK
from ccsync_watch.privacy.known import user_patterns
from ccsync_watch.privacy.secret_finder import SecretFinder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy.engine.joined_texts import JoinedTexts

_MOST_PASSES = 6
_SPANS_BETWEEN_PAUSES = 256
_MOST_DIGESTS = 1024
_LONGEST_REMEMBERED = 256
"""Digests are remembered of so many secrets, and of those not longer, in bytes."""


class Redactor:
    """Replaces secrets by placeholders; one thread at a time per instance.

    `key` is the installation's own secret for the placeholders' hashes. `patterns` and `allow` are
    the user's regular expressions: what else to remove, and what to leave (a secret that one of
    them matches whole). `known` maps exact values to the kind that their placeholders name. `cache`
    is a folder, writable by the user alone, for the compiled rules; `engine` names one, for tests,
    or is READY: then nothing takes seconds to compile, and `use_compiled` can be called later.
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
        self._digests: dict[bytes, str] = {}
        self._seen_shapes = json_values.SeenShapes()
        compiled, self._allow = user_patterns.compile_settings(patterns, allow)
        added = user_patterns.UserPatterns(compiled)
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

    @property
    def is_fast(self) -> bool:
        """Return whether its engine reads a megabyte in a fraction of a second."""
        return self._finder.engine.reports_all

    def use_compiled(self, cache: Path | None) -> None:
        """Continue with the fastest engine; between two texts, never during a pause."""
        self._finder.use_compiled(cache)

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
        self._digests.clear()
        self._seen_shapes.forget()

    def set_pause(self, pause: Callable[[], None]) -> None:
        """Have `pause` called again and again during long work; it may use this redactor itself."""
        self._finder.pause = pause

    def take_known(self) -> list[str]:
        """Return the values that became known since the last call."""
        return self._known.take_added()

    def known_values(self) -> dict[str, str]:
        """Return the values that are known, with their kinds, in the order of `add_known`."""
        return self._known.kinds()

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
        strings = json_values.Strings(obj, self._seen_shapes, self._finder.pause)
        dirty = self._dirty_indices(strings.texts) if strings.texts else []
        if strings.names_secrets or dirty:
            obj = json_values.Rebuild(
                self.redact, self._placeholder_text, strings, dirty, self._finder.pause
            ).value(obj)
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
        for joined in join_texts(texts):
            self._finder.pause()
            if len(joined.data) <= PIECE:
                dirty.extend(sorted(self._dirty_among(joined)))
                continue
            (index,) = joined.indices
            spans = self._spans(joined.text(index))
            self._long = texts[index], spans
            if spans:
                dirty.append(index)
        return dirty

    def _dirty_among(self, joined: JoinedTexts) -> set[int]:
        """Return the indices of the texts with something to remove, by one scan over all."""
        data, finder = joined.data, self._finder
        dirty = {joined.index_at(span.end - 1) for span in finder.find_users(data)}
        if not finder.engine.reports_all:  # a match across two texts would hide one in a text
            dirty.update(index for index in joined.indices if self._is_dirty(joined.text(index)))
            return dirty
        hits = finder.engine.scan_lines(data)
        # A text with placeholders is redacted by itself, with its placeholders masked.
        dirty.update(joined.index_at(end - 1) for end, index in hits if index == PLACEHOLDERS)
        by_text = joined.by_text(hits, DRESSING_FROM)
        for index, hits_of_text in paced(by_text.items(), finder.pause):
            if index not in dirty and any(
                True for _ in finder.apply_rules(joined.text(index), hits_of_text, 0)
            ):
                dirty.add(index)
        # Views of all texts at once: most texts with dressing have little of it.
        dressing = [
            hit for hit in dressing_hits(data, hits) if joined.index_at(hit[0] - 1) not in dirty
        ]
        if dressing:
            spans = finder.find_in_views(data, dressing, [], 0)
            dirty.update(joined.index_at(span.start) for span in spans)
        return dirty

    def _is_dirty(self, text: bytes) -> bool:
        """Tell whether the rules find something in a text, or placeholders are in it."""
        hits = self._finder.engine.scan(text)
        return any(index == PLACEHOLDERS for _, index in hits) or any(
            True for _ in self._finder.find_at(text, hits, 0)
        )

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
        digest = self._digests.get(secret) or self._digest(secret)
        self._counts[kind] += 1
        text = f"REDACTED-{kind}-{digest}" if in_url else f"[REDACTED:{kind}:{digest}]"
        return text.encode()

    def _digest(self, secret: bytes) -> str:
        if len(self._digests) >= _MOST_DIGESTS:
            self._digests.clear()
        digest = hmac.digest(self._key, self._known.plain(secret), "sha256").hex()[:8]
        if len(secret) <= _LONGEST_REMEMBERED:
            self._digests[secret] = digest
        return digest
