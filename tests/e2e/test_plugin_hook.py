"""The hook script itself, under every shell at hand: silent, harmless, and right."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ccsync_watch import __version__
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.hook_events import Spool
from ccsync_watch.processes import start_time
from support.ccsync_program.plugin_home import PLUGIN, hook_commands
from support.waiting import WAIT_SECONDS, wait_until

SESSION = "11111111-2222-4333-8444-555555555555"
SHELLS = [
    name for name in ("dash", "bash", "ksh", "mksh", "yash", "zsh", "busybox") if shutil.which(name)
]
# How those are run that are not `sh` by themselves.
_AS_SH = {"busybox": ["busybox", "sh"], "zsh": ["zsh", "--emulate", "sh"]}
ODD = 'it\'s "odd"  $HOME `id` \\n\nnew line ü 雪 *'
# Says how it was called; stands for the program.
_RECORDER = """#!/bin/sh
{ printf '%s\\n' "$@"; } >"$0.args.new"
env >"$0.env"
mv "$0.args.new" "$0.args"
"""


@dataclass
class Hook:
    """A plugin and a state folder, with unusual characters in their paths."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    shell: str = "sh"

    def __post_init__(self) -> None:
        self.plugin = self.root / ODD / "plugin"
        shutil.copytree(PLUGIN, self.plugin)
        self.state = self.root / ODD / "state"
        self.home = self.root / "home"
        self.home.mkdir()
        self.program = self.root / ODD / "program"
        self.program.write_text(_RECORDER)
        self.program.chmod(0o755)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "CCSYNC_WATCH_HOME": str(self.state),
            "CCSYNC_WATCH_COMMAND": str(self.program),
            "CLAUDE_PLUGIN_ROOT": str(self.plugin),
            "CLAUDE_CODE_SESSION_ID": SESSION,
            "ANTHROPIC_API_KEY": "sk-secret",
            "CLAUDE_CODE_MESSAGING_TOKEN": "token-secret",
            "MY_OWN\u00fc": "odd",
            "LINES_OF": "x\nexport HOME=/nowhere\nexport plugin=/nowhere\ny",
            # Names that the scripts use themselves.
            **dict.fromkeys(("plugin", "event", "state", "kind", "program", "name"), "/nowhere"),
            **self.env,
        }

    def run(self, event: str = "SessionStart", *, data: bytes | None = None, **more: Any) -> None:  # noqa: ANN401 - any JSON
        """Run a hook as the client does; it must succeed and print nothing."""
        fields = {
            "session_id": SESSION,
            "transcript_path": str(self.root / "claude" / ODD / f"{SESSION}.jsonl"),
            "cwd": ODD,
            "hook_event_name": event,
            **more,
        }
        line = f"{json.dumps(fields, separators=(',', ':'), ensure_ascii=False)}\n".encode()
        command = hook_commands()[event]
        words = [*_AS_SH.get(self.shell, [self.shell]), "-c"]
        completed = subprocess.run(
            [*words, command],
            # Some shells accept no other characters than the locale's in a path.
            env=self.env | ({"LC_ALL": "C.UTF-8"} if self.shell == "yash" else {}),
            cwd=self.root,
            input=line if data is None else data,
            capture_output=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
        assert (completed.returncode, completed.stdout, completed.stderr) == (0, b"", b"")

    def signals(self) -> list[tuple[str, dict[str, str]]]:
        """Read and remove what the daemon would read."""
        spool = Spool(self.state, [self.root / "claude"], clock=SystemClock(), redact=str)
        events = spool.read().events
        for name, _ in events:
            spool.remove(name)
        assert spool.unexpected == 0
        return [(event.name, event.detail) for _, event in events]

    def note(self, **more: object) -> None:
        """Write the pidfile of a daemon, by default of one that runs: this process."""
        pid = os.getpid()
        note = {
            "pid": pid,
            "since_ms": 1,
            "version": __version__,
            "started": start_time(pid),
            **more,
        }
        self.state.mkdir(parents=True, exist_ok=True)
        (self.state / "daemon.json").write_text(json.dumps(note, separators=(",", ":")))

    def was_started(self) -> bool:
        """Wait for the program if it was called, which the marker shows at once."""
        if not (self.state / "starting").exists():
            return False
        args = Path(f"{self.program}.args")
        wait_until(args.exists, "the program is called")
        assert args.read_text() == "start\n--from-hook\n"
        args.unlink()
        (self.state / "starting").unlink()
        return True


@pytest.fixture
def hook(tmp_path: Path) -> Hook:
    """Return a hook under `sh`."""
    return Hook(tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
def test_each_event_in_each_shell(hook: Hook, shell: str) -> None:
    """Also with spaces, quotes, newlines, globs and non-ASCII characters in paths."""
    hook.shell = shell
    hook.note()
    hook.run("SessionStart", source="startup", model="claude-x")
    hook.run("Stop", last_assistant_message="x" * 300_000)
    hook.run("SessionEnd", reason="other")
    assert dict(hook.signals()) == {
        "SessionStart": {"source": "startup", "model": "claude-x", "cwd": ODD},
        "Stop": {},
        "SessionEnd": {"reason": "other", "cwd": ODD},
    }
    assert not hook.was_started()
    assert (hook.state / "signals").stat().st_mode & 0o777 == 0o700


def test_an_older_client_does_not_name_the_session_in_the_environment(hook: Hook) -> None:
    """Then the input has it."""
    del hook.env["CLAUDE_CODE_SESSION_ID"]
    hook.note()
    hook.run("Stop", last_assistant_message='"session_id":"no"')
    assert hook.signals() == [("Stop", {})]


@pytest.mark.parametrize(
    "data", [b"", b'{\n"session_id": "1"\n}\n', b'{"cwd":"%s"}\n' % (b"x" * 70_000)]
)
def test_without_usable_input_the_session_is_known(hook: Hook, data: bytes) -> None:
    """The environment has its id: it is read, and a daemon is started."""
    hook.run("SessionEnd", data=data)
    assert hook.signals() == [("SessionEnd", {})]
    assert hook.was_started()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("event", "names"),
    [
        ("SessionStart", ("record_event.sh", "state.sh")),
        ("UserPromptExpansion", ("answer.sh", "find.sh")),
    ],
)
def test_an_incomplete_script_is_not_an_error(
    hook: Hook, shell: str, event: str, names: tuple[str, str]
) -> None:
    """As while an update writes it. Exit code 2 would mean that the client must stop."""
    hook.shell = shell
    hook.program.write_text("#!/bin/sh\n")
    for path in (hook.plugin / "hooks" / name for name in names):
        text = path.read_bytes()
        for number in range(6):
            path.write_bytes(text[: len(text) * number // 6 + 7])
            hook.run(event)
        path.write_bytes(text)


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"{}\n", b'{"session_id":"../../x"}\n', b'{"session_id":"a b"}\n', b"\0\0\0"],
)
def test_other_input_is_ignored(hook: Hook, data: bytes) -> None:
    """Nothing is written anywhere but in the spool, and when the hook fired."""
    del hook.env["CLAUDE_CODE_SESSION_ID"]
    hook.note()
    hook.run("SessionEnd", data=data)
    assert [signal for signal in hook.signals() if signal[1]] == []
    names = sorted(path.name for path in hook.state.iterdir())
    assert names == ["daemon.json", "hook.SessionEnd", "signals"]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("file", ["settings.json", "settings.local.json"])
@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("CCSYNC_WATCH_COMMAND", "CCSYNC_WATCH_COMMAND"),
        ("CCSYNC_WATCH_COMMAND", "CCSYNC_\\u0057ATCH_COMMAND"),
        ("CLAUDE_SYNC_CONVEX_URL", "CLAUDE_SYNC_CONVEX_URL"),
        ("CCSYNC_WATCH_HOME", "CCSYNC_WATCH_HOME"),
        ("HTTPS_PROXY", "HTTPS_PROXY"),
    ],
)
def test_a_project_cannot_say_what_runs_or_where_it_sends(
    hook: Hook, shell: str, file: str, name: str, spelled: str
) -> None:
    """The client gives hooks the variables of its settings; the user's own are used."""
    hook.shell = shell
    project, own = hook.root / ODD / "project", hook.home / ".local/bin/ccsync-watch"
    (project / ".claude").mkdir(parents=True)
    (project / ".claude" / file).write_text(f'{{"env": {{"{spelled}": "x"}}}}')
    own.parent.mkdir(parents=True)
    own.write_text(_RECORDER)
    own.chmod(0o755)
    hook.env["PATH"] = "/usr/bin:/bin"
    hook.env |= {"CLAUDE_PROJECT_DIR": str(project), "HTTPS_PROXY": "http://mine.invalid"}
    hook.env |= {
        "CLAUDE_SYNC_CONVEX_URL": "https://mine.invalid",
        "XDG_STATE_HOME": hook.env["HOME"],
    }
    theirs = {"CCSYNC_WATCH_COMMAND": "/theirs", "CCSYNC_WATCH_HOME": str(project / "state")}
    hook.env[name] = theirs.get(name, "https://theirs.invalid")
    hook.run("SessionStart", source="startup")
    if spelled != name:  # it could also be that of the home folder
        assert not hook.state.exists()
        return
    state = hook.home / "ccsync-watch" if name == "CCSYNC_WATCH_HOME" else hook.state
    assert (state / "starting").exists()
    assert not (project / "state").exists()
    program = own if name == "CCSYNC_WATCH_COMMAND" else hook.program
    wait_until(Path(f"{program}.args").exists, "the program is called")
    received = dict(
        line.split("=", 1)
        for line in Path(f"{program}.env").read_text().splitlines()
        if "=" in line
    )
    assert "theirs" not in str(received)
    kept = {
        "HTTPS_PROXY": "http://mine.invalid",
        "CLAUDE_SYNC_CONVEX_URL": "https://mine.invalid",
    }
    kept.pop(name, None)
    assert kept.items() <= received.items()


