"""The list of sessions: sorted, filtered, a page at a time."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from ccsync_watch.dashboard.session_counter import count_sessions
from ccsync_watch.store.conversations import list_forks
from ccsync_watch.store.session_list import (
    SessionFilter,
    SessionSort,
    filter_options,
    list_sessions,
    load_session,
)
from support.storing import SESSION, World, message

HOUR_MS = 3_600_000


def _start(world: World, number: int, **more: Any) -> str:  # noqa: ANN401 - any argument of `ingest`
    name = f"session-{number:03}"
    # Two sessions share each moment: the order must not depend on it.
    at_ms = HOUR_MS * (1000 + number // 2)
    world.ingest(
        message("u1", f"Prompt {number}", session_id=name, at_ms=at_ms), session_id=name, **more
    )
    return name


def _count(world: World) -> None:
    while count_sessions(world.database, world.prices):
        pass


def _exclude(world: World, name: str) -> None:
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET is_excluded = 1 WHERE id = ?", (name,))


def _list_ids(world: World, session_filter: SessionFilter | None = None) -> list[str]:
    rows, _next_page = list_sessions(world.database, session_filter or SessionFilter())
    return [row.session_id for row in rows]


class TestPages:
    """From page to page."""

    @pytest.mark.parametrize("sort", get_args(SessionSort))
    def test_each_session_is_listed_once_while_others_are_added(
        self, world: World, sort: SessionSort
    ) -> None:
        """Whatever the order, and with equal times."""
        before = {_start(world, number) for number in range(10, 31)}
        _count(world)
        listed: list[str] = []
        after, added = None, 31
        for _page in range(50):
            rows, after = list_sessions(
                world.database, SessionFilter(), sort=sort, after=after, limit=4
            )
            listed += [row.session_id for row in rows]
            if after is None:
                break
            if added < 36:
                _start(world, added)
                _count(world)
                added += 1
        assert after is None
        assert len(listed) == len(set(listed))
        assert before <= set(listed)

    @pytest.mark.parametrize("sort", get_args(SessionSort))
    def test_two_pages_have_the_order_of_one(self, world: World, sort: SessionSort) -> None:
        """The pages together equal the whole list."""
        for number in range(9):
            _start(world, number)
        _count(world)
        whole, more = list_sessions(world.database, SessionFilter(), sort=sort)
        assert more is None
        first, at = list_sessions(world.database, SessionFilter(), sort=sort, limit=4)
        second, _at = list_sessions(world.database, SessionFilter(), sort=sort, after=at)
        assert [*first, *second] == whole
        assert len(whole) == 9

    def test_a_full_last_page_has_no_next_page(self, world: World) -> None:
        """No link leads to an empty page."""
        for number in range(4):
            _start(world, number)
        assert list_sessions(world.database, SessionFilter(), limit=4)[1] is None


class TestFilters:
    """Which sessions are listed."""

    def test_a_filter_by_project_branch_and_model(self, world: World) -> None:
        """Each alone, and together."""
        one = _start(world, 1, cwd="/home/user/one", git_branch="main")
        two = _start(world, 2, cwd="/home/user/two", git_branch="fix")
        with world.database.write() as connection:
            connection.execute("UPDATE sessions SET model = 'opus' WHERE id = ?", (two,))
        assert _list_ids(world, SessionFilter(branch="main")) == [one]
        assert _list_ids(world, SessionFilter(model="opus")) == [two]
        path = load_session(world.database, two)
        assert path is not None
        assert _list_ids(world, SessionFilter(project=path.project_path, branch="fix")) == [two]
        assert _list_ids(world, SessionFilter(project=path.project_path, branch="main")) == []

    def test_a_filter_by_time(self, world: World) -> None:
        """From a time on, and before a time, which is excluded."""
        names = [_start(world, number) for number in (0, 2, 4)]
        assert set(_list_ids(world, SessionFilter(since_ms=1001 * HOUR_MS))) == set(names[1:])
        assert set(_list_ids(world, SessionFilter(until_ms=1002 * HOUR_MS))) == set(names[:2])

    def test_a_filter_by_search_results(self, world: World) -> None:
        """An empty result lists nothing."""
        names = [_start(world, number) for number in range(3)]
        rows, _more = list_sessions(world.database, SessionFilter(), among=names[1:2])
        assert [row.session_id for row in rows] == names[1:2]
        assert list_sessions(world.database, SessionFilter(), among=[]) == ([], None)

    def test_filter_options_are_the_values_of_sessions_latest_first(self, world: World) -> None:
        """Each once, at most `limit`."""
        for number, branch in enumerate(["main", "a", "main", "z", "a", "", "b"]):
            _start(world, 2 * number, git_branch=branch or None)
        assert filter_options(world.database).branches == ["b", "a", "z", "main"]
        assert filter_options(world.database, limit=2).branches == ["b", "a"]
        assert filter_options(world.database).models == []

    def test_excluded_sessions_are_not_listed(self, world: World) -> None:
        """Not in the list, by id, in the filter options or as forks."""
        shown = _start(world, 1, git_branch="shown")
        hidden = _start(world, 2, git_branch="hidden", forked_from=shown)
        _exclude(world, hidden)
        assert _list_ids(world) == [shown]
        assert load_session(world.database, hidden) is None
        assert filter_options(world.database).branches == ["shown"]
        assert list_forks(world.database, shown) == []
        assert list_sessions(world.database, SessionFilter(), among=[hidden])[0] == []


class TestRows:
    """The figures of a session."""

    def test_counts_and_title(self, world: World) -> None:
        """The prompt is the title until there is a better one."""
        world.ingest(message("u1", "Fix it"), message("a1", kind="answer"))
        row = load_session(world.database, SESSION)
        assert row is not None
        assert (row.title, row.messages, row.prompts) == ("Fix it", 2, 1)
        world.ingest(facts={"custom_title": "Mine"})
        row = load_session(world.database, SESSION)
        assert row is not None
        assert row.title == "Mine"

    def test_a_metadata_only_session_is_titled_by_its_project(self, world: World) -> None:
        """Nothing of the conversation is shown."""
        world.ingest(message("u1", "Private"), cwd="/home/user/closed")
        with world.database.write() as connection:
            connection.execute(
                "UPDATE sessions SET is_metadata_only = 1, project_path = '/home/user/closed'"
            )
        row = load_session(world.database, SESSION)
        assert row is not None
        assert (row.title, row.is_metadata_only) == ("closed", True)
