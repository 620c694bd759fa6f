"""Removes secrets from text and JSON values, and leaves a placeholder that tells what was there.

One scan finds where any rule could match; the rules then read bounded windows there. What is
removed is replaced by `[REDACTED:kind:hash8]`, whose hash is keyed, so that equal secrets can be
recognised as equal and nothing else can be learnt. Existing placeholders are invisible to all
rules, and a text that was changed is read again until nothing more is found: redacting twice
changes nothing.
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
from ccsync_watch.privacy.detect import base64_runs, json_values
from ccsync_watch.privacy.detect.adjacent import BESIDE
from ccsync_watch.privacy.detect.assignments import Assignment
from ccsync_watch.privacy.detect.commands import COMMANDS
from ccsync_watch.privacy.detect.config_files import FILES
from ccsync_watch.privacy.detect.name_patterns import TRIGGERS
from ccsync_watch.privacy.detect.private_keys import BLOCKS
from ccsync_watch.privacy.detect.prose import PROSE
from ccsync_watch.privacy.detect.urls import URLS, stands_in_userinfo
from ccsync_watch.privacy.detect.vendor_tokens import VendorRule
from ccsync_watch.privacy.detect.vendors import VENDORS
from ccsync_watch.privacy.engine import custom_patterns
from ccsync_watch.privacy.engine import scanner as engines
from ccsync_watch.privacy.engine.placeholders import PLACEHOLDER
from ccsync_watch.privacy.engine.spans import Span, merged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ccsync_watch.model import JsonValue

REVISION = 4
"""Raise it when a finder or a validator changes; a change of the tables is seen without."""

STRUCTURES = (*BLOCKS, *URLS, *FILES, *COMMANDS, *PROSE, *BESIDE)

RULES_VERSION = (
    f"{REVISION}-"
    + hashlib.sha256(
        repr(
            (
                VENDORS,
                [(rule.id, rule.trigger) for rule in STRUCTURES],
                TRIGGERS,
                base64_runs.TRIGGERS,
            )
        ).encode(),
    ).hexdigest()[:12]
)
"""Changes whenever a rule does: what was stored under another version is worth reading again."""

_MASK = b"\x01"
"""What rules see of a placeholder: a byte that no value can hold."""

_ROUNDS = 6
_DEPTH = 2
"""Base64 in base64 is followed so far."""

_STRUCTURES_FROM = len(VENDORS)
_ASSIGNMENTS_FROM = _STRUCTURES_FROM + len(STRUCTURES)
_WRAPPED_FROM = _ASSIGNMENTS_FROM + len(TRIGGERS)
_SEPARATOR = "\n\x00\n"
"""Keys of objects are few and short; what is longer is a text."""


class Redactor:
    """Replaces secrets by placeholders; one thread at a time per instance.

    `key` is the installation's own secret for the placeholders' hashes. `patterns` and `allow` are
    the user's regular expressions: more to remove, and what to leave alone (a secret that matches
    one whole). `known` maps exact values to the kind their placeholder names. `cache` is a folder,
    writable by the user alone, that keeps the compiled rules; `engine` names one, for tests. Raises
    ConfigError for a pattern that is none, RedactorUnavailable when no engine can be built.
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
        own = [custom_patterns.compiled(pattern, "redact.patterns") for pattern in patterns]
        self._allow = [custom_patterns.compiled(pattern, "redact.allow") for pattern in allow]
        try:
            self._vendors = _vendors()
            self._engine = engines.build(triggers(), prefer=engine, cache=cache)
        except Exception as error:
            raise RedactorUnavailable(
                f"the redaction rules cannot be compiled ({error})",
                hint="reinstall ccsync-watch; nothing is sent until then",
            ) from error
        self._custom = custom_patterns.Custom(own, engine)
        for value, kind in (known or {}).items():
            self.add_known(value, kind)

    @property
    def engine(self) -> str:
        """Return which engine scans: `hyperscan`, `re2` or `re`."""
        return self._engine.name

    def take_counts(self) -> dict[str, int]:
        """Return how many replacements of each kind were made since the last call."""
        counts, self._counts = dict(self._counts), Counter()
        return counts

    def add_known(self, value: str, kind: str) -> None:
        """Remove `value` from now on, in its plain, JSON, URL and base64 forms.

        A value of fewer than six characters is ignored: it would be found in innocent text.
        """
        self._custom.add(value, kind)
        self._seen_shapes.forget()

    def redact(self, text: str) -> str:
        """Return `text` without its secrets."""
        data = text.encode("utf-8", "surrogatepass")
        spans = self._spans(data)
        if not spans:
            return text
        for _ in range(_ROUNDS):
            data = self._replaced(data, spans)
            spans = self._spans(data)
            if not spans:
                break
        return data.decode("utf-8", "surrogatepass")

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return `obj` without its secrets: in strings, in keys, and by what keys and pairs say.

        A value without secrets is returned itself, not copied.
        """
        leaves = json_values.Strings(obj, self._seen_shapes)
        dirty = self._dirty(leaves.texts) if leaves.texts else []
        if leaves.names_secrets or dirty:
            obj = json_values.Rebuild(self.redact, self._placeholder_text, leaves, dirty).value(obj)
        if leaves.keys:
            secret = set(dirty)
            self._seen_shapes.remember(
                key for key, index in leaves.keys.items() if index not in secret
            )
        return obj

    def _placeholder_text(self, value: str, kind: str) -> str:
        return self._placeholder(value.encode("utf-8", "surrogatepass"), kind).decode()

    def _dirty(self, leaves: list[str]) -> list[int]:
        """Return the indices of the leaves with something to remove, by one scan over all."""
        data = _SEPARATOR.join(leaves).encode("utf-8", "surrogatepass")
        sizes = [
            len(leaf) if leaf.isascii() else len(leaf.encode("utf-8", "surrogatepass"))
            for leaf in leaves
        ]
        gaps = range(0, len(_SEPARATOR) * len(leaves), len(_SEPARATOR))
        starts = list(map(add, accumulate(sizes, initial=0), gaps))
        # What holds placeholders is read apart, with its placeholders masked.
        ends = list(_ends(data, b"REDACTED"))
        if self._custom:
            ends.extend(span.end for span in self._custom.find(data))
        dirty = {bisect_right(starts, end - 1) - 1 for end in ends}
        for leaf, hits in self._hits(data, starts, sizes):
            if leaf in dirty:
                continue
            text = data[starts[leaf] : starts[leaf] + sizes[leaf]]
            if any(True for _ in self._confirmed(text, hits, 0)):
                dirty.add(leaf)
        return sorted(dirty)

    def _hits(
        self, data: bytes, starts: list[int], sizes: list[int]
    ) -> Iterator[tuple[int, list[engines.Hit]]]:
        """Yield the indices of the texts that have hits, and those; `data` is all, joined."""
        if not self._engine.tells_all:  # a match from text to text would hide one within
            for index, (start, size) in enumerate(zip(starts, sizes, strict=True)):
                hits = self._engine.scan(data[start : start + size])
                if hits:
                    yield index, hits
            return
        grouped: dict[int, list[engines.Hit]] = {}
        for end, trigger in self._engine.scan(data):
            index = bisect_right(starts, end - 1) - 1
            if end - starts[index] <= sizes[index]:  # else it ends between two
                grouped.setdefault(index, []).append((end - starts[index], trigger))
        yield from grouped.items()

    def _spans(self, data: bytes) -> list[Span]:
        """Return what is to be removed from `data`, in order, without overlaps."""
        if b"REDACTED" in data:
            data = PLACEHOLDER.sub(lambda match: _MASK * len(match[0]), data)
        spans = [span for span in self._found(data) if _MASK not in data[span.start : span.end]]
        if self._allow:
            spans = [span for span in spans if not self._is_allowed(data[span.start : span.end])]
        return merged(spans)

    def _is_allowed(self, secret: bytes) -> bool:
        return any(pattern.fullmatch(secret[: custom_patterns.PIECE]) for pattern in self._allow)

    def _found(self, data: bytes, depth: int = 0) -> Iterator[Span]:
        """Yield every range that a rule claims; ranges may overlap and repeat."""
        hits = self._engine.scan(data)
        if hits:
            yield from self._confirmed(data, hits, depth)
        if self._custom:
            yield from self._custom.find(data)

    def _confirmed(self, data: bytes, hits: list[engines.Hit], depth: int) -> Iterator[Span]:
        assignment = Assignment(data)
        runs = base64_runs.Wrapped(
            data, lambda text: any(True for _ in self._found(text, depth + 1))
        )
        done: dict[int, int] = {}
        for end, index in hits:
            if index < _STRUCTURES_FROM:
                if end <= done.get(index, 0):
                    continue  # within the token that this rule has just found
                span = self._vendors[index].at(data, end)
                if span is not None:
                    done[index] = span.end
                    yield span
            elif index < _ASSIGNMENTS_FROM:
                yield from STRUCTURES[index - _STRUCTURES_FROM].find(data, end, done.get(index, 0))
                done[index] = end
            elif index < _WRAPPED_FROM:
                yield from assignment.at(end)
            elif depth < _DEPTH:
                yield from runs.at(end)

    def _replaced(self, data: bytes, spans: list[Span]) -> bytes:
        """Return `data` with each span's bytes exchanged for its placeholder."""
        pieces: list[bytes] = []
        position = 0
        for span in spans:
            pieces.append(data[position : span.start])
            in_url = stands_in_userinfo(data, span.start, span.end)
            pieces.append(self._placeholder(data[span.start : span.end], span.kind, in_url=in_url))
            position = span.end
        pieces.append(data[position:])
        return b"".join(pieces)

    def _placeholder(self, secret: bytes, kind: str, *, in_url: bool = False) -> bytes:
        """Return what stands for `secret`, and count it; equal for equal secrets."""
        digest = hmac.new(self._key, self._custom.canonical(secret), hashlib.sha256).hexdigest()[:8]
        self._counts[kind] += 1
        form = f"REDACTED-{kind}-{digest}" if in_url else f"[REDACTED:{kind}:{digest}]"
        return form.encode()


@lru_cache(maxsize=1)
def _vendors() -> tuple[VendorRule, ...]:
    return tuple(VendorRule(row) for row in VENDORS)


def _ends(data: bytes, word: bytes) -> Iterator[int]:
    """Yield where each occurrence of `word` ends; `re` would take ten times as long."""
    start = data.find(word)
    while start >= 0:
        yield start + len(word)
        start = data.find(word, start + len(word))


def triggers() -> list[engines.Trigger]:
    """Return every trigger, in the order in which hits are told apart."""
    return [
        *(engines.Trigger(row.trigger, is_caseless=False) for row in VENDORS),
        *(engines.Trigger(rule.trigger, is_caseless=rule.caseless) for rule in STRUCTURES),
        *(engines.Trigger(trigger, is_caseless=True) for _, trigger in TRIGGERS),
        *(engines.Trigger(trigger, is_caseless=False) for trigger in base64_runs.TRIGGERS),
    ]