@pytest.mark.parametrize(
    "setting", ['"env": {"CLAUDE_PLUGIN_OPTION_API_KEY": ""}', '"pluginConfigs": 1']
)
def test_a_project_cannot_set_the_plugins_options(hook: Hook, setting: str) -> None:
    """What the user's settings said of them before stays."""
    hook.note()
    hook.env["CLAUDE_PLUGIN_OPTION_CONVEX_URL"] = "https://mine.invalid"
    hook.run("SessionStart", source="startup")
    options = hook.state / "plugin.options"
    before = options.read_text()
    assert "mine" in before
    project = hook.root / "project"
    (project / ".claude").mkdir(parents=True)
    (project / ".claude" / "settings.json").write_text(f"{{{setting}}}")
    hook.env |= {"CLAUDE_PROJECT_DIR": str(project)}
    hook.env["CLAUDE_PLUGIN_OPTION_CONVEX_URL"] = "https://theirs.invalid"
    hook.run("SessionStart", source="startup")
    assert options.read_text() == before
    (project / ".claude" / "settings.json").write_text('{"model": "opus"}')
    hook.run("SessionStart", source="startup")
    assert "theirs" in options.read_text()


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no such file here")
def test_settings_that_cannot_be_read_may_set_any_variable(hook: Hook) -> None:
    """Also that of the home folder, so nothing is written anywhere."""
    project = hook.root / "project"
    (project / ".claude").mkdir(parents=True)
    (project / ".claude" / "settings.json").symlink_to("/proc/self/mem")
    hook.env["CLAUDE_PROJECT_DIR"] = str(project)
    hook.run("SessionStart", source="startup")
    assert not hook.state.exists()


