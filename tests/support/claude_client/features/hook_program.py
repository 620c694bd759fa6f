"""A hook, run by the client: what it answers depends on a word in the prompt, command or answer."""

from __future__ import annotations

import json
import sys
from typing import Any

# By event and word: what is printed as JSON, what is complained of, the exit code.
_ANSWERS: dict[tuple[str, str], tuple[dict[str, Any], str, int]] = {
    ("UserPromptSubmit", "forbidden"): (
        {"decision": "block", "reason": "No forbidden words, please."}, "", 0
    ),
    ("UserPromptSubmit", "hinted"): ({"additionalContext": "It is raining."}, "", 0),
    ("PreToolUse", "before"): (
        {"permissionDecision": "allow", "updatedInput": {"command": "echo after"}}, "", 0
    ),
    ("PreToolUse", "sunday"): (
        {"permissionDecision": "deny", "permissionDecisionReason": "Not on a Sunday."}, "", 0
    ),
    ("PostToolUse", "wet"): ({"additionalContext": "The bed is wet."}, "", 0),
    ("PostToolUse", "spoken"): ({"systemMessage": "The gardener speaks."}, "", 0),
    ("PostToolUse", "broken"): ({}, "the hook is broken", 1),
    ("PostToolUse", "unwanted"): ({}, "nobody wants this output", 2),
    ("Stop", "too early"): ({"decision": "block", "reason": "Water the beds first."}, "", 0),
}  # fmt: skip
# These stand beside `hookSpecificOutput`, all others in it.
_COMMON = {"decision", "reason", "systemMessage"}


def _run(event: dict[str, Any]) -> int:
    name = event["hook_event_name"]
    texts = (event.get("prompt"), event.get("last_assistant_message"), event.get("tool_input"))
    words = json.dumps([text for text in texts if text])
    for (wanted, word), (answer, complaint, code) in _ANSWERS.items():
        if name == wanted and word in words:
            if answer.keys() - _COMMON:
                own = {"hookSpecificOutput": {"hookEventName": name, **answer}}
                sys.stdout.write(json.dumps(own))
            elif answer:
                sys.stdout.write(json.dumps(answer))
            sys.stderr.write(complaint)
            return code
    return 0


if __name__ == "__main__":
    sys.exit(_run(json.load(sys.stdin)))
