"""How a row must begin where the backend's app shows it, as a regular expression.

Written apart from the program, from rows alone. The app draws one list of bubbles, without their
kinds and without the arguments of calls: so a result begins with its call and how that ended, and
what neither a person nor Claude said begins with what it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from support.claude_client.rows import Row, moment_ms

if TYPE_CHECKING:
    from support.opensync_double.records import Message

# What the text in a tag of the client's is called.
_INJECTED = {"system-reminder": "reminder", "local-command-caveat": "caveat"}
_DOT = " \N{MIDDLE DOT} "
_ANY_SIZE = rf"{_DOT}\d+ lines?, \d+ B"
# What else the client said of a result; that it was started says its note.
_NOTE = rf"(?:{_DOT}(?!async_|teammate_)[^\u00b7\n]+)?"
_SHORT_ID_CHARS = 8
_KIB = 1024


def shown_pieces(message: Message) -> list[str]:
    """Return what the app draws of a message: of a call its name, without parts its text."""
    shown = {"text": lambda content: content, "tool-call": lambda content: content["name"],
             "tool-result": lambda content: content["result"]}  # fmt: skip
    pieces = [shown[part.type](part.content) for part in message.parts if part.type in shown]
    return pieces or [message.text_content or ""]


def agent_label(agent_id: str, agent_type: str) -> str:
    """Return what all pieces of a subagent's message begin with."""
    return f"[{agent_type} {_short(agent_id)}] "


def result_start(row: Row, call: Row, call_row: Row, *, outcome: str, said: str, body: str) -> str:
    """Return how a result begins: its call, then its outcome, time and size, and no more.

    `call` is the block of its call, in the row `call_row`; `body` what the tool itself returned.
    """
    end = re.escape(_outcome_words(outcome, body))
    if said:
        end += re.escape(f": {said}")
    elif outcome in {"ok", "error"}:
        end += re.escape(f"{_DOT}{_duration(moment_ms(row) - moment_ms(call_row))}")
    if _media_bytes(row):
        end += re.escape(f"{_DOT}{_media_bytes(row)} B")
    elif body and not said:
        end += _ANY_SIZE if _has_other_blocks(row) else re.escape(f"{_DOT}{_size(body)}")
    return rf"{re.escape(_call_line(row, call))}\n{end}{_subagent_facts(row)}{_NOTE}(?:\n|\Z)"


def start_of(kind: str, row: Row, text: str) -> str:
    """Return how a row of any other kind begins; `text` is what the client wrote in it."""
    return _STARTS.get(kind, _start_of_words)(row, text)


def _start_of_words(_row: Row, _text: str) -> str:
    """Return how what a person said begins: with their words, or with what they pasted."""
    return r"[^\[]|\[pasted\]"


def _interrupt_start(_row: Row, text: str) -> str:
    reason = text.strip("[]").removeprefix("Request interrupted by user")
    return re.escape(f"[interrupted{reason}]") + r"\Z"


def _injected_start(_row: Row, text: str) -> str:
    tag = re.match(r"\s*<([a-z-]+)>", text)
    return re.escape(f"[{_INJECTED[tag[1]] if tag else 'Claude Code'}]") + r"\s"


def _notification_start(_row: Row, text: str) -> str:
    fields = dict(re.findall(r"<(task-id|status)>(.*?)</\1>", text))
    return re.escape(f"[task {_short(fields['task-id'])} {fields['status']}]") + r"\s"


def _notice_start(row: Row, text: str) -> str:
    if "attachment" in row:
        return re.escape(f"[hook {row['attachment']['hookName']} ") + r"[^\]]+\] "
    if row.get("rowSource") == "hook":
        return r"\[hook Stop blocked\] "
    return r"\[notice\]\s" if text else r"\[refused: cyber\] "


def _mention_start(row: Row, _text: str) -> str:
    attachment = row["attachment"]
    if attachment["type"] == "agent_mention":
        return r"\[agent\] "
    kind = "folder" if attachment["type"] == "directory" else "file"
    return re.escape(f"[{kind} {attachment['displayPath']}, ")


def _teammate_start(_row: Row, text: str) -> str:
    sender = re.search(r'teammate_id="([^"]+)"', text)
    assert sender, text
    return rf"\[(?:from )?{re.escape(sender[1])}[]:]"


_STARTS = {
    "api_error": lambda row, _text: (
        r"\[API error\] \d" if row["type"] == "system" else "API Error: "
    ),
    "command_output": lambda _row, _text: r"\[output\]\s",
    "injected": _injected_start,
    "interrupt": _interrupt_start,
    "mention": _mention_start,
    "notice": _notice_start,
    "notification": _notification_start,
    "plan": lambda _row, _text: r"\[accepted plan\]\s",
    "summary": lambda _row, _text: r"(?:\[reminder of the client left out\]\Z|Summary)",
    "task": lambda _row, _text: r"\[task\]\s",
    "teammate": _teammate_start,
}


def _has_other_blocks(row: Row) -> bool:
    """Return whether a result is not texts alone."""
    (block,) = row["message"]["content"]
    content = block["content"]
    return isinstance(content, list) and any(item["type"] != "text" for item in content)


def _call_line(row: Row, call: Row) -> str:
    values = call["input"]
    name = str(call["name"])
    argument = next(
        (values[key] for key in ("command", "file_path", "description") if key in values), ""
    )
    argument = str(argument).removeprefix(f"{row['cwd']}/")
    separator = " " if name in {"Read", "Write", "Edit"} else ": "
    line = f"{name}{separator}{argument}" if argument else name
    detail = row.get("toolUseResult")
    if isinstance(detail, dict) and detail.get("type") == "create":
        line += f" (+{len(detail['content'].splitlines())} \N{MINUS SIGN}0)"
    return line


def _outcome_words(outcome: str, body: str) -> str:
    if outcome != "error":
        return outcome
    code = re.match(r"Exit code (\d+)\n", body)
    return f"failed, exit code {code[1]}" if code else "failed"


def _subagent_facts(row: Row) -> str:
    detail = row.get("toolUseResult")
    if not isinstance(detail, dict) or "agentId" not in detail:
        return ""
    facts = []
    if "totalTokens" in detail:
        facts = [
            _count(detail["totalToolUseCount"], "call"),
            _count(detail["totalTokens"], "token"),
        ]
    facts.append(f"subagent {_short(detail['agentId'])}")
    return re.escape("".join(f"{_DOT}{fact}" for fact in facts))


def _media_bytes(row: Row) -> int | None:
    """Return the size of an image that is the whole result."""
    detail = row.get("toolUseResult")
    if not isinstance(detail, dict) or detail.get("type") != "image":
        return None
    data = str(detail["file"]["base64"])
    return len(data) * 3 // 4 - data.count("=")


def _duration(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def _size(text: str) -> str:
    count = len(text.encode())
    size = f"{count} B" if count < _KIB else f"{count / _KIB:.1f} KiB"
    return f"{_count(text.rstrip(chr(10)).count(chr(10)) + 1, 'line')}, {size}"


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _short(task_id: str) -> str:
    """Return the digits that name a subagent; other tasks keep their ids."""
    if re.fullmatch(r"a[0-9a-f]{16}", task_id):
        return task_id[:_SHORT_ID_CHARS]
    return task_id[-_SHORT_ID_CHARS:] if "-" in task_id else task_id
