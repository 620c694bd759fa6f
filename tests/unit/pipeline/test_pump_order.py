"""What the pump reads first, and what it leaves alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.lines import AGENT, OTHER, SESSION, START_MS, Writer
from support.pumping import PROJECT, Bench, PassingRedactor, ids
from support.storing import World
from support.watched import WatchedFiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.model import JsonValue


class PausedRedactor(PassingRedactor):
    """Calls `meanwhile`, once, while it redacts a row that says `slow`."""

    meanwhile: Callable[[], None] | None = None

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return the value as it is."""
        meanwhile = self.meanwhile
        if meanwhile is not None and "slow" in str(obj):
            self.meanwhile = None
            meanwhile()
        return super().redact_value(obj)


class TestOrder:
    """Live first."""

    def test_the_most_recently_written_goes_first(self, bench: Bench) -> None:
        """A backlog is read after what is written now."""
        bench.append(bench.path("old"), Writer("old").prompt("a"))
        bench.append(bench.path("new"), Writer("new").prompt("b"))
        bench.append(bench.path("mid"), Writer("mid").prompt("c"))
        bench.touch(bench.path("new"))
        bench.catch_up()
        assert bench.texts() == ["b", "c", "a"]

    @pytest.mark.parametrize("seconds", [9_000_000_000, 253_370_764_800, 315_532_800])
    def test_a_file_of_an_odd_date_is_read(self, bench: Bench, seconds: int) -> None:
        """As archives, phones and broken clocks set it; rows without dates get the present one."""
        undated = {**Writer(SESSION).prompt("a"), "timestamp": None}
        bench.append(bench.path(SESSION), undated)
        os.utime(bench.path(SESSION), ns=(0, seconds * 1_000_000_000))
        bench.catch_up()
        assert bench.texts() == ["a"]
        dates = bench.select("SELECT DISTINCT timestamp_ms FROM messages WHERE kind = 'prompt'")
        assert dates == [(bench.clock.wall_ms(),)]
        assert bench.catch_up() == 0, "it was read"

    def test_a_line_written_now_overtakes_a_backlog(self, bench: Bench) -> None:
        """Between two chunks of a large file."""
        bench.restart(chunk_bytes=1000)
        backlog = Writer("backlog")
        bench.append(bench.path("backlog"), *[backlog.prompt("old") for _ in range(20)])
        bench.pump.reconcile()
        bench.pump.step()
        bench.append(bench.path("live"), Writer("live").prompt("now"))
        bench.pump.queue_paths([str(bench.path("live"))])
        bench.pump.step()
        assert bench.texts()[-1] == "now"
        assert bench.pump.has_work()

    def test_another_session_is_read_while_a_row_takes_long(self, tmp_path: Path) -> None:
        """And what is added meanwhile to the slow one is read after it, once."""
        redactor = PausedRedactor()
        bench = Bench(tmp_path, redactor=redactor)
        slow, live = Writer("slow"), Writer("live")
        bench.append(bench.path("slow"), slow.prompt("slow"))

        def meanwhile() -> None:
            bench.append(bench.path("live"), live.prompt("now"))
            bench.append(bench.path("slow"), slow.prompt("more"))
            bench.pump.queue_paths([str(bench.path(name)) for name in ("live", "slow")])
            assert bench.pump.step()
            assert not bench.pump.step()
            assert bench.texts() == ["now"]

        redactor.meanwhile = meanwhile
        bench.pump.reconcile()
        bench.drain()
        assert bench.texts() == ["now", "slow", "more"]

    def test_what_is_being_read_is_not_new_to_a_rescan(self, tmp_path: Path) -> None:
        """Nor is what was read with it and is not committed yet: no event was missed."""
        redactor = PausedRedactor()
        bench = Bench(tmp_path, redactor=redactor)
        bench.append(bench.path("slow"), Writer("slow").prompt("slow"))
        bench.append(bench.path("read before"), Writer("read before").prompt("a"))
        changed: list[str] = []

        def meanwhile() -> None:
            bench.append(bench.path("written now"), Writer("written now").prompt("b"))
            changed.extend(Path(transcript.path).stem for transcript in bench.pump.reconcile())

        redactor.meanwhile = meanwhile
        assert len(bench.pump.reconcile()) == 2
        assert bench.pump.step()
        assert changed == ["written now"]
        bench.drain()
        assert sorted(bench.texts()) == ["a", "b", "slow"]

    def test_another_time_alone_is_nothing_new(self, bench: Bench) -> None:
        """Restored transcripts get their old times back; what is appended to them is new."""
        writer = Writer()
        bench.append(bench.path(), writer.prompt("a"))
        bench.catch_up()
        os.utime(bench.path(), (1, 1))
        assert bench.pump.reconcile() == []
        bench.drain()
        bench.append(bench.path(), writer.prompt("b"))
        assert len(bench.pump.reconcile()) == 1

    def test_a_flushed_session_is_read_before_everything(self, bench: Bench) -> None:
        """With its subagents; a later rescan does not move it back."""
        bench.append(bench.path(), Writer().prompt("asked for"))
        agent = bench.path(f"agent-{AGENT}", f"p/{SESSION}/subagents")
        bench.append(agent, Writer(agent_id=AGENT).prompt("its agent"))
        older = bench.path(f"agent-{AGENT}", f"p/{SESSION}")
        bench.append(older, Writer("old-style", agent_id=AGENT).prompt("below it"))
        for number in range(3):
            name = f"new-{number}"
            bench.append(bench.path(name), Writer(name).prompt("newer"))
        bench.clock.advance(86_400)
        bench.pump.queue_session(SESSION)
        assert len(bench.pump.reconcile()) == 3
        bench.drain()
        assert bench.texts()[-3:] == ["newer"] * 3
        assert set(bench.texts()[:3]) == {"asked for", "its agent", "below it"}

    def test_the_backlog_is_counted_in_files_and_bytes(self, bench: Bench) -> None:
        """Of a file that was read in part, only the rest counts."""
        writer = Writer()
        size = bench.append(bench.path(), writer.prompt("a"))
        assert bench.pump.backlog_size() == (0, 0)
        bench.pump.reconcile()
        assert bench.pump.backlog_size() == (1, size)
        assert bench.pump.has_work()
        bench.drain()
        more = bench.append(bench.path(), writer.prompt("b")) - size
        bench.pump.queue_paths([str(bench.path())])
        assert bench.pump.backlog_size() == (1, more)
        bench.drain()
        assert not bench.pump.has_work()
        assert not bench.pump.step()

    def test_a_path_is_queued_once_however_often_it_is_named(self, bench: Bench) -> None:
        """Only the first time counts as new."""
        bench.append(bench.path(), Writer().prompt("a"))
        assert len(bench.pump.reconcile()) == 1
        bench.touch(bench.path())
        bench.pump.queue_paths([str(bench.path())] * 3)
        assert bench.pump.reconcile() == []
        assert bench.pump.backlog_size()[0] == 1
        assert bench.drain() == 1


