"""Every mistake is one line that names the thing and what to do, with its exit code."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest

from support.browser import wait_for_messages
from support.ccsync_program.transcript import Transcript
from support.http_answer import serve
from support.opensync_double.faults import FaultPlan, redirect
from support.waiting import wait_until

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from support.ccsync_program.program import Completed, Program
    from support.opensync_double.server import OpenSyncDouble

COMMANDS = [("run",), ("status",), ("status", "--json"), ("sync-now",), ("preview",)]
WRONG_KEY = "osk_wrong000000000000000000000000wrong"


def one_line(completed: Completed) -> str:
    """Return the only line that a command printed, on stderr."""
    assert "Traceback" not in completed.err
    assert completed.out == ""
    assert completed.err.count("\n") == 1, completed.err
    assert completed.err.startswith("ccsync-watch: ")
    return completed.err.removeprefix("ccsync-watch: ").rstrip("\n")


class TestConfiguration:
    """The settings file; exit 2."""

    @pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
    def test_bad_json(self, program: Program, words: tuple[str, ...]) -> None:
        """Line and column, whatever the command."""
        program.config_file.write_text('{\n  "auto_sync": true,\n  "sync_thinking": nope\n}')
        completed = program.call(*words)
        assert completed.code == 2
        assert one_line(completed).startswith(
            f"{program.config_file}, line 3, column 20: not valid"
        )

    @pytest.mark.parametrize("words", [("run",), ("login", "--convex-url", "https://x.example")])
    def test_a_wrong_type(self, program: Program, words: tuple[str, ...]) -> None:
        """The key, the value, what is allowed."""
        program.configure(auto_sync="perhaps")
        completed = program.call(*words, stdin="\n")
        assert completed.code == 2
        if words == ("run",):
            assert one_line(completed) == (
                f'{program.config_file}: auto_sync is "perhaps": set it to true or false'
            )

    def test_a_wrong_pattern(self, program: Program) -> None:
        """One of the user's own rules that is not a regular expression."""
        program.configure(redact={"patterns": ["("]})
        completed = program.call("run")
        assert completed.code == 2
        assert "redact.patterns" in one_line(completed)

    def test_a_folder_in_the_files_place(self, program: Program) -> None:
        """It cannot be read."""
        program.config_file.mkdir()
        completed = program.call("status")
        assert completed.code == 2
        assert one_line(completed).startswith(f"cannot read {program.config_file}: Is a directory")

    def test_an_unknown_key_is_a_warning_only(self, program: Program) -> None:
        """With the nearest known key."""
        program.configure(sync_toolcalls=False)
        program.start()
        assert 'unknown key "sync_toolcalls": ignored; did you mean sync_tool_calls?' in (
            program.output()
        )

    @pytest.mark.parametrize(
        "url", ["nonsense", "http://example.com", "https://me:hunter2@example.convex.cloud"]
    )
    def test_a_wrong_url(self, program: Program, url: str) -> None:
        """Reported before anything is sent; a password in it is not repeated."""
        program.configure(convex_url=url)
        completed = program.call("run")
        assert completed.code == 2
        line = one_line(completed)
        assert "set it to an address like https://your-deployment.convex.cloud" in line
        assert "hunter2" not in line

    def test_a_wrong_flag(self, program: Program) -> None:
        """The flag is named, not the file."""
        completed = program.call("run", "--auto-sync", "perhaps")
        assert completed.code == 2
        assert one_line(completed).startswith("--auto-sync: auto_sync is ")

    @pytest.mark.parametrize(
        "words", [("statistics",), ("--bogus",), ("sync-now", "--timeout", "nan")]
    )
    def test_a_wrong_command_line(self, program: Program, words: tuple[str, ...]) -> None:
        """One line, and where help is."""
        completed = program.call(*words)
        assert completed.code == 2
        assert "--help`" in one_line(completed)


class TestStateFolder:
    """The state folder cannot be used; exit 2."""

    @pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
    @pytest.mark.parametrize("below", ["", "state"], ids=["a-file", "below-a-file"])
    def test_no_folder_can_be_there(
        self, program: Program, words: tuple[str, ...], below: str
    ) -> None:
        """The folder and the variable are named."""
        (program.root / "file").touch()
        folder = program.root / "file" / below if below else program.root / "file"
        program.env = {"CCSYNC_WATCH_HOME": str(folder)}
        completed = program.call(*words)
        assert completed.code == 2
        line = one_line(completed)
        assert str(folder) in line
        assert "CCSYNC_WATCH_HOME" in line

    @pytest.mark.parametrize("name", ["ccsync.db", "log", "install.key", "control.sock"])
    def test_a_folder_in_a_files_place(self, program: Program, name: str) -> None:
        """For each file that is stored there."""
        (program.state / name).mkdir(parents=True)
        completed = program.call("run")
        assert completed.code == 2
        lines = [line for line in completed.err.splitlines() if line.startswith("ccsync-watch: ")]
        assert len(lines) == 1
        assert name in lines[0] or str(program.state) in lines[0]
        assert "Traceback" not in completed.err

    def test_a_path_too_long_for_a_socket_works(self, program: Program) -> None:
        """The socket is elsewhere then, and everything works."""
        program.env = {"CCSYNC_WATCH_HOME": str(program.root / ("long" * 30))}
        program.start()
        transcript = Transcript(program.claude_dir)
        transcript.turn()
        completed = program.call("sync-now")
        assert completed.code == 0, completed.err
        assert program.status()["totals"]["messages"] == 2
        assert program.stop() == 0


