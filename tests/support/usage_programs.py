"""Programs that report what transcripts used: ours, and others from npm and PyPI.

The others are installed once, into the cache folder of the tests, and then run without network:
with their switches for that, and behind a proxy that nobody serves.
"""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ccsync_watch import __version__
from support.ccsync_program.program import Program
from support.claude_client.install import ClientUnavailable, cache_root, npm_install
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

_NO_PROXY_THERE = "http://127.0.0.1:9"
_INSTALL_SECONDS = 300.0

Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a program reports: input, output, cache writes and reads by day; the cost."""

    days: Mapping[str, Tokens]
    usd: float | None

    @property
    def tokens(self) -> Tokens:
        """The tokens of all days."""
        return tuple(map(sum, zip(*self.days.values(), strict=True)))


class Measured(Protocol):
    """A program that reports what the transcripts below `home/.claude` used."""

    @property
    def name(self) -> str:
        """The program's name and version."""

    def measure(self, home: Path, zone: str) -> Figures:
        """Return its figures, days in a time zone."""


class Ours:
    """This program, as a user runs it."""

    name = f"ccsync-watch {__version__}"

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def measure(self, home: Path, zone: str) -> Figures:
        """Import the transcripts and ask for the days."""
        program = Program(
            home, home / ".claude", {"TZ": zone, "XDG_CACHE_HOME": os.fspath(self._cache)}
        )
        program.call("sync-now")
        rows = json.loads(program.call("stats", "--json").out)["lines"]
        costs = [row["cost"]["usd"] for row in rows if row["cost"]["usd"] is not None]
        days = {
            str(row["key"]): (
                row["tokens"]["input"],
                row["tokens"]["output"],
                row["tokens"]["cache_write_5m"] + row["tokens"]["cache_write_1h"],
                row["tokens"]["cache_read"],
            )
            for row in rows
        }
        return Figures(days, math.fsum(costs) if costs else None)


@dataclass(frozen=True)
class Other:
    """Another program: its commands after the program's path, and how their output is read."""

    name: str
    program: Path
    commands: tuple[tuple[str, ...], ...]
    read: Callable[[Any], Figures]

    def measure(self, home: Path, zone: str) -> Figures:
        """Run the commands; the last one prints JSON."""
        output = ""
        for command in self.commands:
            output = subprocess.run(
                [self.program, *(part.format(zone=zone) for part in command)],
                env=offline(home, zone),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=WAIT_SECONDS,
                check=False,
            ).stdout
        start = output.find("{")
        return self.read(json.loads(output[start:])) if start >= 0 else Figures({}, None)


def offline(home: Path, zone: str) -> dict[str, str]:
    """Return the environment of a program that reaches nothing."""
    return {
        "HOME": os.fspath(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TZ": zone,
        "HTTP_PROXY": _NO_PROXY_THERE,
        "HTTPS_PROXY": _NO_PROXY_THERE,
        "AGENTSVIEW_NO_DAEMON": "1",
    }


def ccusage() -> Other:
    """Return ccusage from npm: the package with the program, which its others only start."""
    package = f"@ccusage/ccusage-{sys.platform}-{_machine()}"
    program = _from_npm(package, "20.0.24") / "node_modules" / package / "bin" / "ccusage"
    program.chmod(0o755)
    command = ("daily", "--json", "--offline", "--timezone", "{zone}")
    return Other("ccusage 20.0.24", program, (command,), _ccusage)


def _ccusage(output: Any) -> Figures:  # noqa: ANN401 - JSON
    names = ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens")
    days = {row["period"]: tuple(row[name] for name in names) for row in output["daily"]}
    return Figures(days, output["totals"]["totalCost"])


def _machine() -> str:
    return {"x86_64": "x64", "amd64": "x64"}.get(platform.machine().lower(), "arm64")


def tokscale() -> Other:
    """Return tokscale from npm: the package with the program, which its others only start."""
    system = f"{sys.platform}-{_machine()}" + ("-gnu" if sys.platform == "linux" else "")
    package = f"@tokscale/cli-{system}"
    program = _from_npm(package, "4.17.0") / "node_modules" / package / "bin" / "tokscale"
    command = ("graph", "--client", "claude", "--no-spinner")
    return Other("tokscale 4.17.0", program, (command,), _tokscale)


def _tokscale(output: Any) -> Figures:  # noqa: ANN401 - JSON
    names = ("input", "output", "cacheWrite", "cacheRead")
    days = {
        row["date"]: tuple(row["tokenBreakdown"][name] for name in names)
        for row in output["contributions"]
    }
    return Figures(days, output["summary"]["totalCost"])


def agentsview() -> Other:
    """Return agentsview from PyPI."""
    folder = cache_root() / "agentsview-0.46.1"
    program = folder / "agentsview" / "bin" / "agentsview"
    if not program.is_file():
        install = ["uv", "pip", "install", "--quiet", "--python", sys.executable]
        subprocess.run(
            [*install, "--target", folder, "agentsview==0.46.1"],
            check=True,
            capture_output=True,
            timeout=_INSTALL_SECONDS,
        )
    show = ("usage", "daily", "--json", "--all", "--offline", "--no-sync", "--agent", "claude",
            "--timezone", "{zone}")  # fmt: skip
    return Other("agentsview 0.46.1", program, (("sync",), show), _agentsview)


def _agentsview(output: Any) -> Figures:  # noqa: ANN401 - JSON
    names = ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens")
    days = {row["date"]: tuple(row[name] for name in names) for row in output["daily"]}
    return Figures(days, output["totals"]["totalCost"]["microdollars"] / 1e6)


def _from_npm(package: str, version: str) -> Path:
    folder = cache_root() / f"{package.replace('/', '-')}-{version}"
    if not (folder / "node_modules" / package).is_dir():
        npm_install(f"{package}@{version}", folder)
    return folder


OTHERS = {"ccusage": ccusage, "tokscale": tokscale, "agentsview": agentsview}


def installed(names: Iterable[str], complain: Callable[[str], None]) -> list[Measured]:
    """Return the other programs; complain of those that cannot be installed."""
    programs: list[Measured] = []
    for name in names:
        try:
            program = OTHERS[name]()
            if not program.program.is_file():
                raise FileNotFoundError(f"its package has no program for {platform.machine()}")
        except (ClientUnavailable, OSError, subprocess.SubprocessError) as error:
            complain(f"{name} is left out, it cannot be installed here: {error}")
        else:
            programs.append(program)
    return programs
