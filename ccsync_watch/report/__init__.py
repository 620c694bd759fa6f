"""The one set of figures, and the problems, that `status`, the dashboard and the plugin show."""

from ccsync_watch.report.folder_checks import check_folders
from ccsync_watch.report.live import Backend, Live
from ccsync_watch.report.problem_checks import clock_problems, connection_problem
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
