"""A backlog leaves one worker for what is written now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.storing import World

if TYPE_CHECKING:
    from pathlib import Path

DAY_MS = 86_400_000


class TestBacklogWorkers:
    """As many as are allowed serve old sessions, all others only live ones."""

    def _world(self, tmp_path: Path) -> World:
        world = World(tmp_path, backlog_workers=1)
        for number in range(3):
            world.say("u1", session_id=f"old{number}", ago_ms=DAY_MS + number)
        return world

    def test_no_second_old_session_is_served_meanwhile(self, tmp_path: Path) -> None:
        """The thread that would have served it waits."""
        world = self._world(tmp_path)
        turns: list[object] = []
        world.transport.on_arrival = lambda path: (
            turns.append(world.turn()) if path == "/sync/message" and not turns else None
        )
        world.turn()
        assert turns == [False]
        assert len(world.backend.sessions()) == 1
        world.transport.on_arrival = lambda _path: None
        world.drain()
        assert len(world.backend.sessions()) == 3

    def test_what_is_written_now_is_sent_meanwhile(self, tmp_path: Path) -> None:
        """Also a session that the backend does not have yet, and with several old ones due."""
        world = self._world(tmp_path)
        turns: list[object] = []

        def write(path: str) -> None:
            if path == "/sync/message" and not turns:
                turns.append(None)
                world.say("now", session_id="live")
                turns.append(world.turn())
                assert world.ids("live") == ["now"]

        world.transport.on_arrival = write
        world.turn()
        assert turns == [None, True]

    def test_an_old_session_still_yields_to_a_more_recent_one(self, tmp_path: Path) -> None:
        """Its own place is free then."""
        world = self._world(tmp_path)
        written: list[object] = []

        def write(path: str) -> None:
            if path == "/sync/message" and not written:
                written.append(world.say("u1", session_id="newer", ago_ms=DAY_MS // 2))

        world.transport.on_arrival = write
        world.turn()
        world.transport.on_arrival = lambda _path: None
        world.turn()
        assert world.ids("newer") == ["u1"]
        assert world.ids("old2") == []
