"""Each response counts once, for the session that asked, whatever the order of what is read."""

from __future__ import annotations

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccsync_watch.store import session_writer, usage_writer
from ccsync_watch.store.response_records import Record, find_targets
from ccsync_watch.transcripts.usage import response_key
from support.storing import SESSION, World, message, observation, usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.model import Usage


def _save(world: World, usages: Sequence[Usage], touched: Sequence[str] = ()) -> set[str]:
    with world.database.write() as connection:
        usage_writer.save_usage(connection, usages)
        return usage_writer.settle_usage(connection, usages, touched)


def _kept(world: World, *usages: Usage) -> dict[str, Any]:
    for item in usages:
        _save(world, [item])
    (row,) = world.database.read().execute("SELECT * FROM usage").fetchall()
    return dict(row)


def _see(world: World, session_id: str, *times: int, **more: Any) -> None:  # noqa: ANN401 - any field
    with world.database.write() as connection:
        seen = [observation(session_id, at_ms, **more) for at_ms in times]
        session_writer.save_observations(connection, seen, "laptop")


class TestSnapshots:
    """Of the rows of a response the last of its stream counts."""

    @pytest.mark.parametrize("is_reversed", [False, True])
    def test_the_largest_snapshot_wins(self, world: World, *, is_reversed: bool) -> None:
        """In either order, and whole: its parts are not mixed with another's."""
        early = usage(tokens_in=9, tokens_out=1, cache_read_tokens=9, web_searches=0)
        late = usage(
            tokens_in=5,
            tokens_out=50,
            cache_read_tokens=7,
            cache_write_5m_tokens=3,
            cache_write_1h_tokens=2,
            web_searches=1,
        )
        row = _kept(world, *((late, early) if is_reversed else (early, late)))
        assert (row["input_tokens"], row["output_tokens"], row["cache_read_tokens"]) == (5, 50, 7)
        assert (row["cache_write_5m_tokens"], row["cache_write_1h_tokens"]) == (3, 2)
        assert row["web_searches"] == 1

    @pytest.mark.parametrize("is_reversed", [False, True])
    def test_the_final_one_wins_over_any_other(self, world: World, *, is_reversed: bool) -> None:
        """However large an intermediate one claims to be."""
        early, late = usage(tokens_out=60, is_final=False), usage(tokens_out=50, is_final=True)
        row = _kept(world, *((late, early) if is_reversed else (early, late)))
        assert row["output_tokens"] == 50

    @given(st.permutations(range(6)))
    @settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_what_is_equal_in_size_is_decided_by_the_rest(self, order: list[int]) -> None:
        """So that no order is better than another."""
        reports = [
            usage(tokens_in=1, cache_read_tokens=3),
            usage(tokens_in=2, cache_read_tokens=2),
            usage(tokens_in=2, cache_read_tokens=2, tier="batch"),
            usage(tokens_in=2, cache_read_tokens=2, tier="batch", timestamp_ms=5),
            usage(tokens_in=2, cache_read_tokens=2, tier="batch", timestamp_ms=4, model=None),
            usage(tokens_in=2, cache_read_tokens=2, tier="batch", timestamp_ms=4),
        ]
        with TemporaryDirectory() as folder:
            world = World(Path(folder))
            row = _kept(world, *(reports[number] for number in order))
            world.close()
        assert (row["tier"], row["timestamp_ms"], row["model"]) == ("batch", 4, "claude-opus")


