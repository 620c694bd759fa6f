"""Decide what a command line prints: secrets, variables, or anything; pure.

`read_command` follows the line as a shell would: what runs, what of it reaches the terminal, which
files and variables hold secrets afterwards. What is not certainly harmless counts as a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ccsync_watch.privacy.known.command_lines import inline_code
from ccsync_watch.privacy.known.command_lines.command_runners import inner_commands
from ccsync_watch.privacy.known.command_lines.line_state import (
    TERMINALS,
    LineState,
)
from ccsync_watch.privacy.known.command_lines.program_output import (
    POSITIONS,
    Invocation,
    prints_secrets,
    track_copies,
)
from ccsync_watch.privacy.known.command_lines.program_table import is_option
from ccsync_watch.privacy.known.command_lines.secret_paths import names_secret_file
from ccsync_watch.privacy.known.command_lines.shell_syntax import SimpleCommand, Word, parse_script
from ccsync_watch.privacy.known.command_lines.variable_lists import lists_variables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.privacy.known.command_lines.shell_syntax import Pipeline, Script
    from ccsync_watch.privacy.policy.policy import Reads

MAX_CHARS = 256 << 10
"""Of a line; what is behind is not read."""
_MAX_COMMANDS = 5000
_MAX_INNER = 200
_MAX_DEPTH = 8
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "ssh", "su", "sudo"})
_FOLDER_CHANGES = frozenset({"cd", "pushd", "set-location", "chdir"})
_LOOPS = frozenset({"for", "foreach", "select"})
_SOURCES = frozenset({"source", "."})
_DECLARATIONS = frozenset({"export", "declare", "typeset", "local", "readonly"})
_WRITERS = frozenset({"tee", "tee-object", "out-file", "set-content"})
_EDITORS = frozenset({"sed", "gsed", "perl", "ruby"})
_IN_PLACE = re.compile(r"-[a-z]*i(?:\.\w{1,8})?|-i.*|--in-place.*", re.IGNORECASE)
_DELIMITERS = re.compile(r"[/|#,](?=[A-Za-z_^]{1,80}=|[gi]{0,2}$)|\.\*[/|#,]")
_ECHOES = frozenset({"echo", "printf", "print", "write-output"})
_SILENT_WRITERS = frozenset({"out-file", "set-content"})
_TRACE = re.compile(r"-[a-z]*x[a-z]*|xtrace")
_MAX_NAMES = 100
_ANY_SECRET_FILE = ".env"  # noqa: S105 - a file
_LOADERS = frozenset({"dotenv", "dotenvx", "dotenv-cli"})
_LOADS = re.compile(r"--env-file(?:=.*)?|dotenv/config|-rdotenv.*")
_LOCATORS = frozenset({"which", "command", "type", "whence", "where", "get-command"})


@dataclass(frozen=True, slots=True)
class CommandReading:
    """What a command line prints, and the files that hold secrets after it.

    `written_texts` are what it writes into files of secrets itself.
    """

    reads: Reads = "anything"
    secret_files: tuple[str, ...] = ()
    written_texts: tuple[str, ...] = ()


@lru_cache(maxsize=512)
def read_command(line: str, secret_files: frozenset[str] = frozenset()) -> CommandReading:
    """Return what a command line prints; `secret_files` hold secrets already."""
    state = LineState(secret_files)
    reads = _LineReader(state).line(line[:MAX_CHARS])
    return CommandReading(reads, tuple(state.written), tuple(state.written_texts))


def most_secret(readings: Iterable[Reads]) -> Reads:
    """Return the reading that hides most, `anything` of none."""
    most: Reads = "anything"
    for reads in readings:
        if reads == "secrets":
            return reads
        if reads != "anything":
            most = reads
    return most


class _LineReader:
    """Reads the commands of one line, in their order."""

    def __init__(self, state: LineState) -> None:
        self._state = state
        self._commands = 0
        self._inner_commands = 0
        self._ran = 0
        self._depth = 0

    def line(self, text: str) -> Reads:
        """Return what a line prints."""
        if "]::" in text and inline_code.prints_secrets(text):
            return "secrets"  # PowerShell calls the methods of .NET
        reads = self._script(parse_script(text))
        if reads == "anything" and self._state.secret_variables and not self._ran:
            return "secrets"  # nothing else is printed, so nothing is lost
        return reads

    def _script(self, script: Script) -> Reads:
        return most_secret([self._pipeline(pipeline) for pipeline in script])

    def _nested(self, script: Script) -> Reads:
        """Return what commands print whose output goes elsewhere, or that another one runs."""
        if self._depth >= _MAX_DEPTH:
            return "anything"
        ran = self._ran
        self._depth += 1
        reads = self._script(script)
        self._depth -= 1
        self._ran = ran
        return reads

    def _text(self, text: str) -> Reads:
        """Return what a text prints when a command runs it as a line."""
        self._inner_commands += 1
        if self._inner_commands > _MAX_INNER:
            return "secrets"
        return self._nested(parse_script(text, self._depth))

    def _pipeline(self, pipeline: Pipeline) -> Reads:
        """Return what the last command of a pipeline prints."""
        reads: Reads = "anything"
        has_names = False
        for at, command in enumerate(pipeline):
            invocation = Invocation(command)
            if reads != "anything" and invocation.consumes:
                reads = "anything"
                continue
            if reads == "variables" and not invocation.keeps_names:
                reads = "secrets"
            own = self._command(invocation, has_names=has_names)
            if at and invocation.program in _SHELLS and not invocation.arguments.first:
                before = pipeline[at - 1]
                texts = [word.text for word in (*before.words[1:], *before.documents)]
                own = most_secret([own, *map(self._text, texts)])
            self._track_writing(invocation, pipeline[max(0, at - 1) : at + 1])
            reads = self._printed(invocation, most_secret([reads, own]))
            if at < len(pipeline) - 1:
                has_names = has_names or self._names_secret_file(invocation)
        return reads

    def _names_secret_file(self, invocation: Invocation) -> bool:
        """Tell whether a command, or the text that it gets, names a file of secrets."""
        texts = [
            text for document in invocation.command.documents for text in document.text.split()
        ]
        return any(map(self._state.is_secret_file, invocation.words)) or any(
            map(names_secret_file, texts[:_MAX_NAMES])
        )

    def _track_writing(self, invocation: Invocation, commands: Pipeline) -> None:
        """Remember what is written into a file of secrets: here-documents, what `echo` gets, edits.

        `commands` are the one that writes it and the one that it reads from.
        """
        files = list(invocation.command.outputs)
        texts = invocation.arguments.texts
        if invocation.program in _WRITERS:
            files += invocation.words
        elif (
            invocation.program in _EDITORS
            and any(map(_IN_PLACE.fullmatch, texts))
            and any(map(names_secret_file, texts))
        ):
            self._state.written_texts += [_DELIMITERS.sub("\n", text) for text in texts]
        if any(names_secret_file(word.text) for word in files):
            for command in commands:
                self._state.written_texts += [word.text for word in command.documents]
                if Invocation(command).program in _ECHOES:
                    words = [word.text for word in command.words[1:] if not is_option(word.text)]
                    self._state.written_texts += ["\n".join(words)]

    def _printed(self, invocation: Invocation, reads: Reads) -> Reads:
        """Return what is not written to a file; remember the files that get it."""
        if reads == "anything":
            return reads
        if invocation.program in _WRITERS:
            texts = invocation.arguments.texts
            self._state.write(text for text in texts if not is_option(text))
        files = [word.text for word in invocation.command.outputs if word.text not in TERMINALS]
        self._state.write(files)
        return "anything" if files or invocation.program in _SILENT_WRITERS else reads

    def _command(self, invocation: Invocation, *, has_names: bool) -> Reads:
        """Return what a simple command prints; `has_names`: it gets the names of secret files."""
        self._commands += 1
        if self._commands > _MAX_COMMANDS:
            return "secrets"
        command = invocation.command
        for name, value in command.assignments:
            self._assign(name, value)
        if not command.words:
            return "secrets" if any(map(self._state.is_secret_file, command.inputs)) else "anything"
        self._ran += 1
        self._track(invocation, has_names=has_names)
        if invocation.arguments.is_question:
            return "anything"
        reads = self._own(invocation, has_names=has_names)
        if reads != "secrets":
            reads = most_secret([reads, self._inner(invocation, has_names=has_names)])
        return most_secret([reads, self._substituted(invocation)])

    def _own(self, invocation: Invocation, *, has_names: bool) -> Reads:
        """Return what the program itself prints."""
        listed = lists_variables(
            invocation.program, invocation.arguments, self._state.may_be_secret
        )
        if listed is not None:
            return listed
        if prints_secrets(invocation, self._state, has_names=has_names):
            return "secrets"
        track_copies(invocation, self._state)
        return "anything"

    def _inner(self, invocation: Invocation, *, has_names: bool) -> Reads:
        """Return what the commands print that this one runs."""
        if self._depth >= _MAX_DEPTH:
            return "anything"
        program, command = invocation.program, invocation.command
        inner = inner_commands(program, invocation.words, invocation.arguments)
        if inner.gets_files:
            has_names = has_names or self._names_secret_file(invocation)
        if has_names and inner.texts:
            self._state.secret_variables |= POSITIONS
        readings = [
            self._text(text.replace("{}", _ANY_SECRET_FILE) if has_names else text)
            for text in inner.texts
        ]
        for words in inner.commands:
            run = Invocation(SimpleCommand(words=list(words), documents=command.documents))
            readings.append(self._nested_command(run, has_names=has_names))
        for words in self._named_commands(command.words[:1]):
            run = Invocation(SimpleCommand(words=[*words, *invocation.words]))
            readings.append(self._nested_command(run, has_names=has_names))
        if program == "alias":
            readings += [self._text(word.text.partition("=")[2]) for word in invocation.words]
        if program in _SHELLS:
            readings += [self._text(document.text) for document in command.documents]
        return most_secret(readings)

    def _nested_command(self, invocation: Invocation, *, has_names: bool) -> Reads:
        self._inner_commands += 1
        if self._inner_commands > _MAX_INNER:
            return "secrets"
        self._depth += 1
        reads = self._command(invocation, has_names=has_names)
        self._depth -= 1
        return reads

    def _named_commands(self, program: list[Word]) -> list[list[Word]]:
        """Return what a program's name may stand for: a variable's value, what `which` finds."""
        words = [
            [Word(part, part) for part in text.split()[:_MAX_NAMES]]
            for word in program
            if word.variables
            for text in self._state.texts_of(word)
            if "$" not in text
        ]
        words += [
            [pipeline[0].words[-1]]
            for word in program
            for script in word.scripts
            for pipeline in script
            if Invocation(pipeline[0]).program in _LOCATORS
        ]
        return [named for named in words if named]

    def _substituted(self, invocation: Invocation) -> Reads:
        """Return what substitutions put into the arguments of a command that may print them."""
        command = invocation.command
        words = [*command.words, *command.inputs, *command.documents, *command.outputs]
        scripts = [script for word in words for script in word.scripts]
        reads = most_secret([self._nested(script) for script in scripts])
        return "anything" if reads == "anything" or invocation.consumes else reads

    def _assign(self, name: str, value: Word) -> None:
        if any(self._nested(script) != "anything" for script in value.scripts):
            self._state.secret_variables.add(name)
        self._state.assign(name, [value])

    def _is_read_secret(self, word: Word) -> bool:
        """Tell whether a word is what a command prints that prints secrets."""
        is_whole = "=" not in word.text
        return is_whole and any(self._nested(script) != "anything" for script in word.scripts)

    def _track(self, invocation: Invocation, *, has_names: bool) -> None:
        """Remember what a command does to the folder, to variables and to the shell."""
        program, words = invocation.program, invocation.words
        texts = invocation.arguments.texts
        if program in _FOLDER_CHANGES and texts:
            self._state.enter(texts[-1])
        elif program in _LOOPS and texts:
            self._state.assign(texts[0].lstrip("$("), words[1:])
        elif program == "read" and has_names:
            self._state.secret_variables.update(text for text in texts if not is_option(text))
        elif program in _DECLARATIONS:
            for word in words:
                name, equals, value = word.text.partition("=")
                if equals:
                    self._assign(name, Word(value, value, word.variables, scripts=word.scripts))
        state = self._state
        state.is_loaded |= (
            program in _LOADERS
            or any(map(_LOADS.fullmatch, texts))
            or (program in _SOURCES and any(map(state.is_secret_file, words)))
            or (program in _DECLARATIONS and any(map(self._is_read_secret, words)))
        )
        if program == "set" or program in _SHELLS:
            self._state.is_traced |= any(map(_TRACE.fullmatch, texts))
