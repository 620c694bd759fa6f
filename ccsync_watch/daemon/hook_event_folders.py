"""The Claude folders that hook events name: which are saved for the settings, and by whom."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ccsync_watch.config import add_hook_folder
from ccsync_watch.hook_events import Spool

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Settings
    from ccsync_watch.hook_events import HookEvent


def save_hook_folders(settings: Settings, *, clock: Clock) -> bool:
    """Save the Claude folders that pending hook events name; return whether one is new.

    Without a daemon; the events stay for the next one.
    """
    batch = Spool(settings.state_dir, settings.claude_dirs, clock=clock).read()
    is_new = False
    for folder in sorted(folders_to_save([event for _name, event in batch.events], settings)):
        with contextlib.suppress(OSError):
            is_new = add_hook_folder(settings.state_dir, folder) or is_new
    return is_new


def folders_to_save(events: Iterable[HookEvent], settings: Settings) -> set[Path]:
    """Return the folders of these events that the settings do not have yet."""
    is_default = settings.claude_dirs_place is None
    return {
        event.claude_dir
        for event in events
        if event.claude_dir is not None and not (event.is_read and is_default)
    }
