"""Turn whole lines into records; pure, and never stopped by what a line holds.

Line types that carry nothing of ours are known by their first bytes and dropped without being
parsed; they are more than nine tenths of what today's client writes. Unknown types are counted.
What is no JSON is recorded by its offsets, and whole rows inside it are saved.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.model import Fact, Line, Unreadable
from ccsync_watch.transcripts.fields import identity, text
from ccsync_watch.transcripts.rows import take_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ccsync_watch.model import Batch, JsonValue, Stream

# Facts: transcript-format.md, section 4. Each of these holds no row of the conversation, or a
# second copy of one that stands elsewhere in the same file.
_DROPPED_TYPES = frozenset(
    {
        "agent-color", "agent-name", "agent-setting", "api-request", "api-request-blob",
        "api-request-resumed", "api-request-shape", "artifact-autoreact-ledger",
        "artifact-comment-monitor", "atis-latch", "attribution-snapshot", "bridge-session",
        "content-replacement", "continued-in", "data-flow-incomplete", "data-flow-records",
        "derived-from", "dev-mods", "ended-by-model", "file-history-delta",
        "file-history-snapshot", "fork-context-ref", "frame-link", "history-suppression",
        "host-row", "hybrid-organization", "isolation-latch", "memory-mode", "mode",
        "observer-ref", "permission-mode", "pr-link", "progress", "queue-operation", "relocated",
        "repl-mode", "resume-head-vouch", "session-owner", "tag", "tools-used", "worktree-state",
    }
)  # fmt: skip
_FACTS = {
    "ai-title": "generated_title",
    "cost-state": "cost_state",
    "custom-title": "custom_title",
    "last-prompt": "leaf",
    "summary": "summary",
}
_TREE_TYPES = frozenset({"user", "assistant", "system", "attachment"})
_TYPE_HEAD = b'{"type":"'
_TREE_HEAD = b'{"parentUuid":'
_ATTACHMENT = re.compile(
    rb'\{"parentUuid":(?:null|"[^"]{0,64}"),(?:"logicalParentUuid":(?:null|"[^"]{0,64}"),)?'
    rb'"isSidechain":(?:true|false),(?:"promptId":"[^"]{0,64}",)?(?:"agentId":"[^"]{0,64}",)?'
    rb'"attachment":\{"type":"([a-z_]{1,40})"'
)
# Inside a row only what begins so can be a row of its own: its blocks have types too.
_ROW_START = re.compile(
    rb'\{"(?:parentUuid":|type":"(?:'
    + "|".join(sorted(_DROPPED_TYPES | _TREE_TYPES | _FACTS.keys())).encode()
    + rb')")'
)
_KEPT_ATTACHMENTS = frozenset({b"queued_command", b"file"})
_SAFE_TYPE = re.compile(r"[A-Za-z0-9_./-]{1,48}")
_MAX_SALVAGED = 64
# No row of the client's comes near; what follows here walks a row by recursion.
_MAX_NESTING = 100
_BOM = b"\xef\xbb\xbf"


def dropped_type(head: bytes) -> str | None:
    """Return the type of a line that carries nothing of ours, from its first bytes, else None."""
    if head.startswith(_TYPE_HEAD):
        name = head[len(_TYPE_HEAD) : head.find(b'"', len(_TYPE_HEAD))].decode("utf-8", "replace")
        return name if name in _DROPPED_TYPES else None
    attachment = _ATTACHMENT.match(head)
    if attachment and attachment[1] not in _KEPT_ATTACHMENTS:
        return f"attachment/{attachment[1].decode()}"
    return None


def is_dropped(head: bytes) -> bool:
    """Tell whether a line may be passed over unread, from its first bytes."""
    return dropped_type(head) is not None


def parse(lines: Iterable[Line], stream: Stream, batch: Batch) -> None:
    """Add to `batch` what the lines hold, and move its end to theirs."""
    for line in lines:
        try:
            _parse_line(line, stream, batch)
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            # A shape that no client has written yet: kept by its offsets, and the file goes on.
            reason = f"not understood ({type(error).__name__})"
            batch.unreadable.append(Unreadable(line.start, line.end, reason))
        batch.lines += 1
        batch.end = line.end


def _parse_line(line: Line, stream: Stream, batch: Batch) -> None:
    data = line.data
    name = dropped_type(data[:512])
    # A broken write can leave a whole row behind the start of a dropped one: look for its head,
    # which inside a string would have its quotes escaped.
    if name is not None and data[-1:] == b"}" and data.find(_TREE_HEAD, 1) < 0:
        batch.counted[name] += 1
        return
    if not data or data == b"\r":
        return
    row = _loaded(data)
    if row is None:
        _salvage(line, stream, batch)
    else:
        _take(row, line, stream, batch)


def _loaded(data: bytes) -> dict[str, Any] | None:
    """Return the line's object, None when it is no JSON object that can be walked."""
    try:
        row = orjson.loads(data)
    except orjson.JSONDecodeError:
        row = _loaded_leniently(data) if b"\\u" in data else None
    return row if isinstance(row, dict) and not _is_too_deep(row, data) else None


