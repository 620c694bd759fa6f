"""Questions to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.model import Part
from ccsync_watch.store import (
    checkpoints,
    session_summaries,
    status_figures,
    stored_messages,
)
from ccsync_watch.store.stored_messages import StoredCall
from support.storing import OTHER, SESSION, World, checkpoint, message, usage

if TYPE_CHECKING:

    from ccsync_watch.model import SessionSummary


def _summary(world: World, session_id: str = SESSION) -> SessionSummary:
    found = session_summaries.session_summary(world.database, session_id)
    assert found is not None
    return found.value


class TestSummary:
    """A session's absolute state."""

    def test_it_sums_over_the_responses(self, world: World) -> None:
        """Prompt tokens are input, cache writes and cache reads; a subagent's count as well."""
        world.ingest(
            message("u1", at_ms=1000),
            message("a1", at_ms=4000, kind="answer", model="opus"),
            usages=(
                usage("m1", tokens_in=1, tokens_out=2, cache_write_5m_tokens=10),
                usage("m2", tokens_in=3, tokens_out=4, cache_write_1h_tokens=100, agent_id="x"),
                usage("m3", tokens_in=5, tokens_out=6, cache_read_tokens=1000),
                usage("m4", session_id=OTHER, tokens_in=10_000),
            ),
        )
        made = _summary(world)
        assert (made.prompt_tokens, made.output_tokens) == (1119, 12)
        assert (made.started_ms, made.duration_ms, made.model) == (1000, 3000, "opus")
        assert (made.project_path, made.project_name) == ("/home/user/project", "project")

    def test_what_is_not_known_is_none(self, world: World) -> None:
        """No path, time, title or cost is made up."""
        world.ingest(message("u1", at_ms=None, kind="answer"), cwd="")
        made = _summary(world)
        assert (made.title, made.model, made.cost_usd) == (None, None, None)
        assert (made.started_ms, made.duration_ms) == (None, None)
        assert (made.project_path or None, made.project_name) == (None, None)

    def test_the_root_folder_names_itself(self, world: World) -> None:
        """A path without a last part is its own name."""
        world.ingest(message("u1"), cwd="/")
        assert _summary(world).project_name == "/"

    def test_there_is_none_of_an_unknown_or_excluded_session(self, world: World) -> None:
        """Nothing of it is shown or sent."""
        assert session_summaries.session_summary(world.database, SESSION) is None
        world.ingest(message("u1"), excluded=frozenset({SESSION}))
        assert session_summaries.session_summary(world.database, SESSION) is None

    @pytest.mark.parametrize(
        ("facts", "title"),
        [
            ({}, "Hello"),
            ({"generated_title": "Made"}, "Made"),
            ({"generated_title": "Made", "custom_title": "Mine"}, "Mine"),
            ({"custom_title": "", "generated_title": 5}, "Hello"),
            ({"summary": {"text": "Summed up", "leaf": "u1"}}, "Summed up"),
            ({"summary": {"text": "Another's", "leaf": "elsewhere"}}, "Hello"),
            ({"summary": {"text": "", "leaf": "u1"}}, "Hello"),
            ({"summary": {"text": None, "leaf": "u1"}}, "Hello"),
            ({"summary": "odd"}, "Hello"),
        ],
    )
    def test_the_title_is_the_best_known(
        self, world: World, facts: dict[str, Any], title: str
    ) -> None:
        """The user's own, else a generated one, else its own summary, else the first prompt."""
        world.ingest(message("u1"), facts=facts)
        assert _summary(world).title == title


