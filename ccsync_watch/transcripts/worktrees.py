"""Find the git worktrees that a session enters or makes, in its rows; pure.

The client's own are below their repository and say so by their path. Others are named by rows
about the session, by the results of the client's worktree tool, and by `git worktree add`.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from ccsync_watch.transcripts.fields import mapping, text
from ccsync_watch.transcripts.project_folders import folder_name, join_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ccsync_watch.model import JsonValue, Part
    from ccsync_watch.transcripts.message_content import MessageContent

ENTERED_WORKTREE = "worktree"
"""The fact of a session that works in a worktree from then on."""
NEW_WORKTREE = "new_worktree"
"""The fact of a session that names a worktree in a call or in a result."""
_ADD = "worktree add"
_SHELL_TOOLS = frozenset({"Bash", "PowerShell"})
_STEP_END = re.compile(r"&&|\|\||[;\n|&]")
# What the shell replaces: the path is not known then.
_UNKNOWN = re.compile(r"[$`*?]")
_OPTIONS_WITH_VALUE = frozenset({"-b", "-B", "--reason", "--orphan"})
_MAX_COMMAND_CHARS = 20_000
# What git writes; a later step of the command may end it with another outcome.
_SUCCESS = "Preparing worktree"
_FAILURE = "fatal:"
_FOLDER_CHANGES = (["cd"], ["pushd"], ["Set-Location"])
_RUNNERS = frozenset({"sudo", "time", "env", "command", "nohup"})


def read_worktree_state(row: dict[str, Any]) -> JsonValue:
    """Return the worktree that the session entered, None when it left it again."""
    state = mapping(row.get("worktreeSession"))
    return _worktree(state.get("worktreePath"), state.get("originalCwd"), state.get("worktreeName"))


def find_worktrees(row: dict[str, Any], content: MessageContent) -> Iterable[JsonValue]:
    """Return the worktrees that a row of the conversation names."""
    if content.kind == "tool_result":
        result = row.get("toolUseResult")
        if isinstance(result, dict) and "worktreePath" in result:
            # Which folder it came from, the row does not say.
            worktree = _worktree(result["worktreePath"], None, result.get("worktreeName"))
            return [worktree] if worktree else ()
    elif content.kind == "answer":
        for part in content.parts:
            if part.tool_name in _SHELL_TOOLS and part.kind == "tool-call":
                return _read_calls(content.parts, text(row.get("cwd")))
    return ()


def _read_calls(parts: Iterable[Part], folder: str | None) -> Iterator[JsonValue]:
    for part in parts:
        command = mapping(part.content).get("command") if part.kind == "tool-call" else None
        if isinstance(command, str) and _ADD in command and part.tool_name in _SHELL_TOOLS:
            for worktree in _read_command(command, folder, is_posix=part.tool_name == "Bash"):
                yield {**worktree, "call": part.tool_use_id}


def _read_command(
    command: str, folder: str | None, *, is_posix: bool
) -> Iterator[dict[str, JsonValue]]:
    """Yield the worktrees that a command makes, which starts in a folder."""
    for step in _STEP_END.split(command[:_MAX_COMMAND_CHARS]):
        words = _words(step, is_posix=is_posix)
        if words[:1] in _FOLDER_CHANGES and len(words) > 1:
            folder = _join(folder, words[1])
        elif "git" in words and all(map(_runs_next_word, words[: words.index("git")])):
            yield from _read_git(words[words.index("git") + 1 :], folder)


def _words(step: str, *, is_posix: bool) -> list[str]:
    """Return the words of one step of a command; a backslash is a letter outside of POSIX."""
    try:
        words = shlex.split(step, posix=is_posix)
    except ValueError:
        return []  # quotes around what separates steps: not a plain command
    return words if is_posix else [word.strip("\"'") for word in words]


def _runs_next_word(word: str) -> bool:
    """Return whether a word before a program's name leaves that the program: an option, a value."""
    return word in _RUNNERS or "=" in word or word.startswith("-")


def _read_git(words: list[str], folder: str | None) -> Iterator[dict[str, JsonValue]]:
    while len(words) > 1 and words[0].startswith("-"):
        if words[0] == "-C":
            folder = _join(folder, words[1])
        words = words[2 if words[0] in {"-C", "-c"} else 1 :]
    path = _join(folder, _first_argument(words[2:])) if words[:2] == ["worktree", "add"] else None
    if worktree := _worktree(path, folder, None):
        yield worktree


def has_made_worktree(result: JsonValue) -> bool:
    """Return whether the result of a command that makes a worktree says that it did."""
    outcome = mapping(result)
    output = text(outcome.get("output")) or ""
    return _FAILURE not in output and (outcome.get("ok") is not False or _SUCCESS in output)


def _first_argument(words: list[str]) -> str | None:
    is_value = False
    for number, word in enumerate(words):
        if word == "--":
            return words[number + 1] if number + 1 < len(words) else None
        if not is_value and not word.startswith("-"):
            return word
        is_value = not is_value and word in _OPTIONS_WITH_VALUE
    return None


def _join(folder: str | None, path: str | None) -> str | None:
    """Return a path that was written in a folder, None if the shell decides what it is."""
    if folder is None or path is None or _UNKNOWN.search(path):
        return None
    return join_folder(folder, path)


def _worktree(path: object, project: object, name: object) -> dict[str, JsonValue] | None:
    folder = text(path)
    if folder is None:
        return None
    return {
        "path": folder,
        "project": text(project),
        "name": text(name) or folder_name(folder),
    }
