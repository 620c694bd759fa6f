"""Parse a command line into simple commands; pure, linear and never failing.

The grammar is that of POSIX shells as far as it decides what a line runs: quotes, substitutions,
pipes, lists, groups, here-documents, redirections. Reserved words are removed and groups are flat.
PowerShell and cmd are near enough: a word also keeps its backslashes. `shlex` of the standard
library is not enough: it splits words, but knows no substitution and no here-document, and raises
an error at an open quote, of which a line that was cut has one. A line is not run, so what is
unusual may be read wrongly: as more commands rather than fewer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

MAX_DEPTH = 12
"""How deep substitutions are nested; deeper ones are read as one line with the outer command."""

_BLANK = re.compile(r"(?:[ \t\r]|\\\r?\n|(?<![^\s;&|()])#[^\n]*)+")
_OPERATOR = re.compile(r"&&|\|\||;;&?|;&|\|&|&>>?|<<<|<<-?|<>|>\||>>|[<>]&|[<>]\(|[;&|()<>\n]")
_BLANK_STARTS = frozenset(" \t\r\\#")
_OPERATOR_STARTS = frozenset("&|;<>()\n")
_PLAIN = re.compile(r"[^\s'\"\\$`;&|()<>]+")
_WHOLE = re.compile(r"[^\s'\"\\$`;&|()<>]+(?=[ \t\r\n;&|()<>]|\Z)")
"""A word without anything that is quoted or expanded."""
_IN_QUOTES = re.compile(r"[^\"\\$`]+")
_IN_DOCUMENT = re.compile(r"[^\\$`]+")
_IN_BRACES = re.compile(r"[^'\"\\$`}]+")
_ANSI_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'?", re.DOTALL)
_BACKTICKS = re.compile(r"`((?:[^`\\]|\\.)*)`?", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:env:)?([A-Za-z_]\w*|[0-9@*#?$!-])", re.IGNORECASE)
_PARAMETER = re.compile(r"\$\{(?:env:)?(#|!)?(\w+|[@*#?$!-])?(:?\+)?", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|([0-7]{1,3})|(.))", re.DOTALL)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r"}
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")
_FILE_NUMBER = re.compile(r"[0-9]{1,2}|\{\w+\}")
_RESERVED = frozenset(
    {"if", "then", "elif", "else", "do", "while", "until", "!", "{", "}", "coproc"}
)
_OUTPUTS = frozenset({">", ">>", ">|", "&>", "&>>"})
_SUBSTITUTIONS = frozenset({"<(", ">("})


@dataclass(slots=True)
class Word:
    """A word as the program gets it, as far as the line shows it.

    `raw` still has the backslashes. `variables` are the names that are expanded in it, `hidden`
    those of which only the length or the presence shows; `is_indirect`: a name comes from another
    variable. `scripts` are what its substitutions run.
    """

    text: str = ""
    raw: str = ""
    variables: tuple[str, ...] = ()
    is_indirect: bool = False
    scripts: tuple[Script, ...] = ()


@dataclass(slots=True)
class SimpleCommand:
    """A simple command: the variables set for it, its words, and its redirections.

    `outputs` are the files that get what it prints, `documents` its here-documents and strings.
    """

    words: list[Word] = field(default_factory=list)
    assignments: list[tuple[str, Word]] = field(default_factory=list)
    inputs: list[Word] = field(default_factory=list)
    outputs: list[Word] = field(default_factory=list)
    documents: list[Word] = field(default_factory=list)


Pipeline: TypeAlias = "list[SimpleCommand]"
"""Commands, of which each reads what the one before it prints."""
Script: TypeAlias = "list[Pipeline]"


def parse_script(text: str, depth: int = 0) -> Script:
    """Return what a command line runs, in its order."""
    parser = _ShellParser(text, depth)
    script: Script = []
    while parser.at < len(text):  # a bracket that closes nothing ends nothing either
        script += parser.script()
    return script


@dataclass(slots=True)
class _Builder:
    """A word that is being read."""

    text: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)
    is_indirect: bool = False

    def add(self, text: str, raw: str | None = None) -> None:
        self.text.append(text)
        self.raw.append(text if raw is None else raw)

    def word(self) -> Word:
        return Word(
            "".join(self.text),
            "".join(self.raw),
            tuple(self.variables),
            self.is_indirect,
            tuple(self.scripts),
        )


class _ShellParser:
    """Reads one text from `at` on."""

    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.at = 0
        self._depth = depth
        self._documents: list[tuple[SimpleCommand, str, bool, bool]] = []

    def script(self) -> Script:
        """Read up to the bracket that closes this script, or the end."""
        script: Script = []
        pipeline: Pipeline = []
        command = SimpleCommand()
        while self.at < len(self.text):
            first = self.text[self.at]
            blank = _BLANK.match(self.text, self.at) if first in _BLANK_STARTS else None
            if blank:
                self.at = blank.end()
                continue
            operator = _OPERATOR.match(self.text, self.at) if first in _OPERATOR_STARTS else None
            if operator is None:
                self._add_word(command)
                continue
            sign = operator[0]
            if sign in _SUBSTITUTIONS or sign[0] in "<>" or sign in _OUTPUTS:
                self.at = operator.end()
                self._redirect(command, sign)
                continue
            self.at = operator.end()
            if sign == "\n":
                self._read_documents()
            pipeline += [command] if _is_used(command) else []
            command = SimpleCommand()
            if sign not in {"|", "|&"}:
                script.append(pipeline)
                pipeline = []
            if sign == ")":
                break
        script.append([*pipeline, command] if _is_used(command) else pipeline)
        return [commands for commands in script if commands]

    def _add_word(self, command: SimpleCommand) -> None:
        """Read a word, and put it where it belongs in the command."""
        start = self.at
        word = self._word()
        if self.at == start:  # nothing that a word can start with
            self.at += 1
            return
        following = self.text[self.at : self.at + 1]
        if following in {"<", ">"} and _FILE_NUMBER.fullmatch(self.text[start : self.at]):
            operator = _OPERATOR.match(self.text, self.at)
            self.at = operator.end() if operator else self.at + 1
            is_error = word.text not in {"0", "1"}
            self._redirect(command, operator[0] if operator else ">", is_error=is_error)
            return
        if not command.words:
            if word.text in _RESERVED and word.text == self.text[start : self.at]:
                return
            name = _ASSIGNMENT.match(word.text)
            if name:
                value = Word(
                    word.text[name.end() :],
                    word.raw,
                    word.variables,
                    word.is_indirect,
                    word.scripts,
                )
                command.assignments.append((name[0].rstrip("+=").partition("[")[0], value))
                return
        command.words.append(word)

    def _redirect(self, command: SimpleCommand, sign: str, *, is_error: bool = False) -> None:
        """Read what follows the sign of a redirection."""
        if sign in _SUBSTITUTIONS:
            command.words.append(Word("/dev/fd/63", scripts=(self._substitution(),)))
            return
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        if sign in {"<&", ">&"} and re.match(r"[0-9]{1,2}-?(?![\w./])|-", self.text[self.at :][:4]):
            self._word()
            return
        start = self.at
        word = self._word()
        if sign in {"<<", "<<-"}:
            is_quoted = any(quote in self.text[start : self.at] for quote in "'\"\\")
            self._documents.append((command, word.text, is_quoted, sign == "<<-"))
        elif sign == "<<<":
            command.documents.append(word)
        elif sign in {"<", "<&", "<>"}:
            command.inputs.append(word)
        elif not is_error:
            command.outputs.append(word)

    def _read_documents(self) -> None:
        """Read the here-documents that were announced on the line that ends here."""
        for command, delimiter, is_quoted, has_tabs in self._documents:
            start = self.at
            end = len(self.text)
            while self.at < len(self.text):
                line_end = self.text.find("\n", self.at)
                line_end = len(self.text) if line_end < 0 else line_end
                line = self.text[self.at : line_end].rstrip("\r")
                if (line.lstrip("\t") if has_tabs else line) == delimiter:
                    end = self.at
                    self.at = min(len(self.text), line_end + 1)
                    break
                self.at = min(len(self.text), line_end + 1)
            body = self.text[start:end]
            command.documents.append(Word(body, body) if is_quoted else self._expand(body))
        self._documents = []

    def _expand(self, body: str) -> Word:
        """Return the text of a here-document with what is expanded in it."""
        inner = _ShellParser(body, self._depth)
        builder = _Builder()
        while inner.at < len(body):
            inner.step(builder, _IN_DOCUMENT)
        return builder.word()

    def _word(self) -> Word:
        """Read one word: everything up to a blank or an operator outside quotes."""
        whole = _WHOLE.match(self.text, self.at)
        if whole:  # as most are
            self.at = whole.end()
            return Word(whole[0], whole[0])
        builder = _Builder()
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "'":
                end = self.text.find("'", self.at + 1)
                end = len(self.text) if end < 0 else end
                builder.add(self.text[self.at + 1 : end])
                self.at = end + 1
            elif character == '"':
                self._double_quoted(builder)
            elif character in " \t\r\n;&|()<>" or _BLANK.match(self.text, self.at):
                break
            else:
                self.step(builder, _PLAIN)
        return builder.word()

    def _double_quoted(self, builder: _Builder) -> None:
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != '"':
            self.step(builder, _IN_QUOTES)
        self.at += 1

    def step(self, builder: _Builder, plain: re.Pattern[str]) -> None:
        """Read a run of plain characters, an escape, or something that is expanded."""
        text, at = self.text, self.at
        run = plain.match(text, at)
        if run:
            self.at = run.end()
            builder.add(run[0])
        elif text[at] == "\\":
            self.at = at + 2
            following = text[at + 1 : at + 2]
            builder.add("" if following == "\n" else following, text[at : at + 2])
        elif text[at] == "`":
            backticks = _BACKTICKS.match(text, at)
            inner = backticks[1] if backticks else ""
            self.at = backticks.end() if backticks else len(text)
            if self._depth < MAX_DEPTH:
                builder.scripts.append(parse_script(inner.replace("\\`", "`"), self._depth + 1))
        elif text.startswith("$(", at):
            self.at = at + 2
            builder.scripts.append(self._substitution())
        elif text.startswith("${", at) and self._depth < MAX_DEPTH:
            self._depth += 1
            self._parameter(builder)
            self._depth -= 1
        elif text.startswith("$'", at) and plain is _PLAIN:
            quoted = _ANSI_QUOTED.match(text, at + 1)
            self.at = quoted.end() if quoted else len(text)
            builder.add(_ESCAPE.sub(_unescape, quoted[1]) if quoted else "")
        else:
            self._variable(builder)

    def _variable(self, builder: _Builder) -> None:
        variable = _VARIABLE.match(self.text, self.at)
        if variable is None:  # a dollar sign, or a quote inside braces
            builder.add(self.text[self.at])
            self.at += 1
            return
        builder.variables.append(variable[1])
        if variable[1] == "$" and self.text[variable.end() :][:1].isalpha():
            builder.is_indirect = True  # `$$name` of a text that is evaluated
        builder.add(variable[0])
        self.at = variable.end()

    def _parameter(self, builder: _Builder) -> None:
        """Read `${name…}`: of `${#name}` and `${name:+…}` the value itself is not printed."""
        start = self.at
        match = _PARAMETER.match(self.text, start)
        self.at = match.end() if match else start + 2
        prefix, name, has_word = match.groups() if match else (None, None, None)
        if prefix == "!":
            builder.is_indirect = True
        if name and prefix != "#" and not has_word:
            builder.variables.append(name)
        inner = _Builder()
        while self.at < len(self.text) and self.text[self.at] != "}":
            self.step(inner, _IN_BRACES)
        self.at += 1
        builder.variables += inner.variables
        builder.scripts += inner.scripts
        builder.add(self.text[start : self.at])

    def _substitution(self) -> Script:
        """Read the commands between brackets, up to the one that closes them."""
        if self._depth >= MAX_DEPTH:
            return []
        self._depth += 1
        documents, self._documents = self._documents, []
        script = self.script()
        self._documents = documents
        self._depth -= 1
        return script


def _unescape(match: re.Match[str]) -> str:
    if match[4]:
        return _CONTROL.get(match[4], match[4])
    digits, base = (match[3], 8) if match[3] else (match[1] or match[2], 16)
    return chr(int(digits, base))


def _is_used(command: SimpleCommand) -> bool:
    return bool(
        command.words
        or command.assignments
        or command.inputs
        or command.documents
        or command.outputs
    )
