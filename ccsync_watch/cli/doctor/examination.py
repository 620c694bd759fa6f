"""All that `doctor` examines, as one value; what is missing or damaged raises nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.cli.doctor.client_files import (
    ClientFiles,
    events_of,
    read_client_files,
    scripts_of,
    version_of,
)
from ccsync_watch.cli.doctor.hook_files import HookRun, StartFound, read_hook_runs, read_start
from ccsync_watch.cli.doctor.plugin_program import FoundProgram, client_version, find_program
from ccsync_watch.config import Settings, config_path, load, state_folder
from ccsync_watch.control.client import ControlClient
from ccsync_watch.errors import CcsyncError, NotAnswering, NotRunning, StillStarting
from ccsync_watch.hook_events import SPOOL_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_HELLO_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class PluginFolder:
    """A folder of the plugin: installed, or one that hooks ran from."""

    root: Path
    scripts: Path | None
    version: str | None
    events: tuple[str, ...]
    name: str | None = None
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class DaemonState:
    """Whether a daemon answers, and what prevents it from doing so."""

    version: str | None = None
    pid: int | None = None
    absence: NotRunning | None = None

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
    """Return the folder of the last hook first, then the installed ones."""
    latest = sorted(runs.values(), key=lambda run: -run.at_ms)
    used = [run.folder for run in latest if run.folder is not None and run.folder.is_dir()]
    installed = [
        _folder(plugin.folder, plugin.name, is_enabled=plugin.is_enabled)
        for plugin in files.plugins
    ]
    for scripts in used[:1]:
        known = [plugin for plugin in installed if plugin.scripts == scripts]
        others = [plugin for plugin in installed if plugin.scripts != scripts]
        # The client names the root, the hook its own folder, which may be below it.
        root = scripts if version_of(scripts) else scripts.parent
        return (*(known or [_folder(root, None, is_enabled=True)]), *others)
    return tuple(installed)


def _folder(root: Path, name: str | None, *, is_enabled: bool) -> PluginFolder:
    events = tuple(events_of(root))
    return PluginFolder(root, scripts_of(root), version_of(root), events, name, is_enabled)


def _daemon(settings: Settings) -> DaemonState:
    try:
        hello = ControlClient(settings.state_dir, hello_seconds=_HELLO_SECONDS).hello()
    except NotRunning as absence:
        return DaemonState(absence=absence)
    return DaemonState(hello.version, hello.pid)


def _count(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return 0
