"""Apply the current rules and project policies to what is stored, and have what changed sent again.

Redacting twice changes nothing, so only what the new rules find is written. Every step is a commit
of its own: a repair that was interrupted continues, in effect, when it is run again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.model import Redacted
from ccsync_watch.pipeline.printed_secrets import (
    as_of_file,
    track_printed_secrets,
    without_output,
)
from ccsync_watch.privacy.clean import Redacting, redact_values
from ccsync_watch.privacy.engine.placeholders import count_kinds
from ccsync_watch.privacy.policy.metadata import metadata_of
from ccsync_watch.store import rewriting, session_policy
from ccsync_watch.store.session_writer import HOST, without_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.clock import Clock
    from ccsync_watch.model import JsonValue, Part
    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.privacy.known.tracker import TrackingRedactor
    from ccsync_watch.privacy.policy.projects import Projects
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.rewriting import RewritableMessage, RewritableRow

CHUNK_MESSAGES = 500


def apply_policies(
    database: Database, projects: Projects, *, clock: Clock, is_released: bool
) -> bool:
    """Mark the stored sessions that the current policies exclude, or allow as metadata only.

    Return whether a repair has to remove texts. What an excluded session had sent is taken back,
    see `store.recall`; that of one with metadata only stays at the destination until that repair.
    """
    excluded, metadata_only = set(), set()
    for session_id, folders, has_text in session_policy.session_folders(database):
        policies = {projects.policy(folder) for folder in folders}
        if "off" in policies:
            excluded.add(session_id)
        elif "metadata" in policies and has_text:
            metadata_only.add(session_id)
    session_policy.mark_sessions(
        database,
        excluded=excluded,
        metadata_only=metadata_only,
        now_ms=clock.steady_ms(),
        is_released=is_released,
    )
    return bool(metadata_only)


@dataclass(slots=True)
class RepairResult:
    """What a repair changed, or would change; `removed` counts the new placeholders by kind."""

    messages: int = 0
    sessions: set[str] = field(default_factory=set)
    other_rows: int = 0
    removed: Counter[str] = field(default_factory=Counter)

    def add_message(self, old: RewritableMessage, removed: Counter[str]) -> None:
        """Count a changed message, from which these kinds were removed."""
        self.messages += 1
        self.sessions.add(old.message.session_id)
        self.removed += removed

    def add_row(self, old: RewritableRow, removed: Counter[str]) -> None:
        """Count another changed row, from which these kinds were removed."""
        self.other_rows += 1
        if old.session_id:
            self.sessions.add(old.session_id)
        self.removed += removed


def repair(
    database: Database,
    *,
    redactor: TrackingRedactor,
    clock: Clock,
    is_released: bool,
    is_dry: bool = False,
    on_progress: Callable[[int], None] = lambda _messages: None,
    result: RepairResult | None = None,
) -> RepairResult:
    """Redact everything that is stored again, and queue what changed.

    `on_progress` is called with the number of messages in each chunk. With `is_dry`, nothing is
    written. `result` counts what changed, and is returned. Raises RedactorUnavailable and
    StateError.
    """
    result = RepairResult() if result is None else result
    texts = StoredTexts(
        database,
        redactor=redactor,
        clock=clock,
        is_released=is_released,
        is_dry=is_dry,
        printing=track_printed_secrets(database, redactor),
    )
    seq = 0
    while messages := rewriting.messages_after(database, seq, CHUNK_MESSAGES):
        seq = messages[-1].message.seq
        texts.redact_messages(messages, result)
        on_progress(len(messages))
    for rows in rewriting.other_rows(database, CHUNK_MESSAGES):
        texts.redact_rows(rows, result)
    if not is_dry:
        database.checkpoint()  # SQLite's log may still hold what was just removed
    return result


class StoredTexts:
    """Redacts what was stored by a redactor that knows more, and queues what changed.

    `printing` are the calls of whose results only the sizes may be kept, `files` those of whose
    results a failure is kept, too.
    """

    def __init__(
        self,
        database: Database,
        *,
        redactor: Redacting,
        clock: Clock,
        is_released: bool,
        is_dry: bool = False,
        printing: frozenset[str] = frozenset(),
        files: frozenset[str] = frozenset(),
    ) -> None:
        self._database = database
        self._redactor = redactor
        self._clock = clock
        self._is_released = is_released
        self._is_dry = is_dry
        self._printing = printing
        self._files = files

    def redact_messages(self, messages: list[RewritableMessage], result: RepairResult) -> None:
        """Redact messages again, and add what changed to the result."""
        redacted_messages = _redact_messages(messages, self._redactor, self._allowed_content)
        changes = [
            (old, new)
            for old, new in zip(messages, redacted_messages.value, strict=True)
            if old != new
        ]
        for old, new in changes:
            result.add_message(old, _removed(_texts(old), _texts(new)))
        if changes and not self._is_dry:
            rewriting.rewrite_messages(
                self._database,
                Redacted([new for _old, new in changes]),
                now_ms=self._clock.steady_ms(),
                is_released=self._is_released,
            )

    def _allowed_content(self, item: RewritableMessage, part: Part) -> JsonValue:
        """Return what may be kept of a part, by the session's policy and the call it answers."""
        content = part.content
        if part.kind == "tool-result" and part.tool_use_id in self._printing:
            content = without_output(part)
        elif part.kind == "tool-result" and part.tool_use_id in self._files:
            content = as_of_file(part)
        if not item.is_metadata_only:
            return content
        if item.message.kind == "session":
            # Our own lines about a session: its folder and branch are metadata, its machine is not.
            return without_lines(content, (HOST,)) if isinstance(content, str) else content
        return metadata_of(part.kind, content)

    def redact_rows(self, rows: list[RewritableRow], result: RepairResult) -> None:
        """Redact the texts that are not messages: titles, folders, subagents, hook events."""
        redacted_values: list[Any] = redact_values(self._redactor, [row.values for row in rows])
        changes = []
        for row, values in zip(rows, redacted_values, strict=True):
            if not isinstance(values, list) or len(values) != len(row.values):
                raise _shape_changed()
            if values != row.values:
                changes.append((row, replace(row, values=values)))
        for old, new in changes:
            result.add_row(old, _removed(old.values, new.values))
        if changes and not self._is_dry:
            rewriting.rewrite_rows(
                self._database,
                Redacted([new for _old, new in changes]),
                is_released=self._is_released,
            )


