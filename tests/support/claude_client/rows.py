"""Read transcripts as rows, and the parts of rows that tests need."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Row: TypeAlias = dict[str, Any]


def read_rows(path: Path) -> list[Row]:
    """Return the transcript's complete lines, decoded; a line still being written is left out."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1] if line]


def moment_ms(row: Row) -> int:
    """Return when a row was written, in milliseconds since the epoch."""
    moment = datetime.fromisoformat(row["timestamp"].replace("Z", "+00:00"))
    return round(moment.timestamp() * 1000)


def blocks(rows: Iterable[Row], role: str, kind: str) -> list[Row]:
    """Return the content blocks of one kind, in file order, from the rows of one role."""
    return [
        block
        for row in rows
        if row.get("type") == role
        for block in content_blocks(row)
        if block["type"] == kind
    ]


def texts(rows: Iterable[Row], role: str) -> list[str]:
    """Return what the user typed, or what the assistant said, in file order."""
    return [block["text"] for block in blocks(rows, role, "text")]


def rows_of_type(rows: Iterable[Row], kind: str, subtype: str | None = None) -> list[Row]:
    """Return the rows of one type, and of one subtype unless that is None."""
    wanted = [row for row in rows if row.get("type") == kind]
    return wanted if subtype is None else [row for row in wanted if row.get("subtype") == subtype]


def content_blocks(row: Row) -> list[Row]:
    """Return the blocks of a row; a bare text is one."""
    content = row["message"]["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content
