"""`repair`, policies and known values as a user has them, beside the daemon and without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.transcript import Transcript
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble

CODE_NAME = "Bluebird"


def _problems(program: Program) -> list[str]:
    return [problem["code"] for problem in program.status()["problems"]]


def _on_disk(program: Program) -> bytes:
    return b"".join(path.read_bytes() for path in program.state.glob("ccsync.db*"))


@pytest.mark.parametrize("has_daemon", [False, True], ids=["alone", "daemon"])
def test_a_new_rule_is_applied_to_what_is_stored(
    program: Program, opensync: OpenSyncDouble, *, has_daemon: bool
) -> None:
    """Reported by `status`, shown by a dry run, applied by `repair`, and sent again."""
    backend = {"convex_url": opensync.url, "api_key": opensync.api_key}
    program.configure(**backend)
    transcript = Transcript(program.claude_dir)
    transcript.append(transcript.writer.prompt(f"Release {CODE_NAME} on Monday"))
    assert program.call("sync-now").code == 0
    program.configure(**backend, redact={"patterns": [CODE_NAME]})
    if has_daemon:
        program.start()
        wait_until(lambda: "rules-changed" in _problems(program), "status reports the new rules")
    completed = program.call("repair", "--dry-run")
    # The first prompt is the title as well, here and in the state that was sent.
    expected = "1 message and 2 other rows of 1 session\nSecrets removed: custom 3\n"
    assert (completed.code, completed.out) == (0, f"Would change: {expected}")
    assert CODE_NAME.encode() in _on_disk(program)
    completed = program.call("repair")
    assert completed.code == 0
    assert completed.out.startswith(f"Changed: {expected}")
    if has_daemon:
        assert "rules-changed" not in _problems(program)
        program.stop()
    assert CODE_NAME.encode() not in _on_disk(program)

    def is_clean() -> bool:
        assert program.call("sync-now").code == 0
        texts = [row.text_content for row in opensync.backend.messages(transcript.session_id)]
        return not any(CODE_NAME in (text or "") for text in texts)

    wait_until(is_clean, "the backend has the repaired message")
    assert len(opensync.backend.messages(transcript.session_id)) == 2
    completed = program.call("repair")
    assert completed.out == "Nothing to repair: stored data follows the current rules\n"


def test_nothing_stored_is_nothing_to_repair(program: Program) -> None:
    """On a new machine."""
    completed = program.call("repair")
    assert (completed.code, completed.err) == (0, "")
    assert completed.out == "Nothing to repair: nothing is stored yet\n"


def test_a_policy_that_is_set_later_takes_the_words_away(
    program: Program, opensync: OpenSyncDouble
) -> None:
    """With the daemon's next start, before anything more leaves."""
    backend = {"convex_url": opensync.url, "api_key": opensync.api_key, "auto_sync": False}
    program.configure(**backend)
    transcript = Transcript(program.claude_dir)
    transcript.append(transcript.writer.prompt(f"Release {CODE_NAME} on Monday"))
    program.start()
    wait_until(lambda: program.session(transcript.session_id) is not None, "it is stored")
    program.configure(**backend, projects={transcript.writer.cwd: "metadata"})
    wait_until(lambda: CODE_NAME not in program.call("preview").out, "the words are gone")
    transcript.append(transcript.writer.prompt(f"{CODE_NAME} again"))
    assert program.call("sync-now").code == 0
    program.stop()
    assert CODE_NAME.encode() not in _on_disk(program)
    bodies = b"".join(call.body for call in opensync.backend.calls)
    assert CODE_NAME.encode() not in bodies
    shown = [row.text_content for row in opensync.backend.messages(transcript.session_id)]
    assert "[withheld: lines 1, bytes 26]" in shown
    assert "[withheld: lines 1, bytes 14]" in shown
