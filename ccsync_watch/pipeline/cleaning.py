"""From lines to a batch that may be kept: parsed, completed from what stands beside it, cleaned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.model import Batch
from ccsync_watch.privacy.clean import Redacting, clean
from ccsync_watch.privacy.policy import Policy, ToolCall
from ccsync_watch.store import queries
from ccsync_watch.transcripts import discovery
from ccsync_watch.transcripts.parse import parse
from ccsync_watch.transcripts.sidecar import subagent_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.model import Line, Redacted, Unreadable
    from ccsync_watch.pipeline.world import Files
    from ccsync_watch.store.database import Database
    from ccsync_watch.transcripts.discovery import Found


class Cleaning:
    """The steps between a transcript's bytes and the store."""

    def __init__(
        self, policy: Policy, *, database: Database, redactor: Redacting, files: Files
    ) -> None:
        self._policy = policy
        self._database = database
        self._redactor = redactor
        self._files = files

    def batch(
        self, found: Found, start: int, lines: Sequence[Line], passed: Unreadable | None
    ) -> Redacted[Batch]:
        """Return what the lines from `start` on came to, and the long one that was passed.

        Raises RedactorUnavailable.
        """
        batch = Batch(start, start)
        parse(lines, found.stream, batch)
        if passed is not None:
            _count_passed(passed, batch)
        if found.stream.agent_id:
            self._add_subagent(found, batch)
        calls = self._calls(batch)
        return clean(batch, policy=self._policy, redactor=self._redactor, calls=calls)

    def _add_subagent(self, found: Found, batch: Batch) -> None:
        session_id = next((m.session_id for m in batch.messages), found.stream.session_id)
        data = self._files.read_sidecar(discovery.sidecar_of(found.path))
        made = subagent_of(data, found.stream, session_id)
        if made is not None:
            batch.subagents.append(made)

    def _calls(self, batch: Batch) -> dict[str, ToolCall]:
        """Return the calls that the batch's results answer, from itself or from the store."""
        calls = {
            part.tool_use_id: ToolCall(part.tool_name or "unknown", message.timestamp_ms)
            for message in batch.messages
            for part in message.parts
            if part.kind == "tool-call" and part.tool_use_id
        }
        missing = {
            part.tool_use_id
            for message in batch.messages
            for part in message.parts
            if part.kind == "tool-result" and part.tool_use_id and part.tool_use_id not in calls
        }
        for used, (name, timestamp_ms) in queries.tool_calls(self._database, missing).items():
            calls[used] = ToolCall(name, timestamp_ms)
        return calls


def _count_passed(passed: Unreadable, batch: Batch) -> None:
    batch.end = passed.end
    batch.lines += 1
    if passed.reason:
        batch.unreadable.append(passed)
    else:
        batch.counted["long line of a dropped type"] += 1
