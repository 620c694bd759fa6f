"""A row of every kind that something is made of, and what becomes of each: the table of a README.

Attachments and system rows come from the tables of their readers, with one body that holds what
any of them reads. Every other kind of row has an entry in `_user_rows` or `_other_rows`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ccsync_watch.dashboard.session_document import heading_of
from ccsync_watch.dashboard.speakers import is_folded, speaker_of
from ccsync_watch.model import Redacted
from ccsync_watch.opensync.wire import message_payload
from ccsync_watch.outgoing import StoredMessage
from ccsync_watch.privacy.clean import clean
from ccsync_watch.privacy.policy.policy import Policy, ToolCall
from ccsync_watch.stream import Stream
from ccsync_watch.transcripts.line_types import LINE_TYPES
from ccsync_watch.transcripts.message_readers import ATTACHMENT_READERS, SYSTEM_READERS
from ccsync_watch.transcripts.notes import LABELS
from ccsync_watch.transcripts.parse import parse
from ccsync_watch.transcripts.peer_messages import PEER_TAGS
from ccsync_watch.transcripts.tail import split
from support.lines import AGENT, SESSION, Writer, call, line, text, thinking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.model import JsonValue, Message

_LISTED = ("the session's facts", "the session's facts", "the header")
FACTS = {
    "agent": _LISTED,
    "agent_name": _LISTED,
    "artifacts": _LISTED,
    "continued_in": ("links both ways, copies left out",) * 2 + ("forked from",),
    "cost_state": ("cost", "cost", "cost"),
    "custom_title": ("title", "title", "title"),
    "generated_title": ("title", "title", "title"),
    "leaf": ("rewound", "rewound", "not sent"),
    "pull_requests": _LISTED,
    "summary": ("title", "title", "title"),
    "tag": _LISTED,
    "worktree": ("worktree, project", "worktree, project", "project"),
}
"""As what each fact about a session is seen: on the page, in the export, by the backend."""

_ATTACHMENT: dict[str, Any] = {
    "agentType": "reviewer",
    "blockingError": {"blockingError": "words"},
    "content": "words",
    "decision": "allow",
    "displayPath": "notes.md",
    "filename": "/home/user/project/notes.md",
    "hookEvent": "Stop",
    "hookName": "Stop",
    "mentions": ["notes.md"],
    "message": "words",
    "messages": [{"from": "lily", "text": "words"}],
    "name": "words",
    "prompt": "words",
    "response": {"systemMessage": "words"},
    "skill": "words",
    "status": "completed",
    "stderr": "words",
    "taskId": "b1",
    "uri": "docs://words",
}
_SYSTEM: dict[str, Any] = {
    "content": "words",
    "error": {"message": "words"},
    "fallbackModel": "claude-haiku",
    "hookErrors": ["words"],
    "originalModel": "claude-opus",
    "writtenPaths": ["/home/user/project/notes.md"],
}
_SYSTEM_BY_TEXT = ("compact_boundary", "informational", "local_command")
_PEER = (
    "Another Claude session sent a message:\n"
    '<teammate-message teammate_id="lily">\nwords\n</teammate-message>'
)
_PASTE = 'words <pasted_content id="1">\nwords\n</pasted_content id="1">'
_NOTIFICATION = (
    "<task-notification><task-id>b1</task-id><summary>Done</summary></task-notification>"
)
_MID_TURN = (
    "<system-reminder>\nThe user sent a new message while you were working:\nwords\n"
    "</system-reminder>"
)
_LIST_SUMMARY = (
    "Context: This summary will be shown in a list to help users and Claude choose which"
    " conversations are relevant.\nwords"
)


class RowSample(NamedTuple):
    """A row with its name in the table; `is_subagent`: it is in a subagent's transcript."""

    name: str
    row: dict[str, Any]
    is_subagent: bool = False


class Shown(NamedTuple):
    """What becomes of a row: its kind and who it is from, in each place."""

    kind: str
    page: str
    export: str
    backend: str


def samples() -> Iterator[RowSample]:
    """Yield a row of every kind that makes a message."""
    writer = Writer()
    yield from _user_rows(writer)
    yield from _other_rows(writer)
    for subtype in (*_SYSTEM_BY_TEXT, *SYSTEM_READERS):
        yield RowSample(f"system `{subtype}`", writer.row("system", subtype=subtype, **_SYSTEM))
    yield RowSample("system, any other with a text", writer.row("system", content="words"))
    for name in ATTACHMENT_READERS:
        attachment = {"type": name, **_ATTACHMENT}
        row = writer.row("attachment", body_first=True, attachment=attachment)
        yield RowSample(f"attachment `{name}`", row)


