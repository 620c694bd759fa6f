"""A long migration says how far it is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ccsync_watch.daemon.opening_log import log_migration

if TYPE_CHECKING:
    import pytest


def test_each_tenth_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the start nor the end, nor a store without messages."""
    caplog.set_level(logging.INFO)
    on_progress = log_migration()
    for done, total in ((0, 0), (0, 100), (9, 100), (10, 100), (19, 100), (55, 100), (100, 100)):
        on_progress(done, total)
    assert caplog.messages == ["updating the database: 10 %", "updating the database: 50 %"]
