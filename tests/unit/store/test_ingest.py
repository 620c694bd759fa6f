"""The ingest transaction: rows, outbox and offset together, each row once."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from ccsync_watch.model import Batch, Fact, Message, Part, Redacted, Subagent, Unreadable
from ccsync_watch.store import checkpoints, search, status_figures, stored_messages
from ccsync_watch.store.ingest import IngestContext, ingest
from ccsync_watch.store.session_policy import excluded_among
from support.searching import search_for
from support.storing import OTHER, SESSION, World, checkpoint, message, observation, usage


def _all(world: World, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in world.database.read().execute(query)]


def _queued(world: World) -> list[tuple[Any, ...]]:
    return _all(
        world,
        "SELECT m.uuid, o.version, o.is_certain, o.is_released, o.not_before_ms FROM outbox o"
        " JOIN messages m USING (seq) ORDER BY o.seq",
    )


def _commit(world: World, batch: Batch, offset: int = 100, *, name: str = SESSION) -> None:
    context = IngestContext(now_ms=world.clock.now_ms, host=Redacted("laptop"))
    ingest(world.database, Redacted(batch), checkpoint(name, offset), context)


class TestOnce:
    """A line is in the store exactly once."""

    def test_rows_queue_and_offset_commit_together(self, world: World) -> None:
        """After a commit all three are stored."""
        result = world.ingest(message("u1"), message("u2"))
        assert (result.inserted, result.updated, result.sessions) == (2, 0, frozenset({SESSION}))
        assert [row[0] for row in _queued(world)] == ["session", "u1", "u2"]
        assert [item.offset for item in checkpoints.load_checkpoints(world.database)] == [100]

    @pytest.mark.parametrize(("compared", "mtime_ns"), [({}, 1), ({"is_compared": False}, 0)])
    def test_a_file_that_was_not_compared_is_stored_without_its_time(
        self, world: World, compared: dict[str, bool], mtime_ns: int
    ) -> None:
        """So that the next start opens it, and has it compared."""
        context = IngestContext(now_ms=1, host=Redacted("laptop"), **compared)  # type: ignore[arg-type]
        ingest(world.database, Redacted(Batch(start=0, end=9)), checkpoint(), context)
        assert _all(world, "SELECT mtime_ns FROM transcripts") == [(mtime_ns,)]

    def test_a_batch_that_fails_leaves_nothing(self, world: World) -> None:
        """A row that cannot be written takes offset and all other rows with it."""
        broken = replace(message("u2"), is_inherited=object())  # type: ignore[arg-type]
        with pytest.raises(sqlite3.Error):
            world.ingest(message("u1"), broken)
        assert list(checkpoints.load_checkpoints(world.database)) == []
        assert _queued(world) == []
        assert world.outbox.next_due_ms() is None

    def test_the_same_line_again_changes_nothing(self, world: World) -> None:
        """A copy of the file, or a re-read, adds no row and queues none."""
        world.ingest(message("u1"))
        world.work()
        result = world.ingest(message("u1"))
        assert (result.inserted, result.updated) == (0, 0)
        assert _queued(world) == []

    def test_a_row_twice_in_one_batch_is_one(self, world: World) -> None:
        """The last of them wins, in the place of the first."""
        world.ingest(message("u1", "early"), message("u2"), message("u1", "late"))
        rows = stored_messages.session_messages(world.database, SESSION)
        assert [row.id.rsplit(":")[-1] for row in rows] == ["session", "u1", "u2"]
        assert rows[1].parts[0].content == "late"

    def test_many_rows_in_one_batch(self, world: World) -> None:
        """More ids than SQLite takes variables in one statement are looked up in parts."""
        many = [message(f"u{number}") for number in range(1200)]
        assert world.ingest(*many).inserted == 1200
        assert world.ingest(*many).inserted == 0

    def test_an_empty_batch_moves_the_offset(self, world: World) -> None:
        """Lines of dropped types are counted as read as well."""
        _commit(world, Batch(start=0, end=70, lines=3), 70)
        assert [item.offset for item in checkpoints.load_checkpoints(world.database)] == [70]
        assert world.outbox.next_due_ms() is None

    def test_lines_are_counted_by_type(self, world: World) -> None:
        """Counts add up over batches, those of unknown types included."""
        for _ in range(2):
            batch = Batch(start=0, end=1)
            batch.counted.update({"user": 2, "?novelty": 1})
            _commit(world, batch)
        assert status_figures.unknown_line_types(world.database) == {"novelty": 2}

    def test_unreadable_lines_are_recorded_once(self, world: World) -> None:
        """A re-read of a rewritten file deletes what was recorded from its start on."""
        first = Batch(start=0, end=50, unreadable=[Unreadable(5, 9, "no JSON")])
        _commit(world, first, 50)
        second = Batch(start=50, end=99, unreadable=[Unreadable(60, 70, "no JSON")])
        _commit(world, second, 99)
        _commit(world, second, 99)
        assert world.figures()["unreadable"] == 2
        _commit(world, Batch(start=0, end=99), 99)
        assert world.figures()["unreadable"] == 0

    def test_a_shorter_offset_is_counted_as_a_restart(self, world: World) -> None:
        """How often a file started again is known."""
        for offset in (100, 40, 90):
            _commit(world, Batch(start=0, end=offset), offset)
        assert _all(world, "SELECT restarts, lines FROM transcripts") == [(1, 0)]

    def test_a_file_that_came_back_is_no_longer_missing(self, world: World) -> None:
        """A commit proves that it is there."""
        _commit(world, Batch(start=0, end=1))
        with world.database.write() as connection:
            connection.execute("UPDATE transcripts SET missing_since_ms = 5")
        _commit(world, Batch(start=0, end=2))
        assert world.figures()["transcripts"] == 1


class TestChanges:
    """A message whose content changed is sent again, safely."""

    def test_one_that_was_sent_is_postponed_as_uncertain(self, world: World) -> None:
        """The backend ignores a change that follows closely, and a batch would lose its parts."""
        world.ingest(message("u1", "old"))
        world.work()
        result = world.ingest(message("u1", "new"))
        assert (result.inserted, result.updated) == (0, 1)
        assert _queued(world) == [("u1", 0, 0, 1, world.clock.now_ms + 11_000)]

    def test_one_that_was_never_sent_stays_certain(self, world: World) -> None:
        """It can still be sent in a batch, at once."""
        world.ingest(message("u1", "old"))
        world.ingest(message("u1", "new"))
        assert _queued(world)[1:] == [("u1", 1, 1, 1, 0)]
        assert world.outbox.due_sessions(world.clock.now_ms) == [SESSION]

    def test_one_that_may_have_been_sent_blocks_its_session(self, world: World) -> None:
        """Neither the change nor a later row overtakes what the backend may have."""
        world.ingest(message("u1", "old"))
        rows = world.outbox.rows(SESSION, 1 << 50, 9).value
        world.outbox.mark_uncertain(SESSION, [row.message.seq for row in rows])
        world.ingest(message("u1", "new"))
        world.say("u2")
        assert world.outbox.due_sessions(world.clock.now_ms + 10_999) == []
        assert world.outbox.due_sessions(world.clock.now_ms + 11_000) == [SESSION]

    def test_one_that_was_rejected_is_tried_again(self, world: World) -> None:
        """The backend rejected the old content."""
        world.ingest(message("u1", "old"))
        for row in world.outbox.rows(SESSION, 1 << 50, 9).value:
            world.outbox.reject(row, "no")
        world.ingest(message("u1", "new"))
        assert world.figures()["rows_rejected"] == 1  # the header
        assert [row[0] for row in _queued(world)] == ["session", "u1"]

    def test_its_old_parts_are_gone(self, world: World) -> None:
        """Fewer parts than before leave none of the old ones behind."""
        world.ingest(message("u1", parts=(Part("text", "a"), Part("text", "b"))))
        world.ingest(message("u1", parts=(Part("text", "c"),)))
        row = stored_messages.session_messages(world.database, SESSION)[1]
        assert [part.content for part in row.parts] == ["c"]

    @pytest.mark.parametrize(
        "changed",
        [
            {"role": "system"},
            {"kind": "injected"},
            {"parts": (Part("thinking", "Hello"),)},
            {"parts": ()},
        ],
    )
    def test_any_visible_difference_is_a_change(
        self, world: World, changed: dict[str, Any]
    ) -> None:
        """Role, kind, number and kind of the parts count like their content."""
        world.ingest(message("u1"))
        result = world.ingest(replace(message("u1"), **changed))
        assert result.updated == 1
        (role, kind) = _all(world, "SELECT role, kind FROM messages WHERE uuid = 'u1'")[0]
        assert (role, kind) == (changed.get("role", "user"), changed.get("kind", "prompt"))


class TestHeader:
    """The session's first `system` message."""

    def test_it_has_what_the_backend_has_no_field_for(self, world: World) -> None:
        """It comes before the first message, at its time, a line for each fact."""
        at_ms = world.clock.now_ms - 5
        world.ingest(message("u1", at_ms=at_ms))
        header = stored_messages.session_messages(world.database, SESSION)[0]
        assert (header.role, header.kind, header.timestamp_ms) == ("system", "session", at_ms)
        assert header.parts[0].content == (
            "Folder: /home/user/project\nBranch: main\nHost: laptop\n"
            "Claude Code: 2.1.330\nStarted from: cli"
        )

    def test_it_names_no_branch_where_there_is_none(self, world: World) -> None:
        """The client writes HEAD then."""
        world.ingest(message("u1"), git_branch="HEAD")
        header = stored_messages.session_messages(world.database, SESSION)[0]
        assert "Branch" not in str(header.parts[0].content)

    def test_it_follows_the_facts(self, world: World) -> None:
        """Another branch, and the reason of the end, change it; the same again does not."""
        world.say("u1")
        world.work()
        with world.database.write() as connection:
            connection.execute(
                "INSERT INTO hook_events (name, session_id, at_ms, detail)"
                " VALUES ('SessionEnd', ?, 1, ?)",
                (SESSION, '{"reason": "logout"}'),
            )
        world.say("u2")
        world.say("u3")
        header = stored_messages.session_messages(world.database, SESSION)[0]
        assert str(header.parts[0].content).endswith("Ended: logout")
        queued = world.outbox.rows(SESSION, 1 << 50, 9).value
        assert (queued[0].message.id, queued[0].version) == (header.id, 0)
        assert [row[0] for row in _queued(world)] == ["session", "u2", "u3"]

    def test_a_commit_without_messages_has_none(self, world: World) -> None:
        """A session of which only facts are known has no header."""
        world.ingest(facts={"custom_title": "Early"})
        assert stored_messages.session_messages(world.database, SESSION) == []


