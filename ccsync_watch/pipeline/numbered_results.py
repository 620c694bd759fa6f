"""Remove what results show that earlier versions took for those of other calls.

Gateways number calls, and a result was taken for any call's with its id: so what was read of a
file was stored as the output of a command. It is removed before anything is uploaded, and without
the transcripts, which may be gone. Where they are not, they are read again (see the migration),
which restores what was left out for the same reason. Crashes in between repeat it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.pipeline.printed_secrets import track_printed_secrets
from ccsync_watch.pipeline.reapply import CHUNK_MESSAGES, RepairResult, StoredTexts
from ccsync_watch.store import numbered_calls, rewriting
from ccsync_watch.transcripts.call_ids import is_numbered, is_own
from ccsync_watch.transcripts.tools import is_file_tool

if TYPE_CHECKING:
    from ccsync_watch.clock import Clock
    from ccsync_watch.model import Part
    from ccsync_watch.privacy.known.tracker import TrackingRedactor
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.rewriting import RewritableMessage


def correct_numbered_results(
    database: Database, *, redactor: TrackingRedactor, clock: Clock, is_released: bool
) -> RepairResult:
    """Clean the results of an earlier version's numbered calls, once; queue what changed.

    The result counts it. Raises StateError and RedactorUnavailable; it is done again then.
    """
    result = RepairResult()
    if not numbered_calls.are_due(database):
        return result
    rows = numbered_calls.numbered_rows(database)
    for session_id in rows:
        numbered_calls.rename(
            database, session_id, now_ms=clock.steady_ms(), is_released=is_released
        )
    for seqs in rows.values():
        chunks = [
            seqs[start : start + CHUNK_MESSAGES] for start in range(0, len(seqs), CHUNK_MESSAGES)
        ]
        calls: dict[str, Part] = {}
        for chunk in chunks:
            calls.update(_calls_among(rewriting.messages_among(database, chunk)))
        printing = track_printed_secrets(database, redactor, calls.values())
        for chunk in chunks:
            messages = rewriting.messages_among(database, chunk)
            StoredTexts(
                database,
                redactor=redactor,
                clock=clock,
                is_released=is_released,
                printing=printing,
                files=_read_as_files(messages, calls),
            ).redact_messages(messages, result)
    numbered_calls.finish(database)
    return result


def _calls_among(messages: list[RewritableMessage]) -> dict[str, Part]:
    parts = (part for item in messages for part in item.message.parts)
    return {
        part.tool_use_id: part
        for part in parts
        if part.kind == "tool-call" and part.tool_use_id and is_own(part.tool_use_id)
    }


def _read_as_files(messages: list[RewritableMessage], calls: dict[str, Part]) -> frozenset[str]:
    """Return the ids of results of calls that read files, or are not known."""
    ids = {
        part.tool_use_id
        for item in messages
        for part in item.message.parts
        if part.kind == "tool-result" and part.tool_use_id
    }
    return frozenset(
        used
        for used in ids
        if (is_numbered(used) or is_own(used))
        and (used not in calls or is_file_tool(calls[used].tool_name or "unknown"))
    )
