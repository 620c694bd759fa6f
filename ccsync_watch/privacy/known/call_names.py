"""Give the calls whose ids are not unique ids of their own, and their results the same ones.

A result answers the last call of its conversation that has its id: where a gateway uses an id
again, the call before was answered already. Without that, a file that one call read would be taken
for the output of another's command, and one session would show the results of another one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.transcripts.call_ids import is_unique, own_call_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ccsync_watch.model import Batch, Message, Part

_LINKS_OF_ROWS = frozenset({"result", "text"})


class NumberedCall(NamedTuple):
    """A call as a conversation's rows name it: by an id that others may have, too.

    It is one of those before the row at `before`, an offset: where a transcript is read again, the
    calls after it are stored already.
    """

    session_id: str
    agent_id: str | None
    call_id: str
    before: int | None = None

    @property
    def key(self) -> str:
        """The call as one text."""
        return "\0".join((self.session_id, self.agent_id or "", self.call_id))


class CallNames:
    """Renames the calls of batches, as they are read in order.

    `known` are the own ids of the last calls by `NumberedCall.key`, and `remember` adds to them;
    `load` returns the own id of the last stored call, None without one.
    """

    def __init__(self, known: Mapping[str, str], remember: Callable[[str, str], None]) -> None:
        self._known = known
        self._remember = remember

    def rename(self, batch: Batch, load: Callable[[NumberedCall], str | None]) -> frozenset[str]:
        """Replace ids that are not unique in a batch's records; return the keys of those calls."""
        by_start: dict[tuple[int, str], str] = {}
        by_time: dict[tuple[str, str, int | None], str] = {}
        used: set[str] = set()
        for position, message in enumerate(batch.messages):
            if not any(
                part.tool_use_id and not is_unique(part.tool_use_id) for part in message.parts
            ):
                continue
            parts = []
            for part in message.parts:
                own = self._own_id(message, part, load, used)
                if own is not None and part.tool_use_id is not None:
                    by_start[message.start, part.tool_use_id] = own
                    by_time[message.session_id, part.tool_use_id, message.timestamp_ms] = own
                parts.append(part if own is None else replace(part, tool_use_id=own))
            batch.messages[position] = replace(message, parts=tuple(parts))
        self._rename_links(batch, by_time, load, used)
        for position, fact in enumerate(batch.facts):
            used_id = fact.value.get("call") if isinstance(fact.value, dict) else None
            own = by_start.get((fact.start, used_id)) if isinstance(used_id, str) else None
            if own is not None and isinstance(fact.value, dict):
                batch.facts[position] = replace(fact, value={**fact.value, "call": own})
        return frozenset(used)

    def _own_id(
        self,
        message: Message,
        part: Part,
        load: Callable[[NumberedCall], str | None],
        used: set[str],
    ) -> str | None:
        """Return the own id of a part's call, None if it has one already or that is not known."""
        if not part.tool_use_id or is_unique(part.tool_use_id):
            return None
        call = NumberedCall(
            message.session_id, message.agent_id, part.tool_use_id, before=message.start
        )
        used.add(call.key)
        # What a hook made of a call is a row of its own, which is not Claude's.
        if part.kind != "tool-call" or message.role != "assistant":
            return self._known.get(call.key) or load(call)
        own = own_call_id(part.tool_use_id, message.usage_id or message.id)
        self._remember(call.key, own)
        return own

    def _rename_links(
        self,
        batch: Batch,
        by_time: dict[tuple[str, str, int | None], str],
        load: Callable[[NumberedCall], str | None],
        used: set[str],
    ) -> None:
        for position, link in enumerate(batch.links):
            if is_unique(link.tool_use_id):
                continue
            own = None
            if link.source in _LINKS_OF_ROWS:
                own = by_time.get((link.session_id, link.tool_use_id, link.timestamp_ms))
            if own is None:
                call = NumberedCall(link.session_id, None, link.tool_use_id)
                used.add(call.key)
                own = self._known.get(call.key) or load(call)
            if own is not None:
                batch.links[position] = replace(link, tool_use_id=own)