def _user_rows(writer: Writer) -> Iterator[RowSample]:
    texts = {
        "a prompt": "words",
        **{f"a prompt behind a block `<{tag}>`": f"<{tag}>x</{tag}>\nwords" for tag in LABELS},
        "a prompt with `<pasted_content>`": _PASTE,
        "a command": "<command-name>/init</command-name><command-args>words</command-args>",
        "a line with `!` or `#`": "<bash-input>ls</bash-input>",
        "a command's output": "<local-command-stdout>words</local-command-stdout>",
        "an accepted plan": "Implement the following plan:\n\n# Plan",
        "a report of a background task": _NOTIFICATION,
        "an interrupt": "[Request interrupted by user]",
        "the end of a prompt by a hook": "Operation stopped by hook: words",
        "a prompt that the client hands over while Claude works": _MID_TURN,
        **{f"a message in `<{tag}>`": f'<{tag} from="lily">x</{tag}>' for tag in sorted(PEER_TAGS)},
        "messages of other sessions": _PEER,
        "a request for a list's summary": _LIST_SUMMARY,
        "a task of a workflow's agent": "[Workflow harness — computed task] Text:\n  words",
        "only blocks of the client": "<system-reminder>x</system-reminder>",
    }
    for name, value in texts.items():
        yield RowSample(name, writer.prompt(value))
    yield RowSample("a text with `isMeta`", writer.prompt("words", isMeta=True))
    yield RowSample("a compaction's summary", writer.prompt("words", isCompactSummary=True))
    yield RowSample("a subagent's task", Writer(agent_id=AGENT).prompt("words"), is_subagent=True)
    yield RowSample("a tool's result", writer.result("t1", "words"))
    denied = writer.result("t1", "no", is_error=True, detail="User rejected tool use")
    yield RowSample("a denial", denied)


def _other_rows(writer: Writer) -> Iterator[RowSample]:
    for name, block in (
        ("text", text("words")),
        ("thinking", thinking("words")),
        ("a call", call("t1", "Bash", command="ls")),
        ("`fallback`", {"type": "fallback", "from": "claude-opus", "to": "claude-haiku"}),
    ):
        yield RowSample(f"answer: {name}", writer.answer(block))
    queued = {"type": "queue-operation", "operation": "remove", "content": "words"}
    yield RowSample("`queue-operation` by which Claude gets a prompt", queued)
    blocked = "UserPromptSubmit operation blocked by hook:\nno\n\nOriginal prompt: words"
    row = writer.row("system", subtype="informational", content=blocked)
    yield RowSample("system `informational` about a blocked prompt", row)
    row = writer.answer(text("words"))
    row["message"]["model"] = "<synthetic>"
    yield RowSample("answer of the model `<synthetic>`", row)
    error = {**writer.answer(text("words")), "isApiErrorMessage": True}
    yield RowSample("answer with `isApiErrorMessage`", error)


def what_becomes_of(sample: RowSample) -> Shown | None:
    """Return what is made of a row, None if that is nothing."""
    message = parse_sample(sample)
    if message is None:
        return None
    stored = _stored(message)
    payload = message_payload(Redacted(stored), None).value
    parts = payload["parts"]
    assert isinstance(parts, list)
    kinds = dict.fromkeys(str(part["type"]) for part in parts if isinstance(part, dict))
    return Shown(
        message.kind,
        _on_page(stored),
        heading_of(stored),
        f"{message.role}: {', '.join(kinds)}",
    )


def parse_sample(sample: RowSample) -> Message | None:
    """Return the message that a row makes, cleaned as the daemon does it; None for none."""
    stream = Stream(SESSION, SESSION, AGENT if sample.is_subagent else None)
    batch = parse(split(line(sample.row), 0), stream, 0)
    calls = {"t1": ToolCall("Bash", None)}
    cleaned = clean(batch, policy=Policy(thinking=True), redactor=_Passing(), calls=calls).value
    prompts = [prompt for operation in cleaned.queue for prompt in operation.prompts]
    return next(iter([*cleaned.messages, *prompts]), None)


class _Passing:
    """A redactor that finds nothing."""

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return the value."""
        return obj


def _stored(message: Message) -> StoredMessage:
    return StoredMessage(
        seq=1,
        id=message.id,
        session_id=message.session_id,
        agent_id=None,
        agent_type=None,
        uuid=message.uuid,
        role=message.role,
        kind=message.kind,
        timestamp_ms=message.timestamp_ms,
        model=message.model,
        is_inherited=False,
        prompt_tokens=None,
        output_tokens=None,
        facts=message.facts,
        parts=message.parts,
    )


def _on_page(message: StoredMessage) -> str:
    if message.kind == "tool_result":
        return "with its call"
    return f"{speaker_of(message)}, folded" if is_folded(message.kind) else speaker_of(message)


def row_table() -> list[tuple[str, ...]]:
    """Return a line for all rows of which the same is made, in the order of the samples."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for sample in samples():
        shown = what_becomes_of(sample)
        cells = tuple(shown) if shown else ("nothing is made of it", "", "", "")
        lines.setdefault(cells, []).append(sample.name)
    for line_type in LINE_TYPES.values():
        if line_type.read_fact:
            places = FACTS.get(line_type.fact, ("?", "?", "?"))
            lines.setdefault(("fact", *places), []).append(f"`{line_type.name}`")
    return [(_joined(names), *cells) for cells, names in lines.items()]


def _joined(names: list[str]) -> str:
    """Return names as one text; what several begin with is said once."""
    groups: dict[str, list[str]] = {}
    for name in names:
        start, mark, rest = name.partition("`")
        is_shared = bool(mark) and rest.endswith("`")
        groups.setdefault(start if is_shared else name, []).append(f"`{rest}" if is_shared else "")
    return "; ".join(f"{start}{', '.join(filter(None, ends))}" for start, ends in groups.items())
