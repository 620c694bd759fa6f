"""The secret values in what a command printed that prints secrets, or in a secret file; pure.

They are recognised in JSON, tables, assignments and lines of one word. What the command is known to
print lets values count that have no secret's name, as long as they look random or stand alone.
"""

from __future__ import annotations

import base64
import binascii
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.plain_text import plain_value
from ccsync_watch.privacy.heuristics.dummy_values import is_passphrase
from ccsync_watch.privacy.heuristics.gibberish import is_mixed_draw, is_unlike_words, wordiness
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.password_forms import is_surely_chosen
from ccsync_watch.privacy.heuristics.thresholds import LEAST_HYPHENED_WORDS, STRICT_WORDINESS
from ccsync_watch.privacy.heuristics.value_strength import (
    is_password,
    is_secret,
    is_strict_random,
)
from ccsync_watch.privacy.known.secret_values import is_worth_knowing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.model import JsonValue

_MAX_DEPTH = 12
_LONGEST_LINE = 8192
_LEAST_CHANGES = 5
_UNBROKEN = re.compile(r"[A-Za-z0-9+/=]{16,4096}")
_LEAST_CELLS = 2
_CELLS = re.compile(r"\s*[|│┃]\s*|\t+| {2,}")
_RULE = re.compile(r"[-─━═+┼|│ =]+")
_VALUE_NAMES = frozenset(
    {
        "value", "values", "secretstring", "secretvalue", "plaintext", "payload", "parametervalue",
        "currentvalue", "defaultvalue", "raw", "computed", "data", "stringdata", "field", "content",
    }
)  # fmt: skip
"""Under these, what a command prints that prints secrets is one."""
_IDENTIFYING = frozenset(
    {
        "ARN", "BUCKET", "CLUSTER", "COMMIT", "DATE", "DIGEST", "DOMAIN", "EMAIL", "FINGERPRINT",
        "HOST", "HOSTNAME", "ID", "IDS", "IMAGE", "NAME", "PATH", "REGION", "REVISION", "SHA",
        "TAG", "URI", "URL", "USER", "USERNAME", "UUID", "VERSION", "ZONE",
    }
)  # fmt: skip
"""Variables that end so say which thing is meant, not how to get at it."""
_PLAIN_NAME = re.compile(r"[A-Za-z_](?:[\w.-]{0,60}\w)?")
_DESCRIBING = _IDENTIFYING | {
    "ACCOUNT", "CHECKSUM", "CREATED", "DATABASE", "ETAG", "HASH", "INSTANCE", "KIND", "LABEL",
    "LOGIN", "MODEL", "NAMESPACE", "PROJECT", "RESOURCEVERSION", "SERIAL", "SERVER", "SUM", "TITLE",
    "TYPE", "UID", "UPDATED", "VERSIONID",
}  # fmt: skip
_NAME_WORD = re.compile(r"[A-Za-z]+")
_ASSIGNED = re.compile(
    r"[+-]?[ \t]{0,20}(?:export|declare -\w+|set(?:x| -\w+)?|-|\$env:)?[ \t]{0,4}"
    r"[\"']?(?P<name>[A-Za-z_][\w ./:-]{0,80}?)[\"']?[ \t]{0,40}(?:[:=]|=>)[ \t]{0,40}"
    r"(?P<value>\S.*)"
)
_PUBLIC = re.compile(r"public|pub[ _-]?key", re.IGNORECASE)
_CSV_HEADER = re.compile(
    r"[\"']?[A-Za-z_][\w -]{0,60}[\"']?(?:,[\"']?[A-Za-z_][\w -]{0,60}[\"']?){1,40}"
)
_PATH_OR_ADDRESS = re.compile(r"[~.]?/|[A-Za-z]:\\|[a-z][a-z0-9+.-]{1,20}://|[\w-]+\.\w{1,4}$")
_VARIABLE = re.compile(r"[A-Za-z_]\w{0,80}=[^=\s]")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,4096}={0,2}")
_TOKEN = re.compile(r"[^\s\"'`,;<>()\[\]{}|=]{16,4096}={0,2}")
_IDENTITY = re.compile(
    r"[0-9a-f]{40}|[0-9a-f]{64}|\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?"
)
"""A hash or a uuid: under no name, or one that proves little, it identifies something."""


