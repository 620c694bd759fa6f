"""How each of the client's tools is shown: **table** of tools; pure.

A view is made of what the store keeps of a call, which has no content of a file: of an edit there
are its path and its sizes. To show a tool in another way, write a function and add it to `VIEWS`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from ccsync_watch.dashboard.todo_views import add_tasks, task, todos
from ccsync_watch.dashboard.tool_blocks import (
    Block,
    Choice,
    Item,
    ToolView,
    count_of,
    field_list,
    is_web_address,
    line_of,
    links_in,
    size_of,
    sizes_of,
    text_of,
)
from ccsync_watch.transcripts.fields import mapping
from ccsync_watch.transcripts.project_folders import shown_path
from ccsync_watch.transcripts.tools import command_line, is_mcp_tool, summarize_call
from ccsync_watch.units import duration, full_count, plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.model import JsonValue
    from ccsync_watch.transcripts.call_outcome import CallOutcome
    from ccsync_watch.transcripts.task_list import TasksAfter

    Arguments: TypeAlias = dict[str, JsonValue]

_Build: TypeAlias = "Callable[[Arguments, CallOutcome | None, str | None], ToolView]"
ARROW = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
_ANSWER = '"{question}"="'
STANDING_ALONE = frozenset({"AskUserQuestion", "ExitPlanMode", "Task", "Agent", "Workflow"})
"""Calls that a reader looks for: they are not folded with those before and after them."""


def build_view(
    name: str,
    arguments: JsonValue,
    outcome: CallOutcome | None,
    folder: str | None = None,
    tasks: TasksAfter | None = None,
) -> ToolView:
    """Return how a call is shown; paths in `folder` are shown as ones in it.

    `tasks` is the client's list of tasks as the call left it, if it has to do with it.
    """
    values = mapping(arguments)
    build = VIEWS.get(name)
    if build is None:
        build = _mcp if is_mcp_tool(name) else _other
    view = build(values, outcome, folder)
    if tasks is not None and tasks.tasks:
        add_tasks(view, values, tasks)
    view.summary = view.summary or sizes_of(values)
    if not view.label:
        view.label = tool_label(name)
    # What went wrong is what a reader looks for; what was denied, they denied themselves.
    view.is_open |= outcome is not None and not outcome.is_ok and not outcome.denied
    return view


def _bash(values: Arguments, _outcome: CallOutcome | None, _folder: str | None) -> ToolView:
    command = command_line(values)
    notes = ["in the background"] if values.get("run_in_background") is True else []
    description = text_of(values, "description")
    blocks = [Block("prompt", text=description)] if description else []
    if command:
        blocks.append(Block("command", text=command))
    return ToolView(
        summary=f"$ {line_of(command)}" if command else "",
        notes=notes,
        blocks=blocks,
        output="terminal",
    )


def _file_change(values: Arguments, outcome: CallOutcome | None, folder: str | None) -> ToolView:
    path = text_of(values, "file_path", "notebook_path")
    facts = outcome.facts if outcome else {}
    added, removed = count_of(facts, "lines_added"), count_of(facts, "lines_removed")
    notes = []
    if facts.get("type") == "create":
        notes.append("new file")
    if facts.get("userModified") is True:
        notes.append("changed by you")
    if values.get("replace_all") is True or facts.get("replaceAll") is True:
        notes.append("all occurrences")
    return ToolView(
        summary=shown_path(path, [folder] if folder else []),
        title=path,
        added=added,
        removed=removed,
        notes=notes,
        blocks=[Block("sizes", items=[Item(line) for line in _describe_edits(values)])],
    )


def _describe_edits(values: Arguments) -> list[str]:
    """Return what an edit replaced by what, by their sizes: no content of a file is stored."""
    edits = values.get("edits")
    lines = []
    for edit in [values, *(edits if isinstance(edits, list) else [])]:
        sizes = mapping(edit)
        new = next((size for name in ("new_string", "content", "new_source")
                    if (size := size_of(sizes.get(name)))), None)  # fmt: skip
        old = next((size for name in ("old_string", "old_source")
                    if (size := size_of(sizes.get(name)))), None)  # fmt: skip
        if new and old:
            lines.append(f"{old} replaced by {new}")
        elif new or old:
            lines.append(f"{new} written" if new else f"{old} removed")
    return lines


def _read(values: Arguments, outcome: CallOutcome | None, folder: str | None) -> ToolView:
    path = text_of(values, "file_path", "notebook_path", "path")
    facts = outcome.facts if outcome else {}
    notes = []
    count, start, total = (count_of(facts, key) for key in ("numLines", "startLine", "totalLines"))
    if count is not None and total is not None:
        first = start or 1
        is_whole = count >= total
        notes.append(
            plural(total, "line") if is_whole
            else f"lines {first:,} to {max(first, first + count - 1):,} of {total:,}"
        )  # fmt: skip
    return ToolView(summary=shown_path(path, [folder] if folder else []), title=path, notes=notes)


def _find(values: Arguments, outcome: CallOutcome | None, folder: str | None) -> ToolView:
    path = text_of(values, "path")
    glob = text_of(values, "glob")
    where = shown_path(path, [folder] if folder else []) if path and path != folder else ""
    facts = outcome.facts if outcome else {}
    counts = (("numMatches", "match", "matches"), ("numFiles", "file", "files"),
              ("numLines", "line", "lines"))  # fmt: skip
    counted = next(((count, one, many) for key, one, many in counts
                  if (count := count_of(facts, key)) is not None), None)  # fmt: skip
    notes = [] if counted is None else [f"{counted[0]:,} {counted[1 if counted[0] == 1 else 2]}"]
    parts = [text_of(values, "pattern"), f"in {where}" if where else "", glob]
    return ToolView(summary="  ".join(filter(None, parts)), notes=notes, output="text")


def _plan(values: Arguments, outcome: CallOutcome | None, _folder: str | None) -> ToolView:
    plan = text_of(values, "plan")
    notes = ["approved"] if outcome is not None and outcome.is_ok else []
    blocks = [Block("prose", text=plan)] if plan else []
    return ToolView(summary="Plan", notes=notes, blocks=blocks, output=None, is_open=bool(plan))


def _question(values: Arguments, outcome: CallOutcome | None, _folder: str | None) -> ToolView:
    output = (outcome.output if outcome else None) or ""
    questions = values.get("questions")
    blocks = []
    headers = []
    for question in questions if isinstance(questions, list) else []:
        asked = mapping(question)
        text = text_of(asked, "question")
        answer = _answer_to(text, output)
        listed = asked.get("options")
        options = [mapping(option) for option in (listed if isinstance(listed, list) else [])]
        labels = [text_of(option, "label") for option in options]
        chosen = set(answer.split(", ")) | {answer}
        choices = [
            Choice(label, text_of(option, "description"), label in chosen)
            for label, option in zip(labels, options, strict=True)
        ]
        if answer and not any(choice.is_chosen for choice in choices):
            choices.append(Choice(answer, "typed", is_chosen=True))
        blocks.append(Block("question", text=text, choices=choices))
        headers.append(": ".join(filter(None, (text_of(asked, "header") or text, answer))))
    is_answered = any(choice.is_chosen for block in blocks for choice in block.choices)
    return ToolView(
        summary=" · ".join(headers),
        blocks=blocks,
        output=None if is_answered else "text",
        is_open=True,
    )


def _answer_to(question: str, output: str) -> str:
    """Return what was answered to a question, as the client's result says it; else nothing."""
    _before, has_answer, after = output.partition(_ANSWER.format(question=question))
    return re.split(r'"(?=[,.]|$| user notes)', after, maxsplit=1)[0] if has_answer else ""


