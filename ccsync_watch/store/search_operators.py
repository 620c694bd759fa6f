"""The operators of the search, one row each: what they say, and which rows have it.

An operator is of a **session**, which all of its messages share, or of a **message**. A message is
found if it and its session have all that a search asks for; a session, if one of its messages is.

To add one, add a row to `OPERATORS`, or to `FLAGS` for another `is:`. Their conditions are SQL over
`s`, a row of `sessions`, and `m`, one of `compact_messages`.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from ccsync_watch.errors import QueryError
from ccsync_watch.store.call_index import MAY_HAVE_FAILED
from ccsync_watch.store.conversations import IS_FAILED
from ccsync_watch.store.search_times import EXAMPLES, read_period
from ccsync_watch.store.search_values import distinct, either, matcher
from ccsync_watch.store.session_annotations import MARKS, every_annotation, marked_seqs
from ccsync_watch.store.session_summaries import project_name
from ccsync_watch.store.text_functions import small_letters
from ccsync_watch.transcripts.tools import TOOLS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from datetime import tzinfo

Scope: TypeAlias = Literal["session", "message"]
_MAX_KNOWN = 8
_ANY_MARK = "any"
_MARK_NAMES = (*MARKS, _ANY_MARK)
KINDS = {
    "prompt": ("prompt", "blocked"),
    "answer": ("answer",),
    "result": ("tool_result",),
    "command": ("command", "command_output"),
    "error": ("api_error",),
    "summary": ("summary", "compaction"),
    "plan": ("plan",),
    "task": ("task", "notification"),
    "teammate": ("teammate", "cross_session"),
    "other": ("mention", "injected", "interrupt", "notice"),
}
"""What `kind:` accepts, and the kinds of messages that it means."""


class Moment(NamedTuple):
    """What values are read by: the store, the time, the reader's zone (None: the machine's)."""

    read: sqlite3.Connection
    now_ms: int
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """What an operator asks for. `sql` has a `?` for each of `values`.

    `words` is a text that the index has of every row that matches: it finds them sooner; a `*`
    before or behind it: it may be a part of a word there. `of_session` is a condition of a session
    that has such a message, for an operator of messages.
    """

    sql: str
    values: tuple[object, ...] = ()
    words: str | None = None
    of_session: Condition | None = None


ANY_SESSION = Condition("true")


@dataclass(frozen=True, slots=True)
class Operator:
    """One row: `NAME:value`. `read` raises QueryError for a value that is none of its own."""

    name: str
    scope: Scope
    help: str
    examples: tuple[str, ...]
    read: Callable[[Moment, str], Condition]


@dataclass(frozen=True, slots=True)
class Flag:
    """One row: `is:NAME`."""

    name: str
    scope: Scope
    help: str
    sql: str


FLAGS = (
    Flag(
        "error",
        "message",
        "a call that failed, or an error of the API",
        f"(m.kind = 'api_error' OR m.kind = 'tool_result' AND {MAY_HAVE_FAILED}"  # noqa: S608 - constants
        " AND EXISTS (SELECT 1 FROM parts e"
        f" WHERE e.message_seq = m.seq AND {IS_FAILED.format(p='e')}))",
    ),
    Flag("subagent", "message", "said in a subagent's conversation", "m.agent_id IS NOT NULL"),
    Flag("fork", "session", "continues another session", "s.forked_from IS NOT NULL"),
    Flag(
        "starred",
        "session",
        "has a star",
        "EXISTS (SELECT 1 FROM session_annotations a WHERE a.session_id = s.id AND a.is_starred)",
    ),
)
"""The values of `is:`."""


def _project(moment: Moment, value: str) -> Condition:
    known = distinct(moment.read, "project_path")
    written = _expanded(value)
    wanted = written.casefold()
    is_path = "/" in written or "\\" in written
    # A name that is written in full is meant alone.
    exact = [path for path in known if wanted in {path.casefold(), _name(path)}]
    is_wanted = matcher(written)
    matching = exact or [path for path in known if is_wanted(path if is_path else _name(path))]
    return _one_of("s.project_path", matching, value, "project", map(_name, known))


def _expanded(value: str) -> str:
    """Return a part of a path with the home for `~`, which a shell expands in few places."""
    return os.path.expanduser(value)  # noqa: PTH111 - may be a glob


def _name(path: str) -> str:
    return (project_name(path) or path).casefold()


def _text_of(column: str, label: str, moment: Moment, value: str) -> Condition:
    known = distinct(moment.read, column)
    wanted = value.casefold()
    exact = [text for text in known if text.casefold() == wanted]
    matching = exact or list(filter(matcher(value), known))
    return _one_of(f"s.{column}", matching, value, label, known)


_branch = partial(_text_of, "git_branch", "branch")
_model = partial(_text_of, "model", "model")


def _one_of(column: str, values: list[str], typed: str, label: str, known: object) -> Condition:
    """Return that a column is one of these values. Raises QueryError without any."""
    if not values:
        names = sorted(set(known))[:_MAX_KNOWN]  # type: ignore[call-overload] # iterable of texts
        hint = f"known are {', '.join(names)}" if names else "none is stored yet"
        raise QueryError(f"no {label} is called {typed}", hint=hint)
    marks = ", ".join("?" * len(values))
    return Condition(f"{column} IN ({marks})", tuple(values))


def _session(_moment: Moment, value: str) -> Condition:
    if not re.fullmatch(r"[\w.:-]{2,200}", value):
        raise QueryError(f"{value} is not a session's id", hint="write the beginning of one")
    return Condition("s.id >= ? AND s.id < ?", (value, value + "\U0010ffff"))


def _tag(moment: Moment, value: str) -> Condition:
    wanted = value.casefold()
    annotations = every_annotation(moment.read)
    ids = [item.session_id for item in annotations if wanted in map(str.casefold, item.tags)]
    if not ids:
        known = {tag for item in annotations for tag in item.tags}
        return _one_of("s.id", [], value, "tag", known)
    return _among(ids)


def _note(moment: Moment, value: str) -> Condition:
    is_wanted = matcher(value)
    return _among(
        [
            item.session_id
            for item in every_annotation(moment.read)
            if any(is_wanted(text) for text in (item.name, item.note) if text)
        ]
    )


def _among(ids: list[str]) -> Condition:
    return Condition("s.id IN (SELECT value FROM json_each(?))", (json.dumps(ids),))


def _tool(_moment: Moment, value: str) -> Condition:
    """Match a tool's name, or the server or the tool of an MCP tool; `*` stands for any end."""
    name = value.lower()
    glob = re.sub(r"([\[?])", r"[\1]", name)
    sql = (
        "EXISTS (SELECT 1 FROM parts t WHERE t.message_seq = m.seq AND (lower(t.tool_name) GLOB ?"
        " OR t.tool_name GLOB 'mcp__*' AND '__' || lower(t.tool_name) || '__' GLOB ?))"
    )
    # The index has names of tools; it cannot find the middle of one, nor what is not a word.
    words = None if "*" in name or not name.isascii() else name
    return Condition(sql, (glob, f"*__{glob}__*"), words)


