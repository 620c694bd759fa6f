"""Have systemd or launchd run the daemon from login on.

It writes one file for the user's own service manager, and runs the commands that load it. Systems
with neither have the plugin's hooks, or `ccsync-watch start`.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.clean_environment import is_visible
from ccsync_watch.cli.console import printable, say, say_wrapped, warn
from ccsync_watch.cli.service_units import launchd_plist, systemd_unit
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.config import home, load
from ccsync_watch.daemon.background import stop
from ccsync_watch.errors import CcsyncError, ConfigError, NotRunning, ServiceManagerSilent

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

from ccsync_watch.config import Settings

ORDER = 160
EXAMPLES = ("service install", "service status --json")
_UNIT = "ccsync-watch.service"
_LABEL = "ccsync-watch"
# A manager that works answers within milliseconds. Starting and stopping may take the daemon long
# on a busy machine: systemd itself gives up after 90 seconds.
_ASK_SECONDS = 5.0
_SECONDS = 100.0
# launchd kills what has not ended after 20 seconds.
_UNLOAD_SECONDS = 30.0
_PAUSE_SECONDS = 0.1
_LINGER = Path("/var/lib/systemd/linger")
# Where files are; what is secret belongs into the settings file, not into a unit.
_PASSED_ON = (
    "CCSYNC_WATCH_HOME", "CLAUDE_CONFIG_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME",
    # How the network is reached.
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy",
    "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
_SETTING = "CLAUDE_SYNC_"


@dataclass(frozen=True, slots=True)
class Manager:
    """A service manager: the file it reads, its contents, and the commands to run.

    Of the `contents` the first one that the manager can run is used. The last one of `load` starts
    the service. `is_loading_once`: that fails for what is loaded already, and `unload` for what is
    not. `lingering` exists if the user's services run without a login; None where that
    cannot be chosen.
    """

    file: Path
    contents: tuple[bytes, ...]
    load: tuple[tuple[str, ...], ...]
    unload: tuple[tuple[str, ...], ...]
    ask: tuple[str, ...]
    is_loading_once: bool = False
    lingering: Path | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to do."""
    actions = ("install", "uninstall", "status")
    parser.add_argument(
        "action",
        choices=actions,
        metavar="|".join(actions),
        help="what to do; an installed one runs from every login on",
    )
    parser.add_argument("--json", action="store_true", help="print the status as JSON")


def main(arguments: argparse.Namespace, env: Mapping[str, str], _flags: Mapping[str, Any]) -> int:
    """Install, uninstall or show the service."""
    settings = load(env)
    program = [sys.executable, "-m", "ccsync_watch", "run"]
    manager = manager_for(sys.platform, env, program, settings)
    if arguments.action == "status":
        return _show_status(manager, env, as_json=arguments.json)
    if arguments.action == "install":
        is_first = _install(manager, env, settings.state_dir)
        if not is_first:
            say_wrapped(
                "This system does not let a user's service run in a sandbox: it runs without one"
            )
        file = printable(manager.file)
        say_wrapped(f"Installed and started; it starts at every login ({file})")
        if manager.lingering is not None and not manager.lingering.exists():
            say_wrapped(
                "It ends when you log out: `loginctl enable-linger` keeps it running, from boot on"
            )
        _warn_of_unseen(env)
        return 0
    if not manager.file.exists():
        say_wrapped("Nothing to do: the service is not installed.")
        return 0
    _ask(manager, env)
    _unload(manager, env)
    with contextlib.suppress(FileNotFoundError):
        manager.file.unlink()
    say_wrapped("Uninstalled. Stored data is kept.")
    return 0


def _install(manager: Manager, env: Mapping[str, str], state_dir: Path) -> bool:
    """Write the file and load it; if that fails, leave what was there before.

    Nothing is written for a manager that does not answer. Return whether the first of the contents
    was used.
    """
    _ask(manager, env)
    before = manager.file.read_bytes() if manager.file.exists() else None
    manager.file.parent.mkdir(parents=True, exist_ok=True)
    try:
        for content in manager.contents:
            manager.file.write_bytes(content)
            for command in manager.load[:-1]:
                _run(command, env)
            if manager.is_loading_once:
                _unload(manager, env)
            # Two daemons cannot share a state folder: stop the one in the background.
            stop(state_dir)
            is_last = content is manager.contents[-1]
            if _run(manager.load[-1], env, is_asking=not is_last):
                break
    except BaseException as error:
        is_silent = isinstance(error, ServiceManagerSilent)
        if before is None:
            for command in () if is_silent else manager.unload:
                _run(command, env, is_asking=True)
            manager.file.unlink(missing_ok=True)
        else:
            manager.file.write_bytes(before)
        is_again = manager.is_loading_once and before is not None
        for command in () if is_silent else manager.load if is_again else manager.load[:-1]:
            _run(command, env, is_asking=True)
        raise
    return content is manager.contents[0]


