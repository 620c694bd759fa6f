"""Which file a result says was changed, and what kind of failure a failed call was; pure.

Both are read from what the store keeps of a result. To tell another kind of failure from the rest,
add a row to `_KINDS`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.transcripts.denials import BY_USER, LABELS
from ccsync_watch.transcripts.fields import mapping, text
from ccsync_watch.transcripts.tools import TOOLS

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue
    from ccsync_watch.transcripts.call_outcome import CallOutcome

CHANGING_TOOLS = ("Edit", "MultiEdit", "Write", "NotebookEdit")
CALLED_PATHS = tuple(
    dict.fromkeys(key for tool in TOOLS if tool.is_file_tool for key in tool.paths)
)
"""The arguments that name the file of a call; the results of subagents do not name it."""
DENIED_BY_USER = BY_USER
OTHER_FAILURE = "other"
_DENIED = "denied"
_MAX_ERROR_CHARS = 400
_TIMED_OUT_CODE = 124  # of timeout(1)
_MAX_EXIT_CODE = 255
# The first that matches counts; the texts are those of the client, of shells and of servers.
_KINDS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("timed out", r"\btimed? ?out\b|\btimeout (?:of|after|exceeded)\b"),
        ("blocked by a hook", r"\bblocked by (?:a )?hook\b|\bhook (?:error|stopped)\b"),
        ("interrupted", r"\binterrupted by (?:the )?user\b|\bRequest interrupted\b"),
        ("file not read before", r"\bhas not been read yet\b"),
        ("file changed meanwhile", r"\bFile has been (?:unexpectedly )?modified\b"),
        ("text not in the file", r"\bString to replace not found\b|\bold_string not found\b"),
        ("text not unique", r"\bmatches of the string to replace\b"),
        ("nothing to change", r"\bNo changes to make\b"),
        ("invalid arguments", r"\bInputValidationError\b|\binvalid (?:argument|param|input)"),
        ("unknown tool", r"\bNo such tool\b|\bunknown tool\b|\btool not found\b"),
        ("too large", r"\bexceeds? (?:the )?maximum\b|\btoo large\b"),
        ("permission denied", r"\bpermission denied\b|\bEACCES\b|\bEPERM\b"),
        ("not found", r"\bnot found\b|\bdoes not exist\b|\bno such file\b|\bENOENT\b"),
        ("HTTP error", r"\bstatus code:? [45]\d\d\b|\bHTTP(?: error)?:? [45]\d\d\b"),
        ("connection failed", r"\bECONN\w+|\bconnection (?:closed|refused|reset|error)\b"),
        ("server error", r"\bMCP error\b"),
    )
)
_COMMAND_TIMED_OUT = re.compile(r"\bcommand timed out\b", re.IGNORECASE)
_EXIT_CODE = re.compile(r"\s*(?:Error: )?Exit code (\d{1,3})\b")


class FileChange(NamedTuple):
    """A file that a call changed; the lines are None where its result does not say how many."""

    path: str
    lines_added: int | None
    lines_removed: int | None


def read_change(
    tool_name: str | None, content: JsonValue, arguments: JsonValue = None
) -> FileChange | None:
    """Return what a result's call changed; None for one that failed, or that changes no file.

    `arguments` are those of the call: the file is theirs where the result does not name it.
    """
    values = mapping(content)
    if tool_name not in CHANGING_TOOLS or values.get("ok") is not True:
        return None
    path = text(values.get("path")) or _called_path(arguments)
    if not path:
        return None
    added, removed = _count(values.get("lines_added")), _count(values.get("lines_removed"))
    return FileChange(path, added, None if added is None else removed or 0)


def needs_arguments(tool_name: str | None, content: JsonValue) -> bool:
    """Return whether `read_change` finds the file of a result in the arguments of its call."""
    values = mapping(content)
    return tool_name in CHANGING_TOOLS and values.get("ok") is True and not values.get("path")


def _called_path(arguments: JsonValue) -> str | None:
    values = mapping(arguments)
    return next((path for key in CALLED_PATHS if (path := text(values.get(key)))), None)


def _count(value: JsonValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def failure_kind(outcome: CallOutcome, denial: str | None = None) -> str | None:
    """Return what kind of failure an outcome is; None for a call that succeeded.

    `denial` is what the row, not the result, says of a denial. A call that was denied did not run,
    and is of a kind that says who denied it.
    """
    if outcome.denied or (denial and not outcome.is_ok):
        return outcome.denied if outcome.denied in LABELS else _DENIED
    if outcome.is_ok:
        return None
    if outcome.facts.get("interrupted") is True:
        return "interrupted"
    output = (outcome.output or "")[:_MAX_ERROR_CHARS]
    code = outcome.exit_code
    if code is None and (said := _EXIT_CODE.match(output)):
        code = int(said[1])
    if code == _TIMED_OUT_CODE:
        return "timed out"
    if code:
        # What a command prints is its own affair: it says nothing of how the call ended.
        return "timed out" if _COMMAND_TIMED_OUT.search(output) else _exit_kind(code)
    return next((kind for kind, pattern in _KINDS if pattern.search(output)), OTHER_FAILURE)


def _exit_kind(code: int) -> str:
    return f"exit code {code}" if 0 < code <= _MAX_EXIT_CODE else "exit code above 255"


def is_denial(kind: str) -> bool:
    """Return whether calls of this kind did not run because somebody or something denied them."""
    return kind in LABELS or kind == _DENIED
