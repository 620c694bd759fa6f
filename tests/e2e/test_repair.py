"""`repair`, policies and known values as a user has them, beside the daemon and without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from support.ccsync_program.transcript import Transcript
from support.lines import call
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble

CODE_NAME = "Bluebird"


def _problems(program: Program) -> list[str]:
    return [problem["code"] for problem in program.status()["problems"]]


def _on_disk(program: Program) -> bytes:
    return b"".join(path.read_bytes() for path in program.state.glob("ccsync.db*"))


def _previews_without_name(program: Program) -> bool:
    completed = program.call("preview")
    return completed.code == 0 and CODE_NAME not in completed.out


def _assert_gone(opensync: OpenSyncDouble) -> None:
    """Fail unless the backend has the name nowhere, read back with the key of the upload."""
    headers = {"Authorization": f"Bearer {opensync.api_key}"}
    with httpx.Client(base_url=opensync.url, headers=headers) as client:
        assert client.get("/api/search", params={"q": CODE_NAME}).json() == {"results": []}
        (session,) = client.get("/api/sessions").json()["sessions"]
        assert CODE_NAME not in str(session)
        for path in ("/api/sessions/get", "/api/export"):
            answer = client.get(path, params={"id": session["id"]})
            assert answer.status_code == 200
            assert CODE_NAME not in answer.text
    assert CODE_NAME not in opensync.backend.tables_text()


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
    assert program.call("sync-now").code == 0
    _assert_gone(opensync)
    if has_daemon:
        program.stop()
    assert CODE_NAME.encode() not in _on_disk(program)
    assert len(opensync.backend.messages(transcript.session_id)) == 2
    completed = program.call("repair")
    assert completed.out == "Nothing to repair: stored data follows the current rules\n"


@pytest.mark.parametrize("has_daemon", [False, True], ids=["alone", "daemon"])
def test_what_became_known_as_a_secret_is_removed_from_what_was_said_before(
    program: Program, opensync: OpenSyncDouble, *, has_daemon: bool
) -> None:
    """By itself: a line reads it from a file of secrets; earlier ones and the title have it."""
    program.configure(convex_url=opensync.url, api_key=opensync.api_key)
    transcript = Transcript(program.claude_dir)
    writer = transcript.writer
    transcript.append(writer.prompt(f"Is it {CODE_NAME} rising again?"))
    assert program.call("sync-now").code == 0
    assert CODE_NAME in opensync.backend.tables_text()
    transcript.append(
        writer.answer(call("t1", "Read", file_path="/app/.env")),
        writer.result("t1", f"1\tDB_PASSWORD='{CODE_NAME} rising'\n"),
    )
    if has_daemon:
        program.start()
    assert program.call("sync-now").code == 0
    _assert_gone(opensync)
    if has_daemon:
        program.stop()
    assert CODE_NAME.encode() not in _on_disk(program)


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
    wait_until(lambda: _previews_without_name(program), "the words are gone")
    transcript.append(transcript.writer.prompt(f"{CODE_NAME} again"))
    assert program.call("sync-now").code == 0
    program.stop()
    assert CODE_NAME.encode() not in _on_disk(program)
    bodies = b"".join(call.body for call in opensync.backend.calls)
    assert CODE_NAME.encode() not in bodies
    shown = [row.text_content for row in opensync.backend.messages(transcript.session_id)]
    assert "[withheld: 1 line, 26 bytes]" in shown
    assert "[withheld: 1 line, 14 bytes]" in shown


def test_what_an_excluded_project_had_sent_is_taken_back(
    program: Program, opensync: OpenSyncDouble
) -> None:
    """By the running daemon, once the settings exclude it; what stays there is said."""
    backend = {"convex_url": opensync.url, "api_key": opensync.api_key}
    program.configure(**backend)
    transcript = Transcript(program.claude_dir)
    transcript.append(transcript.writer.prompt(f"Release {CODE_NAME} on Monday"))
    program.start()
    wait_until(lambda: CODE_NAME in opensync.backend.tables_text(), "it is uploaded")
    program.configure(**backend, exclude_projects=[transcript.writer.cwd])
    wait_until(lambda: "excluded-sessions-uploaded" in _problems(program), "status says so")
    assert program.call("sync-now").code == 0
    _assert_gone(opensync)
    assert opensync.backend.session(transcript.session_id).title == "Excluded session"
    program.stop()


def test_the_host_leaves_only_while_the_setting_says_so(
    program: Program, opensync: OpenSyncDouble
) -> None:
    """What was sent is sent again without it; a preview says the same."""
    backend = {"convex_url": opensync.url, "api_key": opensync.api_key}
    transcript = Transcript(program.claude_dir)
    transcript.append(transcript.writer.prompt("Hello"))
    for is_host_sent in (True, False):
        program.configure(**backend, sync_host=is_host_sent)
        assert program.call("sync-now").code == 0
        header = opensync.backend.messages(transcript.session_id)[0].text_content or ""
        assert ("Host: " in header, "Folder: " in header) == (is_host_sent, is_host_sent)
        assert ("Host: " in program.call("preview").out) == is_host_sent
