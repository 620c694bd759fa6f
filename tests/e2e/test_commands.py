"""`sync-now`, `preview` and `status` as a user has them, with and without a daemon."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.ccsync_program.transcript import Transcript
from support.lines import call
from support.present_files import present_files
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble

OTHER = "99999999-2222-4333-8444-555555555555"
TOKEN = "ghp_" + "Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL"


def configure(program: Program, opensync: OpenSyncDouble, **more: object) -> None:
    """Point the program at the double."""
    program.configure(convex_url=opensync.url, api_key=opensync.api_key, **more)


def wait_until_stored(program: Program, transcript: Transcript, messages: int) -> None:
    """Wait until a session's messages are in the store."""
    wait_until(
        lambda: (program.session(transcript.session_id) or {}).get("messages", 0) >= messages,
        f"{messages} messages are stored",
    )


class TestSyncNow:
    """Read and send everything now."""

    @pytest.mark.parametrize("has_daemon", [False, True], ids=["alone", "daemon"])
    def test_everything_is_there_when_it_returns(
        self, program: Program, opensync: OpenSyncDouble, *, has_daemon: bool
    ) -> None:
        """Each message once, and exit 0."""
        configure(program, opensync)
        transcript = Transcript(program.claude_dir)
        if has_daemon:
            program.start()
        transcript.turn()
        completed = program.call("sync-now")
        assert completed.code == 0, completed.err
        assert completed.out.startswith("Synced: ")
        assert len(opensync.backend.messages(transcript.session_id)) == 3
        completed = program.call("sync-now")
        assert completed.code == 0
        assert completed.out.startswith("Synced: 0 rows sent, nothing is pending.\n")
        # Alone, it waits for that as well.
        assert has_daemon or "follow" not in completed.out
        assert len(opensync.backend.messages(transcript.session_id)) == 3

    @pytest.mark.parametrize("has_daemon", [False, True], ids=["alone", "daemon"])
    def test_without_a_backend_it_says_that_nothing_was_sent(
        self, program: Program, *, has_daemon: bool
    ) -> None:
        """Under the title that the README explains."""
        transcript = Transcript(program.claude_dir)
        transcript.turn()
        if has_daemon:
            program.start()
        completed = program.call("sync-now")
        assert (completed.code, completed.err) == (0, "")
        assert "No Convex URL configured: nothing was sent" in completed.out
        assert program.status()["totals"]["messages"] == 2

    @pytest.mark.parametrize("has_daemon", [False, True], ids=["alone", "daemon"])
    def test_auto_sync_off_sends_nothing_until_then(
        self, program: Program, opensync: OpenSyncDouble, *, has_daemon: bool
    ) -> None:
        """Not even the names of sessions; then one session, then all."""
        configure(program, opensync, auto_sync=False)
        one, other = Transcript(program.claude_dir), Transcript(program.claude_dir, OTHER)
        one.turn()
        other.turn()
        if has_daemon:
            program.start()
            wait_until_stored(program, one, 2)
            wait_until_stored(program, other, 2)
            assert "only on `ccsync-watch sync-now`" in program.output()
            problems = {problem["code"]: problem for problem in program.status()["problems"]}
            assert problems["auto-sync-off"]["detail"].startswith("auto_sync is off, and 6 ")
        else:
            assert program.call("preview").code == 0
        assert [call.path for call in opensync.backend.calls if call.rows] == []
        completed = program.call("sync-now", "--session", one.session_id)
        assert completed.code == 0, completed.err
        assert [row.external_id for row in opensync.backend.sessions()] == [one.session_id]
        assert len(opensync.backend.all_messages()) == 3
        one.turn(2)
        if has_daemon:
            wait_until_stored(program, one, 4)
            assert len(opensync.backend.all_messages()) == 3
        assert program.call("sync-now").code == 0
        assert len(opensync.backend.messages(one.session_id)) == 5
        assert len(opensync.backend.messages(OTHER)) == 3

    @pytest.mark.parametrize("has_daemon", [False, True], ids=["alone", "daemon"])
    def test_an_unknown_session_is_an_error(self, program: Program, *, has_daemon: bool) -> None:
        """A wrong id is an error."""
        Transcript(program.claude_dir).turn()
        if has_daemon:
            program.start()
        completed = program.call("sync-now", "--session", OTHER)
        assert completed.code == 1
        assert completed.err.startswith(f"ccsync-watch: session {OTHER} is not stored")

    def test_an_outage_loses_nothing(self, program: Program, opensync: OpenSyncDouble) -> None:
        """The backend is away, the transcripts are deleted meanwhile; all of it arrives."""
        configure(program, opensync)
        program.start()
        one, other = Transcript(program.claude_dir), Transcript(program.claude_dir, OTHER)
        one.turn()
        wait_until(lambda: len(opensync.backend.all_messages()) == 3, "the first turn arrives")
        opensync.offline()
        one.turn(2)
        other.turn()
        wait_until_stored(program, one, 4)
        wait_until_stored(program, other, 2)
        completed = program.call("sync-now", "--timeout", "60")
        assert completed.code == 4
        assert "unsent data is kept and sent later" in completed.err
        one.path.unlink()
        other.path.unlink()
        assert program.stop() == 0
        program.start()
        opensync.online()
        assert program.call("sync-now").code == 0
        assert len(opensync.backend.messages(one.session_id)) == 5
        assert len(opensync.backend.messages(OTHER)) == 3
        assert program.status()["totals"]["rows_pending"] == 0

    def test_a_timeout_is_reported(self, program: Program, opensync: OpenSyncDouble) -> None:
        """The daemon continues in the background; without one the user runs it again."""
        configure(program, opensync)
        transcript = Transcript(program.claude_dir)
        transcript.turn()
        completed = program.call("sync-now", "--timeout", "0.000001")
        assert completed.code == 1
        assert "run `ccsync-watch sync-now` again, or start `ccsync-watch`" in completed.err
        program.start()
        transcript.turn(2)
        completed = program.call("sync-now", "--timeout", "0.01")
        assert completed.code == 1
        assert "continues in the background" in completed.err
        wait_until(lambda: len(opensync.backend.all_messages()) == 5, "the daemon continues")


