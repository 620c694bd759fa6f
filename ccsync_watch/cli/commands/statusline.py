"""Print one line with costs, pending rows and problems, for Claude Code's statusLine setting."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ccsync_watch.config import state_folder
from ccsync_watch.statusline import entry

if TYPE_CHECKING:
    from collections.abc import Mapping

ORDER = 75
EXAMPLES = ("statusline",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what makes it the process that computes the figures: the handle of the lock."""
    parser.add_argument("--compute", type=int, metavar="HANDLE", help=argparse.SUPPRESS)


def main(arguments: argparse.Namespace, env: Mapping[str, str], _flags: Mapping[str, Any]) -> int:
    """Print the line; or compute its figures as long as lines are printed."""
    if arguments.compute is None:
        return entry.main(env)
    # Loaded here: the line does without.
    from ccsync_watch.cli.statusline_figures import FiguresProcess  # noqa: PLC0415 - see above
    from ccsync_watch.daemon.priority import lower_priority  # noqa: PLC0415 - see above

    lower_priority()
    FiguresProcess(state_folder(env), env).run()
    return 0
