"""Where a call of a result is, and which prompt led to it; for the pages of files and failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.store.conversations import conversation_name
from ccsync_watch.store.hand_offs import IS_DRAWN
from ccsync_watch.store.turns import STARTERS
from ccsync_watch.transcripts.call_results import CALLED_PATHS

if TYPE_CHECKING:
    import sqlite3

_MAX_DEPTH = 16
_ARGUMENTS = ", ".join(f"json_extract(called, '$.{key}')" for key in CALLED_PATHS)
CALLED_PATH = (
    f"(SELECT coalesce({_ARGUMENTS}, NULL) FROM"  # noqa: S608 - constants
    "  (SELECT unpacked(c.content) AS called FROM parts c WHERE c.tool_use_id = {p}.tool_use_id"
    "   AND c.kind = 'tool-call' ORDER BY c.message_seq LIMIT 1))"
)
"""The file in the arguments of the call of a result `p`: results of subagents do not name it."""


@dataclass(frozen=True, slots=True)
class CallOrigin:
    """The message of a call, or of its result where the call is not stored.

    `name` is the message's in links, within its conversation: that of `agent_id`, or the main one.
    """

    session_id: str
    agent_id: str | None
    name: str
    seq: int


@dataclass(frozen=True, slots=True)
class LeadingPrompt:
    """The message of a main conversation that began the turn of a call."""

    name: str
    seq: int


def find_origin(read: sqlite3.Connection, seq: int, tool_use_id: str | None) -> CallOrigin:
    """Return where the call of a result is, whose message has this number."""
    row = (
        read.execute(
            "SELECT m.seq, m.id, m.session_id, m.agent_id FROM parts c"
            " JOIN compact_messages r ON r.seq = ?1"
            " JOIN messages m ON m.seq = c.message_seq AND m.session_key = r.session_key"
            " WHERE c.tool_use_id = ?2 AND c.kind = 'tool-call'"
            " ORDER BY m.agent_id IS r.agent_id DESC, m.seq LIMIT 1",
            (seq, tool_use_id),
        ).fetchone()
        or read.execute(
            "SELECT seq, id, session_id, agent_id FROM messages WHERE seq = ?", (seq,)
        ).fetchone()
    )
    name = conversation_name(row["id"], row["session_id"], row["agent_id"])
    return CallOrigin(row["session_id"], row["agent_id"], name, row["seq"])


class PromptFinder:
    """Finds the prompts of calls; best ask for those of one session from the last to the first.

    A subagent's work is due to the prompt of the turn in which the subagent was called.
    """

    def __init__(self, read: sqlite3.Connection) -> None:
        self._read = read
        self._agents: dict[tuple[str, str], int | None] = {}
        # By session: the prompt that was found last, and the number of the call that it is of.
        self._last: dict[str, tuple[int, LeadingPrompt | None]] = {}

    def find(self, origin: CallOrigin) -> LeadingPrompt | None:
        """Return the prompt that led to a call, None where that is unknown or was none."""
        seq: int | None = origin.seq
        if origin.agent_id is not None:
            seq = self._called_at(origin.session_id, origin.agent_id)
        if seq is None:
            return None
        last_seq, last = self._last.get(origin.session_id, (-1, None))
        if last is not None and last.seq <= seq <= last_seq:
            return last
        row = self._read.execute(
            "SELECT m.seq, m.id FROM messages m WHERE m.session_id = ? AND m.seq <= ?"  # noqa: S608 - constants
            f" AND m.agent_id IS NULL AND m.kind IN {STARTERS} AND {IS_DRAWN}"
            " ORDER BY m.seq DESC LIMIT 1",
            (origin.session_id, seq),
        ).fetchone()
        prompt = row and LeadingPrompt(
            conversation_name(row["id"], origin.session_id, None), row["seq"]
        )
        self._last[origin.session_id] = seq, prompt
        return prompt

    def _called_at(self, session_id: str, agent_id: str) -> int | None:
        """Return the number of the main conversation's message that started a subagent."""
        key = (session_id, agent_id)
        if key not in self._agents:
            self._agents[key] = self._find_call(session_id, agent_id)
        return self._agents[key]

    def _find_call(self, session_id: str, agent_id: str) -> int | None:
        for _ in range(_MAX_DEPTH):
            row = self._read.execute(
                "SELECT m.seq, m.agent_id FROM subagents a"
                " JOIN parts c ON c.tool_use_id = a.tool_use_id AND c.kind = 'tool-call'"
                " JOIN messages m ON m.seq = c.message_seq AND m.session_id = a.session_id"
                " WHERE a.session_id = ? AND a.agent_id = ? ORDER BY m.seq LIMIT 1",
                (session_id, agent_id),
            ).fetchone()
            if row is None:
                return None
            if row["agent_id"] is None:
                return int(row["seq"])
            agent_id = row["agent_id"]
        return None
