"""The texts that the client writes in the user's name, in one table; pure.

A user row may hold a typed prompt, or something that the client wrote: a command with its output,
a background task's report, an interrupt. Only a text that is wholly of such a shape is one, since a
person may quote any of them. `find_wrapper` says which; to add one, add its reader to `WRAPPERS`.
Blocks before a prompt are in `notes`. Text that the client injects without a wrapper of its own
(caveats, reminders) is marked in the row by `isMeta`, and needs none here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from ccsync_watch.model import Part
from ccsync_watch.transcripts.fields import identity
from ccsync_watch.transcripts.message_content import MessageContent, note
from ccsync_watch.transcripts.mid_turn_texts import read_mid_turn
from ccsync_watch.transcripts.own_frames import read_workflow_task
from ccsync_watch.transcripts.peer_messages import read_peer_messages
from ccsync_watch.transcripts.plans import read_plan
from ccsync_watch.transcripts.result_wrappers import unwrap_result
from ccsync_watch.transcripts.tags import Tag, read_only_tags, read_tag, with_quoted_ends

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.model import JsonValue

TextReader: TypeAlias = "Callable[[str], MessageContent | None]"

# Of `<tag>`, "[Request", "Another", "A peer", "Context", "Implement", "Operation", "The user"; and
# white space before them.
FIRST_CHARACTERS = frozenset({"<", "[", "A", "C", "I", "O", "T", " ", "\t", "\r", "\n"})
_INTERRUPT = re.compile(r"\s*\[Request interrupted by user[^\]\n]{0,80}\]\s*")
_OUTPUT_TAGS = frozenset(
    {"bash-exit-code", "bash-stderr", "bash-stdout", "local-command-stderr", "local-command-stdout"}
)
_COMMAND_TAGS = frozenset(
    {"command-args", "command-contents", "command-message", "command-name", "skill-format"}
)
LOCAL_COMMANDS = frozenset(
    f"/{name}"
    for name in (
        "add-dir", "agents", "bug", "clear", "color", "config", "context", "copy", "cost", "doctor",
        "effort", "exit", "export", "fast", "feedback", "help", "hooks", "ide", "keybindings",
        "login", "logout", "mcp", "memory", "model", "new", "output-style", "permissions", "plugin",
        "plugins", "privacy-settings", "quit", "reload-plugins", "remote-control", "rename",
        "reset", "resume", "rewind", "sandbox", "skills", "stats", "status", "statusline", "tasks",
        "terminal-setup", "theme", "upgrade", "usage", "vim",
    )
)  # fmt: skip
"""The commands that the client answers itself: nobody asks Claude anything with them."""
TYPED_COMMAND = "! "
"""Before a command line that the user typed for the shell."""
_LINE_PREFIXES = {"bash-input": TYPED_COMMAND, "user-memory-input": "# "}
_NOTIFICATION_TAGS = frozenset({"agent-notification", "bash-notification", "task-notification"})
_NOTIFICATION_FIELDS = (
    "task-id", "tool-use-id", "status", "summary", "event", "failures",
)  # fmt: skip
# What the model reads before a report, when a subagent gets it.
_NOTIFICATION_HEAD = re.compile(
    r"\s*\[SYSTEM NOTIFICATION - NOT USER INPUT\][^<]{0,4000}(?=<task-notification>)"
)
_NOTIFICATION_TRAILER = re.compile(r"\s*(?:Read the output file|Full transcript available)")
_AFTER_NOTIFICATION = re.compile(
    rf"\s*(?:\Z|<(?:agent|bash|task)-notification>)|{_NOTIFICATION_TRAILER.pattern}"
)
FORK = "is_fork"
"""The fact of the task of a fork of Claude: what stands before it is copied from its parent."""
_STOPPED_BY_HOOK = re.compile(r"\s*Operation stopped by hook(?::[ ]|\s*\Z)")
_LIST_SUMMARY = re.compile(
    r"\s*Context: This summary will be shown in a list to help users and Claude choose which"
    r" conversations are relevant\.[ \t]*(?:\n|\Z)"
)


def read_interrupt(text: str) -> MessageContent | None:
    """Read what the client writes when the user stops Claude."""
    if _INTERRUPT.fullmatch(text):
        return MessageContent("system", "interrupt", [Part("text", text)], {})
    return None


def read_notification(text: str) -> MessageContent | None:
    """Read the reports of background tasks: what they say, without the client's tags."""
    head = _NOTIFICATION_HEAD.match(text)
    text = text[head.end() :] if head else text
    tags: list[Tag] = []
    at = 0
    while tag := read_tag(text, _NOTIFICATION_TAGS, at):
        # What a subagent reports may be about notifications.
        tag = with_quoted_ends(
            text, tag, lambda end: _AFTER_NOTIFICATION.match(text, end) is not None
        )
        tags.append(tag)
        at = tag.end
    rest = text[at:].strip() if tags else text
    if not tags or (rest and not _NOTIFICATION_TRAILER.match(rest)):
        return None
    reports = [_read_report(tag.inner) for tag in tags]
    facts: dict[str, JsonValue] = {
        name.replace("-", "_"): reports[0][name]
        for name in ("task-id", "tool-use-id", "status")
        if identity(reports[0].get(name))
    }
    parts = [Part("text", _describe_report(report)) for report in reports]
    return MessageContent("system", "notification", parts, facts)


