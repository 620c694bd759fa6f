"""The folders, where nothing names them."""

from __future__ import annotations

from pathlib import Path

from ccsync_watch import config


def test_the_account_names_the_home_folder_without_the_variable() -> None:
    """HOME may be missing from a service's environment."""
    assert config.home({}) == Path.home()
