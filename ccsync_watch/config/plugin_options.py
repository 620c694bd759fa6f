"""The options that the user set in the plugin, as its hook last wrote them into the state folder.

One `key=value` a line: the hook is a few lines of shell. A key that is missing was not set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.private_files import read_private, write_private

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

OPTIONS_NAME = "plugin.options"
_MAX_BYTES = 16 << 10


def options_path(state_dir: Path) -> Path:
    """Return the path of the file with the plugin's options; it may not exist."""
    return state_dir / OPTIONS_NAME


def read_options(path: Path) -> dict[str, str]:
    """Return the options that have a value; `{}` without any, or without a readable file.

    Raises UnsafePath when another user can change it.
    """
    try:
        text = read_private(path, _MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return {}
    lines = (line.partition("=") for line in text.splitlines())
    return {key: value.strip() for key, _sign, value in lines if value.strip()}


def remove_options(path: Path, names: Collection[str]) -> bool:
    """Remove some options from the file; return whether there were any. Raises OSError."""
    options = read_options(path)
    if not options.keys() & names:
        return False
    rest = "".join(f"{key}={value}\n" for key, value in options.items() if key not in names)
    write_private(path, rest.encode())
    return True
