"""Have systemd or launchd run the daemon from login on.

It writes one file for the user's own service manager, and runs the commands that load it. Systems
with neither have the plugin's hooks, or `ccsync-watch start`.
"""

from __future__ import annotations

import contextlib
import os
import plistlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.console import printable, say
from ccsync_watch.config import home, load
from ccsync_watch.daemon.background import stop
from ccsync_watch.errors import CcsyncError, ConfigError, NotRunning

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

ORDER = 160
_UNIT = "ccsync-watch.service"
_LABEL = "ccsync-watch"
_SECONDS = 30.0
_LINGER = Path("/var/lib/systemd/linger")
# Where files are; what is secret belongs into the settings file, not into a unit.
_PASSED_ON = ("CCSYNC_WATCH_HOME", "CLAUDE_CONFIG_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME")


@dataclass(frozen=True, slots=True)
class Manager:
    """A service manager: the file it reads, its content, and the commands to run.

    The last one of `load` starts the service. `lingering` exists if the user's services run without
    a login; None where that cannot be chosen.
    """

    file: Path
    content: bytes
    load: tuple[tuple[str, ...], ...]
    unload: tuple[tuple[str, ...], ...]
    ask: tuple[str, ...]
    lingering: Path | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to do."""
    parser.add_argument("action", choices=("install", "uninstall", "status"))


def main(arguments: argparse.Namespace, env: Mapping[str, str], _flags: Mapping[str, Any]) -> int:
    """Install, uninstall or show the service."""
    settings = load(env)
    manager = manager_for(sys.platform, env, [sys.executable, "-m", "ccsync_watch", "run"])
    if arguments.action == "status":
        return _show_status(manager, env)
    if arguments.action == "install":
        _install(manager, env, settings.state_dir)
        say(f"Installed and started; it starts at every login ({printable(manager.file)})")
        if manager.lingering is not None and not manager.lingering.exists():
            say("It ends when you log out: `loginctl enable-linger` keeps it running, from boot on")
        return 0
    if not manager.file.exists():
        say("Nothing to do: the service is not installed.")
        return 0
    for command in manager.unload:
        _run(command, env)
    with contextlib.suppress(FileNotFoundError):
        manager.file.unlink()
    say("Uninstalled. Stored data is kept.")
    return 0


def _install(manager: Manager, env: Mapping[str, str], state_dir: Path) -> None:
    """Write the file and load it; if that fails, leave what was there before."""
    before = manager.file.read_bytes() if manager.file.exists() else None
    manager.file.parent.mkdir(parents=True, exist_ok=True)
    try:
        manager.file.write_bytes(manager.content)
        for command in manager.load[:-1]:
            _run(command, env)
        # Two daemons cannot share a state folder: stop the one in the background.
        stop(state_dir)
        _run(manager.load[-1], env)
    except BaseException:
        if before is None:
            for command in manager.unload:
                _run(command, env, is_asking=True)
            manager.file.unlink(missing_ok=True)
        else:
            manager.file.write_bytes(before)
        for command in manager.load[:-1]:
            _run(command, env, is_asking=True)
        raise


def _show_status(manager: Manager, env: Mapping[str, str]) -> int:
    is_installed = manager.file.exists()
    is_running = is_installed and _run(manager.ask, env, is_asking=True)
    state = "Not installed"
    if is_installed:
        state = "Running" if is_running else "Installed, not running"
    say(f"{state} ({printable(manager.file)})")
    return 0 if is_running else NotRunning.exit_code


def manager_for(platform: str, env: Mapping[str, str], command: Sequence[str]) -> Manager:
    """Return this system's service manager. Raises ConfigError for an unknown system."""
    passed = {name: env[name] for name in _PASSED_ON if env.get(name)}
    if platform.startswith("linux"):
        base = Path(env.get("XDG_CONFIG_HOME") or home(env) / ".config")
        ctl = ("systemctl", "--user")
        return Manager(
            file=base / "systemd" / "user" / _UNIT,
            content=systemd_unit(command, passed).encode("utf-8", "surrogateescape"),
            load=((*ctl, "daemon-reload"), (*ctl, "enable", "--now", _UNIT)),
            unload=((*ctl, "disable", "--now", _UNIT),),
            ask=(*ctl, "is-active", "--quiet", _UNIT),
            lingering=_LINGER / _user_name(env),
        )
    if platform == "darwin":
        file = home(env) / "Library" / "LaunchAgents" / f"{_LABEL}.plist"
        domain = f"gui/{os.getuid()}"
        return Manager(
            file=file,
            content=launchd_plist(command, passed),
            load=(("launchctl", "bootstrap", domain, str(file)),),
            unload=(("launchctl", "bootout", f"{domain}/{_LABEL}"),),
            ask=("launchctl", "print", f"{domain}/{_LABEL}"),
        )
    raise ConfigError(
        f"services on {platform} are not supported",
        hint="use the plugin, which starts the daemon, or `ccsync-watch start`",
    )


def _user_name(env: Mapping[str, str]) -> str:
    import pwd  # noqa: PLC0415 - Windows has none

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without an account
        return env.get("USER") or str(os.getuid())


def systemd_unit(command: Sequence[str], env: Mapping[str, str]) -> str:
    """Return a unit for the user's systemd."""
    words = " ".join(_quote(word, is_command=True) for word in command)
    variables = "".join(f"Environment={_quote(f'{k}={v}')}\n" for k, v in env.items())
    return (
        "[Unit]\nDescription=Stream Claude Code sessions, redacted, to a dashboard\n\n"
        f"[Service]\nExecStart={words}\n{variables}"
        # Restart after a crash, but not in a loop; not after it was stopped.
        "Restart=on-failure\nRestartSec=10\nNice=10\nNoNewPrivileges=true\n\n"
        "[Install]\nWantedBy=default.target\n"
    )


def _quote(word: str, *, is_command: bool = False) -> str:
    """Return a word as a unit file has it: quoted, without specifiers or variables."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("%", "%%")
    return f'"{escaped.replace("$", "$$") if is_command else escaped}"'


def launchd_plist(command: Sequence[str], env: Mapping[str, str]) -> bytes:
    """Return an agent for launchd."""
    return plistlib.dumps(
        {
            "Label": _LABEL,
            "ProgramArguments": list(command),
            "EnvironmentVariables": dict(env),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 10,
            "ProcessType": "Background",
        }
    )


def _run(command: Sequence[str], env: Mapping[str, str], *, is_asking: bool = False) -> bool:
    """Run a manager's command; return whether it succeeded. Raises CcsyncError unless asking."""
    try:
        result = subprocess.run(  # noqa: S603 - a fixed command
            command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        problem = result.stderr.strip().split("\n")[0] if result.returncode else None
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = getattr(error, "strerror", None) or "it did not answer"
    if problem is not None and not is_asking:
        raise CcsyncError(
            f"`{' '.join(command)}` failed ({printable(problem)})",
            hint="without a service, use the plugin or `ccsync-watch start`",
        )
    return problem is None