_PATH_NAMES = ", ".join(sorted({f"'{name}'" for tool in TOOLS for name in tool.paths}))


def _file(_moment: Moment, value: str) -> Condition:
    """Match a part of the path of a file that a call reads or changes, from a word's beginning.

    With `*` before it, it may begin inside of a word.
    """
    value = _expanded(value)
    is_inside = value.startswith("*")
    part = small_letters(value.strip("*")) or ""
    glob = re.sub(r"([*\[?])", r"[\1]", part)
    return Condition(
        "EXISTS (SELECT 1 FROM parts f, json_each(unpacked(f.content)) path"  # noqa: S608 - constants
        f" WHERE f.message_seq = m.seq AND f.kind = 'tool-call' AND path.key IN ({_PATH_NAMES})"
        " AND '/' || small_letters(path.value) GLOB ?)",
        (f"*{glob}*" if is_inside or not part[:1].isalnum() else f"*[^a-z0-9]{glob}*",),
        f"*{part}" if is_inside else f"{part}*",
    )


def _kind(_moment: Moment, value: str) -> Condition:
    kinds = KINDS.get(value.lower())
    if kinds is None:
        raise QueryError(f"kind:{value} is not a kind of message", hint=f"write {either(KINDS)}")
    return Condition(f"m.kind IN ({', '.join('?' * len(kinds))})", kinds)


