"""An interactive session of the client, in a terminal that a test can type into and read.

Each terminal is a tmux server on a private socket; it ends with the context, and so does the
client. Every wait is for something on the screen or in the transcript, never for time.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from support.claude_client.tmux import Tmux
from support.waiting import WAIT_SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from support.claude_client.client import ClaudeHome
    from support.claude_client.rows import Row

COLUMNS, ROWS = 160, 50
# Clients of 2.0 show the second.
PROMPT_SIGNS = ("\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}", ">")
RULE = "───"
PASTED_SIGN = "[Pastedtext"
END_SECONDS = 10.0
# tmux rejects commands of more than about 16 kB.
TYPED_CHARS = 3000
# After this time a key is pressed again: the client treats an early Enter as part of the text, and
# ignores an early answer to a question.
ENTER_SECONDS = 1.5
# After this time with an empty input box a text is typed again: a command that the client runs by
# itself (`/reload-plugins` after a marketplace was added) takes away what was typed meanwhile.
TYPE_SECONDS = 5.0

# A dead pane stays, so that its last screen can be read.
TMUX_CONFIG = "set -g remain-on-exit on\nset -g status off\n"


class Terminal:
    """A client started with `args` under tmux; use it as a context manager.

    Waits that fail raise TimeoutError with the screen of that moment in the message. Clients before
    2.1.75 do not name their session in a file: `names_session` is False for them.
    """

    def __init__(
        self,
        home: ClaudeHome,
        *args: str,
        cwd: Path | None = None,
        names_session: bool = True,
        columns: int = COLUMNS,
    ) -> None:
        self.home = home
        self.names_session = names_session
        self.cwd = cwd or home.workdir
        # Not under the test's folder: a socket's path is limited to about a hundred characters.
        self._folder = tempfile.TemporaryDirectory(prefix="tmux-")
        self._tmux = Tmux(Path(self._folder.name, "s"), home.env)
        self._pid_file = Path(self._folder.name, "pid")
        self._status_file = Path(self._folder.name, "status")
        self._command = self._with_status_files(shlex.join([str(home.binary), *args]))
        self._session_id = ""
        self._size = ("-x", str(columns), "-y", str(ROWS))

    def __enter__(self) -> Self:
        """Start the client and wait until it accepts input."""
        self.home.trust(self.cwd)
        config = Path(self._folder.name, "tmux.conf")
        config.write_text(TMUX_CONFIG)
        try:
            self._tmux(
                "-f",
                str(config),
                "new-session",
                "-d",
                *self._size,
                "-c",
                str(self.cwd),
                self._command,
            )
            wait_for(self._is_ready, "the client's prompt", evidence=self._evidence)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the client and the terminal in whatever state they are."""
        self.close()

    @property
    def pid(self) -> int:
        """The client's process id."""
        return int(self._pid_file.read_text())

    @property
    def session_id(self) -> str:
        """The id of the current session, which `/clear` and `/branch` change; the last one known.

        The client writes it to a file, which is gone after its exit and incomplete for a moment.
        """
        with suppress(OSError, ValueError):
            path = self.home.config_dir / "sessions" / f"{self.pid}.json"
            self._session_id = str(json.loads(path.read_text())["sessionId"])
        return self._session_id

    def rows(self) -> list[Row]:
        """Return the rows of the current session."""
        return self.home.rows(self.session_id)

    def screen(self) -> str:
        """Return the text that the terminal shows now."""
        return self._tmux("capture-pane", "-p")

    def type(self, text: str) -> None:
        """Type text, without Enter, and wait until the client shows its last characters."""

        def type_all() -> None:
            for start in range(0, len(text), TYPED_CHARS):
                self._tmux("send-keys", "-l", "--", text[start : start + TYPED_CHARS])

        self._repeat_until(
            type_all,
            lambda: self._shows(text),
            f"{text[-40:]!r} typed",
            TYPE_SECONDS,
            may_repeat=lambda: self._is_input_empty() and self._has_read_keys(),
        )

    def press(self, key: str) -> None:
        """Press one key by the name that tmux gives it: Enter, Escape, C-c, Up."""
        self._tmux("send-keys", key)

    def submit(self, text: str) -> None:
        """Type a prompt or a command, and press Enter until the client accepts it."""
        self.type(text)
        self._press_until(
            "Enter", lambda: self.exit_status is not None or not self._shows(text), text[-40:]
        )

    def answer(self, key: str, question: str) -> None:
        """Press a key until the client no longer shows a question."""
        self._press_until(key, lambda: question not in self.screen(), question)

    def wait_for_screen(self, text: str, timeout: float = WAIT_SECONDS) -> str:
        """Wait until the screen shows `text`; return the screen."""

        def probe() -> str | None:
            screen = self.screen()
            return screen if text in screen else None

        return wait_for(probe, f"{text!r} on the screen", timeout=timeout, evidence=self._evidence)

    def wait_for_row(
        self, is_wanted: Callable[[Row], object], timeout: float = WAIT_SECONDS
    ) -> Row:
        """Wait until the current session has a row for which `is_wanted` is true; return it."""

        def probe() -> Row | None:
            return next((row for row in self.rows() if is_wanted(row)), None)

        return wait_for(probe, "a row", timeout=timeout, evidence=self._evidence)

    def wait_for_new_session(self, old: str, timeout: float = WAIT_SECONDS) -> str:
        """Wait until the session is another than `old`; return its id."""

        def probe() -> str | None:
            return self.session_id if self.session_id != old else None

        return wait_for(probe, "another session", timeout=timeout, evidence=self._evidence)

    @property
    def exit_status(self) -> int | None:
        """The client's exit status, None while it runs; 128 + n after signal n."""
        with suppress(OSError):
            return int(self._status_file.read_text())
        return None

    def wait_for_end(self, timeout: float = WAIT_SECONDS) -> int:
        """Wait until the client has exited; return its exit status."""
        what = "the client's exit"
        wait_for(self._status_file.exists, what, timeout=timeout, evidence=self._evidence)
        return int(self._status_file.read_text())

    def exit(self) -> int:
        """Submit `/exit`; return the exit status."""
        self.submit("/exit")
        return self.wait_for_end()

    def hang_up(self) -> int:
        """Close the terminal while the client runs; return the exit status."""
        # A terminal that closes signals its shell, and the shell its children: ours does not.
        os.kill(self.pid, signal.SIGHUP)
        self._tmux("kill-server")
        return self.wait_for_end()

    def close(self) -> None:
        """End the client, with SIGKILL if necessary, and the terminal."""
        try:
            for number in (signal.SIGTERM, signal.SIGKILL):
                self._end_with(number)
            # A terminal that did not start has no server.
            with suppress(RuntimeError):
                self._tmux("kill-server")
        finally:
            self._folder.cleanup()

    def _end_with(self, number: signal.Signals) -> None:
        if self.exit_status is None and self._pid_file.exists():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
            with suppress(TimeoutError):
                self.wait_for_end(END_SECONDS)

    def _with_status_files(self, command: str) -> str:
        """Return a shell command that runs `command` and writes its pid and exit status to files.

        tmux reports both, but version 3.3 sometimes misses the exit of its child.
        """
        pid, status = shlex.quote(str(self._pid_file)), shlex.quote(str(self._status_file))
        inner = shlex.quote(f"echo $$ > {pid}; exec {command}")
        # A trap is not inherited: the shell outlives the terminal, to write how the client exited.
        return (
            f"trap : HUP TERM; /bin/sh -c {inner}; echo $? > {status}.new; mv {status}.new {status}"
        )

    def _is_ready(self) -> bool:
        has_prompt = self._input_box().lstrip().startswith(PROMPT_SIGNS)
        return has_prompt and (not self.names_session or self.session_id != "")

    def _evidence(self) -> str:
        try:
            return self.screen()
        except RuntimeError as error:
            return str(error)

    def _press_until(self, key: str, is_accepted: Callable[[], bool], text: str) -> None:
        """Press a key at a text, again if it came too early, until the client has accepted it."""
        self._repeat_until(
            lambda: self.press(key),
            is_accepted,
            f"{text!r} accepted",
            ENTER_SECONDS,
            may_repeat=self._has_read_keys,
        )

    def _repeat_until(
        self,
        action: Callable[[], None],
        is_done: Callable[[], bool],
        what: str,
        seconds: float,
        may_repeat: Callable[[], bool],
    ) -> None:
        """Do `action` until `is_done`, again after each `seconds` in which `may_repeat` is true."""
        action()
        again_at = time.monotonic() + seconds

        def probe() -> bool:
            nonlocal again_at
            if is_done():
                return True
            if time.monotonic() >= again_at:
                if may_repeat():
                    action()
                again_at = time.monotonic() + seconds
            return False

        wait_for(probe, what, evidence=self._evidence)

    def _has_read_keys(self) -> bool:
        """Return whether the client waits for more keys, and not for a processor.

        On a busy machine it has not read a key yet that it does not show: pressed again, the key
        would come twice, and the second time answer a question that nobody has seen.
        """
        try:
            status = Path(f"/proc/{self.pid}/stat").read_text()
        except (OSError, ValueError):
            return True  # it has ended, or the system has no such file
        return status.rpartition(")")[2].split()[0] == "S"

    def _is_input_empty(self) -> bool:
        return self._input_box().strip() in PROMPT_SIGNS

    def _shows(self, text: str) -> bool:
        """Return whether the input box shows the last characters of `text`, wrapped or not."""
        shown = "".join(self._input_box().split())
        return "".join(text.split())[-24:] in shown or PASTED_SIGN in shown

    def _input_box(self) -> str:
        """Return the text between the last two ruled lines; empty in a dialog."""
        lines = self.screen().splitlines()
        rules = [number for number, line in enumerate(lines) if line.startswith(RULE)]
        return "\n".join(lines[rules[-2] + 1 : rules[-1]]) if len(rules) > 1 else ""