def codes(program: Program) -> set[str]:
    """Return the codes of the problems there are now."""
    return {problem["code"] for problem in program.status()["problems"]}


class TestClaudeFolder:
    """The folder of the transcripts does not exist yet."""

    @pytest.mark.parametrize(
        ("exists", "code"), [("nothing", "folder-missing"), ("folder", "no-transcripts")]
    )
    def test_it_may_appear_later(self, program: Program, exists: str, code: str) -> None:
        """The daemon waits, says so, and stores the first session without waiting for a rescan."""
        if exists == "folder":
            program.claude_dir.mkdir()
        program.start()
        assert code in codes(program)
        transcript = Transcript(program.claude_dir)
        for number in (1, 2):
            transcript.turn(number)
            wait_for_messages(program, transcript.session_id, 2 * number)
        # Without the poll of the folder a rescan would have found the first turn, and said so
        # before the next one found the second.
        assert "changes without a file event" not in program.output()
        assert code not in codes(program)


class _Page(BaseHTTPRequestHandler):
    """A web server that is not an OpenSync deployment."""

    status = 200

    def do_GET(self) -> None:
        """Answer with a page."""
        body = b"<!doctype html><title>Welcome</title>"
        self.send_response(self.status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the base class's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Say nothing."""


def web_server(status: int) -> AbstractContextManager[str]:
    """Serve pages with one status; give the address."""
    return serve(type("Page", (_Page,), {"status": status}))


class TestBackend:
    """It rejects us, cannot be reached, or is another program; exit 4."""

    def check_failure(self, program: Program) -> str:
        """Check that `status` and `sync-now` fail, with and without a daemon; return the line."""
        transcript = Transcript(program.claude_dir)
        transcript.turn()
        completed = program.call("sync-now", "--timeout", "60")
        assert completed.code == 4, completed.err
        assert "Traceback" not in completed.err
        last = completed.err.splitlines()[-1]
        assert last.startswith("ccsync-watch: Connection failed: "), completed.err
        status_command = program.call("status")
        assert status_command.code == 4
        assert "\nConnection failed: " in status_command.out
        program.start()
        transcript.turn(2)
        again = program.call("sync-now")
        assert again.code == 4
        assert again.err == f"{last}\n"
        status = program.status()
        titles = [problem["title"] for problem in status["problems"]]
        assert titles.count("Connection failed") == 1
        row = status["sessions"][0]
        assert (row["messages"], row["bytes_behind"]) == (4, 0), "it continues to read"
        assert row["rows_pending"] == 5
        assert row["last_error"]
        assert "WARNING upload paused: " in program.output()
        assert program.stop() == 0
        return last

    def test_a_wrong_key(self, program: Program, opensync: OpenSyncDouble) -> None:
        """It continues to read, loses nothing, and uploads with the right key."""
        program.configure(convex_url=opensync.url, api_key=WRONG_KEY)
        line = self.check_failure(program)
        assert "does not accept the API key: set api_key to a key of this deployment" in line
        program.configure(convex_url=opensync.url, api_key=opensync.api_key)
        assert program.call("sync-now").code == 0
        assert len(opensync.backend.all_messages()) == 5

    def test_no_key(self, program: Program, opensync: OpenSyncDouble) -> None:
        """A backend that wants one."""
        program.configure(convex_url=opensync.url)
        assert "api_key" in self.check_failure(program)

    def test_a_refused_connection(self, program: Program, opensync: OpenSyncDouble) -> None:
        """The three things to check, and that unsent data is kept."""
        program.configure(convex_url=opensync.url, api_key=opensync.api_key)
        opensync.offline()
        line = self.check_failure(program)
        assert "cannot reach 127.0.0.1:" in line
        assert "should end in .convex.cloud" in line
        assert "unsent data is kept and sent later" in line

    @pytest.mark.parametrize("status", [200, 404], ids=["html", "404"])
    def test_another_server(self, program: Program, status: int) -> None:
        """It answers, but is not an OpenSync deployment."""
        with web_server(status) as url:
            program.configure(convex_url=url, api_key="osk_0123456789abcdef0123456789abcdef")
            assert "is not an OpenSync deployment" in self.check_failure(program)

    def test_a_redirect_is_not_followed_with_the_key(
        self, program: Program, opensync: OpenSyncDouble
    ) -> None:
        """Wherever it leads."""
        opensync.faults = FaultPlan.always(redirect(307))
        program.configure(convex_url=opensync.url, api_key=opensync.api_key)
        assert "it redirects (HTTP 307)" in self.check_failure(program)
        assert not [call for call in opensync.backend.calls if "elsewhere" in call.path]


class TestLogin:
    """Tested before it is written."""

    def test_a_working_key_is_written(self, program: Program, opensync: OpenSyncDouble) -> None:
        """The file is the owner's, other keys stay, and the key is not printed."""
        program.configure(auto_sync=False, mine="kept")
        completed = program.call(
            "login", "--convex-url", opensync.url, "--api-key-stdin", stdin=f"{opensync.api_key}\n"
        )
        assert completed.code == 0, completed.err
        assert opensync.api_key not in completed.out + completed.err
        assert program.config_file.stat().st_mode & 0o777 == 0o600
        text = program.config_file.read_text()
        assert opensync.api_key in text
        assert '"mine": "kept"' in text
        assert '"auto_sync": false' in text

    @pytest.mark.parametrize("mistake", ["key", "url", "none", "nobody"])
    def test_what_does_not_work_is_not_written(
        self, program: Program, opensync: OpenSyncDouble, mistake: str
    ) -> None:
        """Wrong key: 4; no address: 2; the file is as it was."""
        program.configure(mine="kept")
        before = program.config_file.read_bytes()
        url, key, code = opensync.url, opensync.api_key, 4
        if mistake == "key":
            key = WRONG_KEY
        elif mistake == "url":
            url, code = "nonsense", 2
        elif mistake == "nobody":
            opensync.offline()
        words = ["--convex-url", url] if mistake != "none" else []
        completed = program.call("login", *words, "--api-key-stdin", stdin=f"{key}\n")
        assert completed.code == (code if mistake != "none" else 2)
        assert program.config_file.read_bytes() == before
        assert completed.out == ""
        assert "Traceback" not in completed.err
        assert key not in completed.err
        if completed.code == 4:
            first, second = completed.err.splitlines()
            assert first.startswith("ccsync-watch: Connection failed: ")
            assert second == f"ccsync-watch: {program.config_file} was not changed"

    def test_a_new_key_for_the_same_backend(
        self, program: Program, opensync: OpenSyncDouble
    ) -> None:
        """The URL of the file is kept when none is given."""
        program.configure(convex_url=opensync.url, api_key=WRONG_KEY)
        completed = program.call("login", "--api-key-stdin", stdin=f"{opensync.api_key}\n")
        assert completed.code == 0, completed.err
        assert program.call("status").code == 3

    def test_without_a_terminal_the_key_comes_from_stdin(self, program: Program) -> None:
        """Nobody can enter it."""
        completed = program.call("login", "--convex-url", "https://x.convex.cloud")
        assert completed.code == 2
        assert "--api-key-stdin" in one_line(completed)

    def test_a_variable_that_overrides_the_file_is_named(
        self, program: Program, opensync: OpenSyncDouble
    ) -> None:
        """Otherwise the user would wonder why nothing changed."""
        program.env = {"CLAUDE_SYNC_API_KEY": opensync.api_key}
        completed = program.call(
            "login", "--convex-url", opensync.url, "--api-key-stdin", stdin=f"{opensync.api_key}\n"
        )
        assert completed.code == 0
        assert (
            "CLAUDE_SYNC_API_KEY is set in the environment: it overrides the file" in completed.err
        )

    def test_logout(self, program: Program, opensync: OpenSyncDouble) -> None:
        """Both are removed, the rest stays as it is written; twice is not an error."""
        program.configure(convex_url=opensync.url, api_key=opensync.api_key, mine="kept")
        assert program.call("logout").code == 0
        assert program.config_file.read_text() == '{"mine": "kept"}'
        completed = program.call("logout")
        assert completed.code == 0
        assert "Nothing to do" in completed.out


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
@pytest.mark.parametrize("limit", [4, 6, 10])
def test_too_few_open_files_are_named_at_each_step_of_a_start(program: Program, limit: int) -> None:
    """Whatever fails first: the clean environment, the lock, the database."""
    program.env = {"DEPLOY_TOKEN": "removed from the environment"}
    program.configure(dashboard={"enabled": False})
    program.prefix = ["prlimit", f"--nofile={limit}"]
    program.start_unready()
    wait_until(lambda: not program.is_running(), "it ends")
    said = program.output()
    assert "Traceback" not in said
    assert "(`ulimit -n 4096`, LimitNOFILE)" in said.splitlines()[-1]
