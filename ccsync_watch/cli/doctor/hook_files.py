"""The files by which the plugin's hooks say when they ran last.

`hook.<event>` in the state folder has the plugin's version, the client's own mark, the plugin's
folder and the client's name for its data, a line each; a hook that was killed, or one of an earlier
version, leaves less. `hook.program` has what the last start
found.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ccsync_watch.cli.client_limits import marked_version
from ccsync_watch.cli.doctor.reachable_paths import read_dated

HOOK_EVENTS = ("SessionStart", "Stop", "SessionEnd", "UserPromptExpansion")
_MAX_BYTES = 16 << 10


@dataclass(frozen=True, slots=True)
class HookRun:
    """The last run of one hook. `client` is the client's version, None if it does not say.

    `data` names the plugin and its marketplace, joined by a hyphen, or ends in `-inline` for one
    that was loaded from a folder; old clients leave it out.
    """

    event: str
    at_ms: int
    version: str | None = None
    client: str | None = None
    folder: Path | None = None
    data: str = ""


@dataclass(frozen=True, slots=True)
class StartFound:
    """What the last start by a hook found: the rule and program, or why there was none."""

    at_ms: int
    rule: str
    program: str
    absence: str


def read_hook_runs(state_dir: Path) -> dict[str, HookRun]:
    """Return the last run of each hook that ever ran."""
    runs = {}
    for event in HOOK_EVENTS:
        content = _read(state_dir / f"hook.{event}")
        if content is not None:
            at_ms, (version, mark, folder, data) = content[0], _lines(content[1], 4)
            path = Path(folder) if os.path.isabs(folder) else None  # noqa: PTH117 - a str from outside
            runs[event] = HookRun(event, at_ms, version or None, marked_version(mark), path, data)
    return runs


def read_start(state_dir: Path) -> StartFound | None:
    """Return what the last start by a hook found, None if there was none."""
    content = _read(state_dir / "hook.program")
    return None if content is None else StartFound(content[0], *_lines(content[1], 3))


def _read(path: Path) -> tuple[int, str] | None:
    try:
        at_ms, data = read_dated(path, _MAX_BYTES)
    except (OSError, ValueError):
        return None
    return at_ms, data.decode("utf-8", "replace")


def _lines(text: str, count: int) -> list[str]:
    return (text.split("\n") + [""] * count)[:count]
