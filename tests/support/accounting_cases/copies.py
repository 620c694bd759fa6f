"""Cases of rows that stand in more than one transcript: resumed, forked, branched, copied files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from support.accounting_cases.case import Draft
from support.lines import iso

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.accounting_cases.case import Case, Conversation

_FIRST, _NEXT = "2026-11-20T10:00:00", "2026-11-22T10:00:00"
_LATER = "2026-11-24T10:00:00"


def cases() -> Iterator[Case]:
    """Yield the cases."""
    yield _copied("--fork-session, then both continued", "requester")
    yield _copied("/branch, then both continued", "source")
    yield _copied("an unmarked fork, then both continued", "unmarked")
    yield _old_resume()
    yield _resumed_twice()
    yield _fork_of_a_fork()
    yield _copied_file("a transcript copied to another project")
    yield _worktree_move()


def copy_session(source: Conversation, start: str, how: str) -> Conversation:
    """Begin a session on another day with a copy of what a session has."""
    copy = source.draft.session(start)
    copy.rows.clear()
    for row in source.rows:
        assert isinstance(row, dict)
        copied = orjson.loads(orjson.dumps(row))
        copied["sessionId"] = copy.writer.session_id
        if how == "redated":
            # Each copy has uuids of its own.
            copied["uuid"] = f"{row['uuid'][:-2]}{copy.day[-2:]}"
            copied["timestamp"] = iso(copy.writer.at_ms)
        if how == "requester" and copied["type"] == "assistant":
            copied["requestSessionId"] = source.writer.session_id
        if how == "source":
            session_id = source.writer.session_id
            copied["forkedFrom"] = {"sessionId": session_id, "messageUuid": row["uuid"]}
        copy.rows.append(copied)
    copy.writer.parent = source.writer.parent
    return copy


def _copied(name: str, how: str) -> Case:
    draft = Draft(name)
    source = draft.session(_FIRST)
    source.respond()
    source.ask()
    source.respond()
    copy = copy_session(source, _NEXT, how)
    copy.ask()
    copy.respond()
    source.go_to(_LATER)
    source.ask()
    source.respond()
    return draft.case()


def _old_resume() -> Case:
    draft = Draft("a resume that copies with new times and uuids")
    source = draft.session(_FIRST)
    source.respond()
    copy = copy_session(source, _NEXT, "redated")
    copy.ask()
    copy.respond()
    return draft.case()


def _resumed_twice() -> Case:
    draft = Draft("two such resumes, one of the other")
    source = draft.session(_FIRST)
    source.respond()
    copy = copy_session(source, _NEXT, "redated")
    copy.ask()
    copy.respond()
    last = copy_session(copy, _LATER, "redated")
    last.ask()
    last.respond()
    return draft.case()


def _fork_of_a_fork() -> Case:
    draft = Draft("a fork of a fork")
    source = draft.session(_FIRST)
    source.respond()
    fork = copy_session(source, _NEXT, "requester")
    fork.ask()
    fork.respond()
    last = copy_session(fork, _LATER, "requester")
    for row in last.rows[: len(source.rows)]:
        assert isinstance(row, dict)
        if row["type"] == "assistant":
            row["requestSessionId"] = source.writer.session_id
    last.ask()
    last.respond()
    return draft.case()


def _copied_file(name: str) -> Case:
    draft = Draft(name)
    session = draft.session()
    session.respond()
    case = draft.case()
    backup = {f"-backup/{path}".replace("/-", "-"): data for path, data in case.files.items()}
    case.files.update(backup)
    return case


def _worktree_move() -> Case:
    draft = Draft("a session in two folders, half in each")
    session = draft.session(_FIRST)
    session.respond()
    first = draft.case().files
    session.rows.clear()
    session.go_to(_NEXT)
    session.ask()
    session.respond()
    session.path = f"-home-user-worktree/{session.path.rpartition('/')[2]}"
    case = draft.case()
    case.files.update(first)
    return case
