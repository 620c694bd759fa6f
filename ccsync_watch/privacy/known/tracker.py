"""The secrets that a session read from files made to hold them: known from that line on.

The values live in the redactor's memory alone. The store keeps where the line stands that told
them, so that a new start learns them again from the transcript.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from ccsync_watch.privacy.clean import Redacting
from ccsync_watch.privacy.known.secret_reads import CONTENT_KEYS, PATH_KEYS, reads, values_told
from ccsync_watch.privacy.known.secret_values import is_secret_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ccsync_watch.model import Batch, JsonValue, Part
    from ccsync_watch.privacy.policy.policy import ToolCall

log = logging.getLogger(__name__)

MAX_KNOWN = 1000
"""Each value is looked for in a dozen forms; more of them would cost every line."""


class TrackingRedactor(Redacting, Protocol):
    """A redactor that can be told of values."""

    def add_known(self, value: str, kind: str) -> None:
        """Remove this value from now on, wherever it stands."""
        ...


class KnownSecretTracker:
    """Teaches a redactor what the batches of transcripts tell."""

    def __init__(self, redactor: TrackingRedactor) -> None:
        self._redactor = redactor
        self._known: set[str] = set()

    def learn(self, batch: Batch, calls: Mapping[str, ToolCall]) -> frozenset[tuple[int, int]]:
        """Teach what a batch tells; return the lines that told it, as `(start, end)`.

        To be called before the batch is redacted.
        """
        told: set[tuple[int, int]] = set()
        for message in batch.messages:
            for part in message.parts:
                values = {
                    value: kind
                    for text in _telling(part, calls)
                    for value, kind in values_told(text).items()
                }
                if values:
                    told.add((message.start, message.end))
                    self._teach(values)
        return frozenset(told)

    def _teach(self, values: Mapping[str, str]) -> None:
        for value, kind in values.items():
            if value in self._known:
                continue
            if len(self._known) >= MAX_KNOWN:
                if len(self._known) == MAX_KNOWN:
                    log.warning("more than %d known secrets: no further ones are learnt", MAX_KNOWN)
                return
            self._known.add(value)
            self._redactor.add_known(value, kind)


def _telling(part: Part, calls: Mapping[str, ToolCall]) -> Iterator[str]:
    """Yield the texts of a part that come from, or go into, a file of secrets."""
    content = part.content if isinstance(part.content, dict) else {}
    if part.kind == "tool-call":
        if reads(part.tool_name or "", content) == "secrets":
            yield from _texts(content, CONTENT_KEYS)
    elif part.kind == "file":
        inner = _inner(content.get("content"))
        file = _inner(inner.get("file"))
        if _names_secret_file(content) or _names_secret_file(file):
            yield from _texts(file, ("content",))
            yield from _texts(inner, ("content",))
    elif part.kind == "tool-result":
        detail = _inner(content.get("detail"))
        file = _inner(detail.get("file"))
        call = calls.get(part.tool_use_id or "")
        is_told = call is not None and call.reads != "anything"
        if is_told or _names_secret_file(detail) or _names_secret_file(file):
            yield from _texts(content, ("content",))
            yield from _texts(file, ("content",))
            for block in content["content"] if isinstance(content.get("content"), list) else ():  # type: ignore[union-attr]  # a list, as just asked
                yield from _texts(_inner(block), ("text",))


def _inner(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _texts(values: Mapping[str, JsonValue], keys: tuple[str, ...]) -> Iterator[str]:
    for key in keys:
        value = values.get(key)
        if isinstance(value, str):
            yield value


def _names_secret_file(values: Mapping[str, JsonValue]) -> bool:
    return any(is_secret_file(path) for path in _texts(values, PATH_KEYS))
