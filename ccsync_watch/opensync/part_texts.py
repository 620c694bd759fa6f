"""The texts of a message's parts as the backend's viewer shows them; pure.

The viewer shows one list of bubbles without their kinds, and no arguments of calls. So a result
says first which call it answers, then how that ended; what the client wrote says what it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch import units
from ccsync_watch.plain_text import is_blank, plain_text
from ccsync_watch.privacy.policy.limits import cut_text
from ccsync_watch.transcripts.call_outcome import read_outcome
from ccsync_watch.transcripts.kept_files import describe_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.model import JsonValue, Part
    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.transcripts.call_outcome import CallOutcome

# Of what the client wrote: whole reports and outputs are on the pages of the machine itself.
MAX_CLIENT_CHARS = 1000
_INTERRUPT = "Request interrupted by user"
_BLANK = {
    "command_output": "[no output]",
    "interrupt": "[interrupted]",
    "notification": "[notification]",
    "session": "[session]",
}
# What a message is, where its role does not say it: what is labelled already, has no label here.
_KINDS = {
    "api_error": "API error",
    "cross_session": "other session",
    "injected": "Claude Code",
    "notice": "notice",
    "plan": "accepted plan",
    "summary": "summary",
    "task": "task",
    "teammate": "teammate",
}
_LABELLED = re.compile(r"\[[^\[\]\n]{1,200}\](?:\s|\Z)")
_EXIT_CODE = re.compile(r"\s*(?:Error: )?Exit code (\d+)[ \t]*(?:\n|\Z)")
_MINUS = "\N{MINUS SIGN}"
# What the outcome says already, or the note of the same result.
_NO_NEWS = frozenset({"async_launched", "completed", "teammate_spawned"})
_SUBAGENT_ID = re.compile(r"a(?:.*-)?[0-9a-f]{16}")
_SHORT_ID_CHARS = 8

# What is said of a result behind its outcome, in this order; what is not listed, is not said.
_FACTS: dict[str, Callable[[JsonValue], str]] = {
    "interrupted": lambda value: "interrupted" if value is True else "",
    "numFiles": lambda value: _count(value, "file"),
    "numMatches": lambda value: _count(value, "match", "matches"),
    "totalToolUseCount": lambda value: _count(value, "call"),
    "totalTokens": lambda value: _count(value, "token"),
    "status": lambda value: "" if value in _NO_NEWS else str(value).replace("_", " "),
    "agentId": lambda value: f"subagent {short_agent_id(str(value))}",
    "backgroundTaskId": lambda value: f"background task {value}",
    "userModified": lambda value: "changed by you" if value is True else "",
    "note": str,
}


def result_text(part: Part) -> str:
    """Return a result: the call, then outcome, duration and size, then the excerpt."""
    outcome = read_outcome(part.content)
    lines = [_call_line(part, outcome), _outcome_line(outcome)]
    output = plain_text(outcome.output or "")
    code = _EXIT_CODE.match(output)
    if code and int(code[1]) == outcome.exit_code:  # as said in the line above
        output = output[code.end() :]
    if output:
        lines.append(output)
    return "\n".join(lines)


def short_agent_id(agent_id: str) -> str:
    """Return enough of a subagent's id to distinguish it; a name in it is left out."""
    if "-" in agent_id:
        return agent_id.rpartition("-")[2][-_SHORT_ID_CHARS:] or agent_id[-_SHORT_ID_CHARS:]
    return agent_id[:_SHORT_ID_CHARS]


def _call_line(part: Part, outcome: CallOutcome) -> str:
    call, path = outcome.facts.get("call"), outcome.facts.get("path")
    if not isinstance(call, str):
        call = f"{part.tool_name or 'unknown'} {path}" if path else part.tool_name or "unknown"
    added, removed = (outcome.facts.get(name) for name in ("lines_added", "lines_removed"))
    is_change = isinstance(added, int) and isinstance(removed, int)
    return f"{call} (+{added} {_MINUS}{removed})" if is_change else call


def _outcome_line(outcome: CallOutcome) -> str:
    facts = outcome.facts
    ending = outcome.label
    if outcome.exit_code:
        ending = f"{ending}, exit code {outcome.exit_code}"
    if outcome.said:
        ending += f": {outcome.said}" if outcome.denied else f", you said: {outcome.said}"
    duration, lines, size = (
        facts.get("totalDurationMs") if outcome.duration_ms is None else outcome.duration_ms,
        facts.get("lines"),
        facts.get("bytes"),
    )
    items = [ending]
    if _is_number(duration):
        items.append(units.duration(float(str(duration))))
    if _is_number(size) and size and "lines_added" not in facts:
        shown = units.size(float(str(size)))
        items.append(f"{_count(lines, 'line')}, {shown}" if _is_number(lines) else shown)
    items += [describe(facts[name]) for name, describe in _FACTS.items() if name in facts]
    return " · ".join(item for item in items if item)


def _count(value: JsonValue, noun: str, nouns: str | None = None) -> str:
    if not _is_number(value):
        return ""
    count = int(float(str(value)))
    return f"{count:,} {nouns}" if nouns and count != 1 else units.plural(count, noun)


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def note_text(content: JsonValue) -> str:
    """Return a note: what it is, then what it says."""
    values = content if isinstance(content, dict) else {}
    if "label" not in values:
        return withheld(content)
    return _labelled(str(values["label"]), str(values.get("text") or ""))


def withheld(content: JsonValue) -> str:
    """Return what stands for a text that must not be stored: its size."""
    sizes = describe_values(content) if isinstance(content, dict) else []
    return f"[withheld: {', '.join(sizes)}]" if sizes else "[withheld]"


def said_text(message: StoredMessage, text: str) -> str:
    """Return a text of a message; what the client wrote is plain, short, and says what it is."""
    text = plain_text(text)
    if is_blank(text):
        return ""
    if message.kind == "interrupt":
        reason = text.strip().strip("[]").removeprefix(_INTERRUPT).strip()
        return f"[interrupted {reason}]" if reason else "[interrupted]"
    if message.kind == "command_output":
        return _labelled("output", cut_text(text.strip(), MAX_CLIENT_CHARS))
    if message.kind == "notification":
        task_id, status = (message.facts.get(name) for name in ("task_id", "status"))
        if _SUBAGENT_ID.fullmatch(str(task_id)):
            task_id = short_agent_id(str(task_id))
        label = f"task {task_id} {status or ''}".strip() if task_id else "notification"
        return _labelled(label, cut_text(text.strip(), MAX_CLIENT_CHARS))
    return text


def thinking_text(text: str) -> str:
    """Return what Claude thought, marked: without other parts it is drawn like what Claude said."""
    text = plain_text(text)
    return _labelled("thinking", text) if not is_blank(text) and not _LABELLED.match(text) else text


def name_kind(kind: str, text: str) -> str:
    """Return the first text of a message with what it is, unless that is clear from its words.

    The viewer draws all but the user's messages like what Claude said.
    """
    label = _KINDS.get(kind)
    if not label or _LABELLED.match(text) or text.lower().startswith(label.lower()):
        return text
    return _labelled(label, text)


def blank_text(message: StoredMessage) -> str:
    """Return what is shown of a message that says nothing: an empty bubble would say less."""
    return _BLANK.get(message.kind, "[no text]")


def _labelled(label: str, text: str) -> str:
    if not text:
        return f"[{label}]"
    return f"[{label}]\n{text}" if "\n" in text else f"[{label}] {text}"