def _is_too_deep(row: dict[str, Any], data: bytes) -> bool:
    if data.count(b"{") + data.count(b"[") <= _MAX_NESTING:
        return False
    inner: list[Any] = [row]
    for _level in range(_MAX_NESTING):
        inner = [
            item
            for each in inner
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, (dict, list))
        ]
    return bool(inner)


def _loaded_leniently(data: bytes) -> object:
    """Load JSON that holds half a surrogate pair, as a client that cuts UTF-16 writes it."""
    try:
        return orjson.loads(
            json.dumps(json.loads(data), ensure_ascii=False).encode("utf-8", "replace")
        )
    except (ValueError, RecursionError):
        return None


def _salvage(line: Line, stream: Stream, batch: Batch) -> None:
    """Save the whole rows inside a line that is no JSON; record the rest of it as unreadable."""
    position = line.start
    for start, end, row in _whole_rows(line.data):
        _note_gap(position, line.start + start, line, batch)
        _take(row, Line(line.start + start, line.start + end, b""), stream, batch)
        position = line.start + end
    _note_gap(position, line.end - 1, line, batch)


def _note_gap(start: int, end: int, line: Line, batch: Batch) -> None:
    gap = line.data[start - line.start : end - line.start].strip(b"\r\n\t ")
    if gap and gap != _BOM:
        reason = "NUL bytes" if not gap.strip(b"\0") else "not JSON"
        batch.unreadable.append(Unreadable(start, end, reason))


def _whole_rows(data: bytes) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield `(start, end, row)` for each object in `data` that can be read on its own."""
    text_decoder = json.JSONDecoder()
    position = 0
    for _attempt in range(_MAX_SALVAGED):
        found = _ROW_START.search(data, position)
        if not found:
            return
        start = found.start()
        row = _loaded(data[start:].rstrip(b"\0\r "))
        if row is not None:
            yield start, len(data), row
            return
        try:
            # latin-1 keeps one character a byte, so that the end found is an offset in bytes.
            _value, end = text_decoder.raw_decode(data[start:].decode("latin-1"))
            row = _loaded(data[start : start + end])
        except (ValueError, RecursionError):
            row, end = None, 1
        if row is None:
            position = start + 1
            continue
        yield start, start + end, row
        position = start + end


def _take(row: dict[str, Any], line: Line, stream: Stream, batch: Batch) -> None:
    name = row.get("type")
    name = name if isinstance(name, str) else ""
    if name in _TREE_TYPES and isinstance(row.get("uuid"), str):
        take_row(name, row, line, stream, batch)
        return
    session_id = identity(row.get("sessionId")) or stream.session_id
    value = _fact_value(name, row)
    if value is not None:
        batch.facts.append(Fact(session_id, _FACTS[name], value, line.start))
    shown = name if _SAFE_TYPE.fullmatch(name) else "other"
    batch.counted[shown if name in _DROPPED_TYPES or name in _FACTS else f"?{shown}"] += 1


def _fact_value(name: str, row: dict[str, Any]) -> JsonValue:
    if name == "cost-state":
        return {key: item for key, item in row.items() if key not in {"type", "sessionId"}}
    if name == "summary":
        return {"text": text(row.get("summary")), "leaf": identity(row.get("leafUuid"))}
    if name == "last-prompt":
        return identity(row.get("leafUuid"))
    return text(row.get({"custom-title": "customTitle", "ai-title": "aiTitle"}.get(name, "")))
