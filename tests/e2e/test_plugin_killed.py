"""A hook that is killed at any step leaves nothing behind, and costs no data.

The client kills hooks: SessionEnd after its 1.5 s, and the asynchronous Stop with its own end.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from ccsync_watch import __version__
from ccsync_watch.config import load
from ccsync_watch.hook_events import Spool
from ccsync_watch.processes import start_time
from support.ccsync_program.plugin_home import PLUGIN, hook_commands
from support.ccsync_program.transcript import Transcript
from support.fakes import FakeClock
from support.killed_process import run_until
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from support.ccsync_program.program import Program

SESSION = "s1"
# More than any hook needs: those after the last one change nothing.
MANY = 1 << 20
OPTIONS = {
    "CLAUDE_PLUGIN_OPTION_CONVEX_URL": "http://127.0.0.1:9",
    "CLAUDE_PLUGIN_OPTION_API_KEY": "osk_0123456789abcdef",
}
HOOK_FILES = {"hook.SessionStart", "hook.Stop", "hook.SessionEnd", "hook.program"}
KEPT = {"signals", "plugin.options", *HOOK_FILES}


@dataclass
class KilledHook:
    """One hook with a state folder, and what the daemon would read there much later."""

    root: Path
    event: str
    has_daemon: bool
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = self.root / "state"
        self.env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.root),
            "CCSYNC_WATCH_HOME": str(self.state),
            # Stands for a program that is not needed here.
            "CCSYNC_WATCH_COMMAND": "/bin/true",
            "CLAUDE_PLUGIN_ROOT": str(PLUGIN),
            **OPTIONS,
        }
        if self.event == "Stop":
            self.env["CLAUDE_CODE_SESSION_ID"] = SESSION

    def begin(self) -> None:
        """Have the folder as it is before a session: without anything, or with a daemon's."""
        if self.has_daemon:
            pid = os.getpid()
            pidfile = {"pid": pid, "version": __version__, "started": start_time(pid)}
            self.state.mkdir(exist_ok=True)
            (self.state / "daemon.json").write_text(json.dumps(pidfile, separators=(",", ":")))
        (self.state / "plugin.options").unlink(missing_ok=True)

    def run(self, steps: int) -> bool:
        """Run the hook for so many steps; return whether it ended by itself."""
        fields = {"session_id": SESSION, "hook_event_name": self.event, "reason": "other"}
        data = f"{json.dumps(fields, separators=(',', ':'))}\n".encode()
        command = ["/bin/sh", "-c", hook_commands()[self.event]]
        return run_until(steps, command, env=self.env, cwd=self.root, data=data)

    def read(self) -> list[tuple[str, dict[str, str]]]:
        """Return what a daemon reads an hour later, and remove it, as the daemon does."""
        clock = FakeClock()
        clock.now_ms = int(self.root.stat().st_mtime * 1000) + 3_600_000
        spool = Spool(self.state, [self.root / ".claude"], clock=clock)
        events = spool.read().events
        for name, _event in events:
            spool.remove(name)
        assert spool.unexpected == 0
        return [(event.name, event.detail) for _name, event in events]

    def names(self) -> set[str]:
        """Return what is in the state folder, the daemon's own file apart."""
        return {path.name for path in self.state.glob("*")} - {"daemon.json"}


@pytest.mark.parametrize("has_daemon", [True, False], ids=["running", "absent"])
@pytest.mark.parametrize("event", ["SessionStart", "Stop", "SessionEnd"])
def test_a_hook_that_is_killed_at_any_step_leaves_nothing(
    tmp_path: Path, event: str, *, has_daemon: bool
) -> None:
    """After each kill the folder is whole, what is in it can be read, and the next hook works."""
    hook = KilledHook(tmp_path, event, has_daemon=has_daemon)
    whole = "".join(f"{name}={value}\n" for name, value in _options())
    seen: set[tuple[str, str]] = set()
    steps = 0
    while True:
        hook.begin()
        is_whole = hook.run(steps)
        for name, detail in hook.read():
            assert name == event or (name, detail) == ("Stop", {})
            seen.add((name, json.dumps(detail)))
        assert hook.names() <= KEPT | {"starting"}
        if (hook.state / "signals").exists():
            assert list((hook.state / "signals").iterdir()) == []
        options = hook.state / "plugin.options"
        assert not options.exists() or options.read_text() == whole
        assert load(hook.env, {}).state_dir == hook.state
        if is_whole:
            break
        # A start that was killed is tried again once its marker is a minute old.
        starting = hook.state / "starting"
        if starting.exists():
            os.utime(starting, (1, 1))
        assert hook.run(MANY)
        assert [name for name, _detail in hook.read()] == [event]
        assert starting.exists() is not has_daemon
        starting.unlink(missing_ok=True)
        steps += 1
    assert steps > 50, "system calls were counted"
    details = {"SessionEnd": {"reason": "other"}}
    print(f"killed at {steps} steps")  # noqa: T201 - `pytest -s` shows it
    assert (event, json.dumps(details.get(event, {}))) in seen
    assert event == "SessionStart" or ("Stop", "{}") in seen, "killed between opening and writing"


def _options() -> list[tuple[str, str]]:
    prefix = "CLAUDE_PLUGIN_OPTION_"
    return [(name.removeprefix(prefix).lower(), value) for name, value in OPTIONS.items()]


def test_sessions_whose_hooks_are_killed_are_complete(program: Program) -> None:
    """The daemon reads transcripts, whatever hooks say; soon nothing of the hooks is left."""
    program.start()
    events = ("SessionStart", "Stop", "SessionEnd")
    sessions = []
    for steps in range(0, 200, 5):
        sessions.append(f"session-{steps}")
        transcript = Transcript(program.claude_dir, session_id=sessions[-1])
        transcript.turn()
        for event in events:
            fields = {
                "session_id": sessions[-1],
                "transcript_path": str(transcript.path),
                "hook_event_name": event,
            }
            run_until(
                steps,
                ["/bin/sh", "-c", hook_commands()[event]],
                env={**program.environment, "CLAUDE_PLUGIN_ROOT": str(PLUGIN), **OPTIONS},
                cwd=program.root,
                data=json.dumps(fields, separators=(",", ":")).encode() + b"\n",
            )
    wait_until(
        lambda: (
            {row["session_id"]: row["messages"] for row in program.status()["sessions"]}
            == dict.fromkeys(sessions, 2)
        ),
        "all sessions are complete",
    )
    wait_until(lambda: not list((program.state / "signals").iterdir()), "the spool is empty")
    left = {path.name for path in program.state.iterdir()}
    assert not left & {"starting", "signals.aside"}
    assert not [name for name in left if name.startswith((".", "options"))]
    assert program.stop() == 0
