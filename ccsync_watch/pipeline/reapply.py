"""Bring what is stored up to today's rules and policies, and have what changed sent again.

Redacting twice changes nothing, so that only what the new rules find is written. Every step is a
commit of its own: a repair that was cut short goes on where it matters when it is run again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.model import Redacted
from ccsync_watch.privacy.clean import Redacting, redacted
from ccsync_watch.privacy.engine.placeholders import count_kinds
from ccsync_watch.privacy.policy.metadata import metadata_of
from ccsync_watch.store import rewriting, search

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.clock import Clock
    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy.policy.projects import Projects
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.rewriting import MessageTexts

CHUNK_MESSAGES = 500


def enforce(database: Database, projects: Projects) -> bool:
    """Have the policies of today hold for sessions of yesterday; return whether texts must go.

    What was sent stays where it is until a repair; what waits of an excluded project is not sent.
    """
    excluded, metadata_only = set(), set()
    for session_id, folders in rewriting.session_folders(database):
        policies = {projects.policy(folder) for folder in folders}
        if "off" in policies:
            excluded.add(session_id)
        elif "metadata" in policies:
            metadata_only.add(session_id)
    rewriting.mark(database, excluded=excluded, metadata_only=metadata_only)
    return bool(metadata_only)


@dataclass(slots=True)
class Outcome:
    """What a repair changed, or would change; `removed` counts the new placeholders by kind."""

    messages: int = 0
    sessions: set[str] = field(default_factory=set)
    other_rows: int = 0
    removed: Counter[str] = field(default_factory=Counter)


def repair(
    database: Database,
    *,
    redactor: Redacting,
    clock: Clock,
    is_released: bool,
    is_dry: bool = False,
    on_progress: Callable[[int], None] = lambda _messages: None,
) -> Outcome:
    """Redact everything again, and queue what changed. `on_progress` is told messages read.

    A `dry` run writes nothing. Raises RedactorUnavailable and StateError.
    """
    outcome = Outcome()
    seq = 0
    while found := rewriting.messages_after(database, seq, CHUNK_MESSAGES):
        seq = found[-1].seq
        made = _messages(found, redactor)
        pairs = [(old, new) for old, new in zip(found, made.value, strict=True) if old != new]
        _count(outcome, [(_texts(old), _texts(new)) for old, new in pairs])
        outcome.messages += len(pairs)
        outcome.sessions.update(old.session_id for old, _new in pairs)
        if pairs and not is_dry:
            changed = Redacted([new for _old, new in pairs])
            rewriting.rewrite_messages(
                database, changed, now_ms=clock.wall_ms(), is_released=is_released
            )
        on_progress(len(found))
    _repair_rows(database, redactor, outcome, is_released=is_released, is_dry=is_dry)
    if outcome.messages and not is_dry:
        search.forget(database)
    if not is_dry:
        database.checkpoint()  # the log may still hold what was just removed
    return outcome


def _messages(found: list[MessageTexts], redactor: Redacting) -> Redacted[list[MessageTexts]]:
    raw: list[JsonValue] = [
        [
            [_kept(message, part.kind, part.content) for part in message.parts],
            [message.model, message.facts, [part.tool_name for part in message.parts]],
        ]
        for message in found
    ]
    try:
        return Redacted(
            [
                replace(
                    message,
                    model=model,
                    facts=facts,
                    parts=tuple(
                        part._replace(content=content, tool_name=tool)
                        for part, content, tool in zip(message.parts, contents, tools, strict=True)
                    ),
                )
                for message, (contents, (model, facts, tools)) in zip(
                    found, redacted(redactor, raw), strict=True
                )
            ]
        )
    except (TypeError, ValueError):
        raise _misshapen() from None


def _kept(message: MessageTexts, kind: str, content: JsonValue) -> JsonValue:
    # Our own line about a session holds its folder and branch, which are metadata.
    if not message.is_metadata_only or message.kind == "session":
        return content
    return metadata_of(kind, content)


def _repair_rows(
    database: Database, redactor: Redacting, outcome: Outcome, *, is_released: bool, is_dry: bool
) -> None:
    found = rewriting.other_rows(database)
    made: list[Any] = redacted(redactor, [row.values for row in found])
    pairs = []
    for row, values in zip(found, made, strict=True):
        if not isinstance(values, list) or len(values) != len(row.values):
            raise _misshapen()
        if values != row.values:
            pairs.append((row, replace(row, values=values)))
    _count(outcome, [(old.values, new.values) for old, new in pairs])
    outcome.other_rows += len(pairs)
    outcome.sessions.update(old.session_id for old, _new in pairs if old.session_id)
    if pairs and not is_dry:
        rewriting.rewrite_rows(
            database, Redacted([new for _old, new in pairs]), is_released=is_released
        )


def _texts(message: MessageTexts) -> list[JsonValue]:
    names: list[JsonValue] = [part.tool_name for part in message.parts]
    return [message.model, message.facts, names, [part.content for part in message.parts]]


def _count(outcome: Outcome, pairs: list[tuple[list[JsonValue], list[JsonValue]]]) -> None:
    for old, new in pairs:
        outcome.removed += count_kinds([orjson.dumps(new)]) - count_kinds([orjson.dumps(old)])


def _misshapen() -> RedactorUnavailable:
    return RedactorUnavailable(
        "the redactor changed the shape of a record", hint="nothing was written; please report this"
    )
