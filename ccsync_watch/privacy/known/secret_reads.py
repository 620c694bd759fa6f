"""Decide which tool calls disclose secrets to a conversation, and which values; pure.

A call's arguments decide what it reads, not its output: what a file of secrets holds, or a command
prints that prints secrets, is not kept, and its values are known from then on, wherever they occur.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from ccsync_watch.privacy.heuristics.thresholds import LEAST_KNOWN_VALUE
from ccsync_watch.privacy.known.command_lines.command_reader import CommandReading, read_command
from ccsync_watch.privacy.known.command_lines.inline_code import prints_secrets
from ccsync_watch.privacy.known.command_lines.secret_paths import is_same_file, names_secret_file
from ccsync_watch.privacy.known.printed_values import printed_values
from ccsync_watch.privacy.known.secret_values import values_in_secret_file
from ccsync_watch.transcripts.tools import CODE, command_line, is_mcp_tool, named_files, texts_under

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy.policy.policy import Reads

MAX_VALUES = 200
"""Of one file; one with more is not a file of credentials."""

_STORES = (
    "(?:hashicorp|1password|onepassword|bitwarden|lastpass|keepass|keychain|keyring|secrets?_?manager"
    "|infisical|doppler|akeyless|conjur|op_item|vault_(?:read|get|kv)|kv_(?:read|get))"
)
_KINDS = ("resourceType", "resource_type", "kind", "resource")
_SECRET_TOOL = re.compile(
    r"__(?:\w*_)?(?:get|read|fetch|show|reveal|list|decrypt|retrieve|access|lookup|export|dump)\w*"
    r"(?:secret|passw|credential|cookie|private_?key|access_?token|api_?key|keychain|vault_?item)"
    rf"|__(?=\w*{_STORES})\w*(?:get|read|fetch|show|reveal|decrypt|retrieve|lookup|export)",
    re.IGNORECASE,
)
"""What a server calls a tool that returns secrets."""
_SECRETS = CommandReading("secrets")
_ANYTHING = CommandReading()
_LONGEST_PIECE = 1000
_MAX_CHARS = 256 << 10
_NUMBERED = re.compile(r"^ {0,8}\d{1,6}(?:\t|→|:)", re.MULTILINE)
_BODY_LINE = re.compile(r"^[A-Za-z0-9+/=]{32,128}$")


def read_call(
    name: str, arguments: JsonValue, secret_files: frozenset[str] = frozenset()
) -> CommandReading:
    """Return what a call reads, as far as its arguments show it; `secret_files` hold secrets."""
    if not isinstance(arguments, dict):
        return _ANYTHING
    files = named_files(name, arguments)
    if any(names_secret_file(path) or is_same_file(path, "", secret_files) for path in files):
        return _SECRETS
    if is_mcp_tool(name) and (_SECRET_TOOL.search(name) or _asks_for_secret(arguments)):
        return _SECRETS
    line = command_line(arguments)
    if line:
        # Without files as the tracker asks: so that it is read once.
        return read_command(line, secret_files) if secret_files else read_command(line)
    if any(map(prints_secrets, texts_under(arguments, CODE))):
        return _SECRETS
    return _ANYTHING


def _asks_for_secret(arguments: dict[str, JsonValue]) -> bool:
    """Tell whether a call asks a cluster for its secrets."""
    kinds = texts_under(arguments, _KINDS)
    return any(kind.lower().partition("/")[0] in {"secret", "secrets"} for kind in kinds)


def classify_call(name: str, arguments: JsonValue) -> Reads:
    """Return what a tool call reads, as far as it shows without the calls before it."""
    return read_call(name, arguments).reads


def disclosed_values(text: str, reads: Reads = "secrets") -> dict[str, str]:
    """Return the secret values in a text that such a call read or wrote, with the kind `file`.

    Of variables these are the ones with a secret's name. Of secrets also the lines of a key's body,
    what looks random, and what stands alone.
    """
    if len(text) > _MAX_CHARS:
        return {}
    plain = _NUMBERED.sub("", text)
    values = dict(values_in_secret_file(plain))
    if reads == "secrets":
        values.update(dict.fromkeys(sorted(printed_values(plain)), "file"))
        if "PRIVATE KEY" in plain:
            values.update(
                (line, "file") for line in plain.split("\n") if _BODY_LINE.fullmatch(line)
            )
    pieces = ((piece, kind) for value, kind in values.items() for piece in _pieces(value))
    return {
        piece: kind for piece, kind in islice(pieces, MAX_VALUES) if len(piece) >= LEAST_KNOWN_VALUE
    }


def _pieces(value: str) -> Iterator[str]:
    """Yield a value in pieces that an engine can search for."""
    for start in range(0, len(value), _LONGEST_PIECE):
        yield value[start : start + _LONGEST_PIECE]
