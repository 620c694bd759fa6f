"""Commands that list the variables of a shell or a process: which of them show secrets; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.known.command_lines.program_table import is_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ccsync_watch.privacy.known.command_lines.program_table import Arguments
    from ccsync_watch.privacy.policy.policy import Reads

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_ENV_OPTIONS = frozenset({"-", "-i", "-0", "-v", "--ignore-environment", "--null", "--debug", "--"})
_ENV_VALUES = frozenset({"-u", "-C", "--unset", "--chdir"})
_SHOWING = frozenset({"export", "declare", "typeset", "readonly", "local"})
_POWERSHELL = frozenset(
    {"get-childitem", "gci", "dir", "ls", "get-item", "gi", "get-itemproperty", "get-content", "gc"}
)


def lists_variables(
    program: str, arguments: Arguments, is_secret: Callable[[str], bool]
) -> Reads | None:
    """Return what a command shows of variables, None for a command that lists none."""
    texts = arguments.texts
    operands = [text for text in arguments.texts if not is_option(text)]
    options = [text for text in arguments.texts if is_option(text)]
    if program == "printenv":
        return _named(operands, is_secret) if operands else "variables"
    if program == "env":
        # With a command it is a runner.
        is_list = all(map(_ASSIGNMENT.match, _commands(texts))) and "-S" not in options
        return "variables" if is_list else None
    if program == "set" and not options:
        shows = len(operands) == 1 and is_secret(operands[0])
        is_list = not operands or operands[0].isupper()  # in `cmd`: those that begin so
        return "secrets" if shows else "variables" if is_list else None
    if program in _SHOWING:
        return _shown(program, operands, options, is_secret)
    if program in _POWERSHELL:
        names = [text[4:].strip("\\/") for text in operands if text.lower().startswith("env:")]
        return (
            _named(names, lambda name: name[-1:] in {"", "*"} or is_secret(name)) if names else None
        )
    is_list = (program == "compgen" and "-W" not in options) or (
        program == "systemctl" and arguments.first == "show-environment"
    )
    return "variables" if is_list else None


def _commands(texts: Sequence[str]) -> list[str]:
    """Return the operands of `env`, without what belongs to a program around it."""
    return [
        text
        for before, text in zip(("", *texts), texts, strict=False)
        if not is_option(text)
        and (not is_option(before) or before in _ENV_OPTIONS)
        and before not in _ENV_VALUES
    ]


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
