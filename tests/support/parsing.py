"""Parse rows of the tests' session, in short forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.model import Batch, Line
from ccsync_watch.stream import Stream
from ccsync_watch.transcripts.parse import parse
from ccsync_watch.transcripts.rows import add_row
from ccsync_watch.transcripts.tail import split
from support.lines import SESSION
from support.pumping import joined

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue, Message

STREAM = Stream(SESSION, SESSION, None)
AGENT = "a0123456789abcdef"


def parse_rows(*rows: dict[str, Any] | bytes, start: int = 0) -> Batch:
    """Parse the lines of a file, which begin at `start`."""
    return parse(split(joined(*rows), start), STREAM, start)


def uuids(batch: Batch) -> list[str]:
    """Return the uuids of a batch's messages, in order."""
    return [message.uuid for message in batch.messages]


def reasons(batch: Batch) -> list[str]:
    """Return why ranges of a batch are unreadable, in order."""
    return [unreadable.reason for unreadable in batch.unreadable]


def read_row(row: dict[str, Any], stream: Stream = STREAM) -> Batch:
    """Return the records of one row that stands at offsets 5 to 9."""
    batch = Batch(0, 0)
    add_row(row, Line(5, 9, b""), stream, batch)
    return batch


def read_message(row: dict[str, Any], stream: Stream = STREAM) -> Message:
    """Return the only message of a row."""
    (message,) = read_row(row, stream).messages
    return message


def read_contents(row: dict[str, Any]) -> tuple[str, str, list[JsonValue]]:
    """Return role, kind and contents of the only message of a row."""
    message = read_message(row)
    return message.role, message.kind, [part.content for part in message.parts]
