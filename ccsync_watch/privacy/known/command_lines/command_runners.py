"""Find the command that a program runs: `sudo`, `docker exec`, `bash -c`, `find -exec`; pure.

A program that no table names may run one too, as wrappers of all kinds do: if a reader of files is
among its arguments, or a text behind `-c`, that is taken for the command.
The command begins after a number of operands: none for `sudo`, the container for `docker exec`.
Which options take a value is not known for all of them, so an operand behind an option may be its
value or already the command: each is tried. Some programs take the command as one text.
"""

from __future__ import annotations

import base64
import binascii
import re
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.known.command_lines.program_table import (
    is_known_program,
    is_option,
    program_table,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.privacy.known.command_lines.program_table import Arguments, ProgramRow
    from ccsync_watch.privacy.known.command_lines.shell_syntax import Word

_MAX_STARTS = 6
_MAX_WORDS = 256
_SET = re.compile(r"[A-Za-z_]\w*=")
_POWERSHELLS = frozenset({"powershell", "pwsh"})
_FINDERS = frozenset({"find", "gfind", "fd", "fdfind", "xargs", "parallel", "forfiles"})
_READERS = frozenset(
    {"cat", "head", "tail", "less", "grep", "sed", "awk", "strings", "xxd", "base64", "printenv"}
    | {"sh", "bash", "zsh", "dash", "ash", "cmd", "powershell", "pwsh"}
)
_ENCODED = re.compile(r"-e(?:c|nc\w*)?", re.IGNORECASE)
_EXEC_FLAGS = frozenset({"-exec", "--exec"})
_EXEC_ENDS = frozenset({";", "+", "{}+"})


class InnerCommands(NamedTuple):
    """What a program may run: commands as words, and texts to parse.

    `gets_files`: the files that it finds become arguments of the commands.
    """

    commands: list[Sequence[Word]]
    texts: list[str]
    gets_files: bool = False


def inner_commands(program: str, words: Sequence[Word], arguments: Arguments) -> InnerCommands:
    """Return what a program runs with these arguments, as far as they show it."""
    inner = InnerCommands([], [], gets_files=program in _FINDERS)
    words, plain = words[:_MAX_WORDS], arguments.texts[:_MAX_WORDS]
    if not is_known_program(program):
        _add_wrapped(words, inner)
    elif program in _POWERSHELLS:
        inner.texts.extend(_decoded(plain))
    for row, start in program_table("command_runners").matches(program, arguments):
        if row.flags:
            _add_flag_values(row, words[start:], inner)
            continue
        for at in _starts(plain, start, row.skip):
            if row.is_text or " " in plain[at].strip() or "\n" in plain[at]:
                inner.texts.append(" ".join(plain[at:]))
            else:
                inner.commands.append(words[at:])
    return inner


def _add_wrapped(words: Sequence[Word], inner: InnerCommands) -> None:
    """Add what an unknown program may run."""
    for at, word in enumerate(words):
        before = words[at - 1].text if at else ""
        if before == "-c" and " " in word.text:
            inner.texts.append(word.text.removeprefix("spawn "))
        elif word.text.rpartition("/")[2] in _READERS and len(inner.commands) < _MAX_STARTS:
            inner.commands.append(words[at:])


def _decoded(arguments: Sequence[str]) -> list[str]:
    """Return the command that PowerShell gets in base64."""
    for name, value in pairwise(arguments):
        if _ENCODED.fullmatch(name):
            try:
                return [base64.b64decode(value).decode("utf-16-le")]
            except (binascii.Error, ValueError):
                return []
    return []


def _starts(arguments: Sequence[str], start: int, skip: int) -> list[int]:
    """Return where the command may begin, with `skip` operands before it."""
    starts: list[int] = []
    least = most = 0  # operands so far, if options take values and if they do not
    follows_option = False
    for at in range(start, len(arguments)):
        argument = arguments[at]
        if argument == "--":
            return [*starts, at + 1] if at + 1 < len(arguments) else starts
        if is_option(argument):
            follows_option = "=" not in argument
            continue
        if _SET.match(argument):
            follows_option = False
            continue  # a variable for the command
        if least <= skip <= most:
            starts.append(at)
        most += 1
        least += not follows_option
        follows_option = False
        if least > skip or len(starts) >= _MAX_STARTS:
            break
    return starts


def _add_flag_values(row: ProgramRow, words: Sequence[Word], inner: InnerCommands) -> None:
    """Add what follows the options that take a command."""
    for at, word in enumerate(words):
        name, equals, value = word.text.partition("=")
        if equals and _is_among(name, row.flags):
            inner.texts.append(value)
        rest = words[at + 1 :]
        if not rest or not _is_among(word.text, row.flags):
            continue
        if not _EXEC_FLAGS.isdisjoint(row.flags):
            ends = (i for i, following in enumerate(rest) if following.text in _EXEC_ENDS)
            inner.commands.append(rest[: next(ends, len(rest))])
        elif row.is_text:
            inner.texts.append(" ".join(following.text for following in rest))
        else:
            inner.texts.append(rest[0].text)
            if " " not in rest[0].text.strip():
                inner.commands.append(rest)


def _is_among(text: str, flags: Sequence[str]) -> bool:
    return text[:1] in {"-", "/"} and any(fnmatchcase(text.lower(), flag) for flag in flags)
