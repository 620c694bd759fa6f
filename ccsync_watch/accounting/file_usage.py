"""Which files the tools read and changed, and by how many lines, from the stored results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.accounting.activity import COUNTED_CALLS, counted_messages
from ccsync_watch.accounting.selections import EVERYTHING, selected_sessions
from ccsync_watch.store.call_origins import CALLED_PATH
from ccsync_watch.transcripts.tools import TOOLS

if TYPE_CHECKING:
    from ccsync_watch.accounting.selections import Selection
    from ccsync_watch.store.database import Database

_FILE_TOOLS = [tool for tool in TOOLS if tool.is_file_tool]
_NAMES = ", ".join(f"'{tool.name}'" for tool in _FILE_TOOLS)
_CHANGING = ", ".join(f"'{tool.name}'" for tool in _FILE_TOOLS if tool.contents)


@dataclass(frozen=True, slots=True)
class FileLine:
    """What sessions did with one file; lines are None where no result says how many.

    Calls that failed are in none of the counts.
    """

    path: str
    sessions: int
    reads: int
    edits: int
    lines_added: int | None
    lines_removed: int | None


def by_file(database: Database, selection: Selection = EVERYTHING) -> list[FileLine]:
    """Return files, the most changed first; none where `sync_tool_calls` is off.

    A selected model does not limit them.
    """
    condition, values = counted_messages(
        selection.since_ms, selection.until_ms, selected_sessions(database, selection)
    )
    calls = COUNTED_CALLS.format(condition=f"p.tool_name IN ({_NAMES}) AND {condition}")
    query = (
        f"SELECT coalesce(json_extract(content, '$.path'), {CALLED_PATH.format(p='r')}) AS path,"  # noqa: S608 - constants
        " count(DISTINCT session_id) AS sessions,"
        f" sum(tool_name NOT IN ({_CHANGING})) AS reads, sum(tool_name IN ({_CHANGING})) AS edits,"
        " sum(json_extract(content, '$.lines_added')) AS added,"
        " sum(json_extract(content, '$.lines_removed')) AS removed"
        f" FROM {calls} AS r WHERE kind = 'tool-result' AND json_extract(content, '$.ok')"
        " AND path IS NOT NULL GROUP BY path ORDER BY edits DESC, reads DESC, path"
    )
    return [
        FileLine(row["path"], row["sessions"], row["reads"], row["edits"], row["added"],
                 row["removed"])
        for row in database.read().execute(query, values)
    ]  # fmt: skip
