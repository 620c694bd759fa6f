"""The figures that `status` shows."""

from __future__ import annotations

from ccsync_watch.store.session_policy import mark_sessions
from ccsync_watch.store.status_figures import rejected_rows, session_table, totals
from support.storing import OTHER, SESSION, World, message


def test_a_table_row_per_session_the_most_recent_first(world: World) -> None:
    """With counts by state; excluded ones are left out."""
    world.say("u1", ago_ms=100)
    world.say("u1", session_id=OTHER, is_released=False)
    world.ingest(message("u1"), session_id="hidden", excluded=frozenset({"hidden"}))
    world.outbox.reject(world.outbox.rows(SESSION, 1 << 50, 1).value[0], "odd")
    first, second = session_table(world.database)
    assert (first["session_id"], second["session_id"]) == (OTHER, SESSION)
    assert (first["messages"], first["rows_pending"], first["rows_held"]) == (1, 2, 2)
    assert (second["rows_pending"], second["rows_rejected"]) == (1, 1)
    assert (first["is_due"], second["is_due"], second["last_error"]) == (1, 1, "odd")
    assert second["last_ack_ms"] is None


def test_totals_of_an_empty_store(world: World) -> None:
    """Counts are 0, and the last ack is not known."""
    figures = totals(world.database)
    assert figures.pop("last_ack_ms") is None
    assert figures.pop("rows_per_second") is None
    assert set(figures.values()) == {0}


def test_totals(world: World) -> None:
    """Our own header is not a message, an inherited prompt not this session's."""
    world.ingest(
        message("u1"),
        message("u2", is_inherited=True),
    )
    figures = world.figures()
    assert (figures["messages"], figures["prompts"], figures["rows_pending"]) == (2, 1, 3)
    assert (figures["bytes_read"], figures["sessions"]) == (100, 1)
    world.drain()
    assert world.figures()["last_ack_ms"] >= world.clock.now_ms - 60_000


def test_the_sums_of_the_table_are_the_totals(world: World) -> None:
    """Our own header is not counted in either."""
    world.ingest(message("u1"), message("u2", is_inherited=True))
    world.say("u1", session_id=OTHER, is_released=False)
    table, figures = session_table(world.database), world.figures()
    for name in ("messages", "rows_pending", "rows_held", "rows_rejected"):
        assert sum(int(str(row[name])) for row in table) == figures[name]


def test_rejected_rows_are_listed_with_their_reason(world: World) -> None:
    """At most `limit`, in order."""
    world.ingest(message("u1"), message("u2"))
    for row in world.outbox.rows(SESSION, 1 << 50, 9).value:
        world.outbox.reject(row, f"reason {row.message.seq}")
    rejected = rejected_rows(world.database, limit=2)
    assert [row["reason"] for row in rejected] == ["reason 1", "reason 2"]
    assert rejected[1]["id"] == f"{SESSION}:u1"


def test_messages_of_excluded_sessions_are_not_counted(world: World) -> None:
    """They may have been stored before their project was excluded."""
    world.ingest(message("u1"))
    world.ingest(message("u1", session_id=OTHER), session_id=OTHER)
    mark_sessions(world.database, excluded={OTHER}, metadata_only=set(), now_ms=0, is_released=True)
    figures = world.figures()
    assert (figures["sessions"], figures["messages"], figures["prompts"]) == (1, 1, 1)


def test_the_rate_is_that_of_the_last_minute_of_uploading(world: World) -> None:
    """Whenever that was; what was sent long before says nothing of it."""
    world.say("u0")
    world.work()
    world.clock.advance(600)
    day_ms = 86_400_000
    world.ingest(*(message(f"v{at}", at_ms=world.clock.now_ms - day_ms + at) for at in range(40)))
    world.transport.on_answer = lambda _path: world.clock.advance(0.1)
    world.work()
    figures = totals(world.database)
    rate = figures["rows_per_second"]
    assert isinstance(rate, float)
    assert 8 < rate < 13
    assert figures["sessions_pending"] == 0
    world.say("u1", session_id=OTHER)
    assert totals(world.database)["sessions_pending"] == 1
