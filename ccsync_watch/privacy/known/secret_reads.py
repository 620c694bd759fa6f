"""Decide which tool calls disclose secrets to a conversation, and which values; pure.

A call's arguments decide what it reads, not its output: the content of a file of secrets is not
kept, and the values in it are known from then on, wherever they occur.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.heuristics.thresholds import LEAST_KNOWN_VALUE
from ccsync_watch.privacy.heuristics.words import load_words
from ccsync_watch.privacy.known.secret_values import (
    is_secret_file,
    is_worth_knowing,
    values_in_secret_file,
)
from ccsync_watch.transcripts.tools import COMMANDS, named_files, texts_under

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy.policy.policy import Reads

MAX_VALUES = 200
"""Of one file; one with more is not a file of credentials."""

_MAX_CHARS = 256 << 10
_SEPARATORS = re.compile(r"[;\n`(){}]|\|\|?|&&?|\$\(")
_WORD = re.compile(r"""(?:[^\s'"]|'[^']*'|"[^"]*")+""")
_INPUT = re.compile(r"<\s*([^\s<>]+)")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_WRAPPERS = frozenset({"sudo", "command", "exec", "time", "nice", "doas", "busybox", "xargs"})
_READERS = frozenset(load_words("file_readers"))
_LISTERS = frozenset({"printenv", "export", "set", "declare", "typeset", "env", "compgen"})
_NUMBERED = re.compile(r"^ {0,8}\d{1,6}(?:\t|→|:)", re.MULTILINE)
_BODY_LINE = re.compile(r"^[A-Za-z0-9+/=]{32,128}$")


def classify_call(name: str, arguments: JsonValue) -> Reads:
    """Return what a tool call reads, as far as its arguments show it."""
    if not isinstance(arguments, dict):
        return "anything"
    if any(is_secret_file(path) for path in named_files(name, arguments)):
        return "secrets"
    commands = texts_under(arguments, COMMANDS)
    return _classify_command(commands[0]) if commands else "anything"


def _classify_command(command: str) -> Reads:
    """Return what a shell's command line reads: each simple command is examined by itself."""
    lists_variables = False
    for simple in _SEPARATORS.split(command[:_MAX_CHARS]):
        words = [word.strip("'\"") for word in _WORD.findall(simple)]
        while words and (words[0] in _WRAPPERS or _ASSIGNMENT.match(words[0])):
            words.pop(0)
        if not words:
            continue
        verb, rest = words[0].rpartition("/")[2], words[1:]
        files = rest if verb in _READERS else _INPUT.findall(simple)
        if any(is_secret_file(word.strip("<'\"*?")) for word in files):
            return "secrets"
        if verb in _LISTERS and (verb != "env" or all(_ASSIGNMENT.match(word) for word in rest)):
            lists_variables = True
    return "variables" if lists_variables else "anything"


def disclosed_values(text: str) -> dict[str, str]:
    """Return the secret values in a text that such a call read or wrote, with the kind `file`.

    These are assignments to a secret's name, the lines of a key's body, and a file of one word.
    """
    if len(text) > _MAX_CHARS:
        return {}
    plain = _NUMBERED.sub("", text)
    values = dict(values_in_secret_file(plain))
    alone = plain.strip()
    if len(alone.split()) == 1 and "=" not in alone[:-2] and is_worth_knowing(alone):
        values[alone] = "file"
    if "PRIVATE KEY" in plain:
        values.update((line, "file") for line in plain.split("\n") if _BODY_LINE.fullmatch(line))
    return {
        value: kind
        for value, kind in list(values.items())[:MAX_VALUES]
        if len(value) >= LEAST_KNOWN_VALUE
    }
