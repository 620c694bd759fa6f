"""Settings that change while the daemon runs are used within seconds, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.ccsync_program.transcript import Transcript
from support.opensync_double.faults import FaultPlan, answer_late
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble


def login(program: Program, opensync: OpenSyncDouble) -> None:
    """Log in while the daemon runs; it uses the new settings when this returns."""
    result = program.call(
        "login", "--convex-url", opensync.url, "--api-key-stdin", stdin=f"{opensync.api_key}\n"
    )
    assert result.code == 0, result.err
    assert result.out.endswith("The running daemon uses the new settings.\n")


def test_login_uploads_stored_rows_and_logout_stops_uploads(
    program: Program, opensync: OpenSyncDouble
) -> None:
    """Everything stored before the login is sent; nothing after the logout."""
    program.start()
    transcript = Transcript(program.claude_dir)
    transcript.turn()
    assert program.call("sync-now").code == 0
    login(program, opensync)
    result = program.call("sync-now")
    assert result.code == 0, result.err
    assert len(opensync.backend.messages(transcript.session_id)) == 3
    result = program.call("logout")
    assert result.code == 0
    assert result.out.endswith("The running daemon uses the new settings.\n")
    before = len(opensync.backend.calls)
    transcript.turn(2)
    assert "nothing was sent" in program.call("sync-now").out
    assert len(opensync.backend.calls) == before
    login(program, opensync)
    assert program.call("sync-now").code == 0
    assert len(opensync.backend.messages(transcript.session_id)) == 5
    assert program.stop() == 0


def test_an_edited_file_is_used_without_a_command(
    program: Program, opensync: OpenSyncDouble
) -> None:
    """The daemon polls the file."""
    program.start()
    transcript = Transcript(program.claude_dir)
    transcript.turn()
    program.configure(convex_url=opensync.url, api_key=opensync.api_key)
    wait_until(lambda: len(opensync.backend.messages(transcript.session_id)) == 3, "all arrives")
    assert "INFO the settings changed: restarting with them" in program.output()


def test_an_invalid_edit_keeps_the_old_settings(program: Program, opensync: OpenSyncDouble) -> None:
    """It is logged, and `status` shows the mistake; once corrected, the file is used."""
    program.configure(convex_url=opensync.url, api_key=opensync.api_key)
    program.start()
    transcript = Transcript(program.claude_dir)
    program.config_file.write_text('{"convex_url": ')
    wait_until(lambda: "the new settings are not used: " in program.output(), "it is logged")
    assert f"{program.config_file}, line 1" in program.output()
    transcript.turn()
    wait_until(lambda: len(opensync.backend.all_messages()) == 3, "the old ones are used")
    result = program.call("status")
    assert result.code == 2
    assert f"{program.config_file}, line 1" in result.err
    program.configure(convex_url=opensync.url, api_key=opensync.api_key, auto_sync=False)
    wait_until(lambda: "only on `ccsync-watch sync-now`" in program.output(), "it is corrected")
    assert program.stop() == 0


def test_a_change_does_not_wait_for_a_hanging_backend(
    program: Program, opensync: OpenSyncDouble
) -> None:
    """The request in flight is abandoned; its rows still arrive once."""
    program.configure(convex_url=opensync.url, api_key=opensync.api_key)
    program.start()
    transcript = Transcript(program.claude_dir)
    transcript.turn()
    wait_until(
        lambda: len(opensync.backend.messages(transcript.session_id)) == 3, "it is connected"
    )
    opensync.faults = FaultPlan.always(answer_late(60))
    transcript.turn(2)
    wait_until(
        lambda: any(call.message_rows and call.fault for call in opensync.backend.calls),
        "a request hangs",
    )
    program.configure(convex_url=opensync.url, api_key=opensync.api_key, max_output_chars=500)
    wait_until(lambda: program.output().count("  uploads    to ") == 2, "the change is used")
    assert "upload paused" not in program.output(), "it waited until the request failed"
    opensync.faults = FaultPlan.none()
    assert program.call("sync-now").code == 0
    assert len(opensync.backend.messages(transcript.session_id)) == 5
    assert program.stop() == 0
    assert "Traceback" not in program.output()


def test_lines_written_during_changes_are_stored_once(program: Program) -> None:
    """Ten changes in a row, with a turn between two of them."""
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