def printed_values(text: str) -> set[str]:
    """Return the secret values in a text that a command printed, of at most a few hundred KB."""
    text = str(plain_value(text)).strip()
    values: set[str] = set()
    document = _load(text)
    if document is not None:
        values.update(_values_in_json(document, Strength.NONE, 0))
    else:
        lines = text.splitlines()
        values.update(_values_in_table(lines))
        is_list = all(_is_word(line.strip()) for line in lines)
        for number, line in enumerate(lines):
            plain = line[:_LONGEST_LINE].strip()
            values.update(_values_in_line(plain, is_first=is_list or not number))
            values.update(_generated_in_line(plain))
        if len(lines) == 1 and _stands_alone(text):
            values.add(text)
    decoded = {value: _decode(value) for value in values}
    values.update(filter(None, decoded.values()))
    return {
        value for value in values if is_worth_knowing(value) and not _is_dull(decoded.get(value))
    }


def decoded_values(command: str) -> set[str]:
    """Return what a command line decodes: it stands there in base64, before it is printed."""
    if "64" not in command:
        return set()
    decoded = map(_decode, _BASE64.findall(command[:_LONGEST_LINE]))
    return {value for value in decoded if value and is_worth_knowing(value)}


def _load(text: str) -> JsonValue:
    """Return the JSON that a text is, None if it is not an object or a list."""
    if text[:1] not in {"{", "["}:
        return None
    try:
        document: JsonValue = orjson.loads(text)
    except ValueError:
        return None
    return document


def _values_in_json(value: JsonValue, strength: Strength, depth: int) -> Iterator[str]:
    """Yield the values under a secret's name, or that of a value, and those that look random."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, str):
        yield from _values_in_text(value, strength, depth)
        return
    if isinstance(value, list):
        pairs = [(strength, item) for item in value]
    elif isinstance(value, dict):
        inherited = Strength.WEAK if strength >= Strength.TOKEN else Strength.NONE
        pairs = [(max(_strength(key), inherited), item) for key, item in value.items()]
        texts = ((key, item) for key, item in value.items() if isinstance(item, str))
        yield from (text for key, text in texts if _is_drawn(key, text))
    else:
        return
    for under, item in pairs:
        yield from _values_in_json(item, under, depth + 1)


def _values_in_text(text: str, strength: Strength, depth: int) -> Iterator[str]:
    """Yield the values in a text of a JSON value: JSON again, lines, or one value."""
    inner = _load(text.strip())
    if inner is not None:
        yield from _values_in_json(inner, Strength.NONE, depth + 1)
    elif "\n" in text.strip():
        yield from (line for line in text.split("\n") if _is_value(line, Strength.NONE))
    elif _VARIABLE.match(text):  # as in a container's list of them
        yield from _values_in_line(text[:_LONGEST_LINE], is_first=False)
    elif _is_value(text, strength):
        yield text


def _strength(name: str) -> Strength:
    """Return what a name proves about a value that was printed on purpose."""
    strength = strength_of(name)
    is_value = not _VALUE_NAMES.isdisjoint((name.lower(), name.lower().rpartition(" ")[2]))
    return max(strength, Strength.TOKEN) if is_value else strength


def _is_variable(name: str) -> bool:
    """Tell whether a name is one of an environment's variables, of which any may be a secret."""
    return name.isupper() and name.rpartition("_")[2] not in _IDENTIFYING


def drawn_values(text: str) -> set[str]:
    """Return the values in lines of a plain name and a value, if they look drawn."""
    values: set[str] = set()
    for line in text.splitlines():
        plain = line[:_LONGEST_LINE].strip()
        pair = _ASSIGNED.fullmatch(plain)
        cells = [pair["name"].strip(), _unquoted(pair["value"])] if pair else _CELLS.split(plain)
        if len(cells) == _LEAST_CELLS and _is_drawn(*cells):
            values.add(cells[1])
    return values


def _is_drawn(name: str, value: str) -> bool:
    """Tell whether a value under any name is generated, and the name does not describe it."""
    words = _NAME_WORD.findall(name)
    return (
        _PLAIN_NAME.fullmatch(name) is not None
        and bool(words)  # `_1` has none
        and words[-1].upper() not in _DESCRIBING
        and is_surely_chosen(value)
        and is_mixed_draw(value)
        and _PATH_OR_ADDRESS.match(value) is None
        and is_worth_knowing(value)
    )


