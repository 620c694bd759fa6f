"""Ask a person in a terminal whether something is meant that cannot be undone."""

from __future__ import annotations

import sys

_YES = frozenset({"y", "yes"})


def can_ask() -> bool:
    """Return whether somebody reads what is asked, and can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str) -> bool:
    """Ask on standard error; anything but `y` or `yes` is a no, and so is an end of the input."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201 - a question
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        print(file=sys.stderr)  # noqa: T201 - nobody pressed Enter
    return answer.strip().lower() in _YES
