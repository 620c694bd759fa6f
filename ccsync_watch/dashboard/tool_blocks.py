"""What views of tool calls are made of, and how they read the values of a call; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from ccsync_watch.dashboard.json_text import compact_json, indented_json
from ccsync_watch.plain_text import plain_text
from ccsync_watch.transcripts.fields import amount, mapping
from ccsync_watch.transcripts.kept_files import describe_values
from ccsync_watch.units import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ccsync_watch.model import JsonValue

_MAX_LINE_CHARS = 200
_MAX_SHORT_CHARS = 100
_BAR_PARTS = 5
_LINK = re.compile(r"^(.{1,300}?) — (https?://\S+)$")

BlockKind: TypeAlias = Literal[
    "checklist", "code", "command", "fields", "links", "prompt", "prose", "question", "sizes"
]
OutputKind: TypeAlias = Literal["terminal", "text", "json"]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a block. `mark` is `done`, `active` or `open` in a checklist, else a name."""

    text: str
    mark: str = ""
    url: str = ""
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a question."""

    label: str
    description: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a call's body."""

    kind: BlockKind
    text: str = ""
    items: Sequence[Item] = ()
    choices: Sequence[Choice] = ()


@dataclass(slots=True)
class ToolView:
    """How a call is shown: a line, and what is below it.

    `label` empty = the tool's name; `title` is what the line leaves out; `output` is how the text
    of the result is shown, None if the blocks have it; `is_open`: unfolded from the start.
    """

    summary: str
    label: str = ""
    title: str = ""
    added: int | None = None
    removed: int | None = None
    notes: Sequence[str] = ()
    blocks: Sequence[Block] = field(default_factory=list)
    output: OutputKind | None = "terminal"
    is_open: bool = False

    @property
    def bar(self) -> str:
        """Five signs that show how much was added and removed: `++++-`; empty for no change."""
        added, removed = self.added or 0, self.removed or 0
        total = added + removed
        if not total:
            return ""
        pluses = round(_BAR_PARTS * added / total)
        # Of what there is a little, one is shown.
        pluses = min(max(pluses, int(added > 0)), _BAR_PARTS - int(removed > 0))
        return "+" * pluses + "-" * (_BAR_PARTS - pluses)


def line_of(text: str) -> str:
    """Return a text on one line, cut where it is long."""
    line = " ".join(text[: 2 * _MAX_LINE_CHARS].split())
    return f"{line[:_MAX_LINE_CHARS]}…" if len(line) > _MAX_LINE_CHARS else line


def text_of(values: Mapping[str, JsonValue], *names: str) -> str:
    """Return the first of these values that is a text, empty without one."""
    return next(
        (value for name in names if isinstance(value := values.get(name), str) and value), ""
    )


def count_of(values: Mapping[str, JsonValue], name: str) -> int | None:
    """Return a value that is a number, as a whole one."""
    value = amount(values.get(name))
    return None if value is None else int(value)


def size_of(measured: JsonValue) -> str:
    """Return in words the size that is kept of a text; empty for anything else."""
    lines = count_of(mapping(measured), "lines")
    count = count_of(mapping(measured), "bytes")
    if lines is None or count is None:
        return ""
    return f"{plural(lines, 'line')} ({plural(count, 'byte')})"


def sizes_of(values: Mapping[str, JsonValue]) -> str:
    """Return the values of which only sizes are kept, with those; empty without one."""
    return ", ".join(
        f"{name} of {' and '.join(describe_values(value))}"
        for name, value in values.items()
        if isinstance(value, dict) and "bytes" in value and value.keys() <= {"lines", "bytes"}
    )


def field_list(values: Mapping[str, JsonValue]) -> list[Item]:
    """Return values with their names, for a table of two columns."""
    return [_field(name, value) for name, value in values.items()]


def _field(name: str, value: JsonValue) -> Item:
    if isinstance(value, str):
        text = value
    elif isinstance(value, (dict, list)):
        text = compact_json(value)
        if len(text) > _MAX_SHORT_CHARS:
            text = indented_json(value)
    else:
        text = compact_json(value)
    text = plain_text(text)
    return Item(text, mark=name, is_long="\n" in text or len(text) > 2 * _MAX_SHORT_CHARS)


def is_web_address(text: str) -> bool:
    """Return whether a page may link to a text."""
    return text.startswith(("https://", "http://"))


def links_in(text: str) -> tuple[list[tuple[str, str]], str]:
    """Return the links of a search, each a title and an address, and the rest of its text."""
    links, rest = [], []
    for line in text.splitlines():
        match = _LINK.match(line)
        if match:
            links.append((match[1], match[2]))
        else:
            rest.append(line)
    return links, "\n".join(rest).strip()