class TestOwners:
    """Which session owns a response that several claim."""

    def test_a_mark_and_the_original_agree(self, world: World) -> None:
        """A fork's copy names its parent: nothing is contested."""
        copied = usage(session_id="parent", row_session_id="fork", is_marked=True)
        assert _kept(world, copied, usage(session_id="parent"))["session_id"] == "parent"
        assert _contested(world) == []

    @pytest.mark.parametrize("is_reversed", [False, True])
    def test_the_earliest_row_is_the_originals_and_dates_the_response(
        self, world: World, *, is_reversed: bool
    ) -> None:
        """Clients up to 2.0.14 dated copies by the time of copying."""
        rows = [usage(session_id="a-copy", timestamp_ms=90), usage(timestamp_ms=20)]
        row = _kept(world, *(reversed(rows) if is_reversed else rows))
        assert (row["session_id"], row["timestamp_ms"]) == (SESSION, 20)
        assert _contested(world) == [(SESSION, 0), ("a-copy", 0)]

    @pytest.mark.parametrize("order", list(itertools.permutations(["fork", "source", "source2"])))
    def test_of_copies_with_equal_times_the_source_went_on_after_the_fork(
        self, world: World, order: tuple[str, ...]
    ) -> None:
        """2.0.42 to 2.1.197: fork, say something there, then continue the source."""
        rows = {"fork": ["shared", "pond"], "source": ["shared"], "source2": ["beds"]}
        times = {"shared": 10, "pond": 20, "beds": 30}
        for name in order:
            session_id = name.rstrip("2")
            answers = [
                message(uuid, session_id=session_id, kind="answer", timestamp_ms=times[uuid])
                for uuid in rows[name]
            ]
            usages = tuple(
                usage(f"of-{uuid}", session_id=session_id, uuid=uuid, timestamp_ms=times[uuid])
                for uuid in rows[name]
            )
            world.ingest(*answers, usages=usages, session_id=session_id)
        owners = world.database.read().execute("SELECT id, session_id FROM usage ORDER BY 1")
        assert [tuple(row) for row in owners] == [
            ("of-beds", "source"),
            ("of-pond", "fork"),
            ("of-shared", "source"),
        ]
        assert _contested(world) == [("fork", 1), ("source", 1)]

    def test_rows_before_the_copied_ones_do_not_make_a_fork_of_the_source(
        self, world: World
    ) -> None:
        """A fork lacks what was rewound, and a first prompt whose copy names the source."""
        for uuid, at_ms in (("first", 5), ("shared", 10)):
            world.ingest(message(uuid, kind="answer", at_ms=at_ms))
        for uuid, at_ms in (("shared", 10), ("pond", 20)):
            world.ingest(
                message(uuid, session_id="fork", kind="answer", at_ms=at_ms), session_id="fork"
            )
        claims = [usage(session_id=name, timestamp_ms=10) for name in ("fork", SESSION)]
        assert _kept(world, *claims)["session_id"] == SESSION
        assert _contested(world) == [(SESSION, 1), ("fork", 1)]

    def test_of_copies_that_differ_in_nothing_the_one_that_ended_first_is_the_original(
        self, world: World
    ) -> None:
        """Whichever is read first, and whenever its end is read; that it is a guess is stored."""
        _save(world, [usage(session_id="a-copy")])
        _save(world, [usage(session_id="b-first")])
        assert _kept(world)["session_id"] == "a-copy"
        _see(world, "a-copy", 100, 300)
        _see(world, "b-first", 100, 200)
        assert _save(world, [], ["b-first"]) == {"a-copy", "b-first"}
        assert _kept(world)["session_id"] == "b-first"
        assert _contested(world) == [("a-copy", 1), ("b-first", 1)]

    def test_a_fork_is_never_the_original(self, world: World) -> None:
        """Where a row without a mark stands in a fork and in its source, the source asked."""
        _see(world, "fork", 100, 200, forked_from="middle")
        _see(world, "middle", 100, 300, forked_from="source")
        _see(world, "source", 100, 400)
        claims = [usage(session_id=session_id) for session_id in ("fork", "middle", "source")]
        assert _kept(world, *claims)["session_id"] == "source"

    def test_a_cycle_of_forks_ends(self, world: World) -> None:
        """No file can make the program loop."""
        _see(world, "one", 100, 200, forked_from="two")
        _see(world, "two", 100, 300, forked_from="one")
        assert _kept(world, usage(session_id="two"), usage(session_id="one"))["session_id"] == "one"

    def test_a_subagents_copy_counts_for_the_main_conversation(self, world: World) -> None:
        """And of two subagents it is the same one in any order."""
        copies = [usage(agent_id="b", uuid="1"), usage(agent_id="a", uuid="2")]
        assert _kept(world, *copies)["agent_id"] == "a"
        assert _kept(world, usage(uuid="3"))["agent_id"] is None
        assert _contested(world) == []

    def test_the_carrier_moves_with_the_response(self, world: World) -> None:
        """The tokens are sent with a message of the session that they belong to."""
        world.say("copy", session_id="copy", kind="answer", usage_id="msg_1")
        world.say("first", session_id="first", kind="answer", usage_id="msg_1")
        _save(world, [usage(session_id="copy", timestamp_ms=9)])
        _save(world, [usage(session_id="first", timestamp_ms=8)], ["first"])
        assert _kept(world)["carrier"] == "first:first"
        assert _contested(world) == [("copy", 0), ("first", 0)]


def _record(request_id: str | None, prompt_tokens: int, name: str, *, is_final: bool) -> Record:
    return Record(name, request_id, prompt_tokens, (int(is_final), 5))


