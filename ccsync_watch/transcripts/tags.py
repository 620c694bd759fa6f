"""Read the tags that the client puts around texts; pure, and linear in the text's length."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Container

# What is in quotes may hold the end of a tag. Not all quotes are in pairs: then none may.
_OPEN = re.compile(
    r'\s*<([a-z][a-z_-]{1,40})((?:\s(?:[^<>"]|"[^"]{0,2000}"){0,4000})?|\s[^<>]{0,4000})>'
)
_ATTRIBUTE = re.compile(r'([a-z_-]{1,40})="([^"]{0,2000})"')
# What can follow an element among others: the text's end, or the next one's tag.
_FOLLOWING = re.compile(r"\s*(?:\Z|<([a-z][a-z_-]{1,40})(?=[\s>]))")
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


def read_only_tags(text: str, names: Container[str]) -> list[Tag]:
    """Return the elements that a text consists of; none if it says anything else."""

    def may_end(at: int) -> bool:
        following = _FOLLOWING.match(text, at)
        return following is not None and (following[1] is None or following[1] in names)

    tags: list[Tag] = []
    at = 0
    while tag := read_tag(text, names, at):
        tags.append(with_quoted_ends(text, tag, may_end))
        at = tags[-1].end
    return tags if tags and not text[at:].strip() else []


def with_quoted_ends(text: str, tag: Tag, may_end: Callable[[int], bool]) -> Tag:
    """Return an element up to the first end of its tag that is not quoted in it.

    `may_end` says of a position whether what follows can follow an element. Where another one of
    this name begins before, outside of what is quoted, a person wrote about both.
    """
    opening, close = f"<{tag.name}>", f"</{tag.name}>"
    quoted, end = tag.inner.count(opening), tag.end
    while quoted or not may_end(end):
        at = text.find(close, end)
        begun = text.count(opening, end, at)
        if at < 0 or (begun and not quoted):
            return tag
        quoted = max(0, quoted + begun - 1)
        end = at + len(close)
    start = tag.end - len(close) - len(tag.inner)
    return replace(tag, inner=text[start : end - len(close)], end=end)


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
