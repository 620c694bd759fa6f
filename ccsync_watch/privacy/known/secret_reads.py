"""Decide which tool calls disclose secrets to a conversation, and which values; pure.

A call's arguments decide what it reads, not its output: the content of a file of secrets is not
kept, and the values in it are known from then on, wherever they occur.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.heuristics.thresholds import LEAST_KNOWN_VALUE
from ccsync_watch.privacy.known.command_lines.command_reader import read_command
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
_NUMBERED = re.compile(r"^ {0,8}\d{1,6}(?:\t|→|:)", re.MULTILINE)
_BODY_LINE = re.compile(r"^[A-Za-z0-9+/=]{32,128}$")


def classify_call(name: str, arguments: JsonValue) -> Reads:
    """Return what a tool call reads, as far as its arguments show it."""
    if not isinstance(arguments, dict):
        return "anything"
    if any(is_secret_file(path) for path in named_files(name, arguments)):
        return "secrets"
    commands = texts_under(arguments, COMMANDS)
    return read_command(commands[0]).reads if commands else "anything"


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
