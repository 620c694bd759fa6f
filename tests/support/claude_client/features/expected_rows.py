"""What must come of each row of a real transcript: its kind, who speaks, what stands there.

Written apart from the program, of which it imports nothing: simple code for the rows that the
newest client writes. A row that is none of these and holds words is an error of this oracle.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support.claude_client.features.shown_starts import agent_label, result_start, start_of
from support.claude_client.features.transcript_calls import TranscriptCalls
from support.claude_client.rows import Row, content_blocks, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPEAKERS = {
    "blocked": "Blocked prompt",
    "prompt": "You",
    "command": "Command",
    "command_output": "Output",
    "answer": "Claude",
    "task": "Task",
    "mention": "Mentioned",
    "injected": "Claude Code",
    "notification": "Notification",
    "interrupt": "Interrupted",
    "summary": "Summary",
    "compaction": "Compaction",
    "api_error": "API error",
    "notice": "Notice",
    "plan": "Accepted plan",
    "teammate": "Teammate",
}
"""Who speaks on a page, by the kind of row. A result stands with its call."""
ROLES = {
    "blocked": "user",
    "plan": "user",
    "prompt": "user",
    "command": "user",
    "answer": "assistant",
    "tool_result": "tool",
}
"""As whose words the backend gets a row; all others are the system's."""

# Rows of the client that say nothing of the conversation, or what other rows say.
_SILENT_SYSTEM = {"stop_hook_summary", "turn_duration"}
_SILENT_ATTACHMENTS = {
    "agent_listing_delta", "auto_mode", "command_permissions", "date", "deferred_tools_delta",
    "deferred_tools_record", "environment", "hook_success", "mcp_instructions_delta", "model",
    "plan_mode", "prompt_snapshot", "remote_session_change", "session_context",
    "silent_turn_reminder", "skill_listing", "structured_output",
    "task_reminder", "total_tokens_reminder",
}  # fmt: skip
# What these returned is a file's: its size is shown, not its text.
_FILE_TOOLS = {"Read", "Edit", "Write", "NotebookEdit"}
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PASTE = re.compile(r'<pasted_content id="(\w+)">\n(.*?)\n</pasted_content id="\1">', re.DOTALL)
_TAG = re.compile(r"<([a-z-]+)>(.*?)</\1>", re.DOTALL)
_TEAMMATE = re.compile(r"<teammate-message [^>]*>(.*?)</teammate-message>", re.DOTALL)
_OUTPUT_TAGS = {"local-command-stdout", "local-command-stderr", "bash-stdout", "bash-stderr"}
_LAUNCHED = re.compile(r"Async agent launched|Workflow launched in background|Spawned success")
_PLACE_OF_IMAGE = "[Image: source: "
_TOO_LARGE = "result too large"
_EXIT_CODE = re.compile(r"Exit code \d+")
_MAX_COMPARED = 150


@dataclass(frozen=True)
class ExpectedRow:
    """One row: `texts` must be read in it, `hidden` must not.

    `outcome` is that of a call's result: ok, error, or who denied it. `calls` are the ids of calls;
    of a result, that of its own. `start` is a regular expression of how it begins in the backend's
    app, after the `label` of its subagent. `is_queued`: another row, a moment earlier, says it too.
    """

    id: str
    agent_id: str | None
    kind: str
    texts: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    outcome: str | None = None
    start: str = ""
    label: str = ""
    is_copy: bool = False
    is_queued: bool = False

    @property
    def sent_texts(self) -> tuple[str, ...]:
        """Return what must be read at the backend, apart from what `start` says in other words."""
        if self.kind == "interrupt":
            return ()
        return tuple(text for text in self.texts if not _EXIT_CODE.fullmatch(text))


def expected_rows(transcript: Path) -> list[ExpectedRow]:
    """Return what must come of a transcript's rows, in the order of the file."""
    rows = read_rows(transcript)
    calls = TranscriptCalls(rows)
    expected = []
    for row in rows:
        if row["type"] in {"user", "assistant", "system", "attachment"}:
            expected += [
                _identified(row, values, _label(row, transcript))
                for values in _READERS[row["type"]](row, calls)
            ]
    return expected


def _label(row: Row, transcript: Path) -> str:
    """Return what names the subagent of a row, by the file that the client writes about it."""
    if "agentId" not in row:
        return ""
    about = json.loads(transcript.with_suffix(".meta.json").read_bytes())
    return agent_label(row["agentId"], about["agentType"])


