"""Find the stored results of calls that print secrets by the rules of today.

The rules that stored them may not have known the command, and the transcript may be gone.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ccsync_watch.privacy.known.secret_reads import classify_call, disclosed_values
from ccsync_watch.store import stored_messages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ccsync_watch.model import JsonValue, Part
    from ccsync_watch.privacy.known.tracker import TrackingRedactor
    from ccsync_watch.store.database import Database

_CHUNK = 500
MAX_FAILURE_CHARS = 200


def track_printed_secrets(
    database: Database, redactor: TrackingRedactor, calls: Iterable[Part] | None = None
) -> frozenset[str]:
    """Add what the stored results of such calls, or of those among some, show to the known secrets.

    Return the ids of those calls of whose results only the sizes may be kept.
    """
    printing = {}
    for part in stored_messages.all_tool_calls(database) if calls is None else calls:
        reads = classify_call(part.tool_name or "unknown", part.content)
        if part.tool_use_id and reads != "anything":
            printing[part.tool_use_id] = reads
    ids = iter(printing)
    while chunk := list(islice(ids, _CHUNK)):
        for call_id, part in stored_messages.tool_results(database, chunk).items():
            output = part.content.get("output") if isinstance(part.content, dict) else None
            if isinstance(output, str):
                for value, kind in disclosed_values(output, printing[call_id]).items():
                    redactor.add_known(value, kind)
    return frozenset(call_id for call_id, reads in printing.items() if reads == "secrets")


def without_output(part: Part) -> JsonValue:
    """Return a stored result with its sizes alone."""
    if not isinstance(part.content, dict):
        return part.content
    return {name: value for name, value in part.content.items() if name != "output"}


def as_of_file(part: Part) -> JsonValue:
    """Return a stored result as that of a call that reads a file: a failure's first line is kept.

    Of what was denied, the text is the client's.
    """
    content = part.content
    if not isinstance(content, dict) or "denied" in content:
        return content
    output = content.get("output")
    if content.get("ok") is not False or not isinstance(output, str):
        return without_output(part)
    return {**content, "output": output.split("\n", 1)[0][:MAX_FAILURE_CHARS]}
