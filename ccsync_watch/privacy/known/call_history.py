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
from typing import TYPE_CHECKING, TypeVar

from ccsync_watch.privacy.known.command_lines.command_reader import most_secret, read_command
from ccsync_watch.privacy.known.secret_reads import read_call
from ccsync_watch.privacy.known.secret_tables import has_secret_column
from ccsync_watch.privacy.policy.policy import ToolCall
from ccsync_watch.transcripts.tool_results import read_result
from ccsync_watch.transcripts.tools import TASKS, command_line, named_files, texts_under
from ccsync_watch.transcripts.wrappers import TYPED_COMMAND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ccsync_watch.model import Batch, Message, Part
    from ccsync_watch.privacy.policy.policy import Reads

MAX_CALLS = 4096
MAX_SESSIONS = 512
MAX_FILES = 64
"""Of a session."""

_SAVED = re.compile(
    r"(?:output is being written to|output saved to):? (\S[^\n]{0,4000})", re.IGNORECASE
)
_TASK = re.compile(r"\bID: ([\w-]{1,64})")

_TABLE_FILE = re.compile(r"[\w./~@%+-]{1,400}\.(?:csv|tsv|tab|psv)\b", re.IGNORECASE)

V = TypeVar("V")


@dataclass(slots=True)
class CallReadings:
    """What is known of the calls that a batch's results answer, by the ids of the calls.

    The output of a command that the user typed has the id of its message. `lines` are those, as
    `(start, end)`, without which later lines are not understood.
    """

    calls: dict[str, ToolCall] = field(default_factory=dict)
    lines: set[tuple[int, int]] = field(default_factory=set)


class CallHistory:
    """The calls, tasks, files and typed commands of all sessions, as batches are read in order."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, ToolCall] = OrderedDict()
        self._tasks: OrderedDict[str, Reads] = OrderedDict()
        self._typed: OrderedDict[str, Reads] = OrderedDict()
        self._files: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._tables: OrderedDict[str, list[str]] = OrderedDict()
        """The files of tables that calls name: their results show whether these hold secrets."""

    def read(
        self, batch: Batch, load_stored: Callable[[set[str]], Mapping[str, ToolCall]]
    ) -> CallReadings:
        """Return what the batch's calls read, and those that its results answer.

        `load_stored` returns the stored calls among some ids. A call that a hook changed is what it
        became, since Claude asked for it.
        """
        readings = CallReadings(dict(load_stored(self._unknown_calls(batch))))
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
        _remember(self._calls, call_id, call, MAX_CALLS)
        self._add_files(message.session_id, reading.secret_files)
        tables = _table_files(name, part)
        if tables:
            _remember(self._tables, call_id, tables, MAX_CALLS)
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
            _remember(self._tasks, task_id, call.reads, MAX_CALLS)
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
                    _remember(self._typed, message.uuid, reading.reads, MAX_CALLS)
                    readings.lines.add((message.start, message.end))
        elif reads := self._typed.get(message.parent_uuid or ""):
            # What it printed on the two streams may be in two rows.
            _remember(self._typed, message.uuid, reads, MAX_CALLS)
            readings.calls[message.id] = ToolCall("", None, reads)

    def _add_files(self, session_id: str, files: Iterable[str]) -> None:
        known = self._files.get(session_id, frozenset())
        new = [name for name in files if name not in known][: MAX_FILES - len(known)]
        if new:
            _remember(self._files, session_id, known.union(new), MAX_SESSIONS)


def _table_files(name: str, part: Part) -> list[str]:
    """Return the files of tables that a call names."""
    if not isinstance(part.content, dict):
        return []
    texts = [*named_files(name, part.content), command_line(part.content)]
    return [match[0] for text in texts for match in _TABLE_FILE.finditer(text)][:MAX_FILES]


def _remember(values: OrderedDict[str, V], key: str, value: V, limit: int) -> None:
    values[key] = value
    values.move_to_end(key)
    if len(values) > limit:
        values.popitem(last=False)
