"""Settings that change while the daemon runs: taken up in seconds, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.ccsync_program.transcript import Transcript
from support.opensync_double.faults import FaultPlan, answer_late
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble


def login(program: Program, opensync: OpenSyncDouble) -> None:
    """Log in while the daemon runs; it has taken it up when this returns."""
    made = program.call(
        "login", "--convex-url", opensync.url, "--api-key-stdin", stdin=f"{opensync.api_key}\n"
    )
    assert made.code == 0, made.err
    assert made.out.endswith("the running ccsync-watch has taken it up\n")


def test_login_sends_what_was_kept_and_logout_ends_it(
    program: Program, opensync: OpenSyncDouble
) -> None:
    """Everything before, nothing after."""
    program.start()
    transcript = Transcript(program.claude_dir)
    transcript.turn()
    assert program.call("sync-now").code == 0
    login(program, opensync)
    made = program.call("sync-now")
    assert made.code == 0, made.err
    assert len(opensync.backend.messages(transcript.session_id)) == 3
    made = program.call("logout")
    assert made.code == 0
    assert made.out.endswith("the running ccsync-watch has taken it up\n")
    before = len(opensync.backend.calls)
    transcript.turn(2)
    assert "nothing was sent" in program.call("sync-now").out
    assert len(opensync.backend.calls) == before
    login(program, opensync)
    assert program.call("sync-now").code == 0
    assert len(opensync.backend.messages(transcript.session_id)) == 5
    assert program.stop() == 0


def test_an_edit_is_taken_up_by_itself(program: Program, opensync: OpenSyncDouble) -> None:
    """No command is needed."""
    program.start()
    transcript = Transcript(program.claude_dir)
    transcript.turn()
    program.configure(convex_url=opensync.url, api_key=opensync.api_key)
    seconds = wait_until(
        lambda: len(opensync.backend.messages(transcript.session_id)) == 3, "all arrives"
    )
    assert seconds < 10
    assert "INFO the settings changed: they are taken up" in program.output()


def test_a_broken_edit_keeps_the_old_settings(program: Program, opensync: OpenSyncDouble) -> None:
    """The log says so; whoever asks is shown the mistake; mended, it goes on."""
    program.configure(convex_url=opensync.url, api_key=opensync.api_key)
    program.start()
    transcript = Transcript(program.claude_dir)
    program.config_file.write_text('{"convex_url": ')
    wait_until(lambda: "the new settings are not used: " in program.output(), "it is said")
    assert f"{program.config_file}, line 1" in program.output()
    transcript.turn()
    wait_until(lambda: len(opensync.backend.all_messages()) == 3, "the old ones are used")
    made = program.call("status")
    assert made.code == 2
    assert f"{program.config_file}, line 1" in made.err
    program.configure(convex_url=opensync.url, api_key=opensync.api_key, auto_sync=False)
    wait_until(lambda: "only on `ccsync-watch sync-now`" in program.output(), "it is mended")
    assert program.stop() == 0


def test_a_change_while_the_backend_hangs(program: Program, opensync: OpenSyncDouble) -> None:
    """The request under way is not waited for; what it carried arrives once all the same."""
    program.configure(convex_url=opensync.url, api_key=opensync.api_key)
    program.start()
    transcript = Transcript(program.claude_dir)
    opensync.faults = FaultPlan.always(answer_late(60))
    transcript.turn()
    wait_until(lambda: bool(opensync.backend.calls), "a request hangs")
    program.configure(convex_url=opensync.url, api_key=opensync.api_key, max_output_chars=500)
    wait_until(lambda: program.output().count("  sends   to ") == 2, "the change is taken up", 15)
    opensync.faults = FaultPlan.none()
    assert program.call("sync-now").code == 0
    assert len(opensync.backend.messages(transcript.session_id)) == 3
    assert program.stop() == 0
    assert "Traceback" not in program.output()


def test_lines_written_during_changes_are_stored_once(program: Program) -> None:
    """Ten changes in a row, a line in each pause."""
    program.start()
    transcript = Transcript(program.claude_dir)
    for number in range(10):
        program.configure(max_output_chars=1000 + number)
        transcript.turn(number)
        assert program.call("sync-now").code == 0
    status = program.status()
    assert status["totals"]["messages"] == 20
    assert status["totals"]["unreadable"] == 0
    assert program.output().count("ccsync-watch 0.") >= 5
    assert program.stop() == 0