class TestPreview:
    """Exactly what would be uploaded, and nothing is."""

    @pytest.mark.parametrize("has_daemon", [False, True], ids=["alone", "daemon"])
    def test_it_prints_what_the_backend_then_receives(
        self, program: Program, opensync: OpenSyncDouble, *, has_daemon: bool
    ) -> None:
        """Body by body, as JSON."""
        configure(program, opensync, auto_sync=False)
        transcript = Transcript(program.claude_dir)
        writer = transcript.writer
        transcript.turn()
        transcript.append(
            writer.prompt(f"Use {TOKEN} please"),
            writer.answer(call("t1", "Read", file_path="/etc/passwd")),
            writer.result("t1", "root:x:0:0", detail={"type": "text", "file": {"numLines": 1}}),
        )
        if has_daemon:
            program.start()
        completed = program.call("preview")
        assert completed.code == 0
        assert (
            completed.err
            == "ccsync-watch: 1 session, 6 messages; secrets removed: github-token 1\n"
        )
        assert TOKEN not in completed.out
        assert "root:x:0:0" not in completed.out
        printed = [json.loads(line) for line in completed.out.splitlines()]
        assert not [call for call in opensync.backend.calls if call.rows]
        assert program.call("sync-now").code == 0
        received = messages_received(opensync)
        expected = [line["body"] for line in printed if line["path"] == "/sync/message"]
        assert received == expected
        assert [line["removed"] for line in printed if line["removed"]] == [{"github-token": 1}]
        sessions = [call for call in opensync.backend.calls if call.path == "/sync/session"]
        assert sessions[-1].json == printed[0]["body"]
        assert printed[0]["path"] == "/sync/session"

    def test_one_session(self, program: Program) -> None:
        """Only it; an unknown one is an error."""
        one, other = Transcript(program.claude_dir), Transcript(program.claude_dir, OTHER)
        one.turn()
        other.turn()
        completed = program.call("preview", OTHER)
        assert completed.code == 0
        assert OTHER in completed.out
        assert one.session_id not in completed.out
        completed = program.call("preview", "nobody")
        assert completed.code == 1
        assert completed.err.startswith("ccsync-watch: session nobody is not stored")

    def test_a_flag_does_not_point_the_outbox_elsewhere(
        self, program: Program, opensync: OpenSyncDouble
    ) -> None:
        """A preview for another backend changes nothing of what is acknowledged."""
        configure(program, opensync)
        Transcript(program.claude_dir).turn()
        assert program.call("sync-now").code == 0
        before = len(opensync.backend.calls)
        assert program.call("preview", "--convex-url", "http://127.0.0.1:9").code == 0
        assert program.call("sync-now").code == 0
        assert not [call for call in opensync.backend.calls[before:] if call.message_rows]