def _web_search(values: Arguments, outcome: CallOutcome | None, _folder: str | None) -> ToolView:
    links, rest = links_in((outcome.output if outcome else None) or "")
    blocks = [Block("links", items=[Item(title, url=url) for title, url in links])]
    return ToolView(
        summary=text_of(values, "query"),
        notes=[plural(len(links), "link")] if links else [],
        blocks=[*(blocks if links else []), *([Block("prose", text=rest)] if rest else [])],
        output=None,
    )


def _web_fetch(values: Arguments, outcome: CallOutcome | None, _folder: str | None) -> ToolView:
    url, prompt = text_of(values, "url"), text_of(values, "prompt")
    output = (outcome.output if outcome else None) or ""
    blocks = [
        *([Block("links", items=[Item(url, url=url)])] if is_web_address(url) else []),
        *([Block("prompt", text=prompt)] if prompt else []),
        *([Block("prose", text=output)] if output else []),
    ]
    return ToolView(summary=url, blocks=blocks, output=None)


def _agent(values: Arguments, outcome: CallOutcome | None, _folder: str | None) -> ToolView:
    facts = outcome.facts if outcome else {}
    kind = text_of(values, "subagent_type") or text_of(facts, "agentType")
    calls, tokens = count_of(facts, "totalToolUseCount"), count_of(facts, "totalTokens")
    took = count_of(facts, "totalDurationMs")
    notes = [
        *([plural(calls, "call")] if calls is not None else []),
        *([f"{full_count(tokens)} tokens"] if tokens is not None else []),
        *([duration(took)] if took is not None else []),
    ]
    prompt, output = text_of(values, "prompt"), (outcome.output if outcome else None) or ""
    return ToolView(
        label=f"Agent {ARROW} {kind}" if kind else "Agent",
        summary=text_of(values, "description", "name") or line_of(prompt),
        notes=notes,
        blocks=[
            *([Block("prompt", text=prompt)] if prompt else []),
            *([Block("prose", text=output)] if output else []),
        ],
        output=None,
    )


