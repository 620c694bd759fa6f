"""All that `doctor` examines, as one value; what is missing or damaged raises nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from ccsync_watch.cli.doctor.client_files import (
    ClientFiles,
    InstalledPlugin,
    events_of,
    read_client_files,
    scripts_of,
    version_of,
)
from ccsync_watch.cli.doctor.hook_files import HookRun, StartFound, read_hook_runs, read_start
from ccsync_watch.cli.doctor.plugin_program import FoundProgram, client_version, find_program
from ccsync_watch.cli.doctor.reachable_paths import is_folder
from ccsync_watch.config import Settings, config_path, load, state_folder
from ccsync_watch.control.client import ControlClient, explain_absence
from ccsync_watch.errors import CcsyncError, DaemonUnavailable, NotAnswering, StillStarting
from ccsync_watch.hook_events import SPOOL_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_HELLO_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class PluginFolder:
    """A folder of the plugin: installed, or one that hooks ran from.

    `is_gone` if it was installed when they ran last, and is not any more.
    """

    root: Path
    scripts: Path | None
    version: str | None
    events: tuple[str, ...]
    name: str | None = None
    is_enabled: bool = True
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class DaemonState:
    """Whether a daemon answers, and what prevents it from doing so."""

    version: str | None = None
    pid: int | None = None
    absence: DaemonUnavailable | None = None

    @property
    def word(self) -> str:
        """The state in words."""
        if self.absence is None:
            return f"{self.version}, running (process {self.pid})"
        if isinstance(self.absence, NotAnswering):
            return "not answering"
        return "starting" if isinstance(self.absence, StillStarting) else "not running"


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, from the client to the daemon.

    `client` is the version of the `claude` on PATH, `hook_client` that of the last hook. `waiting`
    is how many hook events no daemon has read yet.
    """

    settings: Settings
    settings_error: CcsyncError | None
    client: str | None
    hook_client: str | None
    files: ClientFiles
    plugins: tuple[PluginFolder, ...]
    runs: dict[str, HookRun]
    start: StartFound | None
    program: FoundProgram | None
    daemon: DaemonState
    waiting: int

    @property
    def plugin(self) -> PluginFolder | None:
        """The plugin whose hooks run: that of the last hook, else an installed one."""
        return self.plugins[0] if self.plugins else None


def examine(env: Mapping[str, str]) -> Findings:
    """Look at everything once; only the programs that the plugin would run are run."""
    settings, error = _load(env)
    runs = read_hook_runs(settings.state_dir)
    files = read_client_files(settings.claude_dirs, settings.managed_dir)
    plugins = _plugins(files, runs)
    scripts = next((plugin.scripts for plugin in plugins if plugin.scripts), None)
    last = max(runs.values(), key=lambda run: run.at_ms, default=None)
    return Findings(
        settings=settings,
        settings_error=error,
        client=client_version(env),
        hook_client=last.client if last else None,
        files=files,
        plugins=plugins,
        runs=runs,
        start=read_start(settings.state_dir),
        program=find_program(scripts, env) if scripts else None,
        daemon=_daemon(settings),
        waiting=_count(settings.state_dir / SPOOL_NAME),
    )


def _load(env: Mapping[str, str]) -> tuple[Settings, CcsyncError | None]:
    try:
        return load(env), None
    except CcsyncError as error:
        # What does not depend on the settings can be examined all the same.
        bare = {name: env[name] for name in ("HOME", "CCSYNC_WATCH_HOME") if name in env}
        try:
            return load(bare, file=config_path(env).with_name("none")), error
        except CcsyncError:
            return Settings(state_dir=state_folder(env)), error


def _plugins(files: ClientFiles, runs: Mapping[str, HookRun]) -> tuple[PluginFolder, ...]:
    """Return the plugin of the last hook first, then the other installed ones."""
    latest = sorted(runs.values(), key=lambda run: -run.at_ms)
    run = next((run for run in latest if run.folder and is_folder(run.folder)), None)
    if run is None or run.folder is None:
        return tuple(_folder(_root(plugin), plugin) for plugin in files.plugins)
    used, others = [], []
    for plugin in files.plugins:
        # A renamed marketplace has other data; without a word for it, the folder decides.
        is_named = run.data in {"", plugin.name.replace("@", "-")}
        roots = [root for root in _roots(plugin) if _is_same(scripts_of(root), run.folder)]
        if roots and is_named:
            used.append(_folder(roots[0], plugin))
        # After an update, a session's hooks run from the folder of the version before.
        elif plugin.folder.parent in run.folder.parents:
            used.append(_folder(_root(plugin), plugin))
        else:
            others.append(_folder(_root(plugin), plugin))
    if not used:
        # The client names the root, the hook its own folder, which may be below it.
        folder = _folder(run.folder if version_of(run.folder) else run.folder.parent, None)
        used = [replace(folder, is_gone=files.is_complete and not _is_loaded_from_folder(run))]
    return (*used, *others)


def _is_loaded_from_folder(run: HookRun) -> bool:
    """Return whether the plugin of a hook was not an installed one."""
    if run.data:
        return run.data.endswith("-inline")
    places = set(pairwise(run.folder.parts)) if run.folder else set()
    return not places & {("plugins", "cache"), ("plugins", "marketplaces")}


def _roots(plugin: InstalledPlugin) -> list[Path]:
    return [root for root in (plugin.source, plugin.folder, plugin.clone) if root is not None]


def _is_same(folder: Path | None, other: Path) -> bool:
    return folder is not None and folder.resolve() == other.resolve()


def _root(plugin: InstalledPlugin) -> Path:
    """Return where the client loads a plugin from."""
    return next((root for root in _roots(plugin) if scripts_of(root)), plugin.folder)


def _folder(root: Path, plugin: InstalledPlugin | None) -> PluginFolder:
    name, is_enabled = (plugin.name, plugin.is_enabled) if plugin else (None, True)
    events = tuple(events_of(root))
    return PluginFolder(root, scripts_of(root), version_of(root), events, name, is_enabled)


def _daemon(settings: Settings) -> DaemonState:
    try:
        hello = ControlClient(settings.state_dir, hello_seconds=_HELLO_SECONDS).hello()
    except DaemonUnavailable as absence:
        return DaemonState(absence=explain_absence(settings.state_dir, absence))
    return DaemonState(hello.version, hello.pid)


def _count(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return 0
