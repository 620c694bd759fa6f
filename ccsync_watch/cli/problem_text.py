"""How a problem, or an error, looks on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.console import printable

if TYPE_CHECKING:
    from ccsync_watch.problem import Problem


def problem_lines(problem: Problem) -> list[str]:
    """Return a problem as one paragraph: its title and detail, then what to do about it."""
    return [f"{problem.title}: {printable(problem.detail)}", f"  → {printable(problem.hint)}"]


def one_line(problem: Problem) -> str:
    """Return a problem as the last line of a command."""
    return printable(f"{problem.title}: {problem.detail}: {problem.hint}")
