"""What the client wraps around a prompt that it hands to Claude between two of its calls; pure.

Some clients write such a prompt in no other form: at the end of a tool's result, beside it, or as a
row of its own.
"""

from __future__ import annotations

import re
from typing import Any

from ccsync_watch.model import Part
from ccsync_watch.transcripts.message_content import MessageContent

IN_RESULT = "in result"
"""The value of the fact `queued` of a prompt that was handed over in this way."""
_OPEN, _CLOSE = "<system-reminder>", "</system-reminder>"
_HEAD = re.compile(r"\s*The user sent a new message while you were working:[ \t]*\n")
_TRAILER = re.compile(
    r"\s*\n(?:IMPORTANT: After completing your current task, you MUST address"
    r"|This is how Claude Code surfaces messages the user sends mid-turn)"
)


def read_mid_turn(text: str) -> MessageContent | None:
    """Read a text that consists of such a prompt, None for any other."""
    body = text.strip()
    is_reminder = body.startswith(_OPEN) and body.endswith(_CLOSE)
    if is_reminder:
        body = body[len(_OPEN) : -len(_CLOSE)]
    head = _HEAD.match(body)
    if head is None:
        return None
    trailers = list(_TRAILER.finditer(body, head.end() - 1))
    if not trailers and not is_reminder:
        return None
    words = body[head.end() : trailers[-1].start() if trailers else len(body)].strip()
    if not words:
        return None
    return MessageContent("user", "prompt", [Part("text", words)], {"queued": IN_RESULT})


def split_result(block: dict[str, Any]) -> tuple[dict[str, Any], list[MessageContent]]:
    """Return a result without the prompts at its end, and these; itself if it has none."""
    content = block.get("content")
    if isinstance(content, str):
        rest, prompts = _split_end(content)
        return ({**block, "content": rest} if prompts else block), prompts
    if not isinstance(content, list) or not content or not isinstance(content[-1], dict):
        return block, []
    last = content[-1].get("text")
    rest, prompts = _split_end(last) if isinstance(last, str) else ("", [])
    if not prompts:
        return block, []
    return {**block, "content": [*content[:-1], {**content[-1], "text": rest}]}, prompts


def _split_end(text: str) -> tuple[str, list[MessageContent]]:
    prompts: list[MessageContent] = []
    while text.endswith((_CLOSE, "\n")) and text.rstrip().endswith(_CLOSE):
        at = text.rfind(_OPEN)
        while at > 0 and text[at - 1] != "\n":
            at = text.rfind(_OPEN, 0, at)  # one in the middle of a line is quoted
        prompt = read_mid_turn(text[at:]) if at >= 0 else None
        if prompt is None:
            break
        prompts.insert(0, prompt)
        text = text[:at].rstrip("\n")
    return text, prompts
