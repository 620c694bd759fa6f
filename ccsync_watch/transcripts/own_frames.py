"""What the client writes around a subagent's task and a compaction's summary; pure.

Its own words are left out: they are the same for everyone, and push what was said out of sight.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.model import Part
from ccsync_watch.transcripts.message_content import MessageContent, note

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRAME = re.compile(
    r"^\[Workflow harness [\u2014\u2013-]{1,2} (?P<name>[a-z ]{1,40})\] [^\n]*(?:\n|\Z)",
    re.MULTILINE,
)
_COMPUTED_TASK = "computed task"
_NOTES = {"user request": "request of the user", "assistant context": "what Claude said before"}
_INDENT = "  "
_SUMMARY_HEAD = re.compile(
    r"\s*This session is being continued from a previous conversation that ran out of context\."
    r"[^\n]*\n*"
)
_SUMMARY_TRAILERS = (
    "\nIf you need specific details from before compaction",
    "\nRecent messages are preserved verbatim.",
    "\nPlease continue the conversation from where we left it off",
    "\nContinue the conversation from where it left off",
)
# In the middle of a line a model quotes it.
_REMINDER = re.compile(
    r"^<(?P<tag>system-reminder|system_reminder)>.*?</(?P=tag)>[ \t]*(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)


def read_workflow_task(text: str) -> MessageContent | None:
    """Read what a workflow asks of an agent: the task that its script made, and why it runs."""
    frames = list(_FRAME.finditer(text))
    if not frames or text[: frames[0].start()].strip():
        return None
    parts: list[Part] = []
    for number, frame in enumerate(frames):
        end = frames[number + 1].start() if number + 1 < len(frames) else len(text)
        body = text[frame.end() : end].strip("\n")
        words = unindent(body).strip()
        if frame["name"] == _COMPUTED_TASK:
            if not body.startswith(_INDENT):
                return None  # whoever quotes the line writes on below it, or nothing
            parts.append(Part("text", words))
        else:
            parts.append(note(_NOTES.get(frame["name"], frame["name"]), words))
    has_task = any(part.kind == "text" for part in parts)
    return MessageContent("system", "task", parts, {}) if has_task else None


def unindent(text: str) -> str:
    """Return a text without the two spaces with which the client begins each of its lines."""
    lines = text.split("\n")
    if any(line.strip() and not line.startswith(_INDENT) for line in lines):
        return text
    return "\n".join(line.removeprefix(_INDENT) for line in lines)


def summary_parts(parts: list[Part]) -> list[Part]:
    """Return a compaction's summary as the model wrote it, with a note for what else it holds."""
    return [inner for part in parts for inner in _split_summary(part)]


def _split_summary(part: Part) -> Iterator[Part]:
    if part.kind != "text" or not isinstance(part.content, str):
        yield part
        return
    text, reminders = part.content, 0
    if "<system" in text:
        text, reminders = _REMINDER.subn("", text)
    text = _SUMMARY_HEAD.sub("", text, count=1) if _SUMMARY_HEAD.match(text) else text
    ends = [at for trailer in _SUMMARY_TRAILERS if (at := text.rfind(trailer)) >= 0]
    text = text[: min(ends)] if ends else text
    if reminders:
        yield note("reminder of the client left out")
    yield Part("text", text.strip() or part.content)
