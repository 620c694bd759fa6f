"""The table of causes: why the plugin, its hooks, the program or the daemon does not work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch import __version__
from ccsync_watch.cli.client_limits import limits_of
from ccsync_watch.config import printable_path, short_path
from ccsync_watch.daemon.background import is_older
from ccsync_watch.daemon.plugin_copy import command_of_copy
from ccsync_watch.errors import NotAnswering, StillStarting
from ccsync_watch.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ccsync_watch.cli.doctor.examination import Findings

_INSTALL = (
    "run `claude plugin marketplace add /path/to/claude-code-sync`, then"
    " `claude plugin install claude-code-sync@claude-code-sync`"
)
_ABSENCES = {
    "override": (
        "CCSYNC_WATCH_COMMAND names what is not a program",
        "set it to the path of ccsync-watch, or remove it",
    ),
    "changeable": (
        "others than this user and root can change the plugin's copy of the program",
        "give it to yourself, and run `chmod -R go-w` with its path; or install it elsewhere",
    ),
    "uv": (
        "the plugin contains the program, and uv, which runs it, is not on PATH",
        "install uv (https://docs.astral.sh/uv)",
    ),
    "state": (
        "the plugin contains the program, and no state folder belongs to this user",
        "set HOME, or CCSYNC_WATCH_HOME to the path of a folder of your own",
    ),
    "unprepared": (
        "uv has not installed the packages of the plugin's copy yet",
        "start a Claude Code session, whose hook does it, or wait a moment if one was just started",
    ),
    "none": (
        "no rule finds the program",
        "run `uv tool install` with the path of a clone of claude-code-sync",
    ),
}


def causes_of(findings: Findings) -> list[Problem]:
    """Return everything that is wrong, in the order of a session."""
    return [problem for cause in CAUSES for problem in cause(findings)]


def _settings(findings: Findings) -> Iterable[Problem]:
    error = findings.settings_error
    if error is not None:
        yield Problem("settings-wrong", "Settings", error.message, error.hint)


def _client(findings: Findings) -> Iterable[Problem]:
    version = findings.hook_client or findings.client
    if version is None:
        yield Problem(
            "client-not-found",
            "Claude Code",
            "`claude` is not on PATH, and no hook has named its version",
            "nothing to do if Claude Code is started elsewhere, such as by an editor",
            "info",
        )
    yield from limits_of(version)
    for path, reason in findings.files.unreadable.items():
        yield Problem(
            "client-file-unreadable",
            "Claude Code's files",
            f"{short_path(path, findings.settings)}: {reason}",
            "repair it: Claude Code may ignore it whole",
        )


def _plugin(findings: Findings) -> Iterable[Problem]:
    if all(plugin.is_gone for plugin in findings.plugins):
        what = "no Claude folder has it, and no hook of it ever ran"
        if findings.plugins:
            what = "no Claude folder has it any more; nothing starts the daemon by itself"
        otherwise = "or start the daemon yourself: `ccsync-watch start`"
        if findings.daemon.absence is None:
            otherwise = "or continue to start the daemon yourself"
        yield Problem(
            "plugin-not-installed", "Plugin not installed", what, f"{_INSTALL}; {otherwise}"
        )
    for plugin in findings.plugins:
        name, root = plugin.name or "the plugin", short_path(plugin.root, findings.settings)
        if not plugin.is_enabled:
            yield Problem(
                "plugin-disabled",
                "Plugin disabled",
                f"{name} is switched off in Claude Code's settings",
                f"run `claude plugin enable {plugin.name}`",
            )
        if plugin.scripts is None:
            yield Problem(
                "plugin-folder-missing",
                "Plugin incomplete",
                f"{name} has no hooks in {root}",
                f"run `claude plugin uninstall {plugin.name}`, then {_INSTALL}",
            )
        elif plugin.version and is_older(__version__, plugin.version):
            hint = (
                "update ccsync-watch from where you installed it, such as with"
                " `uv tool upgrade ccsync-watch`"
            )
            if command_of_copy(findings.settings.state_dir) is not None:
                hint = "start Claude Code again, whose hook installs the new version"
            yield Problem(
                "program-outdated",
                "Version",
                f"the plugin in {root} is {plugin.version}, this ccsync-watch {__version__}",
                hint,
                "warning",
            )


def _hooks(findings: Findings) -> Iterable[Problem]:
    for switch in findings.files.switches:
        yield Problem(
            "hooks-disabled",
            "Hooks disabled",
            f"{switch.name} is true in {short_path(switch.file, findings.settings)}",
            "remove it; until then start the daemon yourself: `ccsync-watch start`",
        )
    if findings.plugins and not findings.runs:
        yield Problem(
            "hooks-never-ran",
            "No hook ever ran",
            "the plugin is there, and none of its hooks has run with this state folder",
            "start a new Claude Code session; hooks do not run with --bare, nor in a folder that"
            " you do not trust",
            "warning",
        )
    plugin, last = findings.plugin, findings.runs.get("SessionStart")
    if plugin and last and plugin.version and last.version not in {None, plugin.version}:
        yield Problem(
            "hooks-of-another-version",
            "Version",
            f"the last session used the plugin {last.version}, {plugin.version} is installed",
            "start Claude Code again: it loads plugins when it starts",
            "info",
        )


def _program(findings: Findings) -> Iterable[Problem]:
    program, plugin = findings.program, findings.plugin
    if program is None:
        if plugin is not None and plugin.scripts is not None:
            yield Problem(
                "finder-failed",
                "Program not found",
                f"the script in {short_path(plugin.scripts, findings.settings)} does not run",
                "install the plugin again; it needs a POSIX shell, on Windows that of Git",
            )
        return
    if not program.rule:
        what, hint = _ABSENCES.get(program.absence, _ABSENCES["none"])
        if program.absence == "unprepared" and program.log:
            what = f"uv could not install the packages of the plugin's copy: {program.log}"
            fix = "check the network"
            if "interpreter" in program.log.lower():
                fix = "install Python 3.10 or later, such as with `uv python install`"
            hint = f"{fix}; every start of a Claude Code session tries it again"
        yield Problem("program-not-found", "Program not found", what, hint)
    elif program.failure is not None:
        yield Problem(
            "program-fails",
            "Program does not run",
            f"{printable_path(program.path)}: {program.failure}",
            "install it again where it is, or remove it from there",
        )
    start = findings.start
    if program.rule and start is not None and not start.rule:
        what = _ABSENCES.get(start.absence, _ABSENCES["none"])[0]
        yield Problem(
            "program-not-found-by-hook",
            "Program not found by the hook",
            f"when a session started last, {what}",
            "Claude Code may have another PATH than this terminal: set CCSYNC_WATCH_COMMAND to"
            f" {printable_path(program.path)}, or start Claude Code again",
            "warning",
        )


def _daemon(findings: Findings) -> Iterable[Problem]:
    daemon, settings = findings.daemon, findings.settings
    absence = daemon.absence
    if isinstance(absence, NotAnswering):
        yield Problem("daemon-silent", "Daemon not answering", absence.message, absence.hint)
    elif isinstance(absence, StillStarting):
        yield Problem("daemon-starting", "Daemon starting", absence.message, absence.hint, "info")
    elif absence is not None:
        why = "a hook starts it with the next session, or `ccsync-watch start` does"
        if not any(plugin.is_enabled and not plugin.is_gone for plugin in findings.plugins):
            why = "start it with `ccsync-watch start`"
        elif not settings.autostart:
            why = "autostart is off: start it with `ccsync-watch start`"
        waiting = f"; {findings.waiting} hook events wait for it" if findings.waiting else ""
        yield Problem("daemon-not-running", "Daemon not running", f"none answers{waiting}", why)
    elif daemon.version and daemon.version != __version__:
        hint = "run `ccsync-watch start`, which replaces it"
        if is_older(__version__, daemon.version):
            hint = "update this ccsync-watch; the daemon is newer and stays"
        yield Problem(
            "daemon-version",
            "Version",
            f"the daemon is {daemon.version}, this ccsync-watch {__version__}",
            hint,
            "warning",
        )


CAUSES: tuple[Callable[[Findings], Iterable[Problem]], ...] = (
    _settings,
    _client,
    _plugin,
    _hooks,
    _program,
    _daemon,
)
