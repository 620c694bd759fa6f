"""What the calls of a session read, and what is known of later ones from earlier ones.

A call and its result may be in different batches, and its output may come later: from a task in the
background, from the file that the client saved it to, from a copy of a secret file. All of it is
kept in memory, for a bounded number of calls, tasks and files; a new run reads the lines again that
`CallReadings.lines` names.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ccsync_watch.privacy.known.call_names import CallNames
from ccsync_watch.privacy.known.command_lines.command_reader import most_secret, read_command
from ccsync_watch.privacy.known.secret_reads import read_call
from ccsync_watch.privacy.known.secret_tables import has_secret_column
from ccsync_watch.privacy.policy.policy import ToolCall
from ccsync_watch.transcripts.tool_results import read_result
from ccsync_watch.transcripts.tools import TASKS, command_line, named_files, texts_under
from ccsync_watch.transcripts.wrappers import TYPED_COMMAND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ccsync_watch.model import Batch, Message, Part
    from ccsync_watch.privacy.known.call_names import NumberedCall
    from ccsync_watch.privacy.policy.policy import Reads

MAX_CALLS = 4096
MAX_SESSIONS = 512
MAX_FILES = 64
"""Of a session."""

_SAVED = re.compile(
    r"(?:output is being written to|output saved to):? (\S[^\n]{0,4000})", re.IGNORECASE
)
_TASK = re.compile(r"\bID: ([\w-]{1,64})")

_TABLE_ENDING = re.compile(r"\.(?:csv|tsv|tab|psv)\b", re.IGNORECASE)
_NAME_START = re.compile(r"[\w./~@%+-]{1,400}")
"""Read from an ending backwards: a pattern of both looks 400 characters ahead from each one."""
_MAX_NAME_CHARS = 400

V = TypeVar("V")


@dataclass(slots=True)
class CallReadings:
    """What is known of the calls that a batch's results answer, by the ids of the calls.

    The output of a command that the user typed has the id of its message. `lines` are those, as
    `(start, end)`, without which later lines are not understood. `numbered` are the keys of the
    calls that the batch named by ids that are not unique.
    """

    calls: dict[str, ToolCall] = field(default_factory=dict)
    lines: set[tuple[int, int]] = field(default_factory=set)
    numbered: frozenset[str] = frozenset()


TABLES_BY_CALL = frozenset({"calls", "names", "tables"})
"""The tables of a history with what each call reads and names, by its id or by that of its rows."""


class HistoryChange(NamedTuple):
    """Something that a history remembered: in which of its tables, and under which key."""

    table: str
    key: str
    value: Any


class _Memory(OrderedDict[str, V]):
    """The latest values by key; the oldest is forgotten first. `changes` gets what is new."""

    def __init__(self, table: str, limit: int, changes: list[HistoryChange]) -> None:
        super().__init__()
        self._table = table
        self._limit = limit
        self._changes = changes

    def remember(self, key: str, value: V) -> None:
        self[key] = value
        self.move_to_end(key)
        self._changes.append(HistoryChange(self._table, key, value))
        if len(self) > self._limit:
            self.popitem(last=False)


class CallHistory:
    """The calls, tasks, files and typed commands of all sessions, as batches are read in order."""

    def __init__(self) -> None:
        self._changes: list[HistoryChange] = []
        self._calls: _Memory[ToolCall] = _Memory("calls", MAX_CALLS, self._changes)
        self._tasks: _Memory[Reads] = _Memory("tasks", MAX_CALLS, self._changes)
        self._typed: _Memory[Reads] = _Memory("typed", MAX_CALLS, self._changes)
        self._files: _Memory[frozenset[str]] = _Memory("files", MAX_SESSIONS, self._changes)
        self._names: _Memory[str] = _Memory("names", MAX_CALLS, self._changes)
        # Of lines that are read again, which come before those that are read now.
        self._names_again: _Memory[str] = _Memory("names again", MAX_CALLS, self._changes)
        self._tables: _Memory[list[str]] = _Memory("tables", MAX_CALLS, self._changes)
        """The files of tables that calls name: their results show whether these hold secrets."""
        self._memories: dict[str, _Memory[Any]] = {
            "calls": self._calls,
            "names": self._names,
            "names again": self._names_again,
            "tasks": self._tasks,
            "typed": self._typed,
            "files": self._files,
            "tables": self._tables,
        }

    def take_changes(self) -> list[HistoryChange]:
        """Return what was remembered since the last call, or in the last `read`."""
        changes = self._changes.copy()
        self._changes.clear()
        return changes

    def everything(self) -> list[HistoryChange]:
        """Return what is remembered, as the changes that make an empty history equal to this."""
        return [
            HistoryChange(table, key, value)
            for table, memory in self._memories.items()
            for key, value in memory.items()
        ]

    def apply(self, changes: Iterable[HistoryChange]) -> None:
        """Remember what the history of another process remembered, in its order."""
        for table, key, value in changes:
            self._memories[table].remember(key, value)
        self._changes.clear()

    def read(
        self,
        batch: Batch,
        load_stored: Callable[[set[str]], Mapping[str, ToolCall]],
        load_name: Callable[[NumberedCall], str | None],
        *,
        is_again: bool = False,
    ) -> CallReadings:
        """Return what the batch's calls read, and those that its results answer.

        In the batch, they get ids of their own where theirs are not unique. `load_stored` returns
        the stored calls among some ids, `load_name` the own id of the last stored one of an id.
        A call that a hook changed is what it became, since Claude asked for it.
        `is_again`: the lines are stored, and others after them.
        """
        self._changes.clear()
        names = self._names_again if is_again else self._names
        numbered = CallNames(names, names.remember).rename(
            batch,
            # Calls may not be stored, by the policy.
            lambda call: load_name(call) or self._names_again.get(call.key),
        )
        readings = CallReadings(dict(load_stored(self._unknown_calls(batch))), numbered=numbered)
        for message in batch.messages:
            for part in message.parts:
                if part.kind == "tool-call" and part.tool_use_id:
                    self._add_call(message, part, readings)
                elif part.kind == "tool-result" and part.tool_use_id:
                    self._add_result(message, part, readings)
                elif message.kind in {"command", "command_output"}:
                    self._add_typed(message, part, readings)
        return readings

    def _unknown_calls(self, batch: Batch) -> set[str]:
        """Return the calls that results answer and that were not read in this run."""
        parts = [part for message in batch.messages for part in message.parts if part.tool_use_id]
        asked = {part.tool_use_id for part in parts if part.kind == "tool-call"}
        answered = {part.tool_use_id for part in parts if part.kind == "tool-result"}
        return {call for call in answered - asked if call is not None and call not in self._calls}

    def _add_call(self, message: Message, part: Part, readings: CallReadings) -> None:
        name, call_id = part.tool_name or "unknown", str(part.tool_use_id)
        files = self._files.get(message.session_id, frozenset())
        reading = read_call(name, part.content, files)
        tasks = texts_under(part.content, TASKS) if isinstance(part.content, dict) else []
        reads = most_secret([reading.reads, *(self._tasks.get(task, "anything") for task in tasks)])
        call = ToolCall(name, message.timestamp_ms, reads)
        asked = readings.calls.get(call_id) or self._calls.get(call_id)
        if message.role != "assistant" and asked is not None:
            call = replace(call, timestamp_ms=asked.timestamp_ms)
        readings.calls[call_id] = call
        self._calls.remember(call_id, call)
        self._add_files(message.session_id, reading.secret_files)
        tables = _table_files(name, part)
        if tables:
            self._tables.remember(call_id, tables)
        if reads != "anything" or reading.secret_files or tables:
            readings.lines.add((message.start, message.end))

    def _add_result(self, message: Message, part: Part, readings: CallReadings) -> None:
        call_id = str(part.tool_use_id)
        call = readings.calls.get(call_id) or self._calls.get(call_id)
        if call is None:
            return
        readings.calls[call_id] = call
        result = read_result(part.content)
        tables = self._tables.get(call_id)
        if tables and any(map(has_secret_column, (result.text, *result.file_texts))):
            # Later calls may show other rows of it, without the header.
            self._add_files(message.session_id, tables)
            readings.lines.add((message.start, message.end))
        if call.reads == "anything":
            return
        task = texts_under(result.detail, ("backgroundTaskId",)) or _TASK.findall(result.text)
        saved = texts_under(result.detail, ("persistedOutputPath",)) + _SAVED.findall(result.text)
        for task_id in task[:1]:
            self._tasks.remember(task_id, call.reads)
        self._add_files(message.session_id, [path.rstrip(". ") for path in saved])
        if task or saved:
            readings.lines.add((message.start, message.end))

    def _add_typed(self, message: Message, part: Part, readings: CallReadings) -> None:
        """Add a command that the user typed, or find the one whose output this is."""
        if not isinstance(part.content, str):
            return
        if message.kind == "command":
            if part.content.startswith(TYPED_COMMAND):
                files = self._files.get(message.session_id, frozenset())
                reading = read_command(part.content.removeprefix(TYPED_COMMAND), files)
                self._add_files(message.session_id, reading.secret_files)
                if reading.reads != "anything":
                    self._typed.remember(message.uuid, reading.reads)
                    readings.lines.add((message.start, message.end))
        elif reads := self._typed.get(message.parent_uuid or ""):
            # What it printed on the two streams may be in two rows.
            self._typed.remember(message.uuid, reads)
            readings.calls[message.id] = ToolCall("", None, reads)

    def _add_files(self, session_id: str, files: Iterable[str]) -> None:
        known = self._files.get(session_id, frozenset())
        new = [name for name in files if name not in known][: MAX_FILES - len(known)]
        if new:
            self._files.remember(session_id, known.union(new))


def _table_files(name: str, part: Part) -> list[str]:
    """Return the files of tables that a call names."""
    if not isinstance(part.content, dict):
        return []
    texts = [*named_files(name, part.content), command_line(part.content)]
    return list(islice(chain.from_iterable(map(_tables_in, texts)), MAX_FILES))


def _tables_in(text: str) -> Iterator[str]:
    for ending in _TABLE_ENDING.finditer(text):
        before = text[max(0, ending.start() - _MAX_NAME_CHARS) : ending.start()]
        start = _NAME_START.match(before[::-1])
        if start:
            yield text[ending.start() - start.end() : ending.end()]
