"""The problems that the plugin's sync-status adds to those of the report, or leaves out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ccsync_watch import __version__, report
from ccsync_watch.config import declared_settings
from ccsync_watch.daemon.background import is_older
from ccsync_watch.problem import Problem

if TYPE_CHECKING:
    from ccsync_watch.config import Settings
    from ccsync_watch.control.messages import CheckAnswer

# How long the test of the connection may take.
CONNECTION_SECONDS = 2.5
# What helps from inside a session, by the problem's code.
_HINTS = {
    "daemon-not-running": "/claude-code-sync:sync-now starts it, and so does `ccsync-watch start`"
}
_UNANSWERED = Problem(
    "connection-failed",
    "Connection failed",
    f"the backend did not answer within {CONNECTION_SECONDS:g} s",
    "check that your Convex deployment is running, that convex_url is correct, and the network;"
    " unsent data is kept and sent later",
)


def with_connection(problems: list[Problem], answer: CheckAnswer | None) -> list[Problem]:
    """Return the problems with what the connection test of this moment found."""
    if answer is None:
        is_failing = any(problem.code == "connection-failed" for problem in problems)
        return problems if is_failing else [_UNANSWERED, *problems]
    # What the daemon knew of the connection is older than the test made just now.
    problems = [problem for problem in problems if problem.code != "connection-failed"]
    return [answer.problem, *problems] if answer.problem else problems


def with_hints(
    problems: list[Problem], session_id: str | None, figures: dict[str, Any]
) -> list[Problem]:
    """Return the problems that matter inside a session, with the hints that help there."""
    if figures["daemon"]["running"] and session_id:
        # The session that asks has just begun: its transcript is about to be written.
        problems = [problem for problem in problems if problem.code != "no-transcripts"]
    return [replace(problem, hint=_HINTS.get(problem.code, problem.hint)) for problem in problems]


def compare_settings(figures: dict[str, Any], settings: Settings) -> list[Problem]:
    """Return how the daemon's settings differ from those of this session's environment."""
    if not figures["daemon"]["running"]:
        return []
    problems = []
    ours, theirs = report.shown_config(settings), figures["config"]
    options = [name for name, setting in declared_settings().items() if setting.option_title]
    if any(theirs[name] != ours[name] for name in options):
        problems.append(
            Problem(
                "settings-differ",
                "Settings differ",
                "the daemon does not use the settings of this session's environment",
                f"put them into {ours['file']}, which every daemon reads",
                "warning",
            )
        )
    watched = theirs["claude_dirs"]
    unwatched = [str(folder) for folder in settings.claude_dirs if str(folder) not in watched]
    if unwatched:
        problems.append(
            Problem(
                "session-not-watched",
                "Sync not working",
                f"the daemon does not read {', '.join(unwatched)}, where this session's transcript"
                " is",
                f"add it to claude_dirs in {ours['file']}",
            )
        )
    return problems


def compare_versions(plugin_version: str) -> list[Problem]:
    """Return the warning that the program is older than the plugin, if it is."""
    if not is_older(__version__, plugin_version):
        return []
    return [
        Problem(
            "program-outdated",
            "Version",
            f"this plugin is {plugin_version}, ccsync-watch is {__version__}",
            "update ccsync-watch from where you installed it, such as with `uv tool upgrade`",
            "warning",
        )
    ]