def _redact_messages(
    messages: list[RewritableMessage],
    redactor: Redacting,
    allowed: Callable[[RewritableMessage, Part], JsonValue],
) -> Redacted[list[RewritableMessage]]:
    raw: list[JsonValue] = [
        [
            [allowed(item, part) for part in item.message.parts],
            [item.message.model, item.message.facts, _tool_names(item.message)],
        ]
        for item in messages
    ]
    try:
        return Redacted(
            [
                replace(
                    item,
                    message=replace(
                        item.message,
                        model=model,
                        facts=facts,
                        parts=tuple(
                            replace(part, content=content, tool_name=tool)
                            for part, content, tool in zip(
                                item.message.parts, contents, tools, strict=True
                            )
                        ),
                    ),
                )
                for item, (contents, (model, facts, tools)) in zip(
                    messages, redact_values(redactor, raw), strict=True
                )
            ]
        )
    except (TypeError, ValueError):
        raise _shape_changed() from None


def _texts(item: RewritableMessage) -> list[JsonValue]:
    message = item.message
    return [
        message.model,
        message.facts,
        _tool_names(message),
        [part.content for part in message.parts],
    ]


def _tool_names(message: StoredMessage) -> list[JsonValue]:
    return [part.tool_name for part in message.parts]


def _removed(old: list[JsonValue], new: list[JsonValue]) -> Counter[str]:
    return count_kinds([orjson.dumps(new)]) - count_kinds([orjson.dumps(old)])


def _shape_changed() -> RedactorUnavailable:
    return RedactorUnavailable(
        "the redactor changed the shape of a record", hint="nothing was written; please report this"
    )