class TestRecordsOfOneMessageId:
    """Rows that do not say enough are parts of the response that they fit."""

    @pytest.mark.parametrize(
        ("records", "groups"),
        [
            (["a:1", "b:1", "a:2"], ["a:1", "b:1", "a:2"]),
            ([":1", ":2", ":3"], [":1", ":2", ":3"]),
            (["a:1", ":1", ":2"], ["a:1 :1", ":2"]),
            (["a:0", "a:7", "b:7"], ["a:0 a:7", "b:7"]),
            (["a:0", ":7"], ["a:0 :7"]),
            (["a:0", ":7", "b:7"], ["a:0", ":7 b:7"]),
            ([":0", "a:7"], [":0 a:7"]),
            ([":0", "a:0"], [":0 a:0"]),
            (["None:5", ":5", ":6"], ["None:5 :5", ":6"]),
            (["None:9", ":5", ":6"], ["None:9", ":5", ":6"]),
            (["None:0", "a:5"], ["None:0 a:5"]),
            (["None:5"], ["None:5"]),
            ([":0", ":1", ":2"], [":0 none", ":1", ":2"]),
            (["a:0", "a:1", "a:2"], ["a:0 none", "a:1", "a:2"]),
            (["a:1:early", "a:2:early", "a:3"], ["a:1:early a:2:early a:3"]),
            ([":1:early", ":3"], [":1:early :3"]),
            (["a:1:early", "b:3", ":3"], ["a:1:early", "b:3 :3"]),
            (["a:3:early", "a:1", "a:3:later"], ["a:3:early", "a:1", "a:3:later"]),
            (["a:1:early", "a:2", "a:3"], ["a:1:early none", "a:2", "a:3"]),
            (["a:1:early", "a:2:early"], ["a:1:early", "a:2:early"]),
            (["None:1:early", ":3"], ["None:1:early", ":3"]),
        ],
    )
    def test_which_form_one_response(self, records: list[str], groups: list[str]) -> None:
        """In any order; each is its request id and its prompt tokens, `early` without an end."""
        for order in itertools.permutations(records):
            parsed = [(*name.split(":"), name) for name in order]
            targets = find_targets(
                [
                    _record(
                        None if one == "None" else one,
                        int(two),
                        more[-1],
                        is_final="early" not in more,
                    )
                    for one, two, *more in parsed
                ]
            )
            responses: dict[str, set[str]] = {"": {"none"}} if "" in targets.values() else {}
            for name, target in targets.items():
                responses.setdefault(target, set()).add(name)
            assert sorted(map(sorted, responses.values())) == sorted(
                sorted(group.split()) for group in groups
            )


class TestRecordsOfEarlierVersions:
    """They had one record for each message id; it goes when its rows are read again."""

    @staticmethod
    def store_old(world: World, *rows: tuple[str, str]) -> None:
        """Store a message, and a row of one record, for each session and uuid."""
        for session_id, uuid in rows:
            world.ingest(
                message(uuid, session_id=session_id, kind="answer", usage_id="gateway"),
                usages=(usage("gateway", session_id=session_id, uuid=uuid, tokens_in=300),),
                session_id=session_id,
            )
        with world.database.write() as connection:
            connection.execute("UPDATE compact_usage SET request_id = NULL")

    @staticmethod
    def read_again(world: World, session_id: str, uuid: str, tokens_in: int) -> None:
        """Read one of the rows again, as today's code does."""
        again = usage(
            response_key("gateway", "", tokens_in),
            session_id=session_id,
            uuid=uuid,
            tokens_in=tokens_in,
            response_id="gateway",
        )
        world.ingest(
            message(uuid, session_id=session_id, kind="answer", usage_id=again.id),
            usages=(again,),
            session_id=session_id,
        )

    @staticmethod
    def counted(world: World) -> list[tuple[Any, ...]]:
        """Return owner, tokens and carrier of what counts."""
        rows = world.database.read().execute(
            "SELECT session_id, input_tokens, carrier FROM usage_tokens ORDER BY 2"
        )
        return [tuple(row) for row in rows]

    def test_every_response_of_a_gateway_is_counted_after_all(self, world: World) -> None:
        """And carried by its own message; the old record is gone."""
        self.store_old(world, ("one", "a"), ("one", "b"), ("two", "c"))
        self.read_again(world, "one", "a", 100)
        self.read_again(world, "one", "b", 200)
        self.read_again(world, "two", "c", 300)
        assert self.counted(world) == [
            ("one", 100, "one:a"),
            ("one", 200, "one:b"),
            ("two", 300, "two:c"),
        ]
        assert _contested(world) == []

    def test_what_a_missing_transcript_reported_stays(self, world: World) -> None:
        """Unless the same response is known from another one."""
        self.store_old(world, ("one", "a"), ("gone", "b"))
        self.read_again(world, "one", "a", 100)
        assert [row[1] for row in self.counted(world)] == [100, 300]
        self.store_old(world, ("one", "c"))
        self.read_again(world, "one", "c", 300)
        assert [row[1] for row in self.counted(world)] == [100, 300]


def _contested(world: World) -> list[tuple[str, int]]:
    rows = world.database.read().execute("SELECT session_id, is_guess FROM contested ORDER BY 1")
    return [tuple(row) for row in rows]
