"""Who or what a message is from, as the pages and the export name it; one table of all kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.outgoing import StoredMessage


@dataclass(frozen=True, slots=True)
class _Speaker:
    """The name of a kind. `is_folded`: neither a person nor Claude said it, so a page folds it."""

    name: str
    is_folded: bool = False


SPEAKERS = {
    "prompt": _Speaker("You"),
    "blocked": _Speaker("Blocked prompt"),
    "command": _Speaker("Command"),
    "command_output": _Speaker("Output", is_folded=True),
    "answer": _Speaker("Claude"),
    "tool_result": _Speaker("Result"),
    "task": _Speaker("Task", is_folded=True),
    "teammate": _Speaker("Teammate"),
    "cross_session": _Speaker("Other session"),
    "plan": _Speaker("Accepted plan"),
    "mention": _Speaker("Mentioned"),
    "injected": _Speaker("Claude Code", is_folded=True),
    "notification": _Speaker("Notification", is_folded=True),
    "interrupt": _Speaker("Interrupted"),
    "summary": _Speaker("Summary"),
    "compaction": _Speaker("Compaction"),
    "api_error": _Speaker("API error"),
    "notice": _Speaker("Notice"),
}
"""By the kind of message; the header that the store adds is shown nowhere."""


def speaker_of(message: StoredMessage) -> str:
    """Return who or what a message is from, by name where it has one sender."""
    speaker = SPEAKERS.get(message.kind)
    name = speaker.name if speaker else message.kind.replace("_", " ").capitalize()
    facts = message.facts or {}
    sender, task_id, status = (facts.get(key) for key in ("from", "task_id", "status"))
    if message.kind == "notification" and task_id:
        return f"{name} of task {task_id}" + (f": {status}" if status else "")
    return f"{name} {sender}" if isinstance(sender, str) and sender else name


def is_folded(kind: str) -> bool:
    """Return whether a page shows a kind of message folded."""
    return kind in SPEAKERS and SPEAKERS[kind].is_folded
