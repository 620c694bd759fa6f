"""Decide whether a program itself prints secrets, whatever else it runs; pure.

An `Invocation` is a program with its arguments. What is printed is a variable, a file, what code
computes, or what the table of programs says.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ccsync_watch.privacy.known.command_lines import inline_code
from ccsync_watch.privacy.known.command_lines.line_state import TERMINALS
from ccsync_watch.privacy.known.command_lines.named_scripts import is_named_for_secrets
from ccsync_watch.privacy.known.command_lines.program_table import (
    Arguments,
    is_known_program,
    is_option,
    program_table,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.privacy.known.command_lines.line_state import LineState
    from ccsync_watch.privacy.known.command_lines.program_table import ProgramRow
    from ccsync_watch.privacy.known.command_lines.shell_syntax import SimpleCommand, Word

_MAX_WORDS = 2000
_EXTENSION = re.compile(r"\.(?:exe|cmd|bat|ps1|com)$")
_WINDOWS_PATH = re.compile(r"(?:[A-Za-z]:|%\w+%|\$env:\w+|[.~]|\\)\\", re.IGNORECASE)
_JQ = frozenset({"jq", "gojq", "yq", "jaq"})
_ARCHIVERS = frozenset({"tar", "bsdtar", "zip"})
_COUNTERS = frozenset({"wc", "cksum"})
"""Their figures of a pipe say nothing; those of a file are what is shown of it anyway."""
_FILTERS = frozenset(
    {"sort", "grep", "egrep", "fgrep", "rg", "head", "tail", "less", "more", "cat", "uniq", "tee"}
    | {"column", "bat", "findstr", "select-string", "sort-object", "out-string", "format-table"}
)
_NAMES_ONLY = re.compile(
    r"(?:cut (?:-d ?[\"']?=[\"']? ?-f ?1|-f ?1 -d ?=)|awk -F ?[\"']?=[\"']? \{\s?print \$1\s?\}"
    r"|sed (?:-E |-r )?s[/|]=\.\*[/|]{2}g?)$"
)
POSITIONS = frozenset({"0", "1", "@", "*"})
_NO_ARGUMENTS = Arguments([])


class Invocation:
    """A simple command with its program's name and its arguments."""

    def __init__(self, command: SimpleCommand) -> None:
        self.command = command
        self.program = _program_name(command.words[0]) if command.words else ""
        words: Sequence[Word] = command.words[1:_MAX_WORDS]
        if self.program == "gcloud":
            words = [word for word in words if word.text not in {"alpha", "beta"}]
        self.words = words
        self.arguments = Arguments([word.text for word in self.words])

    @property
    def consumes(self) -> bool:
        """Tell whether the program takes secrets and prints none of them."""
        return bool(program_table("secret_consumers").matches(self.program, self.arguments))

    @property
    def keeps_names(self) -> bool:
        """Tell whether a filter leaves the names beside variables' values, or the names alone."""
        line = " ".join([self.program, *self.arguments.texts])
        return self.program in _FILTERS or _NAMES_ONLY.match(line) is not None


def prints_secrets(invocation: Invocation, state: LineState, *, has_names: bool) -> bool:
    """Tell whether a program prints secrets; `has_names`: it also gets names of secret files."""
    is_fed = any(map(state.is_secret_file, invocation.command.inputs))
    return (
        (is_fed and (invocation.program in _COUNTERS or not invocation.consumes))
        or _prints_variable(invocation, state)
        or _prints_file(invocation, state, has_names=has_names)
        or _runs_code(invocation, state)
        or _runs_named_script(invocation)
        or any(
            _reaches_terminal(row, invocation, state)
            for row, _ in program_table("secret_printers").matches(
                invocation.program, invocation.arguments
            )
        )
    )