class TestOrder:
    """Dates keep the order of the file, as dashboards sort by date."""

    def _dates(self, world: World, *times: int | None, batch: int = 100) -> list[int | None]:
        now = world.clock.now_ms
        rows = [
            message(f"u{number}", at_ms=None if at is None else now + at, start=number)
            for number, at in enumerate(times)
        ]
        for at in range(0, len(rows), batch):
            world.ingest(*rows[at : at + batch])
        return [
            None if row.timestamp_ms is None else row.timestamp_ms - now
            for row in stored_messages.session_messages(world.database, SESSION)
            if row.kind != "session"
        ]

    @pytest.mark.parametrize("batch", [1, 2, 100])
    def test_a_time_that_goes_back_a_little_stays_where_its_row_is(
        self, world: World, batch: int
    ) -> None:
        """Across commits as well; the store keeps the row's own time as well."""
        assert self._dates(world, 0, 500, 200, 400, 900, batch=batch) == [0, 500, 500, 500, 900]
        own = _all(world, "SELECT timestamp_ms FROM messages WHERE kind <> 'session' ORDER BY seq")
        assert [row[0] - world.clock.now_ms for row in own] == [0, 500, 200, 400, 900]

    def test_a_time_that_goes_back_far_is_kept(self, world: World) -> None:
        """One wrong clock must not drag all later rows along."""
        assert self._dates(world, 90_000, 0, 100) == [90_000, 0, 100]

    def test_a_row_without_a_time_has_its_predecessors(self, world: World) -> None:
        """What comes before all times has that of the next one; all are marked."""
        assert self._dates(world, None, 5, None, 9) == [5, 5, 5, 9]
        facts = _all(world, "SELECT facts FROM messages WHERE kind <> 'session' ORDER BY seq")
        assert [row[0] for row in facts] == ['{"time":"inferred"}', "{}"] * 2

    def test_a_row_stored_without_a_time_is_dated_when_it_is_read_again(self, world: World) -> None:
        """Its content is the same, and it is sent once more."""
        world.ingest(message("u1", at_ms=None))
        world.drain()
        with world.database.write() as connection:
            connection.execute("UPDATE compact_messages SET timestamp_ms = NULL, dated_ms = NULL")
        assert self._dates(world) == [None]
        world.ends[SESSION] = 0
        now = world.clock.now_ms
        assert (
            world.ingest(message("u1", at_ms=None), message("u2", at_ms=now, start=9)).updated == 1
        )
        assert self._dates(world) == [0, 0]
        assert world.outbox.count_unsettled([SESSION])

    def test_a_row_without_a_time_is_dated_by_the_batch_before(self, world: World) -> None:
        """But not by the content that its file had before it was written again."""
        now = world.clock.now_ms
        world.ingest(message("u1", at_ms=now))
        world.ingest(message("u2", at_ms=None), message("u3", at_ms=now + 3_600_000, start=9))
        assert self._dates(world) == [0, 0, 3_600_000]
        world.ends[SESSION] = 0
        world.ingest(message("u4", at_ms=None), message("u5", at_ms=now + 90_000, start=9))
        assert self._dates(world)[3:] == [90_000, 90_000]

    def test_a_file_read_again_from_its_start_starts_a_new_order(self, world: World) -> None:
        """The last date of its old content does not affect its first row."""
        now = world.clock.now_ms
        world.ingest(message("u1", at_ms=now), message("u2", at_ms=now + 30_000))
        world.ends[SESSION] = 0
        world.ingest(message("u0", at_ms=now + 10), message("u1", at_ms=now))
        rows = {
            row.id: row.timestamp_ms
            for row in stored_messages.session_messages(world.database, SESSION)
        }
        assert rows[f"{SESSION}:u0"] == now + 10

    @pytest.mark.parametrize("batch", [1, 2, 100])
    def test_rows_that_are_understood_only_now_get_the_place_of_the_file(
        self, world: World, batch: int
    ) -> None:
        """A newer version reads the file again: the rows behind a new one follow it."""
        rows = [message(f"u{number}", f"word{number}", start=number * 10) for number in range(10)]
        world.ingest(*[row for row in rows if row.uuid not in {"u3", "u7"}])
        world.drain()
        search.catch_up(world.database, world.clock)
        for at in range(0, len(rows), batch):
            world.ends[SESSION] = at * 10
            world.ingest(
                *[replace(row, start=row.start - at * 10) for row in rows[at : at + batch]]
            )
        names = "SELECT uuid FROM messages WHERE kind <> 'session' ORDER BY seq"
        assert [row[0] for row in _all(world, names)] == [row.uuid for row in rows]
        assert [row[0] for row in _queued(world)] == ["u3", "u7"]
        parts = _all(world, "SELECT count(*) FROM parts p JOIN messages m ON m.seq = p.message_seq")
        assert parts == [(11,)]
        search.catch_up(world.database, world.clock)
        hits = search_for(world.database, "word5").hits
        assert [(hit.seq,) for hit in hits] == _all(
            world, "SELECT seq FROM messages WHERE uuid = 'u5'"
        )

    def test_a_row_that_was_taken_for_a_subagents_is_put_right(self, world: World) -> None:
        """Its own file says whose it is."""
        world.ingest(message("u1"))
        with world.database.write() as connection:
            connection.execute(
                "UPDATE compact_messages SET agent_id = 'side-x' WHERE uuid_key = 'u1'"
            )
        world.ends[SESSION] = 0
        world.ingest(message("u1"))
        assert _all(world, "SELECT agent_id FROM messages WHERE uuid = 'u1'") == [(None,)]

    def test_what_is_understood_only_now_of_a_row_is_kept(self, world: World) -> None:
        """Its facts change without its content; what other rows said of it stays."""
        world.ingest(message("u1"), message("u2", start=9, facts={"retracts": ["u1"]}))
        world.ends[SESSION] = 0
        world.ingest(message("u1", facts={"promptSource": "typed"}))
        facts = _all(world, "SELECT facts FROM messages WHERE uuid = 'u1'")
        assert facts == [('{"promptSource":"typed","withdrawn":"retracted"}',)]