def _skill(values: Arguments, _outcome: CallOutcome | None, _folder: str | None) -> ToolView:
    words = (text_of(values, "skill", "command", "name"), text_of(values, "args"))
    typed = " ".join(filter(None, words))
    return ToolView(summary=line_of(f"/{typed}") if typed else "", output="text")


def _workflow(values: Arguments, _outcome: CallOutcome | None, _folder: str | None) -> ToolView:
    code = text_of(values, "script", "code")
    shown = {key: value for key, value in values.items() if key not in {"script", "code"}}
    blocks = [Block("fields", items=field_list(shown))] if shown else []
    return ToolView(
        summary=text_of(values, "name", "description") or line_of(code),
        blocks=[*blocks, *([Block("code", text=code)] if code else [])],
        output="text",
    )


def tool_label(name: str) -> str:
    """Return a tool's name as a page shows it."""
    return _mcp_label(name) if is_mcp_tool(name) else name


def _mcp_label(name: str) -> str:
    """Return the server's name and the tool's of a tool of an MCP server."""
    _prefix, _separator, rest = name.partition("__")
    server, _separator, tool = rest.partition("__")
    return f"{server} {ARROW} {tool}" if server and tool else rest.strip("_") or name


def _mcp(values: Arguments, _outcome: CallOutcome | None, _folder: str | None) -> ToolView:
    blocks = [Block("fields", items=field_list(values))] if values else []
    return ToolView(summary=_first_text(values), blocks=blocks, output="json")


def _first_text(values: Arguments) -> str:
    texts = (line_of(value) for value in values.values() if isinstance(value, str))
    return next(filter(None, texts), "") or summarize_call(values)


def _other(values: Arguments, _outcome: CallOutcome | None, _folder: str | None) -> ToolView:
    blocks = [Block("fields", items=field_list(values))] if values else []
    return ToolView(summary=summarize_call(values), blocks=blocks, output="text")


VIEWS: dict[str, _Build] = {
    "Bash": _bash,
    "PowerShell": _bash,
    "Edit": _file_change,
    "MultiEdit": _file_change,
    "Write": _file_change,
    "NotebookEdit": _file_change,
    "Read": _read,
    "NotebookRead": _read,
    "LS": _read,
    "Grep": _find,
    "Glob": _find,
    "TodoWrite": todos,
    "TaskCreate": task,
    "TaskUpdate": task,
    "TaskGet": task,
    "TaskList": task,
    "ExitPlanMode": _plan,
    "AskUserQuestion": _question,
    "WebSearch": _web_search,
    "WebFetch": _web_fetch,
    "Task": _agent,
    "Agent": _agent,
    "Skill": _skill,
    "SlashCommand": _skill,
    "Workflow": _workflow,
}
"""By the name of the tool; those of MCP servers and unknown ones are shown by their arguments."""
