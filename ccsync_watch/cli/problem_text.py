"""How a problem and the state of the daemon look on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.console import printable
from ccsync_watch.cli.typed_commands import typed
from ccsync_watch.errors import AlreadyRunning, NotRunning, StillStarting

if TYPE_CHECKING:
    from ccsync_watch.errors import CcsyncError
    from ccsync_watch.problem import Problem


NOT_RUNNING = "Not running. Start it with `ccsync-watch start`."
STOPPED = "Stopped. Unsent data is kept and sent next time."


def problem_lines(problem: Problem) -> list[str]:
    """Return a problem as one paragraph: its title and detail, then what to do about it."""
    return [f"{problem.title}: {printable(problem.detail)}", hint_line(problem.hint)]


def hint_line(hint: str) -> str:
    """Return what to do as the last line of a paragraph."""
    return f"  → {printable(typed(hint))}"


def one_line(problem: Problem) -> str:
    """Return a problem as the last line of a command."""
    return printable(typed(f"{problem.title}: {problem.detail}: {problem.hint}"))


def error_line(error: CcsyncError) -> str:
    """Return an error as the last line of a command; that nothing is wrong, in sentences."""
    if type(error) is NotRunning:
        return typed(NOT_RUNNING)
    if isinstance(error, StillStarting):
        return f"Starting. {_capitalize(typed(error.hint))}"
    if isinstance(error, AlreadyRunning):
        return f"{_capitalize(error.message)}. {_capitalize(typed(error.hint))}"
    return typed(str(error))


def _capitalize(text: str) -> str:
    # Not `str.capitalize`: that changes the rest as well.
    return text[:1].upper() + text[1:]


def already_running(pid: int | None) -> str:
    """Return what to print when the daemon runs already."""
    process = f" (process {pid})" if pid else ""
    return typed(
        f"Already running{process}. Open it: `ccsync-watch dashboard`; stop it: `ccsync-watch stop`"
    )