def test_a_project_cannot_move_the_home_folder(hook: Hook) -> None:
    """Where the settings file is; also if it claims to be that folder itself."""
    project = hook.root / "project"
    (project / ".claude").mkdir(parents=True)
    (project / ".claude" / "settings.json").write_text('{"env": {"HOME": "x"}}')
    hook.env |= {"CLAUDE_PROJECT_DIR": str(project), "HOME": str(project)}
    hook.run("SessionStart", source="startup")
    assert not hook.state.exists()


def test_the_users_own_settings_set_variables(hook: Hook) -> None:
    """Also for a session in the home folder, whose project settings they are."""
    (hook.home / ".claude").mkdir()
    (hook.home / ".claude" / "settings.json").write_text('{"env": {"CCSYNC_WATCH_HOME": "x"}}')
    hook.env["CLAUDE_PROJECT_DIR"] = str(hook.home)
    link = hook.root / "link to it"
    link.symlink_to(hook.home)
    for home in (str(hook.home), f"{hook.home}/", str(link)):
        hook.env["HOME"] = home
        hook.run("SessionStart", source="startup")
        assert hook.was_started()


@pytest.mark.parametrize("failure", ["exit 1", "missing"])
def test_a_start_that_failed_is_tried_again_by_the_next_session(hook: Hook, failure: str) -> None:
    """Without a wait: the user may have repaired what prevented it. Turns wait for a minute."""
    hook.env["PATH"] = "/usr/bin:/bin"
    right = hook.program.read_text()
    if failure == "missing":
        hook.program.unlink()
    else:
        hook.program.write_text("#!/bin/sh\nexit 1\n")
    hook.run("SessionStart", source="startup")
    marker = hook.state / "starting"
    wait_until(lambda: marker.read_text() == "failed\n", "the start fails")
    hook.program.write_text(right)
    hook.program.chmod(0o755)
    hook.run("Stop")
    assert marker.read_text() == "failed\n"
    hook.run("SessionStart", source="startup")
    assert hook.was_started()