class TestLedger:
    """What was uploaded."""

    def test_nothing_was_sent_yet(self, program: Program) -> None:
        """Neither on a new machine, nor without a backend."""
        assert program.call("ledger").out == "Nothing was sent from this machine.\n"
        Transcript(program.claude_dir).turn()
        assert program.call("sync-now").code == 0
        completed = program.call("ledger")
        assert (completed.code, completed.out) == (0, "Nothing was sent from this machine.\n")

    def test_it_lists_requests_and_what_was_removed(
        self, program: Program, opensync: OpenSyncDouble
    ) -> None:
        """A line for each request, the sums, and never the secret."""
        configure(program, opensync)
        transcript = Transcript(program.claude_dir)
        transcript.append(transcript.writer.prompt(f"Say hello. My key: {TOKEN}"))
        assert program.call("sync-now").code == 0
        shown = program.call("ledger").out
        assert TOKEN not in shown
        host = opensync.url.removeprefix("http://")
        assert f"{host}  {transcript.session_id}" in shown
        assert "placeholders in them: github-token" in shown
        lines = program.call("ledger", "--json", transcript.session_id).out.splitlines()
        entries = [json.loads(line) for line in lines]
        acked = [entry for entry in entries if entry["is_acked"] and entry["kind"] == "messages"]
        assert sum(entry["rows"] for entry in acked) == 2
        assert {entry["host"] for entry in entries} == {host}
        assert program.call("ledger", OTHER).out == (
            f"Nothing of session {OTHER} was sent from this machine.\n"
        )


def messages_received(opensync: OpenSyncDouble) -> list[dict[str, Any]]:
    """Return every message body that arrived, batched or not, in order."""
    received: list[dict[str, Any]] = []
    for request in opensync.backend.calls:
        if request.path == "/sync/message":
            received.append(request.json)
        elif request.path == "/sync/batch":
            refused = not opensync.backend.accepts_batch_created_at
            received += [
                row for row in request.json["messages"] if not (refused and "createdAt" in row)
            ]
    return received


