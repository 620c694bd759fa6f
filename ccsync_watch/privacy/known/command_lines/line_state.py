"""What is known of a command line while it is read: folder, variables, secret files; pure.

The values of variables are those that the line itself assigns; a variable is a secret by its name,
or because a command that prints secrets was assigned to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.known.command_lines.secret_paths import is_same_file, names_secret_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ccsync_watch.privacy.known.command_lines.shell_syntax import Script, Word

_MAX_VALUES = 64
_MAX_TEXTS = 128
_MAX_COMBINED = 4
_MAX_FILES = 64
_MAX_TEXT = 4096
_LEAST_PATH = 4
_NOT_SECRET = frozenset({"PWD", "OLDPWD"})
_OF_THE_SHELL = _NOT_SECRET | {"HOME", "USER", "PATH", "SHELL", "HOSTNAME", "RANDOM", "SECONDS"}
_NOWHERE = frozenset({"/dev/null", "nul", "$null", ""})
TERMINALS = frozenset({"/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd/1", "/dev/fd/2", "-"})
_CONNECTION = re.compile(
    r"(?:DATABASE|DB|REDIS|MONGO\w*|AMQP|RABBITMQ|CLOUDAMQP|POSTGRES\w*|PG|MYSQL|BROKER|CELERY\w*"
    r"|JDBC|SMTP|MAIL\w*)_?(?:URL|URI)|CONNECTION_?STRING|CONN_STR|_DSN$|^DSN$",
    re.IGNORECASE,
)
_BATCH_VARIABLE = re.compile(r"%(\w{1,80})(?::[^%\n]{0,40})?%|!(\w{1,80})!")


def is_secret_variable(name: str) -> bool:
    """Tell from its name whether a variable is a secret, or an address with one in it."""
    if name in _NOT_SECRET:
        return False
    return strength_of(name) >= Strength.TOKEN or _CONNECTION.search(name) is not None


@dataclass(slots=True)
class LineState:
    """The state of one line; `secret_files` held secrets before it, `written` do after it.

    `secret_variables` are those that got one; `is_traced`: the shell prints what it runs;
    `is_loaded`: a file of secrets was made variables, of any names; `reads_positions`: a function
    reads the files that it is given.
    """

    secret_files: frozenset[str]
    written: dict[str, None] = field(default_factory=dict)
    written_texts: list[str] = field(default_factory=list)
    secret_variables: set[str] = field(default_factory=set)
    is_traced: bool = False
    is_loaded: bool = False
    reads_positions: bool = False
    _values: dict[str, list[str]] = field(default_factory=dict)
    _folder: str = ""

    def enter(self, folder: str) -> None:
        """Remember the folder in which the next commands run."""
        folder = folder.replace("\\", "/").rstrip("/")
        is_absolute = folder.startswith(("/", "~", "$")) or not self._folder
        self._folder = folder if is_absolute else f"{self._folder}/{folder}"[-_MAX_TEXT:]

    def assign(self, name: str, words: Iterable[Word]) -> None:
        """Remember what a variable may be from now on."""
        values: list[str] = []
        for word in words:
            if any(map(self.is_secret_name, word.variables)) or any(
                map(self._mentions_secret_file, word.scripts)
            ):
                self.secret_variables.add(name)
            values += self.texts_of(word)
        self._values[name] = values[:_MAX_VALUES]

    def write(self, files: Iterable[str]) -> None:
        """Remember files that hold secrets from now on."""
        for name in files:
            is_new = name.lower() not in _NOWHERE and name not in TERMINALS
            if is_new and len(self.written) < _MAX_FILES and not names_secret_file(name):
                self.written[name] = None

    def texts_of(self, word: Word) -> list[str]:
        """Return what a word may be: as it is written, and with the variables that are known."""
        if not word.variables and "\\" not in word.raw:
            return [word.text[:_MAX_TEXT]]
        texts = [word.text]
        for name in word.variables:
            texts += [
                text.replace(f"${{{name}}}", value).replace(f"${name}", value)
                for text in texts[:_MAX_COMBINED]
                for value in self._values.get(name, ())
            ]
        if "\\" in word.raw:
            texts.append(word.raw)
        return [text[:_MAX_TEXT] for text in texts[:_MAX_TEXTS]]

    def is_secret_file(self, word: Word) -> bool:
        """Tell whether a word names a file of secrets, or is what a command says of one."""
        folder = self._folder
        for text in self.texts_of(word):
            if (
                names_secret_file(text, folder)
                or is_same_file(text, folder, self.secret_files)
                or is_same_file(text, folder, self.written)
            ):
                return True
        return bool(word.scripts) and any(map(self._mentions_secret_file, word.scripts))

    def _mentions_secret_file(self, script: Script) -> bool:
        return any(
            self.is_secret_file(word)
            for pipeline in script
            for command in pipeline
            for word in command.words[1:]
        )

    def holds_secrets(self, words: Sequence[Word]) -> bool:
        """Tell whether any of the words names a file of secrets, itself or by a variable."""
        return any(
            self.is_secret_file(word) or not self.secret_variables.isdisjoint(word.variables)
            for word in words
        )

    def may_be_secret(self, name: str) -> bool:
        """Tell whether a variable is a secret that is named on the line, or by another one."""
        if not name.startswith("$"):
            return is_secret_variable(name) or self._may_be_loaded(name)
        return any(map(is_secret_variable, self._values.get(name.strip("${}"), ())))

    def mentions_copy(self, code: str) -> bool:
        """Tell whether code names a file that got secrets."""
        files = (*self.secret_files, *self.written)
        return any(name in code for name in files if len(name) >= _LEAST_PATH)

    def is_secret_name(self, name: str) -> bool:
        """Tell whether a variable is a secret; a short name in capitals may be one."""
        if name in self.secret_variables or is_secret_variable(name) or self._may_be_loaded(name):
            return True
        is_environment = name.isupper() and name not in self._values and name not in _NOT_SECRET
        return is_environment and strength_of(name) > Strength.NONE

    def _may_be_loaded(self, name: str) -> bool:
        """Tell whether a variable may come from a file of secrets, as nothing else set it."""
        return (
            self.is_loaded
            and name not in self._values
            and name not in _OF_THE_SHELL
            and name.isidentifier()
        )

    def has_secret_variable(self, word: Word) -> bool:
        """Tell whether the value of a secret variable is in a word."""
        batch = [first or second for first, second in _BATCH_VARIABLE.findall(word.text)]
        return word.is_indirect or any(map(self.is_secret_name, (*word.variables, *batch)))