class TestFigures:
    """What `status` shows."""

    def test_a_table_row_per_session_the_most_recent_first(self, world: World) -> None:
        """Its counts by fate; excluded ones are left out."""
        world.say("u1", ago_ms=100)
        world.say("u1", session_id=OTHER, is_released=False)
        world.ingest(message("u1"), session_id="hidden", excluded=frozenset({"hidden"}))
        world.outbox.reject(world.outbox.rows(SESSION, 1 << 50, 1).value[0], "odd")
        first, second = status_figures.session_table(world.database)
        assert (first["session_id"], second["session_id"]) == (OTHER, SESSION)
        assert (first["messages"], first["rows_pending"], first["rows_held"]) == (1, 2, 2)
        assert (second["rows_pending"], second["rows_rejected"]) == (1, 1)
        assert (first["is_due"], second["is_due"], second["last_error"]) == (1, 1, "odd")
        assert second["last_ack_ms"] is None

    def test_totals_of_an_empty_store(self, world: World) -> None:
        """Counts are 0, and the last ack is not known."""
        totals = status_figures.totals(world.database)
        assert totals.pop("last_ack_ms") is None
        assert set(totals.values()) == {0}

    def test_totals(self, world: World) -> None:
        """Our own header is no message, an inherited prompt none of this session's."""
        world.ingest(
            message("u1"),
            message("u2", is_inherited=True),
            usages=(usage(tokens_in=1, tokens_out=2, cache_write_5m_tokens=3),),
        )
        figures = world.figures()
        assert (figures["messages"], figures["prompts"], figures["rows_pending"]) == (2, 1, 3)
        assert (figures["bytes_read"], figures["sessions"]) == (100, 1)
        assert (figures["input_tokens"], figures["cache_write_tokens"]) == (1, 3)
        world.drain()
        assert world.figures()["last_ack_ms"] >= world.clock.now_ms - 60_000

    def test_the_table_comes_to_the_totals(self, world: World) -> None:
        """Our own header is no message in either."""
        world.ingest(message("u1"), message("u2", is_inherited=True))
        world.say("u1", session_id=OTHER, is_released=False)
        table, figures = status_figures.session_table(world.database), world.figures()
        for name in ("messages", "rows_pending", "rows_held", "rows_rejected"):
            assert sum(int(str(row[name])) for row in table) == figures[name]

    def test_refused_rows_with_their_reason(self, world: World) -> None:
        """A few of them, in order."""
        world.ingest(message("u1"), message("u2"))
        for row in world.outbox.rows(SESSION, 1 << 50, 9).value:
            world.outbox.reject(row, f"reason {row.message.seq}")
        found = status_figures.rejected_rows(world.database, limit=2)
        assert [each["reason"] for each in found] == ["reason 1", "reason 2"]
        assert found[1]["id"] == f"{SESSION}:u1"

    def test_sessions_with_messages(self, world: World) -> None:
        """The most recent first; one of which only facts are known has none."""
        world.say("u1", ago_ms=100)
        world.say("u1", session_id=OTHER)
        world.ingest(session_id="facts-only", facts={"custom_title": "x"})
        assert session_summaries.sessions_with_messages(world.database) == [OTHER, SESSION]


class TestLookups:
    """What the pump asks."""

    def test_checkpoints_come_back_as_they_were_committed(self, world: World) -> None:
        """With the number that the store gave them."""
        world.ingest(message("u1"))
        (found,) = checkpoints.load_checkpoints(world.database)
        assert (found.id, found.problem) == (1, None)
        assert found.fingerprint == checkpoint().fingerprint
        assert (found.stream, found.path_key) == (checkpoint().stream, SESSION.encode())

    def test_tool_calls_are_found_by_id(self, world: World) -> None:
        """More of them than SQLite takes variables in one statement; results are no calls."""
        calls = tuple(Part("tool-call", {}, f"toolu_{number}", "Bash") for number in range(3))
        result = Part("tool-result", {}, "toolu_9", "Read")
        world.ingest(message("a1", parts=calls, at_ms=5), message("r1", parts=(result,)))
        asked = [f"toolu_{number}" for number in range(1200)]
        found = stored_messages.tool_calls(world.database, asked)
        assert found == {
            f"toolu_{number}": StoredCall(call, 5) for number, call in enumerate(calls)
        }
        assert stored_messages.tool_calls(world.database, []) == {}