def track_copies(invocation: Invocation, state: LineState) -> None:
    """Remember the copy of a file of secrets."""
    program = invocation.program
    table = program_table("secret_copiers")
    for row, start in table.matches(program, invocation.arguments):
        state.write(invocation.arguments.values_of(row.files))
        operands = [word for word in invocation.words[start:] if not is_option(word.text)]
        if row.is_text:
            state.write(word.text for word in operands)
        elif len(operands) > 1 and any(map(state.is_secret_file, operands)):
            copy = operands[-1]
            if program in _ARCHIVERS:  # the archive is first, behind `tar`'s letters
                copy = operands[1] if operands[0].text.isalpha() else operands[0]
            state.write([copy.text])


def _prints_variable(invocation: Invocation, state: LineState) -> bool:
    command, program = invocation.command, invocation.program
    if state.is_traced and any(map(state.has_secret_variable, command.words)):
        return True
    if program.startswith("$"):  # PowerShell prints it, or sets it
        is_set = invocation.arguments.texts[:1] == ["="]
        return not is_set and state.has_secret_variable(command.words[0])
    return any(
        state.has_secret_variable(word)
        for row, _ in program_table("value_printers").matches(program, _NO_ARGUMENTS)
        for word in (command.documents if row.is_text else invocation.words)
    )


def _prints_file(invocation: Invocation, state: LineState, *, has_names: bool) -> bool:
    table = program_table("file_readers")
    prints = False
    for row, start in table.matches(invocation.program, invocation.arguments):
        operands = _operands(invocation.words[start:], row.skip)
        if has_names or state.holds_secrets(operands):
            prints |= _reaches_terminal(row, invocation, state)
        state.reads_positions |= any(POSITIONS.intersection(word.variables) for word in operands)
    return prints or (
        state.reads_positions
        and not is_known_program(invocation.program)
        and any(map(state.is_secret_file, invocation.words))
    )


def _reaches_terminal(row: ProgramRow, invocation: Invocation, state: LineState) -> bool:
    """Tell whether the output is printed; else remember the file that gets it."""
    targets = invocation.arguments.values_of(row.files)
    state.write(targets)
    return not targets or not TERMINALS.isdisjoint(targets)


def _runs_code(invocation: Invocation, state: LineState) -> bool:
    """Tell whether an interpreter gets code that prints secrets."""
    if invocation.program in _JQ:
        return any(map(inline_code.filter_prints_environment, invocation.arguments.texts))
    table = program_table("interpreters")
    for row, start in table.matches(invocation.program, invocation.arguments):
        words = invocation.words[start:]
        code = [word.text for word in words] if row.is_text else _values_after(words, row.flags)
        code += [document.text for document in invocation.command.documents]
        if any(inline_code.prints_secrets(text) or state.mentions_copy(text) for text in code):
            return True
        if state.is_loaded and any(map(inline_code.reads_environment, code)):
            return True
    return False


def _runs_named_script(invocation: Invocation) -> bool:
    words = invocation.command.words
    return bool(words) and is_named_for_secrets(
        words[0].text, invocation.program, invocation.arguments.texts
    )


def _operands(words: Sequence[Word], skip: int) -> Sequence[Word]:
    """Return the words that may name files: without a pattern or program before them."""
    kept: list[Word] = []
    follows_option = False
    for word in words:
        is_count = follows_option and word.text.isdigit()
        follows_option = is_option(word.text)
        if skip and not follows_option and not is_count:
            skip -= 1
        else:
            kept.append(word)
    return kept


def _values_after(words: Sequence[Word], flags: Sequence[str]) -> list[str]:
    """Return the values of some options."""
    values: list[str] = []
    for at, word in enumerate(words):
        name, _, value = word.text.partition("=")
        if is_option(word.text) and any(fnmatchcase(name.lower(), flag) for flag in flags):
            values += [value, *(following.text for following in words[at + 1 : at + 2])]
    return values


def _program_name(word: Word) -> str:
    """Return the name of a program, without its folder and extension, in lower case."""
    text = word.raw if _WINDOWS_PATH.match(word.raw) else word.text
    name = text.strip("'\"").replace("\\", "/").rstrip("/").rpartition("/")[2].lower()
    return _EXTENSION.sub("", name)
