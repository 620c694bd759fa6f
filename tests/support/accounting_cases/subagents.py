"""Cases of subagents, wherever a client wrote their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from support.accounting_cases.case import HAIKU, Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.accounting_cases.case import Case


def cases() -> Iterator[Case]:
    """Yield the cases."""
    yield _in_a_file("a subagent in its session's folder", is_flat=False)
    yield _in_a_file("a subagent beside its session", is_flat=True)
    yield _sidechain()
    yield _parallel_sidechains()
    yield _of_a_missing_session()
    yield _copied_context()


def _in_a_file(name: str, *, is_flat: bool) -> Case:
    draft = Draft(name)
    session = draft.session()
    session.respond()
    subagent = draft.subagent(session, is_flat=is_flat)
    subagent.respond(model=HAIKU, price=HAIKU)
    subagent.respond(model=HAIKU, price=HAIKU)
    session.respond()
    return draft.case()


def _sidechain() -> Case:
    draft = Draft("a subagent among its session's rows")
    session = draft.session()
    session.respond()
    main = session.writer.parent
    session.writer.parent = None
    session.ask("Look")
    session.respond(model=HAIKU, price=HAIKU)
    for row in session.rows[-2:]:
        assert isinstance(row, dict)
        row["isSidechain"] = True
    session.writer.parent = main
    session.respond()
    return draft.case()


def _parallel_sidechains() -> Case:
    draft = Draft("two subagents at once among their session's rows")
    session = draft.session()
    session.respond()
    main = session.writer.parent
    roots: list[str | None] = []
    for task in ("Look here", "Look there"):
        session.writer.parent = None
        session.ask(task)
        roots.append(session.writer.parent)
    for root in reversed(roots):
        session.writer.parent = root
        session.respond(model=HAIKU, price=HAIKU)
    for row in session.rows[-4:]:
        assert isinstance(row, dict)
        row["isSidechain"] = True
    session.writer.parent = main
    session.respond()
    return draft.case()


def _of_a_missing_session() -> Case:
    draft = Draft("a subagent of a session that has no rows")
    session = draft.session()
    subagent = draft.subagent(session, is_flat=True)
    draft.conversations.remove(session)
    subagent.respond(model=HAIKU, price=HAIKU)
    return draft.case()


def _copied_context() -> Case:
    draft = Draft("a subagent that begins with its session's rows")
    session = draft.session()
    session.respond()
    subagent = draft.subagent(session)
    copies = [orjson.loads(orjson.dumps(row)) for row in session.rows]
    for row in copies:
        row |= {"isSidechain": True, "agentId": subagent.writer.agent_id}
    subagent.rows[:0] = copies
    subagent.respond(model=HAIKU, price=HAIKU)
    return draft.case()
