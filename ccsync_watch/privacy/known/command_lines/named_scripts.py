"""Decide whether a script or a task is named for a secret that it prints: `./print-token.sh`; pure.

What it does is not known, so that a verb of showing and a secret must both be in its name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = re.compile(
    r"(?!tests?[-_])(?:[a-z0-9]+[-_:.])*(?:print|show|get|dump|reveal|echo|read|decrypt|display)"
    r"[-_:.]?(?:[a-z0-9]+[-_:.]){0,3}"
    r"(?:token|jwt|otp|passwords?|passwd|secrets?|credentials?|creds|connection[-_]?string|"
    r"(?:api|access|private|secret|admin|master)[-_]?keys?)"
)
_EXTENSION = re.compile(r"\.(?:sh|bash|zsh|fish|ps1|cmd|bat|py|rb|pl|php|[cm]?[jt]s|lua|exs?|r)\Z")
_TASK_RUNNERS = frozenset(
    {"make", "gmake", "just", "task", "rake", "invoke", "inv", "poe", "npm", "pnpm", "yarn", "bun"}
    | {"deno", "composer", "mise", "moon", "nx", "grunt", "gulp", "ant", "gradle", "gradlew"}
)
_INTERPRETERS = frozenset(
    {"bash", "sh", "zsh", "fish", "dash", "ksh", "pwsh", "powershell", "python", "python3", "ruby"}
    | {"perl", "php", "node", "tsx", "ts-node", "lua", "rscript", "elixir", "source", "."}
)
_MOST_WORDS = 6


def is_named_for_secrets(word: str, program: str, arguments: Sequence[str]) -> bool:
    """Tell whether a command runs such a script or task; `word` is how it names its program."""
    if "/" in word or "\\" in word or _EXTENSION.search(word):
        return _is_name(word)
    if program not in _TASK_RUNNERS and program not in _INTERPRETERS:
        return False
    operands = [text for text in arguments[:_MOST_WORDS] if not text.startswith("-")]
    if program in _TASK_RUNNERS:
        return any(map(_is_name, operands))
    return any(_EXTENSION.search(operand) and _is_name(operand) for operand in operands[:1])


def _is_name(text: str) -> bool:
    name = text.strip("'\"").replace("\\", "/").rpartition("/")[2].lower()
    return _NAME.fullmatch(_EXTENSION.sub("", name)) is not None