class TestStatus:
    """The same figures as text and as JSON."""

    def test_a_fresh_machine(self, program: Program) -> None:
        """Nothing there: what to do, and exit 3."""
        program.claude_dir.mkdir()
        completed = program.call("status")
        assert (completed.code, completed.err) == (3, "")
        assert completed.out.startswith("ccsync-watch ")
        assert "not running" in completed.out
        assert "No Convex URL configured: " in completed.out
        assert "Waiting for Claude Code: no transcripts in " in completed.out

    def test_what_is_stored_sent_and_pending(
        self, program: Program, opensync: OpenSyncDouble
    ) -> None:
        """By session: bytes behind, rows pending, last acknowledgement, last error."""
        configure(program, opensync)
        transcript = Transcript(program.claude_dir)
        transcript.turn()
        program.start()
        assert program.call("sync-now").code == 0
        completed = program.call("status")
        assert completed.code == 0, completed.out
        assert f"running (process {program.pid})" in completed.out
        assert "connection   ok" in completed.out
        assert "API key      osk_…00" in completed.out
        assert transcript.session_id in completed.out
        figures = program.status()
        (row,) = figures["sessions"]
        assert row["bytes_behind"] == row["rows_pending"] == row["rows_rejected"] == 0
        assert row["last_ack_ms"] is not None
        assert row["last_error"] is None
        assert figures["daemon"]["pid"] == program.pid
        assert figures["backend"] == {"tested": True, "ok": True, "error": None}
        assert figures["problems"] == []
        with transcript.path.open("ab") as file:
            file.write(b'{"type": "user"')
        wait_until(lambda: program.status()["bytes_behind"] == 15, "the rest is counted")

    def test_names_cannot_command_the_terminal(self, program: Program) -> None:
        """A folder's name may hold escape sequences, or be no UTF-8."""
        program.env = {"CLAUDE_CONFIG_DIR": str(program.root / "odd\udcff")}
        transcript = Transcript(program.root / "odd\udcff")
        transcript.writer.cwd = "/home/\x1b]0;owned\x07"
        transcript.turn()
        assert program.call("sync-now").code == 0
        completed = program.call("status")
        assert completed.code == 3
        assert "\x1b" not in completed.out
        assert program.status()["sessions"]
        program.env = {**program.env, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
        assert "Traceback" not in program.call("status").err


class TestPrivacy:
    """Stored files are readable by the user only, and the key is in none of them."""

    def test_modes(self, program: Program, opensync: OpenSyncDouble) -> None:
        """0700 for the folder, 0600 for each file, also under a generous umask."""
        configure(program, opensync)
        Transcript(program.claude_dir).turn()
        program.start()
        assert program.call("sync-now").code == 0
        assert stat.S_IMODE(program.state.stat().st_mode) == 0o700
        modes = {
            path.name: stat.S_IMODE(status.st_mode)
            for path, status in present_files(program.state)
            # The compiled rules are everybody's: they come with the program.
            if not stat.S_ISDIR(status.st_mode) and not path.name.startswith("rules-")
        }
        assert {"ccsync.db", "log", "install.key", "control.sock", "daemon.lock"} <= set(modes)
        assert set(modes.values()) == {0o600}, modes

    def test_the_key_appears_nowhere(self, program: Program, opensync: OpenSyncDouble) -> None:
        """Not in an output, the log, or the database, whatever went wrong."""
        configure(program, opensync)
        transcript = Transcript(program.claude_dir)
        transcript.turn()
        program.start()
        outputs = [program.call(*words) for words in (("sync-now",), ("status",), ("preview",))]
        opensync.backend.add_user("osk_another0000000000000000000000000000")
        opensync.offline()
        transcript.turn(2)
        outputs += [program.call(*words) for words in (("sync-now",), ("status", "--json"))]
        assert program.stop() == 0
        outputs.append(program.call("status"))
        written = "".join(output.out + output.err for output in outputs) + program.output()
        assert opensync.api_key not in written
        assert opensync.api_key[4:20] not in written
        for path in filter(Path.is_file, program.state.rglob("*")):
            assert opensync.api_key.encode() not in path.read_bytes(), path

    def test_a_secret_in_a_transcript_stays_out_of_every_file(
        self, program: Program, opensync: OpenSyncDouble
    ) -> None:
        """Store, log, output and backend."""
        configure(program, opensync)
        transcript = Transcript(program.claude_dir)
        program.start()
        transcript.append(transcript.writer.prompt(f"export GITHUB_TOKEN={TOKEN}"))
        assert program.call("sync-now").code == 0
        shown = program.call("preview").out + program.call("status", "--json").out
        assert program.stop() == 0
        assert TOKEN not in shown + program.output()
        for path in filter(Path.is_file, program.state.rglob("*")):
            assert TOKEN.encode() not in path.read_bytes(), path
        assert not [call for call in opensync.backend.calls if TOKEN.encode() in call.body]
