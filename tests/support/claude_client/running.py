"""One `-p` run of the client: start it, wait for it or kill it, and read its output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# With any of these arguments the client selects the session itself.
SELECTS_SESSION = {"--continue", "-c", "--resume", "-r", "--session-id", "--fork-session"}


@dataclass(frozen=True, slots=True)
class CompletedRun:
    """The output and exit status of a run that has exited."""

    session_id: str
    stdout: str
    stderr: str
    returncode: int

    @property
    def result(self) -> str:
        """The final text of the turn."""
        return str(json.loads(self.stdout)["result"])


class BackgroundRun:
    """A run in the background, in its own process group.

    `session_id` is known from the start for a new session, None for a continued one, and for one of
    a client that does not take its id.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        takes_session_id: bool = True,
    ) -> None:
        command = list(command)
        self.session_id: str | None = None
        if takes_session_id and SELECTS_SESSION.isdisjoint(command):
            self.session_id = str(uuid.uuid4())
            command += ["--session-id", self.session_id]
        if "--output-format" not in command:
            command += ["--output-format", "json"]
        # Files, not pipes: nothing reads during the run, and a full pipe would block it.
        self._stdout = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - see _close
        self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - see _close
        self.process = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=self._stdout,
            stderr=self._stderr,
            start_new_session=True,
        )

    def wait(self, timeout: float = WAIT_SECONDS) -> CompletedRun:
        """Wait until the run exits; after `timeout` seconds kill it and raise TimeoutError."""
        try:
            returncode = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._kill_group()
            output = self._read_output()
            raise TimeoutError(f"the client ran longer than {timeout:g} s: {output}") from None
        stdout, stderr = self._read_output()
        session_id = self.session_id or _session_id_in(stdout)
        if session_id is None:
            raise AssertionError(f"no session id in the output: {returncode} {stdout} {stderr}")
        return CompletedRun(session_id, stdout, stderr, returncode)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the client alone, as a supervisor would."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill the client and its children, if they still run."""
        if self.process.poll() is None:
            self._kill_group()
        self._close()

    def _kill_group(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _read_output(self) -> tuple[str, str]:
        if self._stdout.closed:
            raise AssertionError("wait or kill was called before")
        self._stdout.seek(0)
        self._stderr.seek(0)
        output = self._stdout.read(), self._stderr.read()
        self._close()
        return output

    def _close(self) -> None:
        self._stdout.close()
        self._stderr.close()


def _session_id_in(stdout: str) -> str | None:
    try:
        answer = json.loads(stdout)
    except ValueError:
        return None
    return answer.get("session_id") if isinstance(answer, dict) else None
