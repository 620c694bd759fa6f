"""The client's tools, in one table: what their arguments and results mean; pure.

To add a tool, add a row to `TOOLS`. A name of an argument counts for every tool of the client's,
not only for the one in whose row it stands: tools of later clients use the same names, the model
may call a tool with another's arguments, and in doubt a file's content is not kept. What a tool of
an MCP server does is unknown: its arguments are shown, and its result is an excerpt.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from ccsync_watch.transcripts.project_folders import shown_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ccsync_watch.model import JsonValue

_MAX_SUMMARY_CHARS = 160
_MAX_SUMMARY_NAMES = 4


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. All but the first two fields are names of arguments, or of a result's values."""

    name: str
    is_file_tool: bool = False  # its texts are the contents of files
    asks_person: bool = False  # its time is that in which a person decides
    command: str | None = None  # a shell's command line
    code: tuple[str, ...] = ()  # of a program that the tool runs
    task: str | None = None  # in the background, whose output is read
    paths: tuple[str, ...] = ()  # the path of a file, also in results and mentions of files
    file_pattern: str | None = None  # the files whose content is searched
    contents: tuple[str, ...] = ()  # a file's content: only its size is kept
    written: tuple[str, ...] = ()  # the contents that the file has afterwards
    summary: tuple[str, ...] = ()  # describes the call best, in one line
    result_values: tuple[str, ...] = ()  # kept of `toolUseResult`


TOOLS = (
    Tool("AskUserQuestion", asks_person=True),
    Tool("ExitPlanMode", asks_person=True),
    Tool(
        "Bash",
        command="command",
        summary=("command",),
        result_values=("backgroundTaskId", "durationMs", "interrupted", "persistedOutputSize"),
    ),
    Tool("TaskOutput", task="task_id"),
    Tool("BashOutput", task="bash_id"),  # of older clients
    Tool("AgentOutputTool", task="taskId"),
    Tool(
        "Read",
        is_file_tool=True,
        paths=("file_path",),
        summary=("file_path",),
        result_values=("numLines", "startLine", "totalLines", "type"),
    ),
    Tool(
        "Write",
        is_file_tool=True,
        paths=("file_path",),
        contents=("content",),
        written=("content",),
        summary=("file_path",),
        result_values=("type", "userModified"),
    ),
    Tool(
        "Edit",
        is_file_tool=True,
        paths=("file_path",),
        contents=("new_string", "old_string"),
        written=("new_string",),
        summary=("file_path",),
        result_values=("replaceAll", "userModified"),
    ),
    Tool(
        "MultiEdit",
        is_file_tool=True,
        paths=("file_path",),
        contents=("edits", "new_string", "old_string"),
        summary=("file_path",),
    ),
    Tool(
        "NotebookEdit",
        is_file_tool=True,
        paths=("notebook_path",),
        contents=("new_source", "old_source"),
        summary=("notebook_path",),
    ),
    Tool("NotebookRead", is_file_tool=True, paths=("notebook_path",), summary=("notebook_path",)),
    Tool(
        "Grep",
        paths=("path",),
        file_pattern="glob",
        summary=("pattern", "path"),
        result_values=("numFiles", "numLines", "numMatches"),
    ),
    Tool(
        "Glob",
        paths=("path",),
        summary=("pattern", "path"),
        result_values=("durationMs", "numFiles"),
    ),
    Tool("LS", paths=("path",), summary=("path",)),
    Tool("WebSearch", summary=("query",)),
    Tool("WebFetch", summary=("url",), result_values=("durationMs",)),
    Tool(
        "Agent",  # called Task by older clients
        summary=("description", "prompt"),
        result_values=(
            "agentId", "agentType", "resolvedModel", "status", "totalDurationMs", "totalTokens",
            "totalToolUseCount",
        ),
    ),
    Tool("Skill", summary=("skill",)),
    Tool("TaskCreate", summary=("subject",)),
    # What other tools call these, and the client itself in results and in mentions of files.
    Tool(
        "",
        paths=("filePath", "path", "filename", "file", "displayPath"),
        code=("code", "script", "function", "expression", "javascript", "js"),
        contents=(
            "body", "contents", "data", "diff", "file_text", "new_str", "old_str", "patch", "text",
        ),
        written=("new_str", "file_text", "text"),
        summary=("name", "input"),
    ),
)  # fmt: skip