def _read_report(text: str) -> dict[str, str]:
    """Return the fields of a report; its result may contain the tags of all of them."""
    report: dict[str, str] = {"": text.strip()}
    start, end = text.find("<result>"), text.rfind("</result>")
    if 0 <= start < end:
        # A subagent's report has around it what the result of its call would have.
        result = text[start + len("<result>") : end].strip("\n")
        unwrapped = unwrap_result(result, is_of_subagent=True)
        report["result"] = (unwrapped.text or "; ".join(unwrapped.names)).strip()
        text = text[:start] + text[end + len("</result>") :]
    for name in _NOTIFICATION_FIELDS:
        at = text.find(f"<{name}>")
        tag = read_tag(text, {name}, at) if at >= 0 else None
        if tag is not None:
            report[name] = tag.inner.strip()
    return report


def _describe_report(report: dict[str, str]) -> str:
    said = [report[name] for name in ("summary", "event", "failures", "result") if report.get(name)]
    if said:
        return "\n\n".join(said)
    if "task-id" in report:
        return f"Task {report['task-id']}: {report.get('status', 'changed')}"
    return report[""]


def read_output(text: str) -> MessageContent | None:
    """Read the output of a command, without the client's tags."""
    tags = read_only_tags(text, _OUTPUT_TAGS)
    if not tags:
        return None
    texts = [
        f"exit code {tag.inner}" if tag.name == "bash-exit-code" else tag.inner
        for tag in tags
        if tag.inner
    ]
    return MessageContent("system", "command_output", [Part("text", "\n".join(texts))], {})


def read_command(text: str) -> MessageContent | None:
    """Read a slash command as it was typed."""
    values: dict[str, str] = {}
    at = 0
    while tag := read_tag(text, _COMMAND_TAGS, at):
        values[tag.name] = tag.inner
        at = tag.end
        if tag.name == "command-args" and text.rstrip().endswith("</command-args>"):
            # What was typed may contain the tag itself.
            end = text.rindex("</command-args>")
            values[tag.name] = text[tag.end - len("</command-args>") - len(tag.inner) : end]
            at = len(text)
    name = values.get("command-name", "").strip()
    # Some clients write what it answered into the same text.
    output = read_output(text[at:])
    if (text[at:].strip() and output is None) or not name or "\n" in name:
        return None
    typed = f"{name} {values.get('command-args', '').strip()}".strip()
    notes = [note("output", str(part.content)) for part in output.parts] if output else []
    return MessageContent("user", "command", [Part("text", typed), *notes], {})


def read_typed_line(text: str) -> MessageContent | None:
    """Read a line that was typed with `!` or `#` before it."""
    tags = read_only_tags(text, _LINE_PREFIXES)
    if not tags:
        return None
    lines = [_LINE_PREFIXES[tag.name] + tag.inner.lstrip(" ") for tag in tags]
    return MessageContent("user", "command", [Part("text", "\n".join(lines))], {})


def read_list_summary(text: str) -> MessageContent | None:
    """Read the client's own request for a summary; nobody asked for it."""
    if _LIST_SUMMARY.match(text):
        return MessageContent("system", "injected", [Part("text", text)], {"request": "summary"})
    return None


def read_stop_by_hook(text: str) -> MessageContent | None:
    """Read what older clients write when a hook ends a prompt."""
    head = _STOPPED_BY_HOOK.match(text)
    if head is None:
        return None
    reason = note("stopped by a hook", text[head.end() :].strip())
    return MessageContent("system", "notice", [reason], {})


def read_fork_task(parts: list[Part]) -> MessageContent | None:
    """Read what a fork of Claude is asked for, from the texts beside the call that it copied."""
    for part in parts:
        text = part.content
        tag = read_tag(text, {"fork-boilerplate"}) if isinstance(text, str) else None
        if tag:
            task = str(text)[tag.end :].strip().removeprefix("Your directive:").strip()
            return MessageContent("system", "task", [Part("text", task)], {FORK: True})
    return None


WRAPPERS: tuple[TextReader, ...] = (
    read_interrupt,
    read_notification,
    read_output,
    read_peer_messages,
    read_list_summary,
    read_mid_turn,
    read_plan,
    read_workflow_task,
    read_stop_by_hook,
)
"""The texts that nobody types."""
COMMANDS: tuple[TextReader, ...] = (read_command, read_typed_line)
"""The texts that the client makes of what was typed."""


def find_wrapper(text: str, *, is_typed: bool = False) -> MessageContent | None:
    """Return what a text of the client says, None for a text of the user's own.

    `is_typed`: the row says that a person typed it, so that only a command can be the client's.
    """
    if text[:1] not in FIRST_CHARACTERS:
        return None
    for read in COMMANDS if is_typed else (*WRAPPERS, *COMMANDS):
        content = read(text)
        if content is not None:
            return content
    return None
