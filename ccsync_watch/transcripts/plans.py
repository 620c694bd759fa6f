"""Plans that a person accepted, as the client hands them to a new session; pure."""

from __future__ import annotations

import re

from ccsync_watch.model import Part
from ccsync_watch.transcripts.message_content import MessageContent, note

_HEAD = re.compile(r"\s*Implement the following plan:[ \t]*\r?\n")
_HEADING = re.compile(r"[ ]{0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*")
_FENCE = ("```", "~~~")
# What the client adds behind a plan, before what the person says about it.
_HINTS = re.compile(
    r"\n\s*\n(?:If you need specific details from before exiting plan mode"
    r"|If this plan can be broken down into multiple independent tasks)[^\n]*"
)
_FEEDBACK = "\n\nUser feedback on this plan: "
_PREFIX = re.compile(r"(?:implementation[ ])?plan(?:\s*:\s*|\s+[-\u2013\u2014]\s+)", re.IGNORECASE)
_NO_TITLES = frozenset(
    {"", "plan", "the plan", "implementation plan", "overview", "context", "summary"}
)
_MAX_LINES = 200


def read_plan(text: str, *, is_known: bool = False) -> MessageContent | None:
    """Read an accepted plan; `is_known`: the row says that it is one.

    Without that, people write the same first line: a heading follows, or a hint of the client's.
    """
    head = _HEAD.match(text)
    if head is None:
        return MessageContent("user", "plan", [Part("text", text)], {}) if is_known else None
    body = text[head.end() :]
    hints = list(_HINTS.finditer(body))
    if not (is_known or hints or body.lstrip().startswith("#")):
        return None
    plan, _, words = body.rpartition(_FEEDBACK) if _FEEDBACK in body else (body, "", "")
    plan = _HINTS.sub("", plan) if hints else plan
    parts = [Part("text", plan.strip())]
    if words.strip():
        parts.append(note("you said", words.strip()))
    return MessageContent("user", "plan", parts, {})


def plan_heading(plan: str) -> str:
    """Return the first heading of a plan that names something, empty without one."""
    generic = ""
    is_code = False
    for line in plan.splitlines()[:_MAX_LINES]:
        is_code ^= line.lstrip().startswith(_FENCE)
        heading = None if is_code else _HEADING.fullmatch(line)
        if heading is None:
            continue
        title = heading[1].strip("*_` ").strip()
        name = _PREFIX.sub("", title, count=1).strip("*_` ").strip()
        if name.lower().rstrip(":") not in _NO_TITLES:
            return name
        generic = generic or title
    return generic
