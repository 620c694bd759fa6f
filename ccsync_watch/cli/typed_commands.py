"""The commands in hints as the user can type them.

The plugin's own copy of this program is not on PATH: there, `ccsync-watch …` has its path.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "ccsync-watch"


def typed(text: str, *, prefix: str | None = None, home: str = "~") -> str:
    """Return a text whose commands, which are in backticks, work in any terminal."""
    if f"`{_NAME}" not in text:
        return text
    # Loaded here: all commands print texts, and few texts name a command.
    from pathlib import Path  # noqa: PLC0415 - see above

    from ccsync_watch.daemon.plugin_copy import (  # noqa: PLC0415 - see above
        PROGRAM_NAME,
        command_of_copy,
    )

    prefix = sys.prefix if prefix is None else prefix
    folder = Path(prefix).parent
    command = command_of_copy(folder.parent, prefix=prefix)
    if folder.name != PROGRAM_NAME or command is None:
        return text
    path = _typed_path(command, Path(home).expanduser())
    for end in ("`", " "):
        text = text.replace(f"`{_NAME}{end}", f"`{path}{end}")
    return text


def _typed_path(command: Path, home: Path) -> str:
    import shlex  # noqa: PLC0415 - only for the plugin's own copy

    # The shell expands no quoted `~`.
    if command.is_relative_to(home):
        return f"~/{shlex.quote(str(command.relative_to(home)))}"
    return shlex.quote(str(command))
