"""Read the tags that the client puts around texts; pure, and linear in the text's length."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

# What is in quotes may hold the end of a tag. Not all quotes are in pairs: then none may.
_OPEN = re.compile(
    r'\s*<([a-z][a-z_-]{1,40})((?:\s(?:[^<>"]|"[^"]{0,2000}"){0,4000})?|\s[^<>]{0,4000})>'
)
_ATTRIBUTE = re.compile(r'([a-z_-]{1,40})="([^"]{0,2000})"')
_EDGE_CHARS = 2000
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&"))


@dataclass(frozen=True, slots=True)
class Tag:
    """An element of a text: what is between its tags, and where it ends."""

    name: str
    attributes: dict[str, str]
    inner: str
    end: int


def read_tag(text: str, names: Container[str], at: int = 0) -> Tag | None:
    """Return the element that begins at `at`, after white space at most.

    None if nothing of these names begins there, or if it has no end.
    """
    opening = _OPEN.match(text, at)
    if opening is None or opening[1] not in names:
        return None
    close = f"</{opening[1]}>"
    inner_end = text.find(close, opening.end())
    if inner_end < 0:
        return None
    attributes = {name: _unescape(value) for name, value in _ATTRIBUTE.findall(opening[2])}
    return Tag(opening[1], attributes, text[opening.end() : inner_end], inner_end + len(close))


def read_tags(text: str, names: Container[str], at: int = 0) -> list[Tag]:
    """Return the elements of these names that follow each other from `at` on."""
    tags: list[Tag] = []
    while tag := read_tag(text, names, at):
        tags.append(tag)
        at = tag.end
    return tags


def read_only_tags(text: str, names: Container[str]) -> list[Tag]:
    """Return the elements that a text consists of; none if it says anything else."""
    tags = read_tags(text, names)
    return tags if tags and not text[tags[-1].end :].strip() else []


def _unescape(value: str) -> str:
    for entity, character in _ENTITIES:
        value = value.replace(entity, character)
    return value


def edges(text: str) -> str:
    """Return the beginning and the end of a long text, a short one itself.

    The client writes its own words around those of others, so it is enough to look for them there.
    """
    if len(text) <= 2 * _EDGE_CHARS:
        return text
    return f"{text[:_EDGE_CHARS]}\n{text[-_EDGE_CHARS:]}"
