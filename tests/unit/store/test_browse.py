"""The lists and conversations that the dashboard shows, a page at a time."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from ccsync_watch.model import Part
from ccsync_watch.store import conversations, session_list, stored_messages
from support.storing import OTHER, SESSION, World, message, usage

HOUR_MS = 3_600_000


def _start(world: World, number: int, **more: Any) -> str:  # noqa: ANN401 - any argument of `ingest`
    name = f"session-{number:03}"
    # Two sessions share each moment: the order must not depend on it.
    at_ms = HOUR_MS * (1000 + number // 2)
    world.ingest(
        message("u1", f"Prompt {number}", session_id=name, at_ms=at_ms), session_id=name, **more
    )
    return name


def _hide(world: World, name: str) -> None:
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET is_excluded = 1 WHERE id = ?", (name,))


def _all(world: World, chosen: session_list.SessionFilter | None = None) -> list[str]:
    found, _more = session_list.list_sessions(
        world.database, chosen or session_list.SessionFilter()
    )
    return [each.session_id for each in found]


class TestPages:
    """Going from page to page."""

    @pytest.mark.parametrize("sort", get_args(session_list.SessionSort))
    def test_each_session_comes_once_while_others_appear(
        self, world: World, sort: session_list.SessionSort
    ) -> None:
        """Whatever the order, and with equal times."""
        before = {_start(world, number) for number in range(10, 31)}
        seen: list[str] = []
        after, added = None, 31
        for _page in range(50):
            rows, after = session_list.list_sessions(
                world.database, session_list.SessionFilter(), sort=sort, after=after, limit=4
            )
            seen += [row.session_id for row in rows]
            if after is None:
                break
            if added < 36:
                _start(world, added)
                added += 1
        assert after is None
        assert len(seen) == len(set(seen))
        assert before <= set(seen)

    @pytest.mark.parametrize("sort", get_args(session_list.SessionSort))
    def test_the_order_is_that_of_one_page(
        self, world: World, sort: session_list.SessionSort
    ) -> None:
        """Pages put together are the whole."""
        for number in range(9):
            _start(world, number)
        whole, more = session_list.list_sessions(
            world.database, session_list.SessionFilter(), sort=sort
        )
        assert more is None
        first, at = session_list.list_sessions(
            world.database, session_list.SessionFilter(), sort=sort, limit=4
        )
        second, _at = session_list.list_sessions(
            world.database, session_list.SessionFilter(), sort=sort, after=at
        )
        assert [*first, *second] == whole
        assert len(whole) == 9

    def test_a_full_page_that_is_the_last_has_no_next(self, world: World) -> None:
        """Nobody is led to an empty page."""
        for number in range(4):
            _start(world, number)
        assert (
            session_list.list_sessions(world.database, session_list.SessionFilter(), limit=4)[1]
            is None
        )


class TestFilters:
    """What is chosen."""

    def test_by_project_branch_and_model(self, world: World) -> None:
        """Each alone, and together."""
        one = _start(world, 1, cwd="/home/user/one", git_branch="main")
        two = _start(world, 2, cwd="/home/user/two", git_branch="fix")
        with world.database.write() as connection:
            connection.execute("UPDATE sessions SET model = 'opus' WHERE id = ?", (two,))
        assert _all(world, session_list.SessionFilter(branch="main")) == [one]
        assert _all(world, session_list.SessionFilter(model="opus")) == [two]
        path = session_list.load_session(world.database, two)
        assert path is not None
        assert _all(world, session_list.SessionFilter(project=path.project_path, branch="fix")) == [
            two
        ]
        assert (
            _all(world, session_list.SessionFilter(project=path.project_path, branch="main")) == []
        )

    def test_by_time(self, world: World) -> None:
        """From a moment on, and before one, which is not part of it."""
        names = [_start(world, number) for number in (0, 2, 4)]
        assert set(_all(world, session_list.SessionFilter(since_ms=1001 * HOUR_MS))) == set(
            names[1:]
        )
        assert set(_all(world, session_list.SessionFilter(until_ms=1002 * HOUR_MS))) == set(
            names[:2]
        )

    def test_among_those_that_a_search_found(self, world: World) -> None:
        """None of them means none."""
        names = [_start(world, number) for number in range(3)]
        rows, _more = session_list.list_sessions(
            world.database, session_list.SessionFilter(), among=names[1:2]
        )
        assert [row.session_id for row in rows] == names[1:2]
        assert session_list.list_sessions(
            world.database, session_list.SessionFilter(), among=[]
        ) == ([], None)

    def test_choices_are_what_sessions_have_the_latest_first(self, world: World) -> None:
        """Each once, no more than asked for."""
        for number, branch in enumerate(["main", "a", "main", "z", "a", "", "b"]):
            _start(world, 2 * number, git_branch=branch or None)
        assert session_list.filter_options(world.database).branches == ["b", "a", "z", "main"]
        assert session_list.filter_options(world.database, limit=2).branches == ["b", "a"]
        assert session_list.filter_options(world.database).models == []

    def test_excluded_sessions_are_nowhere(self, world: World) -> None:
        """Not in a list, by their address, among choices or forks."""
        shown = _start(world, 1, git_branch="shown")
        hidden = _start(world, 2, git_branch="hidden", forked_from=shown)
        _hide(world, hidden)
        assert _all(world) == [shown]
        assert session_list.load_session(world.database, hidden) is None
        assert session_list.filter_options(world.database).branches == ["shown"]
        assert conversations.list_forks(world.database, shown) == []
        assert (
            session_list.list_sessions(
                world.database, session_list.SessionFilter(), among=[hidden]
            )[0]
            == []
        )


class TestRows:
    """What is told of a session."""

    def test_counts_tokens_and_title(self, world: World) -> None:
        """The prompt is the title until there is a better one."""
        used = usage(tokens_in=7, tokens_out=3, cache_read_tokens=2)
        world.ingest(message("u1", "Mend it"), message("a1", kind="answer"), usages=(used,))
        row = session_list.load_session(world.database, SESSION)
        assert row is not None
        assert (row.title, row.messages, row.prompts) == ("Mend it", 2, 1)
        assert (row.input_tokens, row.output_tokens, row.cache_read_tokens) == (7, 3, 2)
        world.ingest(facts={"custom_title": "Mine"})
        row = session_list.load_session(world.database, SESSION)
        assert row is not None
        assert row.title == "Mine"

    def test_of_metadata_only_the_project_is_the_title(self, world: World) -> None:
        """Nothing that was said shows."""
        world.ingest(message("u1", "Private"), cwd="/home/user/closed")
        with world.database.write() as connection:
            connection.execute(
                "UPDATE sessions SET is_metadata_only = 1, project_path = '/home/user/closed'"
            )
        row = session_list.load_session(world.database, SESSION)
        assert row is not None
        assert (row.title, row.is_metadata_only) == ("closed", True)


class TestConversation:
    """Messages of one session."""

    def test_pages_from_either_end_meet(self, world: World) -> None:
        """In the order of the file, each once."""
        world.ingest(*(message(f"u{number}") for number in range(10)))
        world.ingest(message("x", session_id=OTHER), session_id=OTHER)
        whole = conversations.conversation_page(world.database, SESSION)
        assert [each.uuid for each in whole] == [f"u{number}" for number in range(10)]
        last = conversations.conversation_page(world.database, SESSION, before_seq=1 << 62, limit=4)
        rest = conversations.conversation_page(world.database, SESSION, before_seq=last[0].seq)
        assert [*rest, *last] == whole
        assert (
            conversations.conversation_page(world.database, SESSION, after_seq=last[-1].seq) == []
        )

    def test_subagents_have_conversations_of_their_own(self, world: World) -> None:
        """They are counted, and not mixed in."""
        world.ingest(message("u1"), message("s1", agent_id="a1"), message("s2", agent_id="a1"))
        assert len(conversations.conversation_page(world.database, SESSION)) == 1
        assert len(conversations.conversation_page(world.database, SESSION, agent_id="a1")) == 2
        (agent,) = conversations.list_subagents(world.database, SESSION)
        assert (agent.agent_id, agent.messages) == ("a1", 2)
        assert len(conversations.timeline_steps(world.database, SESSION)) == 1

    def test_calls_and_results_are_found_by_id(self, world: World) -> None:
        """Wherever they stand."""
        call = Part("tool-call", {"command": "ls"}, tool_use_id="t1", tool_name="Bash")
        result = Part("tool-result", {"ok": True}, tool_use_id="t1", tool_name="Bash")
        world.ingest(
            message("a1", kind="answer", role="assistant", parts=(call,)),
            message("u2", kind="tool_result", parts=(result,)),
        )
        assert stored_messages.known_tool_calls(world.database, ["t1", "t2"]) == {"t1"}
        assert stored_messages.tool_results(world.database, ["t1", "t2"])["t1"].content == {
            "ok": True
        }
        assert [step.calls for step in conversations.timeline_steps(world.database, SESSION)] == [
            1,
            0,
        ]