def _is_value(value: str, strength: Strength) -> bool:
    """Tell whether a value is a secret, under a name of this strength."""
    if strength is Strength.NONE:
        return is_strict_random(value) and not _IDENTITY.fullmatch(value)
    if strength is Strength.WEAK:
        return is_secret(value, quoted=True) and not _IDENTITY.fullmatch(value)
    if strength is Strength.TOKEN:
        return is_secret(value, quoted=True) or is_password(value, quoted=True)
    return is_worth_knowing(value)


def _values_in_table(lines: list[str]) -> Iterator[str]:
    """Yield what stands in columns, or behind a first cell, with a secret's name."""
    is_csv = bool(lines) and _CSV_HEADER.fullmatch(lines[0].strip()) is not None
    header: list[Strength] = []
    for line in lines:
        if _RULE.fullmatch(line):
            continue
        plain = line[:_LONGEST_LINE].strip().strip("|│┃").strip()
        cells = plain.split(",") if is_csv else _CELLS.split(plain)
        cells = [cell.strip("\"' ") for cell in cells]
        if len(cells) < _LEAST_CELLS:
            header = []
            continue
        if len(header) == len(cells):
            named = zip(header, cells, strict=True)
            yield from (cell for strength, cell in named if _is_value(cell, strength))
        else:
            # A column of values may be of any: they must look random.
            header = [
                Strength.WEAK if cell.lower() in _VALUE_NAMES else _strength(cell) for cell in cells
            ]
        named_by_first = strength_of(cells[0])
        if named_by_first >= Strength.TOKEN or len(cells) == _LEAST_CELLS:
            yield from (cell for cell in cells[1:] if _is_value(cell, named_by_first))
            yield from (cell for cell in cells[1:2] if _is_drawn(cells[0], cell))


def _values_in_line(line: str, *, is_first: bool) -> Iterator[str]:
    """Yield what is assigned, what looks random, and what is the whole line."""
    assigned = _ASSIGNED.fullmatch(line)
    if assigned:
        if _PUBLIC.search(assigned["name"]):
            return
        name, value = assigned["name"].strip(), _unquoted(assigned["value"])
        if (
            _is_value(value, _strength(name))
            or (
                _is_variable(name)
                and _is_value(value, Strength.WEAK)
                and (wordiness(value) < STRICT_WORDINESS or _is_mixed(value))
            )
            or _is_drawn(name, value)
        ):
            yield value
    elif _is_word(line) and (
        is_secret(line, quoted=True) or (is_first and is_password(line, quoted=True))
    ):
        yield line
    yield from (token for token in _TOKEN.findall(line) if _is_value(token, Strength.NONE))


def _generated_in_line(line: str) -> Iterator[str]:
    """Yield the passwords that a generator prints in columns, or its passphrase on a line."""
    words = line.split()
    if len(words) >= LEAST_HYPHENED_WORDS and is_passphrase(line):
        yield line
    is_columns = len(words) > 1 and len(set(map(len, words))) == 1
    if is_columns and all(is_unlike_words(w) and is_password(w, quoted=True) for w in words):
        yield from words


def _is_mixed(value: str) -> bool:
    """Tell whether letters and digits alternate as in no name, whatever words are in it."""
    changes = sum(a.isdigit() is not b.isdigit() for a, b in pairwise(value))
    return _UNBROKEN.fullmatch(value) is not None and changes >= _LEAST_CHANGES


def _is_word(line: str) -> bool:
    """Tell whether a line is one word, and not a row, an assignment or a frame."""
    return not any(sign in line[:-2] for sign in " \t=,") and any(map(str.isalnum, line))


def _stands_alone(text: str) -> bool:
    """Tell whether a text that is all of the output is a value: a word, or a passphrase."""
    if _is_word(text):
        return _PATH_OR_ADDRESS.match(text) is None
    return not _ASSIGNED.fullmatch(text) and "," not in text and is_password(text, quoted=True)


def _unquoted(value: str) -> str:
    value = value.strip().rstrip(",;")
    if value[:1] in {"'", '"'}:
        closing = value.find(value[0], 1)
        return value[1:closing] if closing > 0 else value[1:]
    return value


def _is_dull(decoded: str | None) -> bool:
    """Tell whether a value is base64 of what is not worth knowing, such as a name."""
    return decoded is not None and not is_worth_knowing(decoded)


def _decode(value: str) -> str | None:
    """Return what a value is base64 of, as in a Secret of Kubernetes."""
    if len(value) % 4 or len(value) > _LONGEST_LINE:
        return None
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return text.strip() if text.strip().isprintable() else None
