"""A long answer: in a pager on a terminal, plain in a pipe; styled only where that is wanted.

A text of a transcript is written by `TerminalPage` only, which takes from it what a terminal would
obey: the styles are our own.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from typing import IO, TYPE_CHECKING

from ccsync_watch.cli.console import terminal_columns
from ccsync_watch.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console
    from rich.text import Text

_MAX_COLUMNS = 100
_CONTINUED = " " * 4
# Leave at once if the text fits, show our styles, and leave it on the screen: as git has it.
_LESS_OPTIONS = "FRX"


class TerminalPage:
    """Writes lines and Markdown. `columns` is None in a pipe: there nothing is wrapped."""

    def __init__(self, stream: IO[str], *, columns: int | None, is_styled: bool) -> None:
        self._stream = stream
        self.columns = min(columns, _MAX_COLUMNS) if columns else None
        self._is_styled = is_styled
        self._console: Console | None = None

    def line(
        self, text: str = "", style: str = "", *, rest: str = "", rest_style: str = ""
    ) -> None:
        """Write a line, which a terminal wraps; `rest` follows it in another style."""
        if not self._is_styled:
            self._stream.write(f"{plain_text(text)}{plain_text(rest)}\n")
            return
        self._rich().print(_styled(text, style, rest, rest_style), soft_wrap=True)

    def wrapped(self, text: str, style: str = "", *, rest: str = "", rest_style: str = "") -> None:
        """Write a line that nobody copies: a terminal gets it wrapped between words."""
        if self.columns is None:
            self.line(text, rest=rest)
            return
        whole = _styled(text, style, rest, rest_style)
        first, *others = whole.wrap(self._rich(), self.columns)
        self._write(first)
        if not others:
            return
        left = whole[len(first.plain) :]
        blanks = len(left.plain) - len(left.plain.lstrip())
        self._write_indented(left[blanks:], len(_CONTINUED), self.columns)

    def _write_indented(self, text: Text, indent: int, columns: int) -> None:
        for line in text.wrap(self._rich(), columns - indent):
            line.pad_left(indent)
            self._write(line)

    def _write(self, line: Text) -> None:
        line.rstrip()
        if self._is_styled:
            self._rich().print(line, soft_wrap=True)
        else:
            self._stream.write(f"{line.plain}\n")

    def marked(self, text: str, marks: tuple[str, str], *, indent: str = "") -> None:
        """Write a text on as few lines as it needs, what is between marks in bold."""
        text = " ".join(text.split())
        if self.columns is None:
            for mark in marks:
                text = text.replace(mark, "")
            self._stream.write(f"{indent}{plain_text(text)}\n")
            return
        from rich.text import Text  # noqa: PLC0415 - not for a pipe

        from ccsync_watch.cli.reading_styles import MARK  # noqa: PLC0415 - as above

        shown = Text()
        for piece in text.split(marks[0]):
            word, mark, after = piece.rpartition(marks[1])
            shown.append(plain_text(word), MARK if mark else "")
            shown.append(plain_text(after))
        self._write_indented(shown, len(indent), self.columns)

    def markdown(self, text: str) -> None:
        """Write Markdown as a terminal shows it; as it was written, in a pipe."""
        text = plain_text(text)
        if self.columns is None:
            self._stream.write(f"{text}\n")
            return
        from rich.markdown import Markdown  # noqa: PLC0415 - not for a pipe

        from ccsync_watch.cli.reading_styles import CODE_THEME  # noqa: PLC0415 - as above

        # A link of a terminal would hide where it leads.
        shown = Markdown(text, hyperlinks=False)
        shown.code_theme = CODE_THEME  # type: ignore[assignment]  # which passes it on as it is
        self._rich().print(shown)

    def _rich(self) -> Console:
        if self._console is None:
            from rich.console import Console  # noqa: PLC0415 - not for a pipe

            from ccsync_watch.cli.reading_styles import MARKDOWN_THEME  # noqa: PLC0415 - as above

            self._console = Console(
                file=self._stream,
                force_terminal=self._is_styled,
                color_system="auto" if self._is_styled else None,
                width=self.columns,
                highlight=False,
                markup=False,
                emoji=False,
                legacy_windows=False,
                theme=MARKDOWN_THEME,
            )
        return self._console


def _styled(text: str, style: str, rest: str, rest_style: str) -> Text:
    from rich.text import Text  # noqa: PLC0415 - not for a pipe

    return Text(plain_text(text), style).append(plain_text(rest), rest_style)


@contextlib.contextmanager
def open_page(env: Mapping[str, str], *, has_pager: bool = True) -> Iterator[TerminalPage]:
    """Yield what a long answer is written to; the block ends when its reader leaves the pager.

    Without styles if NO_COLOR is set, the terminal is dumb, or the pager would show them as text.
    """
    columns = terminal_columns()
    command = _pager(env) if columns and has_pager else None
    is_styled = columns is not None and not env.get("NO_COLOR") and env.get("TERM") != "dumb"
    if command is None:
        yield TerminalPage(sys.stdout, columns=columns, is_styled=is_styled)
        sys.stdout.flush()
        return
    name = os.path.basename(command[0])  # noqa: PTH119 - a command, not a path of ours
    process = subprocess.Popen(  # noqa: S603 - the user's own pager
        command,
        stdin=subprocess.PIPE,
        env={"LESS": _LESS_OPTIONS, **os.environ},
        encoding="utf-8",
        errors="backslashreplace",
    )
    try:
        # The reader may leave before everything is written.
        with contextlib.suppress(BrokenPipeError):
            assert process.stdin is not None  # noqa: S101 - it was asked for
            page = TerminalPage(
                process.stdin, columns=columns, is_styled=is_styled and name == "less"
            )
            yield page
            process.stdin.flush()
    finally:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()  # type: ignore[union-attr] # as above
        _wait(process)


def _wait(process: subprocess.Popen[str]) -> None:
    """Wait until the reader leaves: Ctrl+C is for the pager too, which stays."""
    while True:
        try:
            process.wait()
        except KeyboardInterrupt:
            continue
        return


def _pager(env: Mapping[str, str]) -> list[str] | None:
    """Return the command of the pager, None without one."""
    # `less` stops to warn of a terminal whose kind it does not know; only Windows names none.
    if env.get("TERM") in ({"dumb"} if sys.platform == "win32" else {None, "", "dumb"}):
        return None
    try:
        words = shlex.split(env.get("PAGER", "less"))
    except ValueError:  # a quote that is not closed
        return None
    program = shutil.which(words[0]) if words and words != ["cat"] else None
    return [program, *words[1:]] if program else None