@pytest.mark.parametrize(
    "name", ["daemon.json", "starting", "plugin.options", "hook.SessionStart", "no-autostart"]
)
def test_a_pipe_in_the_state_folder_stops_no_hook(hook: Hook, name: str) -> None:
    """Opening it would wait until the client kills the hook."""
    hook.state.mkdir(parents=True)
    os.mkfifo(hook.state / name)
    hook.run("SessionStart", source="startup")
    (hook.state / name).unlink()
    hook.run("SessionStart", source="startup")
    assert hook.was_started()


def test_without_a_home_nothing_happens(hook: Hook) -> None:
    """Nor with a relative path as the state folder, which could be anywhere."""
    for drop, more in (("HOME", {}), ("", {"CCSYNC_WATCH_HOME": "relative"})):
        env = dict(hook.env)
        for name in ("CCSYNC_WATCH_HOME", drop):
            hook.env.pop(name, None)
        hook.env.update(more)
        hook.run("SessionEnd")
        hook.env = env
    assert not hook.state.exists()
    assert not (hook.root / "relative").exists()
    assert list(hook.home.iterdir()) == []


@pytest.mark.parametrize("place", ["file", "spool", "full"])
def test_a_spool_that_cannot_be_written(hook: Hook, place: str) -> None:
    """Whatever the cause, the hook succeeds silently."""
    if place == "file":
        hook.state.touch()
    elif place == "spool":
        hook.note()
        (hook.state / "signals").touch()
    else:
        hook.env["CCSYNC_WATCH_HOME"] = "/proc/ccsync"
    for event in ("SessionStart", "Stop", "SessionEnd"):
        hook.run(event)


@pytest.mark.parametrize("missing", ["record_event.sh", "state.sh", "start.sh", "find.sh"])
def test_a_plugin_that_is_removed_during_a_session(hook: Hook, missing: str) -> None:
    """An update removes the old folder."""
    (hook.plugin / "hooks" / missing).unlink()
    hook.run("SessionEnd")


def test_without_a_daemon_one_is_started(hook: Hook) -> None:
    """With what it needs of the environment, without the client's variables and secrets."""
    hook.env |= {"CLAUDE_SYNC_API_KEY": "osk_x", "CLAUDE_CONFIG_DIR": "c", "LANG": "C.UTF-8"}
    hook.run("SessionStart")
    assert hook.was_started()
    # It is in another folder than the client that this belongs to.
    assert "CLAUDE_CONFIG_DIR" not in Path(f"{hook.program}.env").read_text()
    hook.env["CLAUDE_CONFIG_DIR"] = "/c"
    hook.run("SessionStart")
    assert hook.was_started()
    seen = Path(f"{hook.program}.env").read_text()
    for name in ("CLAUDE_SYNC_API_KEY=osk_x", "CLAUDE_CONFIG_DIR=/c", "LANG=C.UTF-8", "PATH="):
        assert f"\n{name}" in f"\n{seen}"
    for name in ("secret", "ANTHROPIC", "CLAUDE_CODE", "CLAUDE_PLUGIN", "LINES_OF"):
        assert name not in seen


@pytest.mark.parametrize(
    ("note", "is_started"),
    [
        ({}, False),
        ({"pid": 2**22 + 1}, True),
        ({"started": "1"}, True),
        ({"started": None}, False),
        ({"version": "0.0.1"}, True),
        ({"version": "9.9.9"}, True),
        ({"pid": "x"}, True),
        ({"pid": -1}, True),
    ],
)
def test_whether_a_daemon_runs(hook: Hook, note: dict[str, object], *, is_started: bool) -> None:
    """A dead process, a reused process id, another version: the program decides."""
    hook.note(**note)
    hook.run("SessionStart")
    assert hook.was_started() is is_started