class TestExclusion:
    """Projects that the user excluded."""

    def test_nothing_of_an_excluded_session_is_kept(self, world: World) -> None:
        """No message, fact or usage, only that it is excluded; its lines count as read."""
        result = world.ingest(
            message("u1"),
            usages=(usage(),),
            facts={"custom_title": "Secret plans"},
            excluded=frozenset({SESSION}),
        )
        assert (result.inserted, result.sessions) == (0, frozenset())
        assert excluded_among(world.database.read(), [SESSION, OTHER]) == {SESSION}
        assert world.figures()["messages"] == 0
        assert not world.database.read().execute("SELECT count(*) FROM usage").fetchone()[0]
        assert _all(world, "SELECT * FROM session_facts") == []
        assert _all(world, "SELECT cwd, host FROM sessions") == [(None, None)]
        assert world.turn() is False

    def test_what_was_queued_before_is_not_sent(self, world: World) -> None:
        """Excluding a project later takes its rows out of the queue."""
        world.say("u1")
        world.say("u1", session_id=OTHER)
        world.ingest(message("u2"), excluded=frozenset({SESSION}))
        world.drain()
        assert [session.external_id for session in world.backend.sessions()] == [OTHER]
        assert world.outbox.set_destination("http://old") is False
        assert world.outbox.set_destination("http://new") is True
        world.drain()
        assert [session.external_id for session in world.backend.sessions()] == [OTHER]


