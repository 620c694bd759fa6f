"""The daemon prints what it does, is the only one, ends in order, and is missed when it is dead."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.control.client import ANSWER_SECONDS
from support.ccsync_program.transcript import Transcript
from support.opensync_double.faults import FaultPlan, answer_late
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble

BACKLOG_SESSIONS = 300


def ends_in_order(program: Program, number: signal.Signals) -> None:
    """Send a signal; check that the daemon ends with 0 and removes pidfile and socket."""
    assert program.stop(number) == 0, program.output()
    assert not (program.state / "daemon.json").exists()
    assert not (program.state / "control.sock").exists()
    assert "Traceback" not in program.output()


def backlog(program: Program) -> None:
    """Write far more than can be read within the time for an end."""
    for number in range(BACKLOG_SESSIONS):
        transcript = Transcript(
            program.claude_dir, f"{number:08}-2222-4333-8444-555555555555", f"project-{number % 9}"
        )
        transcript.append(
            *[transcript.writer.prompt(f"{index} " + "word " * 600) for index in range(60)]
        )


def hang(transcript: Transcript, opensync: OpenSyncDouble) -> None:
    """Write two turns; wait until the rows of the second are in a request that is answered late."""
    transcript.turn()
    session_id = transcript.session_id
    wait_until(lambda: len(opensync.backend.messages(session_id)) == 3, "it is connected")
    opensync.faults = FaultPlan.always(answer_late(60))
    transcript.turn(2)
    wait_until(
        lambda: any(call.message_rows and call.fault for call in opensync.backend.calls),
        "a request hangs",
    )


def _has_connection(program: Program) -> bool:
    """Return whether a command is connected to the control socket."""
    sockets = Path("/proc/net/unix").read_text().splitlines()
    path = str(program.state / "control.sock")
    # The listening socket has the path too, in another state than 03, connected.
    return any(line.endswith(path) and line.split()[5] == "03" for line in sockets)


class TestOutput:
    """What `run` prints."""

    def test_it_prints_where_it_reads_and_stores(self, program: Program) -> None:
        """And that nothing leaves the machine without a URL."""
        program.start()
        out = program.output()
        assert f"  reads      {program.claude_dir}/projects\n" in out
        assert f"  stores in  {program.state}\n" in out
        assert "  uploads    nothing: no Convex URL configured, everything stays on" in out
        assert "  status     `ccsync-watch status`" in out

    def test_it_prints_where_it_uploads(self, program: Program, opensync: OpenSyncDouble) -> None:
        """The address, never the key."""
        program.configure(convex_url=opensync.url, api_key=opensync.api_key)
        program.start()
        assert f"  uploads    to {opensync.url}, secrets removed\n" in program.output()
        assert opensync.api_key not in program.output()


class TestStop:
    """Ctrl+C and SIGTERM: exit 0 within five seconds."""

    @pytest.fixture(autouse=True)
    def default_hangup(self) -> Iterator[None]:
        """Programs started by tests under nohup would inherit that SIGHUP is ignored."""
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        yield
        signal.signal(signal.SIGHUP, before)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_an_idle_daemon_stops(self, program: Program, number: signal.Signals) -> None:
        """It says that unsent data is kept."""
        program.start()
        ends_in_order(program, number)
        assert program.output().endswith("Stopped. Unsent data is kept and sent next time.\n")

    @pytest.mark.parametrize("after", [0.3, 0.8, 1.5])
    def test_a_starting_daemon_stops(self, program: Program, after: float) -> None:
        """At any moment of its start."""
        program.start_unready()
        time.sleep(after)
        code = program.stop(signal.SIGTERM)
        # Before our first line runs, the signal ends Python as it ends any program.
        assert code in {0, -signal.SIGTERM}
        assert "Traceback" not in program.output()

    def test_a_daemon_with_a_backlog_stops(self, program: Program) -> None:
        """The next one continues where it stopped; nothing is read twice."""
        backlog(program)
        program.start_unready()
        wait_until((program.state / "control.sock").exists, "it listens")
        ends_in_order(program, signal.SIGINT)
        assert program.call("sync-now", seconds=300).code == 0
        assert program.status()["totals"]["messages"] == BACKLOG_SESSIONS * 60

    @pytest.mark.tailing_case("37")
    def test_a_hanging_backend_is_not_waited_for(
        self, program: Program, opensync: OpenSyncDouble
    ) -> None:
        """Rows in flight are sent again, and arrive once."""
        program.configure(convex_url=opensync.url, api_key=opensync.api_key)
        program.start()
        transcript = Transcript(program.claude_dir)
        hang(transcript, opensync)
        ends_in_order(program, signal.SIGTERM)
        opensync.faults = FaultPlan.none()
        assert program.call("sync-now").code == 0
        assert len(opensync.backend.messages(transcript.session_id)) == 5

    @pytest.mark.tailing_case("38")
    def test_the_last_lines_are_uploaded(self, program: Program, opensync: OpenSyncDouble) -> None:
        """Lines written a moment before the end are at the backend after it."""
        program.configure(convex_url=opensync.url, api_key=opensync.api_key)
        program.start()
        transcript = Transcript(program.claude_dir)
        for number in range(20):
            transcript.turn(number)
        ends_in_order(program, signal.SIGTERM)
        assert len(opensync.backend.messages(transcript.session_id)) == 41

    def test_a_pending_sync_now_ends_with_the_daemon(
        self, program: Program, opensync: OpenSyncDouble
    ) -> None:
        """It does not hang for its five minutes, and does not delay the end."""
        program.configure(convex_url=opensync.url, api_key=opensync.api_key)
        program.start()
        hang(Transcript(program.claude_dir), opensync)
        with ThreadPoolExecutor(1) as threads:
            pending = threads.submit(program.call, "sync-now")
            wait_until(lambda: _has_connection(program), "the command waits for its answer")
            ends_in_order(program, signal.SIGTERM)
            result = pending.result()
        assert result.code in {1, 3}
        assert "Traceback" not in result.err


class TestSingleInstance:
    """One daemon for one state folder."""

    @pytest.mark.tailing_case("46")
    @pytest.mark.parametrize("words", [("run",), ()])
    def test_a_second_daemon_names_the_first(
        self, program: Program, words: tuple[str, ...]
    ) -> None:
        """By its process id, in one line; the first one keeps running."""
        program.start()
        result = program.call(*words)
        assert result.code == 1
        assert result.err.count("\n") == 1
        assert f"(process {program.pid})" in result.err
        assert program.status()["daemon"]["pid"] == program.pid

    def test_a_killed_daemon_counts_as_not_running(self, program: Program) -> None:
        """Its pidfile and socket are still there; `status` says 3, and a new one starts."""
        program.start()
        program.kill()
        assert (program.state / "daemon.json").exists()
        assert (program.state / "control.sock").exists()
        result = program.call("status")
        assert result.code == 3
        assert ": not running\n" in result.out
        Transcript(program.claude_dir).turn()
        assert program.call("sync-now").code == 0
        program.start()
        assert program.status()["daemon"]["pid"] == program.pid
        assert program.stop() == 0

    def test_a_hanging_daemon_is_reported_within_seconds(self, program: Program) -> None:
        """It is not called absent: a second one could not start."""
        program.start()
        Transcript(program.claude_dir).turn()
        os.kill(program.pid, signal.SIGSTOP)
        try:
            for words in (("status",), ("sync-now",), ("preview",)):
                start = time.monotonic()
                result = program.call(*words)
                assert time.monotonic() - start < ANSWER_SECONDS, "it waited for an answer"
                assert result.code == 3
                output = result.out + result.err
                assert f"ccsync-watch (process {program.pid}) does not answer" in output
                assert "Traceback" not in output
        finally:
            os.kill(program.pid, signal.SIGCONT)
        wait_until(lambda: program.status()["daemon"]["running"], "it answers again")
        assert program.stop() == 0


def test_requests_do_not_leave_files_open(program: Program) -> None:
    """A status takes a database connection, which must not be a new one each time."""
    program.start()

    def count_files() -> int:
        return len(list(Path(f"/proc/{program.pid}/fd").iterdir()))

    for _ in range(3):
        program.status()
    before = count_files()
    for _ in range(12):
        program.status()
    assert count_files() <= before + 2
