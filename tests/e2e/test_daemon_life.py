"""The daemon's life: it says what it does, there is one, it ends in time, a dead one is dead."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.transcript import Transcript
from support.opensync_double.faults import FaultPlan, answer_late
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble

# What the user is promised; this machine may be busy with other tests.
END_SECONDS = 5.0
BACKLOG_SESSIONS = 300


def ends_in_time(program: Program, number: signal.Signals) -> None:
    """Send a signal; see the daemon end with 0 in time, and leave nothing that looks alive."""
    start = time.monotonic()
    assert program.stop(number) == 0
    seconds = time.monotonic() - start
    assert seconds <= END_SECONDS, f"{seconds:.1f} s; {program.output()}"
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
            *[transcript.writer.prompt(f"{each} " + "word " * 600) for each in range(60)]
        )


class TestWords:
    """What `run` prints."""

    def test_where_it_reads_keeps_and_sends(self, program: Program) -> None:
        """And that nothing leaves the machine without a URL."""
        program.start()
        out = program.output()
        assert f"  reads   {program.claude_dir}/projects\n" in out
        assert f"  keeps   {program.state}\n" in out
        assert "  sends   nothing: no Convex URL configured, everything stays on" in out
        assert "  status  ccsync-watch status" in out

    def test_where_it_sends(self, program: Program, opensync: OpenSyncDouble) -> None:
        """The address, never the key."""
        program.configure(convex_url=opensync.url, api_key=opensync.api_key)
        program.start()
        assert f"  sends   to {opensync.url}, secrets removed\n" in program.output()
        assert opensync.api_key not in program.output()


class TestEnd:
    """Ctrl+C and SIGTERM: exit 0 within five seconds."""

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_an_idle_one(self, program: Program, number: signal.Signals) -> None:
        """It says that what waits is kept."""
        program.start()
        ends_in_time(program, number)
        assert program.output().endswith("ccsync-watch: stopped; what waits is kept\n")

    @pytest.mark.parametrize("after", [0.3, 0.8, 1.5])
    def test_one_that_has_only_begun(self, program: Program, after: float) -> None:
        """Wherever its start has come to."""
        program.start_unready()
        time.sleep(after)
        start = time.monotonic()
        code = program.stop(signal.SIGTERM)
        # Before Python has come to our first line, the signal ends it as it ends any program.
        assert code in {0, -signal.SIGTERM}
        assert time.monotonic() - start <= END_SECONDS
        assert "Traceback" not in program.output()

    def test_one_with_a_backlog(self, program: Program) -> None:
        """The next one goes on where it stopped; nothing is read twice."""
        backlog(program)
        program.start_unready()
        wait_until((program.state / "control.sock").exists, "it has begun")
        ends_in_time(program, signal.SIGINT)
        assert program.call("sync-now", seconds=300).code == 0
        assert program.status()["totals"]["messages"] == BACKLOG_SESSIONS * 60

    def test_one_whose_backend_hangs(self, program: Program, opensync: OpenSyncDouble) -> None:
        """What is under way is not waited for; it is sent again, and arrives once."""
        program.configure(convex_url=opensync.url, api_key=opensync.api_key)
        program.start()
        transcript = Transcript(program.claude_dir)
        opensync.faults = FaultPlan.always(answer_late(60))
        transcript.turn()
        wait_until(lambda: bool(opensync.backend.calls), "a request hangs")
        ends_in_time(program, signal.SIGTERM)
        opensync.faults = FaultPlan.none()
        assert program.call("sync-now").code == 0
        assert len(opensync.backend.messages(transcript.session_id)) == 3

    def test_what_is_in_hand_is_sent(self, program: Program, opensync: OpenSyncDouble) -> None:
        """Lines written a moment before the end are at the backend after it."""
        program.configure(convex_url=opensync.url, api_key=opensync.api_key)
        program.start()
        transcript = Transcript(program.claude_dir)
        for number in range(20):
            transcript.turn(number)
        ends_in_time(program, signal.SIGTERM)
        assert len(opensync.backend.messages(transcript.session_id)) == 41

    def test_a_pending_sync_now_is_told(self, program: Program, opensync: OpenSyncDouble) -> None:
        """It does not hang for its five minutes, and keeps nobody from ending."""
        program.configure(convex_url=opensync.url, api_key=opensync.api_key)
        program.start()
        opensync.faults = FaultPlan.always(answer_late(60))
        Transcript(program.claude_dir).turn()
        wait_until(lambda: bool(opensync.backend.calls), "a request hangs")
        with ThreadPoolExecutor(1) as threads:
            pending = threads.submit(program.call, "sync-now", seconds=60)
            time.sleep(1.5)
            ends_in_time(program, signal.SIGTERM)
            made = pending.result()
        assert made.code in {1, 3}
        assert "Traceback" not in made.err


class TestOne:
    """One daemon for one state folder."""

    @pytest.mark.parametrize("words", [("run",), ()])
    def test_a_second_one_is_refused(self, program: Program, words: tuple[str, ...]) -> None:
        """With the first one's process id; the first one is not disturbed."""
        program.start()
        made = program.call(*words)
        assert made.code == 1
        assert made.err.count("\n") == 1
        assert f"(process {program.pid})" in made.err
        assert program.status()["daemon"]["pid"] == program.pid

    def test_one_that_was_killed_is_recognised(self, program: Program) -> None:
        """Its note and socket are still there; `status` says 3, and a new one starts."""
        program.start()
        program.kill()
        assert (program.state / "daemon.json").exists()
        assert (program.state / "control.sock").exists()
        made = program.call("status")
        assert made.code == 3
        assert ": not running\n" in made.out
        Transcript(program.claude_dir).turn()
        assert program.call("sync-now").code == 0
        program.start()
        assert program.status()["daemon"]["pid"] == program.pid
        assert program.stop() == 0

    def test_one_that_hangs_is_told_within_seconds(self, program: Program) -> None:
        """Not waited for, and not called absent: a second one would be refused."""
        program.start()
        Transcript(program.claude_dir).turn()
        os.kill(program.pid, signal.SIGSTOP)
        try:
            for words in (("status",), ("sync-now",), ("preview",)):
                start = time.monotonic()
                made = program.call(*words)
                assert time.monotonic() - start < 12
                assert made.code == 3
                told = made.out + made.err
                assert f"ccsync-watch (process {program.pid}) does not answer" in told
                assert "Traceback" not in told
        finally:
            os.kill(program.pid, signal.SIGCONT)
        wait_until(lambda: program.status()["daemon"]["running"], "it answers again")
        assert program.stop() == 0


def test_it_holds_few_files_open_however_often_it_is_asked(program: Program) -> None:
    """Each answer takes a database connection, which must not be a new one each time."""
    program.start()

    def held() -> int:
        return len(list(Path(f"/proc/{program.pid}/fd").iterdir()))

    for _ in range(3):
        program.status()
    before = held()
    for _ in range(12):
        program.status()
    assert held() <= before + 2
