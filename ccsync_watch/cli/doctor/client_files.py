"""What Claude Code's own files say of the plugin: installed, switched on, with which hooks.

The formats of several versions of the client are read; a file that cannot be read is reported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.cli.doctor.reachable_paths import is_file, read_dated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PLUGIN_NAME = "claude-code-sync"
_MAX_BYTES = 16 << 20
_HOOK_SCRIPT = "hooks/record_event.sh"
_INSTALLED = "installed_plugins.json"
_MANIFEST = ".claude-plugin/plugin.json"


@dataclass(frozen=True, slots=True)
class InstalledPlugin:
    """A plugin that the client has installed from a marketplace.

    `source` is a marketplace that is a folder: clients load the plugin from there, not their copy.
    `clone` is the client's own clone of one, from which earlier clients, such as 2.1.83, load it.
    """

    name: str
    folder: Path
    is_enabled: bool
    source: Path | None = None
    clone: Path | None = None


@dataclass(frozen=True, slots=True)
class HookSwitch:
    """A setting of the client's that keeps the plugin's hooks from running."""

    name: str
    file: Path


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """What the files of all Claude folders say together."""

    plugins: tuple[InstalledPlugin, ...] = ()
    switches: tuple[HookSwitch, ...] = ()
    unreadable: dict[Path, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether all lists of installed plugins could be read."""
        return all(path.name != _INSTALLED for path in self.unreadable)


def read_client_files(claude_dirs: Iterable[Path], managed_dir: Path | None) -> ClientFiles:
    """Read the files of these Claude folders, and of an administrator."""
    unreadable: dict[Path, str] = {}
    plugins: list[InstalledPlugin] = []
    switches: list[HookSwitch] = []
    if managed_dir is not None:
        managed = managed_dir / "managed-settings.json"
        content = _read(managed, unreadable)
        names = ("disableAllHooks", "allowManagedHooksOnly")
        switches += [HookSwitch(name, managed) for name in names if content.get(name) is True]
    for folder in claude_dirs:
        settings = _read(folder / "settings.json", unreadable)
        if settings.get("disableAllHooks") is True:
            switches.append(HookSwitch("disableAllHooks", folder / "settings.json"))
        enabled = settings.get("enabledPlugins")
        enabled = enabled if isinstance(enabled, dict) else {}
        installed = _read(folder / "plugins" / _INSTALLED, unreadable)
        markets = _read(folder / "plugins" / "known_marketplaces.json", unreadable)
        for name, path in (*_installed(installed), *_enabled(enabled, installed, markets)):
            # A renamed plugin is known by its hooks.
            if name.split("@")[0] == PLUGIN_NAME or scripts_of(path) is not None:
                # Without a word for it: a scope other than the user's switches it on.
                is_enabled = enabled.get(name) is not False
                plugins.append(InstalledPlugin(name, path, is_enabled, *_market(markets, name)))
    return ClientFiles(tuple(plugins), tuple(switches), unreadable)


def scripts_of(root: Path) -> Path | None:
    """Return the folder that contains `hooks/`, of a plugin's root; None if there is none."""
    for folder in (root, root / "plugin"):
        if is_file(folder / _HOOK_SCRIPT):
            return folder
    return None


def version_of(root: Path) -> str | None:
    """Return the version in a plugin's manifest."""
    version = _read(root / _MANIFEST, {}).get("version")
    return version if isinstance(version, str) else None


def events_of(root: Path) -> list[str]:
    """Return the events that a plugin's hooks are declared for, sorted."""
    scripts = scripts_of(root)
    if scripts is None:
        return []
    named = _read(root / _MANIFEST, {}).get("hooks")
    names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    files = {root / name for name in names if isinstance(name, str)} | {
        scripts / "hooks" / "hooks.json"
    }
    events: set[str] = set()
    for path in files:
        hooks = _read(path, {}).get("hooks")
        events |= set(hooks) if isinstance(hooks, dict) else set()
    return sorted(events)


def _installed(content: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    """Yield the plugins: clients before 2.1 have one entry for each, later ones a list."""
    plugins = content.get("plugins")
    for name, entries in (plugins if isinstance(plugins, dict) else {}).items():
        for entry in entries if isinstance(entries, list) else [entries]:
            path = entry.get("installPath") if isinstance(entry, dict) else None
            if isinstance(path, str) and path:
                yield name, Path(path)


def _enabled(
    enabled: dict[str, Any], installed: dict[str, Any], markets: dict[str, Any]
) -> Iterator[tuple[str, Path]]:
    """Yield the plugins of early clients, such as 2.0.42, which list only what is switched on."""
    listed = installed.get("plugins")
    for name, is_enabled in enabled.items():
        folder = next((path for path in _market(markets, name) if path is not None), None)
        if is_enabled is True and folder and not (isinstance(listed, dict) and name in listed):
            yield name, folder


def _market(markets: dict[str, Any], name: str) -> tuple[Path | None, Path | None]:
    """Return the folder that is the marketplace of a plugin, or the client's clone of it."""
    market = markets.get(name.rpartition("@")[2])
    path = market.get("installLocation") if isinstance(market, dict) else None
    if not isinstance(market, dict) or not isinstance(path, str) or not path:
        return None, None
    source = market.get("source")
    is_folder = isinstance(source, dict) and source.get("source") == "directory"
    return (Path(path), None) if is_folder else (None, Path(path))


def _read(path: Path, unreadable: dict[Path, str]) -> dict[str, Any]:
    try:
        content = orjson.loads(read_dated(path, _MAX_BYTES)[1])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        unreadable[path] = getattr(error, "strerror", None) or "not JSON"
        return {}
    if not isinstance(content, dict):
        unreadable[path] = "not a JSON object"
        return {}
    return content
