"""The text of a settings file, with comments: read, and changed without touching the rest; pure.

The file is JSON; comments as in JavaScript (`//` and `/* */`), and a comma after the last value,
are allowed, as people write them into settings files of editors.
"""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # the library's own reader
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[}\]])')
_COMMA = re.compile(r"//[^\n]*|/\*.*?\*/|,", re.DOTALL)
_REST_OF_LINE = re.compile(r"[ \t]*\r?\n?")
_SPACE = re.compile(r"\s*")
_DECODER = json.JSONDecoder()
_INDENT = 2


class _Member(NamedTuple):
    """A key of the object: where it begins, its value does, and that ends."""

    key: str
    start: int
    value_start: int
    end: int


def without_comments(text: str) -> str:
    """Return the text as JSON: what JSON does not allow is replaced by as many spaces.

    Line ends stay, so that an error is found at the same place.
    """
    text = _TOKEN.sub(lambda match: match[0] if match[0][0] == '"' else _blank(match[0]), text)
    return _LAST_COMMA.sub(lambda match: match[0] if match[0][0] == '"' else " ", text)


def _blank(comment: str) -> str:
    return re.sub(r"[^\n\r]", " ", comment)


def repeated_keys(text: str) -> dict[str, list[int]]:
    """Return the lines of every key that an object has several times; of which the last counts.

    A key of an object inside another is named with that one's: `budget.day`. Raises ValueError for
    what is not the text of an object.
    """
    return dict(_repeated_keys(without_comments(text), "", 1))


def _repeated_keys(text: str, prefix: str, first_line: int) -> Iterator[tuple[str, list[int]]]:
    lines: dict[str, list[int]] = {}
    for member in _members(text)[0]:
        name = f"{prefix}{member.key}"
        lines.setdefault(name, []).append(first_line + text.count("\n", 0, member.start))
        if text[member.value_start] == "{":
            line = first_line + text.count("\n", 0, member.value_start)
            yield from _repeated_keys(text[member.value_start : member.end], f"{name}.", line)
    yield from ((name, where) for name, where in lines.items() if len(where) > 1)


def change_text(text: str, changes: Mapping[str, object]) -> str:
    """Return the text of an object with changed values; None removes a key, others are added.

    Everything else is as it was: order, comments, spaces. Raises ValueError for what is not the
    text of an object.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    for key, value in changes.items():
        text = _remove(text, key) if value is None else _set(text, key, value, newline)
    return text


def _set(text: str, key: str, value: object, newline: str) -> str:
    members, end = _members(without_comments(text))
    indented = json.dumps(value, indent=_INDENT, ensure_ascii=False)
    written = indented.replace("\n", f"{newline}  ")
    same = [member for member in members if member.key == key]
    if same:
        # The last of several counts.
        return f"{text[: same[-1].value_start]}{written}{text[same[-1].end :]}"
    entry = f"{newline}  {json.dumps(key, ensure_ascii=False)}: {written}"
    if not members:
        return f"{text[:end].rstrip()}{entry}{newline}{text[end:]}"
    at = members[-1].end
    comma = _comma_after(text, at, end)
    if comma is not None:
        return f"{text[: comma + 1]}{entry}{text[comma + 1 :]}"
    return f"{text[:at]},{entry}{text[at:]}"


def _remove(text: str, key: str) -> str:
    while True:
        members, end = _members(without_comments(text))
        numbers = [number for number, member in enumerate(members) if member.key == key]
        if not numbers:
            return text
        number = numbers[-1]
        member = members[number]
        comma = _comma_after(text, member.end, end)
        if comma is not None:
            following = comma + 1
            # With its line, but not with a comment on the line of the next one.
            stop = _REST_OF_LINE.match(text, following)
            line_start = text.rfind("\n", 0, member.start) + 1
            start = line_start if not text[line_start : member.start].strip() else member.start
            text = text[:start] + text[stop.end() if stop else following :]
        elif number:
            before = _comma_after(text, members[number - 1].end, end)
            start = members[number - 1].end if before is None else before
            kept = text[start + 1 : member.start].rstrip()
            text = text[:start] + kept + text[member.end :]
        else:
            text = text[: member.start].rstrip() + text[member.end :]


def _comma_after(text: str, at: int, end: int) -> int | None:
    """Return where the comma after a value is, outside of comments; None without one."""
    for match in _COMMA.finditer(text, at, end):
        if match[0] == ",":
            return match.start()
    return None


def _members(text: str) -> tuple[list[_Member], int]:
    """Return the keys of an object, and where its closing brace is."""
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        raise ValueError("not an object")
    at = _skip(text, at + 1)
    members: list[_Member] = []
    while text[at : at + 1] == '"':
        key, key_end = scanstring(text, at + 1)
        colon = _skip(text, key_end)
        if text[colon : colon + 1] != ":":
            raise ValueError("a key without a value")
        value_start = _skip(text, colon + 1)
        _value, end = _DECODER.raw_decode(text, value_start)
        members.append(_Member(key, at, value_start, end))
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
    if text[at : at + 1] != "}":
        raise ValueError("not the end of an object")
    return members, at


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