def _mark(moment: Moment, value: str) -> Condition:
    name = value.lower()
    if name not in _MARK_NAMES:
        raise QueryError(f"mark:{value} is not a mark", hint=f"write {either(_MARK_NAMES)}")
    seqs = marked_seqs(moment.read, MARKS if name == _ANY_MARK else [name])
    return Condition("m.seq IN (SELECT value FROM json_each(?))", (json.dumps(seqs),))


def _is(_moment: Moment, value: str) -> Condition:
    return Condition(find_flag(value).sql)


def find_flag(value: str) -> Flag:
    """Return a row of `FLAGS`. Raises QueryError for a name that has none."""
    for flag in FLAGS:
        if flag.name == value.lower():
            return flag
    names = [flag.name for flag in FLAGS]
    raise QueryError(f"is:{value} is unknown", hint=f"write is:{either(names)}")


def _since(moment: Moment, value: str) -> Condition:
    at_ms = read_period(value, moment.now_ms, moment.zone).start_ms
    of_session = Condition("s.updated_ms >= ?", (at_ms,))
    return Condition("m.timestamp_ms >= ?", (at_ms,), of_session=of_session)


def _until(moment: Moment, value: str) -> Condition:
    at_ms = read_period(value, moment.now_ms, moment.zone).end_ms
    # The plus keeps SQLite from its index, which would cost a sort of everything before.
    of_session = Condition("+s.started_ms < ?", (at_ms,))
    return Condition("m.timestamp_ms < ?", (at_ms,), of_session=of_session)


OPERATORS = (
    Operator(
        "project",
        "session",
        "a part of the project's name, or with a / of its path; of a whole one with * for any part",
        ("project:api", 'project:"my app"', "project:work/api", "project:shop-*"),
        _project,
    ),
    Operator(
        "branch",
        "session",
        "a part of the branch's name, or the whole with * for any part",
        ("branch:feature/", "branch:fix/*"),
        _branch,
    ),
    Operator(
        "model",
        "session",
        "a part of the model's name, or the whole with * for any part",
        ("model:opus", "model:claude-*-4*"),
        _model,
    ),
    Operator("tag", "session", "a tag that you gave the session", ("tag:billing",), _tag),
    Operator(
        "note",
        "session",
        "a part of the note or of the name that you gave the session",
        ("note:flaky", 'note:"ask Ana"'),
        _note,
    ),
    Operator(
        "session", "session", "the beginning of the session's id", ("session:1f3a",), _session
    ),
    Operator(
        "tool",
        "message",
        "a call of a tool or its result; also the server or the tool of an MCP tool",
        ("tool:Bash", "tool:github", "tool:Web*"),
        _tool,
    ),
    Operator(
        "file",
        "message",
        "a call that reads or changes a file, by a part of its path; *part begins inside of a word",
        ("file:main.py", "file:src/api", "file:*Page.tsx"),
        _file,
    ),
    Operator(
        "mark",
        "message",
        f"a message that you marked: {either(_MARK_NAMES)}",
        ("mark:golden", "mark:any"),
        _mark,
    ),
    Operator("kind", "message", f"the kind of message: {either(KINDS)}", ("kind:prompt",), _kind),
    Operator(
        "is",
        "message",
        "; ".join(f"is:{flag.name}, {flag.help}" for flag in FLAGS),
        tuple(f"is:{flag.name}" for flag in FLAGS),
        _is,
    ),
    Operator(
        "since", "message", f"from then on: {EXAMPLES}", ("since:7d", "since:2026-10"), _since
    ),
    Operator("until", "message", "up to the end of then", ("until:yesterday",), _until),
)
"""Every operator, in the order in which help lists them."""
BY_NAME = {operator.name: operator for operator in OPERATORS}


def scope_of(name: str, value: str) -> Scope:
    """Return whether `name:value` is said of a session or of a message."""
    return find_flag(value).scope if name == "is" else BY_NAME[name].scope