def test_another_version_is_left_running_at_the_end(hook: Hook) -> None:
    """A session's start is the time to replace a daemon."""
    hook.note(version="0.0.1")
    hook.run("Stop")
    hook.run("SessionEnd")
    assert not hook.was_started()


@pytest.mark.parametrize("value", ["0", "false", "False", "FALSE", "no", "off"])
def test_a_variable_switches_autostart_off(hook: Hook, value: str) -> None:
    """With any of the words for false."""
    hook.env["CLAUDE_SYNC_AUTOSTART"] = value
    hook.run("SessionStart")
    assert not hook.was_started()
    assert [event for event, _ in hook.signals()] == ["SessionStart"]


@pytest.mark.parametrize(
    ("settings_at", "is_started"), [(None, False), (1000, False), (3000, True)]
)
def test_the_flag_of_the_program_switches_autostart_off(
    hook: Hook, settings_at: int | None, *, is_started: bool
) -> None:
    """As long as it is newer than the settings file."""
    (hook.state / "signals").mkdir(parents=True)
    flag, settings = hook.state / "no-autostart", hook.home / ".claude-code-sync.json"
    flag.touch()
    os.utime(flag, (2000, 2000))
    if settings_at is not None:
        settings.touch()
        os.utime(settings, (settings_at, settings_at))
    hook.run("SessionStart")
    assert hook.was_started() is is_started


def test_one_start_at_a_time(hook: Hook) -> None:
    """A hook that runs meanwhile does not start another; an old marker does not prevent a start.

    Nor does one from a time when the clock was wrong.
    """
    (hook.state / "signals").mkdir(parents=True)
    mark = hook.state / "starting"
    mark.touch()
    hook.run("SessionStart")
    assert not Path(f"{hook.program}.args").exists()
    for time in (1000, 4_000_000_000):
        mark.touch()
        os.utime(mark, (time, time))
        hook.run("SessionStart")
        assert hook.was_started()


def test_the_spool_is_bounded_while_no_daemon_reads_it(hook: Hook) -> None:
    """Two thousand hook events at most."""
    hook.note()
    (hook.state / "signals").mkdir()
    for number in range(2001):
        (hook.state / "signals" / f"Stop.{SESSION}.{number}").touch()
    hook.run("SessionEnd")
    assert len(list((hook.state / "signals").iterdir())) == 2001


def test_the_plugins_options_are_settings(hook: Hook) -> None:
    """Written at a start, changed at the next, removed with the last of them."""
    hook.note()
    env = {"HOME": str(hook.home), "CCSYNC_WATCH_HOME": str(hook.state)}
    hook.run("SessionStart")
    path = hook.state / "plugin.options"
    assert not path.exists()
    hook.env |= {
        "CLAUDE_PLUGIN_OPTION_CONVEX_URL": "https://x.convex.cloud",
        "CLAUDE_PLUGIN_OPTION_API_KEY": "osk_0123456789abcdef",
        "CLAUDE_PLUGIN_OPTION_AUTO_SYNC": "false",
        "CLAUDE_PLUGIN_OPTION_SYNC_TOOL_CALLS": "false",
        "CLAUDE_PLUGIN_OPTION_SYNC_THINKING": "a\nb=c",
    }
    hook.run("SessionEnd")
    assert not path.exists()
    hook.run("SessionStart")
    assert path.stat().st_mode & 0o777 == 0o600
    settings = load(env)
    assert settings.convex_url == "https://x.convex.cloud"
    assert settings.api_key is not None
    assert settings.api_key.reveal() == "osk_0123456789abcdef"
    switches = (settings.auto_sync, settings.sync_tool_calls, settings.sync_thinking)
    assert switches == (False, False, False)
    before = path.stat().st_mtime_ns
    hook.run("SessionStart")
    assert path.stat().st_mtime_ns == before
    for name in [variable for variable in hook.env if variable.startswith("CLAUDE_PLUGIN_OPTION")]:
        del hook.env[name]
    hook.run("SessionStart")
    assert path.read_text() == ""
    assert load(env).convex_url is None


def test_where_there_is_no_program_nothing_happens(hook: Hook) -> None:
    """The hooks stay silent; sync-status says what to install."""
    del hook.env["CCSYNC_WATCH_COMMAND"]
    hook.env["PATH"] = "/usr/bin:/bin"
    hook.run("SessionStart")
    assert (hook.state / "starting").exists()
    hook.run("Stop")
    assert {event for event, _ in hook.signals()} == {"SessionStart", "Stop"}
