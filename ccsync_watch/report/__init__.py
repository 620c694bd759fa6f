"""The one set of figures, and the problems, that `status`, the dashboard and the plugin show.

Each name is imported when it is first used: `status` needs few of them while a daemon answers.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccsync_watch.report.connection_problems import clock_problems, connection_problem
    from ccsync_watch.report.folder_checks import check_folders
    from ccsync_watch.report.live import Backend, Live
    from ccsync_watch.report.status_report import shown_config, status

__all__ = [
    "Backend",
    "Live",
    "check_folders",
    "clock_problems",
    "connection_problem",
    "shown_config",
    "status",
]

_MODULES = ("live", "connection_problems", "folder_checks", "status_report")


def __getattr__(name: str) -> Any:  # noqa: ANN401 - of any type
    """Return a name of this package, from the first module that has it."""
    if name in __all__:
        for module in _MODULES:
            loaded = importlib.import_module(f"{__name__}.{module}")
            if name in vars(loaded):
                return vars(loaded)[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