def _identified(row: Row, values: dict[str, Any], label: str) -> ExpectedRow:
    agent = row.get("agentId")
    if "start" not in values:
        values["start"] = start_of(values["kind"], row, _written_text(row))
    scope = [row["sessionId"], *([agent] if agent else []), row["uuid"]]
    values["texts"] = tuple(text[:_MAX_COMPARED] for text in values["texts"] if text)
    is_copy = "forkedFrom" in row
    return ExpectedRow(id=":".join(scope), agent_id=agent, label=label, is_copy=is_copy, **values)


def _written_text(row: Row) -> str:
    """Return the text that the client wrote in a row."""
    if "message" not in row:
        return str(row.get("content", ""))
    return "\n".join(block["text"] for block in content_blocks(row) if block["type"] == "text")


def _said(kind: str, *texts: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a row
    return {"kind": kind, "texts": texts, **more}


def _user(row: Row, calls: TranscriptCalls) -> Iterator[dict[str, Any]]:
    blocks = content_blocks(row)
    text = "\n".join(block["text"] for block in blocks if block["type"] == "text")
    results = [block for block in blocks if block["type"] == "tool_result"]
    if "<fork-boilerplate>" in text:
        yield _said("task", _typed(text.rpartition("Your directive:")[2]), hidden=("worker fork",))
    elif results:
        for block in results:
            yield _result(row, block, calls)
    elif row.get("isCompactSummary"):
        yield _said("summary", "The user gave scripted prompts")
    elif row.get("rowSource") == "hook":
        yield _said("notice", "Stop", text.partition("feedback:\n")[2], hidden=("feedback:",))
    elif row.get("isMeta"):
        yield _said("injected", _typed(_inner(text)), hidden=("<local-command",))
    elif text.startswith("[Request interrupted by user"):
        yield _said("interrupt", text)
    elif "planContent" in row:
        plan = [line.lstrip("# .0123456789") for line in _typed(row["planContent"]).splitlines()]
        yield _said("plan", *plan, hidden=("Implement the following", "before exiting plan mode"))
    elif "teammate_id=" in text:
        words = [inner.strip() for inner in _TEAMMATE.findall(text)]
        messages = [_typed(word) for word in words if not word.startswith("{")]
        yield _said("teammate", *messages, hidden=("<teammate-message", "Another Claude session"))
    else:
        yield _written(row, text)


def _written(row: Row, text: str) -> dict[str, Any]:
    """Return what stands in the user's name: typed, or made by the client of what was typed."""
    tags = _TAG.findall(text)
    fields = dict(tags)
    if row.get("origin", {}).get("kind") == "task-notification":
        fields = dict(_TAG.findall(tags[0][1]))
        result = fields.get("result", "").strip()
        return _said("notification", fields["summary"], result, hidden=("<summary>", "<task-id>"))
    if "bash-input" in fields:
        return _said("command", f"! {fields['bash-input'].strip()}")
    if "command-name" in fields:
        typed = f"{fields['command-name']} {fields.get('command-args', '')}".strip()
        return _said("command", typed, hidden=("command-message",))
    if fields and fields.keys() <= _OUTPUT_TAGS:
        return _said("command_output", *fields.values(), hidden=("stdout>",))
    if row.get("agentId"):
        return _said("task", _typed(text.partition("computed task text follows:\n")[2] or text))
    pastes = [paste for _id, paste in _PASTE.findall(text)]
    return _said("prompt", *pastes, _typed(_PASTE.sub("", text)), hidden=("pasted_content",))


def _result(row: Row, block: Row, calls: TranscriptCalls) -> dict[str, Any]:
    call_id = block["tool_use_id"]
    content = block["content"]
    words = content if isinstance(content, str) else "\n".join(
        item["text"]
        for item in content
        if item["type"] == "text" and not item["text"].startswith(_PLACE_OF_IMAGE)
    )  # fmt: skip
    outcome, shown = "error" if block.get("is_error") else "ok", words
    hidden = ["\x1b", _PLACE_OF_IMAGE]
    denial = _denial(row)
    if denial:
        outcome = denial
        is_by_person = denial == "rejected by you"
        shown = words.partition("the user said:\n")[2] if is_by_person else words
        hidden += ["The user doesn't want to proceed"]
    elif "exceeds maximum allowed tokens" in words:
        shown = _TOO_LARGE
        hidden += ["REQUIREMENTS FOR"]
    elif calls.name(call_id) in _FILE_TOOLS and outcome == "ok":
        shown = ""
    elif _LAUNCHED.match(words):
        shown = words.partition("\nSummary: ")[2].partition("\n")[0]
    elif "[Subagent hand-back]" in words:
        shown = words.partition("[Subagent hand-back]")[2].partition("\n")[2]
        shown = shown.partition("agentId:")[0].strip()
        hidden += ["<tools-used-before-summary>", "[Subagent hand-back]", "<usage>"]
    shown = shown.removeprefix("<tool_use_error>").removesuffix("</tool_use_error>")
    texts = _COLOURS.sub("", shown).strip().split("\n")[:3]
    call, call_row = calls.ran(call_id)
    said = shown if denial == "rejected by you" else ""
    body = "" if shown == _TOO_LARGE else shown
    start = result_start(row, call, call_row, outcome=outcome, said=said, body=body)
    return _said(
        "tool_result", *texts, hidden=tuple(hidden), outcome=outcome, calls=(call_id,), start=start
    )


def _denial(row: Row) -> str | None:
    """Return who denied a call."""
    if "toolDenialKind" not in row:
        return None
    source = row.get("permissionDecision", {}).get("source", "user_reject")
    if source == "hook":
        return "denied by a hook"
    if source.startswith("user"):
        return "rejected by you"
    asked = "haven't granted it yet" in str(row["toolUseResult"])
    return "denied: not granted" if asked else "denied by a rule"


def _assistant(row: Row, context: TranscriptCalls) -> Iterator[dict[str, Any]]:
    blocks = content_blocks(row)
    words = [block.get("text") or block.get("thinking") or "" for block in blocks]
    calls = [block for block in blocks if block["type"] == "tool_use"]
    if row.get("isApiErrorMessage"):
        yield _said("api_error", *words)
        return
    if row.get("agentId") and row["parentUuid"] is None:
        return  # the call of the session that a fork agent was started from
    words += [_argument(call) for call in calls]
    words += [context.changed.get(call["id"], "") for call in calls]
    first = blocks[0]
    start = {
        "text": re.escape(words[0][:_MAX_COMPARED]),
        "thinking": r"\[thinking\]\s" + re.escape(words[0][:_MAX_COMPARED]),
        "tool_use": re.escape(first.get("name", "")) + r"\Z",
    }[first["type"]]
    yield _said("answer", *words, calls=tuple(call["id"] for call in calls), start=start)


def _argument(call: Row) -> str:
    """Return an argument of a call that a person would look for."""
    values = call["input"]
    names = ("command", "file_path", "description", "colour")
    return next((str(values[name]) for name in names if name in values), "")


def _system(row: Row, _calls: TranscriptCalls) -> Iterator[dict[str, Any]]:
    subtype = row["subtype"]
    if subtype == "compact_boundary":
        yield _said("compaction")
    elif subtype == "api_error":
        yield _said("api_error", "scripted 529")
    elif subtype == "local_command":
        text = row["content"]
        if "<command-name>" in text:
            yield _said("command", dict(_TAG.findall(text))["command-name"])
        else:
            yield _said("command_output", _inner(text), hidden=("stdout>",))
    elif subtype in {"model_refusal_fallback", "model_refusal_no_fallback"}:
        said = row.get("content", "").partition(".")[0]
        yield _said("notice", said, row.get("apiRefusalExplanation", ""))
    elif row.get("promptSubmitEnding", {}).get("ending", {}).get("kind") == "blocked_by_hook":
        typed = row["content"].rpartition("Original prompt: ")[2]
        yield _said("blocked", typed, "No forbidden words", hidden=("operation blocked",))
    elif subtype == "informational":
        yield _said("notice", row["content"])
    else:
        assert subtype in _SILENT_SYSTEM, row


def _attachment(row: Row, _calls: TranscriptCalls) -> Iterator[dict[str, Any]]:
    values = row["attachment"]
    kind = values["type"]
    if kind == "queued_command":
        yield _said("prompt", values["prompt"], is_queued=True)
    elif kind in {"file", "directory", "at_mention_reference"}:
        texts = [values["displayPath"], str(values.get("fileSize", ""))]
        yield _said("mention", *texts, hidden=("south", "words words", "a can"))
    elif kind == "agent_mention":
        yield _said("mention", values["agentType"])
    elif kind == "hook_additional_context":
        yield _said("notice", values["hookName"], *values["content"])
    elif kind == "hook_non_blocking_error":
        yield _said("notice", values["hookName"], values["stderr"].rpartition(": ")[2])
    elif kind == "hook_blocking_error":
        if values["hookEvent"] != "Stop":  # that one has a row in the user's name
            hidden = (values["blockingError"]["command"],)
            yield _said("notice", values["hookName"], "nobody wants this output", hidden=hidden)
    elif kind == "hook_system_message":
        yield _said("notice", values["hookName"], values["content"])
    else:
        assert kind in _SILENT_ATTACHMENTS, row


_READERS = {"user": _user, "assistant": _assistant, "system": _system, "attachment": _attachment}


def _inner(text: str) -> str:
    tag = _TAG.search(text)
    return tag[2] if tag else text


def _typed(text: str) -> str:
    """Return a prompt's words without its script."""
    return text.partition("[[script")[0].strip()
