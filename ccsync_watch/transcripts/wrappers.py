"""The texts and tags that the client writes in the user's name, in one table; pure.

A user row may hold a typed prompt, or something that the client wrote: a command with its output,
a background task's report, an interrupt. `find_wrapper` says which; to add a wrapper, add a row to
`WRAPPERS`. Text that the client injects without a wrapper of its own (caveats, reminders) is
marked in the row by `isMeta`, and needs none here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccsync_watch.model import MessageKind, Role

_COMMAND_NAME = re.compile(r"<command-name>(.*?)</command-name>", re.DOTALL)
_COMMAND_ARGS = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)
_SHELL_INPUT = re.compile(r"\s*<bash-input>(.*?)</bash-input>", re.DOTALL)
_OUTPUT_TAGS = re.compile(
    r"</?(?:local-command-stdout|local-command-stderr|bash-stdout|bash-stderr|bash-input)>"
)


@dataclass(frozen=True, slots=True)
class Wrapper:
    """One text of the client: how a row's text begins, and what the row then is.

    `search_chars` is how far the pattern may begin after the start, 0 for at the start only.
    """

    role: Role
    kind: MessageKind
    pattern: re.Pattern[str]
    search_chars: int = 0

    def matches(self, text: str) -> bool:
        """Return whether a row's text is of this shape."""
        if self.search_chars:
            return self.pattern.search(text, 0, self.search_chars) is not None
        return self.pattern.match(text) is not None


INTERRUPT = Wrapper("system", "interrupt", re.compile(r"\[Request interrupted by user"))
TASK_NOTIFICATION = Wrapper("system", "notification", re.compile(r"\s*<task-notification>"))
OUTPUT = Wrapper(
    "system", "command_output", re.compile(r"\s*<(?:local-command|bash)-std(?:out|err)>")
)
# `<command-message>` may stand before the name.
COMMAND = Wrapper("user", "command", _COMMAND_NAME, search_chars=400)
SHELL_COMMAND = Wrapper("user", "command", _SHELL_INPUT)

WRAPPERS = (INTERRUPT, TASK_NOTIFICATION, OUTPUT, COMMAND, SHELL_COMMAND)
"""In the order in which they are tried: a command's output may quote a command."""


def find_wrapper(text: str) -> Wrapper | None:
    """Return the wrapper that a row's text has, None for a text of the user's own."""
    for wrapper in WRAPPERS:
        if wrapper.matches(text):
            return wrapper
    return None


def unwrap(text: str) -> str:
    """Return a command as it was typed, or its output, without the client's tags."""
    command = _COMMAND_NAME.search(text)
    if command:
        arguments = _COMMAND_ARGS.search(text)
        typed = arguments[1].strip() if arguments else ""
        return f"{command[1].strip()} {typed}".strip()
    shell = _SHELL_INPUT.match(text)
    return f"! {shell[1]}" if shell else _OUTPUT_TAGS.sub("", text)