class TestSentOrder:
    """What a backlog comes to at the backend while it is still being read."""

    def test_a_session_with_a_newer_subagent_is_right_at_once(self, bench: Bench) -> None:
        """Its date, its title, its header and the order of its texts, whatever is sent between."""
        main = Writer()
        title = {"type": "ai-title", "aiTitle": "The garden", "sessionId": SESSION}
        bench.append(bench.path(), *[main.prompt(f"main{n}") for n in range(9)], title)
        agent = Writer(agent_id=AGENT, at_ms=START_MS + 18_000_000)
        path = bench.path(f"agent-{AGENT}", f"{PROJECT}/{SESSION}/subagents")
        bench.append(path, *[agent.prompt(f"agent{n}") for n in range(9)])
        world = World(bench.state)
        world.clock.now_ms = START_MS + 86_400_000
        bench.pump.reconcile()
        while bench.pump.step():
            world.work()
        world.drain()
        session = world.backend.session(SESSION)
        assert (session.title, session.created_at_ms) == ("The garden", START_MS)
        assert world.backend.shown(SESSION)[0].role == "system"
        text = session.searchable_text or ""
        assert text.index("main8") < text.index("agent0")
        states = [call.json for call in world.backend.calls if call.path == "/sync/session"]
        assert {state["title"] for state in states} == {"The garden"}
        world.assert_complete()


