"""What is kept of a part when it is pruned: metadata, and what figures are made of; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.privacy.policy.metadata import metadata_of
from ccsync_watch.transcripts.subagent_meta import SUBAGENT_TOOLS

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue, Part

# A result's decision, not its words; a subagent's type and title, not its task.
_KEPT_OF_RESULTS = frozenset({"denied"})
_KEPT_OF_SUBAGENT_CALLS = frozenset({"subagent_type", "description"})
_MAX_KEPT_CHARS = 200


def pruned_content(message_kind: str, part: Part) -> JsonValue:
    """Return the content of a stored part without its texts; twice is as once.

    The counts of calls, errors and denials, durations, lines, and costs stay what they were.
    """
    content = part.content
    if message_kind == "command" and isinstance(content, str) and content.startswith("/"):
        # Which command began a session decides what the client's own totals contain.
        return content.split(maxsplit=1)[0][:_MAX_KEPT_CHARS]
    reduced = metadata_of(part.kind, content)
    kept: frozenset[str] = frozenset()
    if part.kind == "tool-result":
        kept = _KEPT_OF_RESULTS
    elif part.kind == "tool-call" and part.tool_name in SUBAGENT_TOOLS:
        kept = _KEPT_OF_SUBAGENT_CALLS
    if isinstance(content, dict) and isinstance(reduced, dict):
        for name in kept & content.keys():
            value = content[name]
            if isinstance(value, str):
                reduced[name] = value[:_MAX_KEPT_CHARS]
    return reduced
