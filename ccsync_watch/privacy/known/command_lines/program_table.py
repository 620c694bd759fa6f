"""The tables of programs in `heuristics.programs`: which of their rows match a command; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import cache
from typing import TYPE_CHECKING

from ccsync_watch.privacy.heuristics.programs import load_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

_QUESTIONS = frozenset({"--help", "--version", "-help", "/?"})
TABLES = (
    "command_runners",
    "file_readers",
    "interpreters",
    "secret_consumers",
    "secret_copiers",
    "secret_printers",
    "value_printers",
)
_MOST_PROGRAMS = 1024
"""Of how many names it is remembered which rows with wildcards match them."""
_CONDITIONS = frozenset({"needs", "unless", "besides", "files", "flags", "skip", "text"})


def is_option(text: str) -> bool:
    """Tell whether an argument is an option rather than an operand."""
    return len(text) > 1 and text[0] == "-"


@dataclass(frozen=True, slots=True)
class ProgramRow:
    """A row: the words after the program, and the conditions on its arguments, as written."""

    words: tuple[str, ...]
    needs: str
    unless: str
    besides: frozenset[str]
    files: tuple[str, ...]
    flags: tuple[str, ...]
    skip: int
    is_text: bool

    def start(self, arguments: Arguments) -> int | None:
        """Return where the operands begin if the row matches, None if it does not."""
        if self.needs and not any(map(_globs_pattern(self.needs).match, arguments.conditions)):
            return None
        if self.unless and any(map(_globs_pattern(self.unless).match, arguments.conditions)):
            return None
        if arguments.first in self.besides:
            return None
        return _match_words(self.words, arguments.texts)


class Arguments:
    """The arguments of a command, and the texts that conditions are compared with."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.conditions = list(texts)
        self.first = ""
        for at, text in enumerate(texts):
            if len(text) > 1 and text[0] == "-":
                following = texts[at + 1] if at + 1 < len(texts) else ""
                self.conditions.append(f"{text}={following}")
            elif not self.first:
                self.first = text

    @property
    def is_question(self) -> bool:
        """Tell whether the program only describes itself."""
        return not _QUESTIONS.isdisjoint(self.texts)

    def values_of(self, options: Sequence[str]) -> list[str]:
        """Return the values of some options, however they are written."""
        return [
            value
            for text in self.conditions
            for name, equals, value in [text.partition("=")]
            if equals and value and name in options
        ]


class ProgramTable:
    """The rows of one table, by program."""

    def __init__(self, name: str) -> None:
        self._rows: dict[str, list[ProgramRow]] = {}
        self._globs: list[tuple[str, ProgramRow]] = []
        self._by_program: dict[str, tuple[ProgramRow, ...]] = {}
        for cells in load_rows(name):
            row = _row(cells)
            for program in cells[0].split():
                if "*" in program:
                    self._globs.append((program, row))
                else:
                    self._rows.setdefault(program, []).append(row)

    def matches(self, program: str, arguments: Arguments) -> list[tuple[ProgramRow, int]]:
        """Return the rows that match a command, with where its operands begin."""
        rows: Sequence[ProgramRow] = self._rows.get(program, ())
        if self._globs:
            rows = self._with_globs(program)
        if not rows:
            return []
        return [(row, start) for row in rows if (start := row.start(arguments)) is not None]

    def _with_globs(self, program: str) -> Sequence[ProgramRow]:
        rows = self._by_program.get(program)
        if rows is None:
            if len(self._by_program) >= _MOST_PROGRAMS:
                self._by_program.clear()
            named = self._rows.get(program, ())
            rows = (*named, *(row for name, row in self._globs if fnmatchcase(program, name)))
            self._by_program[program] = rows
        return rows

    def names(self, program: str) -> bool:
        """Tell whether any row is about a program."""
        return program in self._rows or any(fnmatchcase(program, name) for name, _ in self._globs)


@cache
def is_known_program(program: str) -> bool:
    """Tell whether any table is about a program."""
    return any(program_table(name).names(program) for name in TABLES)


@cache
def program_table(name: str) -> ProgramTable:
    """Return the table `name`."""
    return ProgramTable(name)


def _row(cells: tuple[str, ...]) -> ProgramRow:
    conditions: dict[str, str] = {}
    words = ""
    for cell in cells[1:]:
        name, colon, value = cell.partition(":")
        if colon and name in _CONDITIONS:
            conditions[name] = value.strip()
        else:
            words = cell
    return ProgramRow(
        words=tuple(words.split()),
        needs=conditions.get("needs", ""),
        unless=conditions.get("unless", ""),
        besides=frozenset(conditions.get("besides", "").split()),
        files=tuple(conditions.get("files", "").split()),
        flags=tuple(conditions.get("flags", "").lower().split()),
        skip=int(conditions.get("skip", "0")),
        is_text="text" in conditions,
    )


@cache
def _globs_pattern(globs: str) -> re.Pattern[str]:
    """Return a pattern for any of some globs; compiled for programs that a session runs."""
    return re.compile("|".join(map(translate, globs.split())))


@cache
def _word_pattern(word: str) -> re.Pattern[str]:
    """Return a pattern for a word of a row; `a,b` is either, `*` any text."""
    choices = (re.escape(choice).replace(r"\*", ".*") for choice in word.split(","))
    return re.compile("|".join(choices), re.IGNORECASE)


def _match_words(words: Sequence[str], arguments: Sequence[str]) -> int | None:
    """Return where the arguments after some words begin, None without these words.

    They come first, but for options and what may be an option's value.
    """
    at = 0
    for word in words:
        pattern = _word_pattern(word)
        may_be_value = False
        while True:
            if at >= len(arguments):
                return None
            argument = arguments[at]
            at += 1
            if is_option(argument):
                may_be_value = "=" not in argument
            elif pattern.fullmatch(argument):
                break
            elif may_be_value:
                may_be_value = False
            else:
                return None
    return at
