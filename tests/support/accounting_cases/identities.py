"""Cases of which rows report the same response, and of counts that are hard to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from support.accounting_cases.case import Counts, Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.accounting_cases.case import Case

_ABSURD = 10**18


def cases() -> Iterator[Case]:
    """Yield the cases."""
    yield _plain()
    yield _repeated_rows()
    yield _growing_rows()
    yield _unfinished()
    yield _with_id("a response without an id", [None, None], has_request_id=True)
    yield _with_id("a response without any id", [None, None], has_request_id=False)
    yield _with_id("an empty id", ["", ""], has_request_id=False)
    yield _with_id("an id with odd characters", ["gen/a+b=|c d", "gen/a+b=|c e"])
    yield _with_id("a constant id", ["gateway"] * 3, has_request_id=False)
    yield _with_id("a constant id, with request ids", ["gateway"] * 3)
    yield _constant_id_in_two_sessions()
    yield _constant_id_and_equal_counts()
    yield _counts_as("counts as floats", float)
    yield _counts_as("counts as strings", str)
    yield _absurd_counts()
    yield _client_errors()
    yield _two_rows_on_a_line()
    yield _behind_a_torn_row()
    yield _not_utf8()


def _plain() -> Case:
    draft = Draft("two plain responses")
    session = draft.session()
    session.respond()
    session.ask()
    session.respond()
    return draft.case()


def _repeated_rows() -> Case:
    draft = Draft("a response in three rows")
    session = draft.session()
    row = session.respond()
    for number in range(2):
        session.rows.append({**row, "uuid": f"{row['uuid'][:-4]}000{number}", "apiBlockIndex": 1})
    return draft.case()


def _growing_rows() -> Case:
    draft = Draft("a streamed response whose rows grow")
    session = draft.session()
    counts = draft.next_counts()
    first = session.answer(Counts(counts.input, 1, counts.write, 0, counts.read))
    first["message"]["stop_reason"] = None
    last = session.respond(counts)
    last["message"]["id"], last["requestId"] = first["message"]["id"], first["requestId"]
    return draft.case()


def _unfinished() -> Case:
    draft = Draft("a response of which only the beginning was written")
    session = draft.session()
    session.respond(Counts(2000, 1))["message"]["stop_reason"] = None
    return draft.case()


def _with_id(name: str, ids: list[str | None], *, has_request_id: bool = True) -> Case:
    draft = Draft(name)
    session = draft.session()
    for response_id in ids:
        session.ask()
        row = session.respond()
        row["message"]["id"] = response_id
        if response_id is None:
            del row["message"]["id"]
        if not has_request_id:
            del row["requestId"]
    return draft.case()


def _constant_id_in_two_sessions() -> Case:
    draft = Draft("a constant id in two sessions")
    for day in (20, 21):
        session = draft.session(f"2026-11-{day}T10:00:00")
        row = session.respond()
        row["message"]["id"] = "gateway"
        del row["requestId"]
    return draft.case()


def _constant_id_and_equal_counts() -> Case:
    draft = Draft("a constant id, equal counts, other requests")
    session = draft.session()
    for _ in range(2):
        session.ask()
        session.respond(Counts(500, 20))["message"]["id"] = "gateway"
    return draft.case()


def _counts_as(name: str, kind: type[float | str]) -> Case:
    draft = Draft(name)
    session = draft.session()
    for _ in range(2):
        usage = session.respond()["message"]["usage"]
        usage.update({key: kind(value) for key, value in usage.items()})
    return draft.case()


def _absurd_counts() -> Case:
    draft = Draft("an absurd count beside a good one")
    session = draft.session()
    session.respond()
    session.answer(Counts(_ABSURD, _ABSURD))
    return draft.case()


def _client_errors() -> Case:
    draft = Draft("an error that the client wrote itself")
    session = draft.session()
    session.respond()
    row: dict[str, Any] = session.answer(Counts(0, 0), "<synthetic>")
    row |= {"isApiErrorMessage": True, "error": "server_error"}
    return draft.case()


def _two_rows_on_a_line() -> Case:
    draft = Draft("two rows on one line")
    session = draft.session()
    rows = [session.respond(), session.respond()]
    session.rows[-2:] = [b"".join(map(orjson.dumps, rows)) + b"\n"]
    return draft.case()


def _behind_a_torn_row() -> Case:
    draft = Draft("a row behind a torn one")
    session = draft.session()
    session.respond()
    torn = orjson.dumps(session.answer(Counts(1, 1)))
    session.rows[-1] = torn[: len(torn) // 3]
    session.respond()
    return draft.case()


def _not_utf8() -> Case:
    draft = Draft("a byte that is not UTF-8")
    session = draft.session()
    row = session.respond()
    session.rows[-1] = orjson.dumps(row).replace(b"Answer", b"\xe9t\xe9") + b"\n"
    session.respond()
    return draft.case()
