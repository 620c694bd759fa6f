"""Show the daemon's log, or follow it."""

from __future__ import annotations

import argparse
import os
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.console import say, warn
from ccsync_watch.config import state_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import BinaryIO

ORDER = 65
EXAMPLES = ("logs", "logs -f", "logs --lines 500")
# As `cli.log_files` names them: the log, and older ones after a rotation.
_NAME, _OLDER = "log", ("log.2", "log.1")
_LINES = 50
_POLL_SECONDS = 0.25
_MAX_LINES = 100_000
_MAX_DIGITS = 9  # of what is more than that, anyway


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how many lines to show, and whether to follow."""
    parser.add_argument("-f", "--follow", action="store_true", help="print further lines as well")
    parser.add_argument(
        "-n",
        "--lines",
        type=_line_count,
        default=_LINES,
        metavar="N",
        help=f"the last N lines ({_LINES})",
    )


def _line_count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of lines, 0 or more")
    return min(int(text[:_MAX_DIGITS]), _MAX_LINES)


def main(arguments: argparse.Namespace, env: Mapping[str, str], _flags: Mapping[str, Any]) -> int:
    """Print the last lines, those of rotated files included; with -f until Ctrl+C."""
    folder = state_folder(env)
    follower = LogFollower(folder / _NAME)
    last: deque[str] = deque(maxlen=arguments.lines)
    for name in _OLDER:
        last.extend(_read_lines(folder / name))
    last.extend(follower.new_lines())
    for line in last:
        say(line)
    if not last and arguments.lines and not arguments.follow:
        warn(f"nothing is logged in {folder} yet")
    try:
        while arguments.follow:
            time.sleep(_POLL_SECONDS)
            for line in follower.new_lines():
                say(line)
    except KeyboardInterrupt:  # the usual end
        pass
    finally:
        follower.close()
    return 0


def _read_lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


class LogFollower:
    """Reads the lines that are appended to a file, also after another one took its place.

    What was written to the old file before that is read first; half a line is read when it ends.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""

    def new_lines(self) -> Iterable[str]:
        """Yield what was written since the last call, each line whole."""
        while True:
            if self._file is None:
                try:
                    self._file = self._path.open("rb")
                except FileNotFoundError:
                    return
            yield from self._read()
            if not self._is_replaced():
                return
            # What came between the reading and the renaming.
            yield from self._read()
            self.close()

    def _read(self) -> Iterable[str]:
        if self._file is None:
            return
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            self._file.seek(0)  # emptied in place
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")

    def _is_replaced(self) -> bool:
        if self._file is None:
            return False
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return False  # between a renaming and the next line: the old one may still grow
        return not os.path.samestat(status, os.fstat(self._file.fileno()))

    def close(self) -> None:
        """Close the file; a last line without an end is dropped."""
        if self._file is not None:
            self._file.close()
        self._file, self._rest = None, b""
