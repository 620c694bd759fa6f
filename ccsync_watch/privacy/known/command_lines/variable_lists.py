"""Commands that list the variables of a shell or a process: which of them show secrets; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.known.command_lines.program_table import is_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.privacy.known.command_lines.program_table import Arguments
    from ccsync_watch.privacy.policy.policy import Reads

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_SHOWING = frozenset({"export", "declare", "typeset", "readonly", "local"})
_POWERSHELL = frozenset(
    {"get-childitem", "gci", "dir", "ls", "get-item", "gi", "get-itemproperty", "get-content", "gc"}
)


def lists_variables(
    program: str, arguments: Arguments, is_secret: Callable[[str], bool]
) -> Reads | None:
    """Return what a command shows of variables, None for a command that lists none."""
    operands = [text for text in arguments.texts if not is_option(text)]
    options = [text for text in arguments.texts if is_option(text)]
    if program == "printenv":
        return _named(operands, is_secret) if operands else "variables"
    if program == "env":
        # With a command it is a runner.
        is_list = all(map(_ASSIGNMENT.match, operands)) and "-S" not in options
        return "variables" if is_list else None
    if program == "set" and not options:
        shows = len(operands) == 1 and is_secret(operands[0])
        return "secrets" if shows else None if operands else "variables"
    if program in _SHOWING:
        return _shown(program, operands, options, is_secret)
    if program in _POWERSHELL:
        names = [text[4:].strip("\\/*") for text in operands if text.lower().startswith("env:")]
        return _named(names, lambda name: not name or is_secret(name)) if names else None
    is_list = program == "compgen" or (
        program == "systemctl" and arguments.first == "show-environment"
    )
    return "variables" if is_list else None


def _named(names: list[str], is_secret: Callable[[str], bool]) -> Reads:
    return "secrets" if any(map(is_secret, names)) else "anything"


def _shown(
    program: str, operands: list[str], options: list[str], is_secret: Callable[[str], bool]
) -> Reads | None:
    if program != "local" and not operands and all("f" not in option for option in options):
        return "variables"
    if any("p" in option for option in options):
        return "secrets" if any(map(is_secret, operands)) else None
    return None