class TestQuiet:
    """Nothing is done when nothing happened."""

    def test_a_transcript_read_to_its_end_is_not_opened_again(self, tmp_path: Path) -> None:
        """One step reads it; neither a rescan nor a restart opens it again."""
        files = WatchedFiles()
        bench = Bench(tmp_path, files=files)
        bench.append(bench.path(), Writer().prompt("a"))
        bench.append(bench.path(OTHER), Writer(OTHER).prompt("a"), b"unfinished")
        bench.append(
            bench.path(f"agent-{AGENT}", f"p/{SESSION}/subagents"),
            Writer(agent_id=AGENT).prompt("a"),
        )
        bench.catch_up()
        files.opened.clear()
        assert bench.catch_up() == 0
        bench.restart()
        assert bench.catch_up() == 0
        assert files.opened == []
        bench.close()

    @pytest.mark.tailing_case("32")
    def test_a_touched_file_sends_nothing_again(self, bench: Bench) -> None:
        """It is opened once more, and is the same."""
        bench.append(bench.path(), Writer().prompt("a"))
        bench.catch_up()
        outbox = bench.select("SELECT * FROM outbox")
        bench.touch(bench.path())
        assert bench.catch_up() == 1
        assert bench.select("SELECT * FROM outbox") == outbox
        assert bench.catch_up() == 0

    def test_an_event_for_a_deleted_file_is_ignored(self, bench: Bench) -> None:
        """Also when it is deleted between the event and its turn."""
        path = bench.path()
        bench.append(path, Writer().prompt("a"))
        bench.pump.queue_paths([str(path)])
        path.unlink()
        assert bench.pump.step()
        bench.pump.queue_paths([str(path), str(path.with_name("notes.txt"))])
        assert not bench.pump.has_work()
        assert bench.pump.problems.reasons == {}


class TestSubagents:
    """A transcript of its own, and a metadata file next to it."""

    def test_a_subagent_is_known_with_its_messages(self, bench: Bench) -> None:
        """Its rows belong to the session that began it."""
        path = bench.path(f"agent-{AGENT}", f"p/{SESSION}/subagents")
        row = Writer(agent_id=AGENT).prompt("task")
        bench.append(path, row)
        bench.catch_up()
        assert bench.uuids(SESSION) == ids(row)
        assert bench.select("SELECT agent_id, session_id, agent_type FROM subagents") == [
            (AGENT, SESSION, None)
        ]

    @pytest.mark.parametrize("is_announced", [True, False])
    def test_an_update_of_the_sidecar_arrives(self, bench: Bench, is_announced: bool) -> None:  # noqa: FBT001 - a parameter
        """Whether an event announces it or a scan finds it; its own time may be an old one."""
        path = bench.path(f"agent-{AGENT}", f"p/{SESSION}/subagents")
        bench.append(path, Writer(agent_id=AGENT).prompt("task"))
        os.utime(path, ns=(10**18, 10**18))
        bench.catch_up()
        staged = path.with_name("staged")
        staged.write_bytes(b'{"agentType":"Explore","finished":true}')
        os.utime(staged, ns=(5, 5))
        staged.rename(path.with_name(f"agent-{AGENT}.meta.json"))
        if is_announced:
            bench.pump.queue_paths([str(path)])
            bench.drain()
        else:
            bench.catch_up()
        assert bench.select("SELECT agent_type, is_finished FROM subagents") == [("Explore", 1)]
        assert bench.catch_up() == 0

    def test_an_agent_of_an_older_client_belongs_to_the_session_in_its_rows(
        self, bench: Bench
    ) -> None:
        """Until it has rows, the agent is not stored."""
        path = bench.path(f"agent-{AGENT}")
        bench.append(path, b"\n")
        bench.catch_up()
        assert bench.select("SELECT * FROM subagents") == []
        bench.append(path, Writer(agent_id=AGENT).prompt("task"))
        bench.catch_up()
        assert bench.select("SELECT agent_id, session_id FROM subagents") == [(AGENT, SESSION)]