_FILE_TOOL_NAMES = frozenset(tool.name for tool in TOOLS if tool.is_file_tool)
ASKING_TOOLS = frozenset(tool.name for tool in TOOLS if tool.asks_person)
_MCP_PREFIX = "mcp__"
_OTHER_COMMANDS = (
    *("cmd", "commandLine", "command_line", "cmdline", "cmdString", "cmd_string"),
    *("shell_command", "argv"),
)
_OTHER_PATHS = ("uri", "source", "src", "filepath", "fileName", "file_name", "filePaths")
_PATH_LISTS = ("paths", "files", "file_paths", "filePaths", "uris", "filenames")
_FILE_PATTERNS = {tool.name: tool.file_pattern for tool in TOOLS if tool.file_pattern}


def _union(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return all names once, in the table's order."""
    return tuple(dict.fromkeys(chain.from_iterable(names)))


COMMANDS = (*_union((tool.command,) for tool in TOOLS if tool.command), *_OTHER_COMMANDS)
CODE = _union(tool.code for tool in TOOLS)
TASKS = _union((tool.task,) for tool in TOOLS if tool.task)
PATHS = _union(tool.paths for tool in TOOLS)
CONTENTS = frozenset(_union(tool.contents for tool in TOOLS))
WRITTEN = _union(tool.written for tool in TOOLS)
RESULT_VALUES = tuple(sorted(_union(tool.result_values for tool in TOOLS)))
_SUMMARIES = _union(tool.summary for tool in TOOLS)


def is_file_tool(name: str) -> bool:
    """Return whether a tool of the client's is one whose texts are the contents of files."""
    return name in _FILE_TOOL_NAMES


def is_mcp_tool(name: str) -> bool:
    """Return whether a tool belongs to an MCP server; its name says nothing of what it does."""
    return name.startswith(_MCP_PREFIX)


def named_files(name: str, arguments: dict[str, JsonValue]) -> list[str]:
    """Return the paths and file patterns in a call's arguments, also of a server's tool."""
    keys = (*PATHS, _FILE_PATTERNS[name]) if name in _FILE_PATTERNS else PATHS
    listed = [
        path
        for key in _PATH_LISTS
        if isinstance(paths := arguments.get(key), list)
        for path in paths
    ]
    others = [*texts_under(arguments, _OTHER_PATHS), *listed]
    return [
        *texts_under(arguments, keys),
        *(path for path in others if isinstance(path, str) and not path.startswith("http")),
    ]


def texts_under(values: dict[str, JsonValue], keys: Collection[str]) -> list[str]:
    """Return the texts under some keys of an object, in the order of the keys."""
    if not values or values.keys().isdisjoint(keys):
        return []
    return [value for key in keys if isinstance(value := values.get(key), str) and value]


def command_line(arguments: dict[str, JsonValue]) -> str:
    """Return the command line in a call's arguments, empty without one.

    Tools of MCP servers also take it as a list, or the program and its arguments apart.
    """
    for key in COMMANDS:
        if key not in arguments:
            continue
        parts = [arguments.get(key), arguments.get("args")]
        words = [
            shlex.quote(word)
            for part in parts
            if isinstance(part, list)
            for word in part
            if isinstance(word, str)
        ]
        program = parts[0]
        if isinstance(program, str) and program:
            return " ".join([program, *words])
        if words and isinstance(program, list):
            return " ".join(words)
    return ""


def summarize_call(arguments: JsonValue) -> str:
    """Return the argument that describes a call best, in one line."""
    if not isinstance(arguments, dict):
        return ""
    names = list(arguments)[:_MAX_SUMMARY_NAMES]
    return _describing_argument(arguments) or ", ".join(str(name) for name in names)


def describe_call(name: str, arguments: JsonValue, folders: Collection[str] = ()) -> str:
    """Return a call in one line: `Bash: pytest -q`, `Edit src/a.py`.

    The path of a file that is in one of the session's folders is shown as one in that folder.
    """
    values = arguments if isinstance(arguments, dict) else {}
    line = _describing_argument(values, folders)
    separator = " " if is_file_tool(name) else ": "
    return f"{name}{separator}{line}" if line else name


def _describing_argument(
    arguments: dict[str, JsonValue], folders: Collection[str] | None = None
) -> str:
    """Return the describing argument; with folders a path is shown as one in them."""
    paths = () if folders is None else texts_under(arguments, PATHS)
    for text in texts_under(arguments, _SUMMARIES):
        words = shown_path(text, folders or ()) if text in paths else text
        line = " ".join(words.split())
        if line:
            return line if len(line) <= _MAX_SUMMARY_CHARS else f"{line[: _MAX_SUMMARY_CHARS - 1]}…"
    return ""
