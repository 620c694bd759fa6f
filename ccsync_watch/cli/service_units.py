"""What the service managers read: a unit for the user's systemd, an agent for launchd; pure.

Both run the daemon with as few rights as it needs. It reads the user's Claude folders, wherever
they are, writes to its state and cache folders, listens on a socket in the state folder and on
loopback, and connects to the backend.
"""

from __future__ import annotations

import plistlib
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Ten times what the daemon uses with a large backlog: more is a defect, which a restart ends.
_MEMORY = "1G"
# The daemon reports to systemd that it works, see `daemon.service_manager`.
_WATCHDOG_SECONDS = 600
_TEMPORARY = (PurePath("/tmp"), PurePath("/var/tmp"))  # noqa: S108 - compared with, not used

# What costs nothing and works in every version of systemd.
_LIMITS = f"""\
# 2 is a mistake in the settings, which no restart corrects.
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=2
Nice=10
MemoryMax={_MEMORY}
TasksMax=256
LimitCORE=0
UMask=0077
NoNewPrivileges=true
"""
_SANDBOX = """\
ProtectSystem=strict
ProtectControlGroups=true
ProtectKernelTunables=true
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
LockPersonality=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""


def systemd_unit(
    command: Sequence[str],
    env: Mapping[str, str],
    *,
    writable: Iterable[PurePath] | None = None,
    readable: Iterable[PurePath] = (),
) -> str:
    """Return a unit for the user's systemd.

    With `writable`, the folders in which the daemon creates its own, it runs in a sandbox and can
    write nowhere else; not all systems allow that to a user. It reads the `readable` ones.
    """
    words = " ".join(_quote(word, is_command=True) for word in command)
    variables = "".join(f"Environment={_quote(f'{k}={v}')}\n" for k, v in env.items())
    sandbox = "" if writable is None else _sandbox(tuple(writable), tuple(readable))
    return (
        "[Unit]\nDescription=Stream Claude Code sessions, redacted, to a dashboard\n"
        "StartLimitIntervalSec=0\n\n"
        f"[Service]\nType=notify\nExecStart={words}\n{variables}"
        f"WatchdogSec={_WATCHDOG_SECONDS}\n{_LIMITS}{sandbox}\n"
        "[Install]\nWantedBy=default.target\n"
    )


def _sandbox(writable: tuple[PurePath, ...], readable: tuple[PurePath, ...]) -> str:
    # The daemon's folders, or what it reads, may be in the one that others see as /tmp.
    uses_temporary = any(
        place in (path, *path.parents) for path in (*writable, *readable) for place in _TEMPORARY
    )
    places = (*writable, *(_TEMPORARY if uses_temporary else ()))
    paths = "".join(f"ReadWritePaths={_quote(f'-{path}')}\n" for path in dict.fromkeys(places))
    return f"{_SANDBOX}{paths}" + ("" if uses_temporary else "PrivateTmp=true\n")


def _quote(word: str, *, is_command: bool = False) -> str:
    """Return a word as a unit file has it: quoted, without specifiers or variables."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("%", "%%")
    return f'"{escaped.replace("$", "$$") if is_command else escaped}"'


def launchd_plist(label: str, command: Sequence[str], env: Mapping[str, str]) -> bytes:
    """Return an agent for launchd."""
    no_core_dumps = {"Core": 0}
    return plistlib.dumps(
        {
            "Label": label,
            "ProgramArguments": list(command),
            "EnvironmentVariables": dict(env),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 10,
            "ProcessType": "Background",
            "Nice": 10,
            "Umask": 0o077,
            "ExitTimeOut": 15,
            "SoftResourceLimits": no_core_dumps,
            "HardResourceLimits": no_core_dumps,
        }
    )