class TestTokens:
    """A response's tokens are sent once."""

    def test_they_are_sent_with_the_first_row_of_the_response(self, world: World) -> None:
        """Later rows of the same response carry none."""
        world.ingest(
            message("a1", usage_id="msg_1"),
            message("a2", usage_id="msg_1"),
            usages=(usage("msg_1", tokens_in=3, tokens_out=4, cache_read_tokens=10),),
        )
        rows = stored_messages.session_messages(world.database, SESSION)[1:]
        assert [(row.prompt_tokens, row.output_tokens) for row in rows] == [
            (13, 4),
            (None, None),
        ]

    def test_a_forks_copy_carries_none(self, world: World) -> None:
        """They belong to the session whose request made them."""
        world.ingest(message("a1", usage_id="msg_1"), usages=(usage("msg_1"),))
        world.ingest(
            message("a1", session_id=OTHER, usage_id="msg_1"),
            usages=(usage("msg_1", session_id=OTHER),),
            session_id=OTHER,
        )
        assert stored_messages.session_messages(world.database, OTHER)[1].prompt_tokens is None
        assert stored_messages.session_messages(world.database, SESSION)[1].prompt_tokens == 10

    def test_subagents_are_named_by_their_file(self, world: World) -> None:
        """The file next to a subagent's transcript has its type; later versions add to it."""
        messages: list[Message] = [message("s1", agent_id="agent-1")]
        first = Subagent("agent-1", SESSION, "Explore", None, None, None, 1, None, None)
        batch = Batch(0, 10, messages=messages, subagents=[first], observations=[observation()])
        _commit(world, batch)
        second = Subagent(
            "agent-1", SESSION, None, "Find it", None, None, None, None, is_finished=True
        )
        _commit(world, Batch(10, 20, subagents=[second]))
        assert stored_messages.session_messages(world.database, SESSION)[1].agent_type == "Explore"
        rows = _all(world, "SELECT agent_type, description, depth, is_finished FROM subagents")
        assert rows == [("Explore", "Find it", 1, 1)]

    def test_a_fact_alone_makes_its_session_due(self, world: World) -> None:
        """A title given later is sent as well."""
        world.say("u1")
        world.drain()
        _commit(world, Batch(0, 10, facts=[Fact(SESSION, "custom_title", "New")]))
        assert world.outbox.due_sessions(world.clock.now_ms) == [SESSION]
