"""Complete syncs, each in a process of its own that is killed at any moment.

The processes are forked from one that has loaded everything, so that a round takes milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from multiprocessing import forkserver
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.daemon.runtime import Runtime
from ccsync_watch.daemon.sync_once import sync_once

if TYPE_CHECKING:
    from ccsync_watch.config import Settings

_SECONDS = 60.0


def sync(settings: Settings) -> None:
    """Read and upload everything, as `sync-now` does without a daemon."""
    from support.loaded_redactor import REDACTOR  # noqa: PLC0415 - only where it was loaded before

    clock = SystemClock()
    lock = InstanceLock(settings.state_dir, is_daemon=False)
    lock.acquire(clock.wall_ms())
    runtime = Runtime(settings, clock=clock, redactor=REDACTOR)
    sync_once(runtime, None, until=clock.monotonic() + _SECONDS)


class KilledSyncs:
    """Starts syncs of one state folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__, "support.loaded_redactor"])
        with pytest.MonkeyPatch.context() as patch:
            # Before Python 3.13 the process that loads them does not get this one's path.
            patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
            forkserver.ensure_running()

    def run(self, seconds: float | None) -> bool:
        """Run one, and kill it after so many seconds; return whether it ended before that."""
        process = self._context.Process(target=sync, args=(self._settings,))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
        assert process.exitcode in {0, -signal.SIGKILL}, "a sync failed"
        is_ended = process.exitcode == 0
        process.close()
        return is_ended
