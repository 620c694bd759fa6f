"""What commands print: answers on standard output, warnings on standard error."""

from __future__ import annotations

import contextlib
import re
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING
from unicodedata import category

from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TextIO

    from ccsync_watch.config import Settings

# Controls, halves of characters, ends of lines and paragraphs, and what is not seen itself.
_UNSHOWN = frozenset({"Cc", "Cs", "Zl", "Zp", "Cf"})
# Between the parts of an emoji or of a word; and what the flags of regions are written with.
_JOINERS = frozenset(map(chr, (0x200C, 0x200D, *range(0xE0020, 0xE0080))))
_INDENT = " " * 4
_COMMAND = re.compile(r"`[^`]+`")
_TIE = "\0"  # a space that is not broken at; nothing that is printed contains it
_IS_QUIET: ContextVar[bool] = ContextVar("is_quiet", default=False)


def say(text: str = "") -> None:
    """Print one line of the answer."""
    print(plain_text(text), flush=True)  # noqa: T201 - the command line's own output


def say_wrapped(text: str) -> None:
    """Print a line of the answer; on a terminal, wrap it between words and indent the rest."""
    columns = terminal_columns()
    if columns:
        text = _wrap(text, columns)
    say(text)


def _wrap(text: str, columns: int) -> str:
    import textwrap  # noqa: PLC0415 - a pipe gets the line as it is

    room = columns - len(_INDENT)
    # Commands are there to be copied: one that fits on a line is not broken.
    whole = _COMMAND.sub(
        lambda command: command[0].replace(" ", _TIE) if len(command[0]) <= room else command[0],
        text,
    )
    lines = textwrap.fill(
        whole.replace("≥ ", f"≥{_TIE}"),  # part of the figure behind it
        columns,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines.replace(_TIE, " ")


def terminal_columns() -> int | None:
    """Return the width of the terminal that the answer is shown in, None if it is a pipe."""
    return _columns_of(sys.stdout)


def _columns_of(stream: TextIO) -> int | None:
    if not stream.isatty():
        return None
    import shutil  # noqa: PLC0415 - not for a pipe

    return shutil.get_terminal_size().columns


def _print_notice(text: str) -> None:
    """Print a line on standard error; on a terminal, wrap it between words."""
    columns = _columns_of(sys.stderr)
    shown = _wrap(text, columns) if columns else text
    print(plain_text(shown), file=sys.stderr, flush=True)  # noqa: T201 - the command line's own output


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Print answers and errors alone in this block: no notices, warnings of settings, and bars."""
    token = _IS_QUIET.set(True)
    try:
        yield
    finally:
        _IS_QUIET.reset(token)


def shows_progress(stream: TextIO) -> bool:
    """Return whether somebody looks at what is done meanwhile."""
    return not _IS_QUIET.get() and stream.isatty()


def announce(text: str) -> None:
    """Print what takes a while now, on standard error if that is a terminal."""
    if shows_progress(sys.stderr):
        _print_notice(typed(text))


def warn(text: str) -> None:
    """Print one line on standard error."""
    _print_notice(f"ccsync-watch: {typed(text)}")


def printable(text: object) -> str:
    """Return one line without control characters: file names may contain anything.

    A terminal obeys some of them, and bytes that are not UTF-8 cannot be printed at all. What only
    joins signs stays: emoji and some scripts are written with it.
    """
    line = str(text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if line.isprintable():
        return line
    return "".join(char if _is_shown(char) else "\ufffd" for char in line)


def _is_shown(char: str) -> bool:
    """Return whether a character takes its place in a line and does nothing else.

    Python calls blanks of other widths unprintable, and signs that are younger than it.
    """
    return char in _JOINERS or category(char) not in _UNSHOWN


def show_warnings(settings: Settings) -> None:
    """Print the warnings about the settings file."""
    for warning in () if _IS_QUIET.get() else settings.warnings:
        warn(printable(warning))


def format_counts(counts: Mapping[str, int]) -> str:
    """Return counts by name, the largest first: `jwt 3, aws-access-key 1`."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count:,}" for name, count in ordered)
