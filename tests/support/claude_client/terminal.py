"""An interactive session of the client, in a terminal that a test can type into and read.

The terminal is a tmux server of its own, on a private socket; it ends with the context, and the
client with it. Every wait is for something on the screen or in the transcript, never for time.
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
from support.claude_client.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from support.claude_client.client import ClaudeHome
    from support.claude_client.rows import Row

SIZE = ["-x", "160", "-y", "50"]
PROMPT_SIGN = "\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}"
RULE = "───"
PASTED_SIGN = "[Pastedtext"
END_SECONDS = 10.0
# tmux refuses commands of more than some 16 kB.
TYPED_CHARS = 3000
# After this long an Enter that the client took for part of the typed text is pressed again.
ENTER_SECONDS = 1.5

# A dead pane stays, so that its last screen can be looked at.
TMUX_CONFIG = "set -g remain-on-exit on\nset -g status off\n"


class Terminal:
    """A client started with `args` under tmux; use it as a context manager.

    Waits that fail raise TimeoutError with the screen of that moment in the message.
    """

    def __init__(self, home: ClaudeHome, *args: str, cwd: Path | None = None) -> None:
        self.home = home
        self.cwd = cwd or home.workdir
        # Not under the test's own folder: the path of a socket may have some hundred characters.
        self._folder = tempfile.TemporaryDirectory(prefix="tmux-")
        self._tmux = Tmux(Path(self._folder.name, "s"), home.env)
        self._pid_file = Path(self._folder.name, "pid")
        self._status_file = Path(self._folder.name, "status")
        self._command = self._reporting(shlex.join([str(home.binary), *args]))
        self._session_id = ""

    def __enter__(self) -> Self:
        """Start the client and wait until it takes input."""
        self.home.trust(self.cwd)
        config = Path(self._folder.name, "tmux.conf")
        config.write_text(TMUX_CONFIG)
        try:
            self._tmux(
                "-f", str(config), "new-session", "-d", *SIZE, "-c", str(self.cwd), self._command
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
        """End the client and the terminal, whatever state they are in."""
        self.close()

    @property
    def pid(self) -> int:
        """The client's process id."""
        return int(self._pid_file.read_text())

    @property
    def session_id(self) -> str:
        """The id of the current session, which `/clear` and `/branch` change; the last one known.

        The client tells it in a file, which is missing after its end and torn for a moment.
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
        """Type text, without Enter, and wait until the client shows its end."""
        for start in range(0, len(text), TYPED_CHARS):
            self._tmux("send-keys", "-l", "--", text[start : start + TYPED_CHARS])
        wait_for(lambda: self._holds(text), f"{text[-40:]!r} typed", evidence=self._evidence)

    def press(self, key: str) -> None:
        """Press one key by the name that tmux gives it: Enter, Escape, C-c, Up."""
        self._tmux("send-keys", key)

    def submit(self, text: str) -> None:
        """Type a prompt or a command, and press Enter until the client has taken it."""
        self.type(text)
        self.press("Enter")
        again_at = time.monotonic() + ENTER_SECONDS

        def is_taken() -> bool:
            nonlocal again_at
            if self.exit_status is not None or not self._holds(text):
                return True
            if time.monotonic() >= again_at:
                self.press("Enter")
                again_at = time.monotonic() + ENTER_SECONDS
            return False

        wait_for(is_taken, f"{text[-40:]!r} taken", evidence=self._evidence)

    def wait_for_screen(self, text: str, timeout: float = 20.0) -> str:
        """Wait until the screen shows `text`; return the screen."""

        def look() -> str | None:
            screen = self.screen()
            return screen if text in screen else None

        return wait_for(look, f"{text!r} on the screen", timeout=timeout, evidence=self._evidence)

    def wait_for_row(self, is_wanted: Callable[[Row], object], timeout: float = 20.0) -> Row:
        """Wait until the current session has a row for which `is_wanted` is true; return it."""

        def look() -> Row | None:
            return next((row for row in self.rows() if is_wanted(row)), None)

        return wait_for(look, "a row", timeout=timeout, evidence=self._evidence)

    def wait_for_new_session(self, old: str, timeout: float = 20.0) -> str:
        """Wait until the session is another than `old`; return its id."""

        def look() -> str | None:
            return self.session_id if self.session_id != old else None

        return wait_for(look, "another session", timeout=timeout, evidence=self._evidence)

    @property
    def exit_status(self) -> int | None:
        """The client's exit status, None while it runs; 128 + n after signal n."""
        with suppress(OSError):
            return int(self._status_file.read_text())
        return None

    def wait_for_end(self, timeout: float = 20.0) -> int:
        """Wait until the client has ended; return its exit status."""
        what = "the client's end"
        wait_for(self._status_file.exists, what, timeout=timeout, evidence=self._evidence)
        return int(self._status_file.read_text())

    def exit(self) -> int:
        """Leave with `/exit`; return the exit status."""
        self.submit("/exit")
        return self.wait_for_end()

    def hang_up(self) -> int:
        """Close the terminal over the client's head; return the exit status."""
        # A closing terminal signals its shell, and the shell its children: ours only watches.
        os.kill(self.pid, signal.SIGHUP)
        self._tmux("kill-server")
        return self.wait_for_end()

    def close(self) -> None:
        """End the client, by force if need be, and the terminal."""
        try:
            for number in (signal.SIGTERM, signal.SIGKILL):
                self._end_with(number)
            # A terminal that never came up has no server to end.
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

    def _reporting(self, command: str) -> str:
        """Return a shell command that runs `command` and writes its pid and exit status down.

        tmux would tell both, but 3.3 now and then misses the end of its child.
        """
        pid, status = shlex.quote(str(self._pid_file)), shlex.quote(str(self._status_file))
        inner = shlex.quote(f"echo $$ > {pid}; exec {command}")
        # A trap is not inherited: the shell outlives the terminal, to tell how the client ended.
        return (
            f"trap : HUP TERM; /bin/sh -c {inner}; echo $? > {status}.new; mv {status}.new {status}"
        )

    def _is_ready(self) -> bool:
        return PROMPT_SIGN in self._input_box() and self.session_id != ""

    def _evidence(self) -> str:
        try:
            return self.screen()
        except RuntimeError as error:
            return str(error)

    def _holds(self, text: str) -> bool:
        """Tell whether the end of `text` stands in the input box, however it is wrapped there."""
        shown = "".join(self._input_box().split())
        return "".join(text.split())[-24:] in shown or PASTED_SIGN in shown

    def _input_box(self) -> str:
        """Return what stands between the last two ruled lines; a dialog has none."""
        lines = self.screen().splitlines()
        rules = [number for number, line in enumerate(lines) if line.startswith(RULE)]
        return "\n".join(lines[rules[-2] + 1 : rules[-1]]) if len(rules) > 1 else ""