def _unload(manager: Manager, env: Mapping[str, str]) -> None:
    """Have the manager end the service, and wait until it can be loaded again."""
    if not manager.is_loading_once:
        for command in manager.unload:
            _run(command, env)
        return
    if not _ask(manager, env):
        return
    for command in manager.unload:
        # launchd calls it a failure that the service takes a moment to end.
        _run(command, env, is_asking=True)
    end = time.monotonic() + _UNLOAD_SECONDS
    while _ask(manager, env):
        if time.monotonic() > end:
            raise CcsyncError(
                f"`{' '.join(manager.unload[-1])}` did not end the service", hint="try again later"
            )
        time.sleep(_PAUSE_SECONDS)


def _warn_of_unseen(env: Mapping[str, str]) -> None:
    """Name what is set in this terminal, and what the service does not see of it."""
    settings = sorted(name for name in env if name.startswith(_SETTING) and env[name])
    if settings:
        warn(
            f"the service does not see {', '.join(settings)} of this terminal: put that into the"
            " settings file, by `ccsync-watch login` or `ccsync-watch config set`"
        )
    secrets = [name for name in _PASSED_ON if env.get(name) and not is_visible(name, env[name])]
    if secrets:
        warn(
            f"not written into the service's file, because of a password: {', '.join(secrets)}."
            " Where only that proxy reaches the backend, use `ccsync-watch start`"
        )


def _show_status(manager: Manager, env: Mapping[str, str], *, as_json: bool) -> int:
    is_installed = manager.file.exists()
    is_running = is_installed and _ask(manager, env)
    state = "Not installed"
    if is_installed:
        state = "Running" if is_running else "Installed, not running"
    if as_json:
        status = {
            "is_installed": is_installed,
            "is_running": is_running,
            "file": printable(manager.file),
        }
        say(json.dumps(status, indent=2))
    else:
        say_wrapped(f"{state} ({printable(manager.file)})")
        if not is_installed:
            say_wrapped(typed("Install it with `ccsync-watch service install`."))
        elif not is_running:
            say_wrapped(
                typed(
                    "If it does not start within a minute, `ccsync-watch status` and `ccsync-watch"
                    " logs` say why. `ccsync-watch service install` starts it again."
                )
            )
    return 0 if is_running else NotRunning.exit_code


def manager_for(
    platform: str, env: Mapping[str, str], command: Sequence[str], settings: Settings
) -> Manager:
    """Return this system's service manager. Raises ConfigError for an unknown system."""
    passed = {
        name: env[name] for name in _PASSED_ON if env.get(name) and is_visible(name, env[name])
    }
    if platform.startswith("linux"):
        base = Path(env.get("XDG_CONFIG_HOME") or home(env) / ".config")
        ctl = ("systemctl", "--user")
        return Manager(
            file=base / "systemd" / "user" / _UNIT,
            contents=tuple(
                unit.encode("utf-8", "surrogateescape")
                for unit in (
                    systemd_unit(
                        command,
                        passed,
                        writable=_writable_folders(settings),
                        readable=[folder.resolve() for folder in settings.claude_dirs],
                    ),
                    systemd_unit(command, passed),
                )
            ),
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
            contents=(launchd_plist(_LABEL, command, passed),),
            load=(("launchctl", "bootstrap", domain, str(file)),),
            unload=(("launchctl", "bootout", f"{domain}/{_LABEL}"),),
            ask=("launchctl", "print", f"{domain}/{_LABEL}"),
            is_loading_once=True,
        )
    raise ConfigError(
        f"services on {platform} are not supported",
        hint="use the plugin, which starts the daemon, or `ccsync-watch start`",
    )


def _writable_folders(settings: Settings) -> list[Path]:
    """Return the folders in which the daemon makes its own, also after somebody deleted these."""
    own = [settings.state_dir] + ([settings.cache_dir] if settings.cache_dir else [])
    return [folder.resolve().parent for folder in own]


def _user_name(env: Mapping[str, str]) -> str:
    import pwd  # noqa: PLC0415 - Windows has none

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without an account
        return env.get("USER") or str(os.getuid())


def _ask(manager: Manager, env: Mapping[str, str]) -> bool:
    """Return whether the service runs. Raises CcsyncError if the manager does not answer soon."""
    return _run(manager.ask, env, is_asking=True, seconds=_ASK_SECONDS)


def _run(
    command: Sequence[str],
    env: Mapping[str, str],
    *,
    is_asking: bool = False,
    seconds: float | None = None,
) -> bool:
    """Run a manager's command; return whether it succeeded.

    Raises CcsyncError if it did not, unless asking, and if it does not end after so many seconds.
    """
    limit = _SECONDS if seconds is None else seconds
    try:
        result = subprocess.run(  # noqa: S603 - a fixed command
            command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
        problem = result.stderr.strip().split("\n")[0] if result.returncode else None
    except OSError as error:
        problem = error.strerror or "it cannot be run"
    except subprocess.TimeoutExpired:
        raise ServiceManagerSilent(
            f"`{' '.join(command)}` did not answer within {limit:.0f} seconds",
            hint="try again later; without a service, use the plugin or `ccsync-watch start`",
        ) from None
    if problem is not None and not is_asking:
        raise CcsyncError(
            f"`{' '.join(command)}` failed ({printable(problem)})",
            hint="without a service, use the plugin or `ccsync-watch start`",
        )
    return problem is None
