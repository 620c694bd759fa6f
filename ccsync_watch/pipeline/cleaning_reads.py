"""What the cleaning of a batch reads from the store, and whether it would read the same now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.known.call_names import NumberedCall
from ccsync_watch.privacy.known.secret_reads import classify_call
from ccsync_watch.privacy.policy.policy import ToolCall
from ccsync_watch.store import session_policy, session_projects, stored_messages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.store.database import Database
    from ccsync_watch.store.session_projects import Worktree


class NotedRead(NamedTuple):
    """One query, by its name, what it asked for, and its answer."""

    query: str
    ids: frozenset[str] | NumberedCall
    answer: object


class CleaningReads:
    """The queries of the cleaning. `noted` gets each of them, where that is a list."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.noted: list[NotedRead] | None = None

    def worktrees(self) -> list[Worktree]:
        """Return all known worktrees outside of their repository."""
        answer = session_projects.load_worktrees(self._database.read())
        self._note("worktrees", frozenset(), answer)
        return answer

    def metadata_only(self, session_ids: Iterable[str]) -> frozenset[str]:
        """Return which of these sessions are kept as metadata only."""
        ids = frozenset(session_ids)
        answer = session_policy.metadata_only_among(self._database, ids)
        self._note("metadata_only", ids, answer)
        return answer

    def calls(self, ids: Iterable[str]) -> dict[str, ToolCall]:
        """Return the stored calls among these ids."""
        ids = frozenset(ids)
        answer = {}
        for tool_use_id, stored in stored_messages.tool_calls(self._database, ids).items():
            name = stored.part.tool_name or "unknown"
            reads = classify_call(name, stored.part.content)
            answer[tool_use_id] = ToolCall(name, stored.timestamp_ms, reads)
        if ids:
            self._note("calls", ids, answer)
        return answer

    def name_of(self, call: NumberedCall) -> str | None:
        """Return the own id of the last stored call of a conversation that has an id."""
        answer = stored_messages.last_call_id(self._database, *call)
        self._note("name_of", call, answer)
        return answer

    def are_current(self, noted: Iterable[NotedRead]) -> bool:
        """Return whether each of these queries has the same answer now."""
        return all(self._read(read) == read.answer for read in noted)

    def _read(self, read: NotedRead) -> object:
        if isinstance(read.ids, NumberedCall):
            return self.name_of(read.ids)
        if read.query == "worktrees":
            return self.worktrees()
        return (
            self.metadata_only(read.ids) if read.query == "metadata_only" else self.calls(read.ids)
        )

    def _note(self, query: str, ids: frozenset[str] | NumberedCall, answer: object) -> None:
        if self.noted is not None:
            self.noted.append(NotedRead(query, ids, answer))
