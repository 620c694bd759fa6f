"""What `run` prints before it loads and compiles anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.banner import Banner
from ccsync_watch.config import load

if TYPE_CHECKING:
    import pytest


def test_each_set_of_settings_is_shown_once(
    env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The daemon that starts with those shown at once does not show them again."""
    settings = load(env)
    banner = Banner()
    banner.show(settings)
    banner.show(load(env))
    assert capsys.readouterr().out.count("stores in") == 1
    other = load(env, {"convex_url": "http://127.0.0.1:9"})
    banner.show(other)
    assert "uploads    to http://127.0.0.1:9, secrets removed" in capsys.readouterr().out
    banner.show(settings)
    assert "everything stays on this machine" in capsys.readouterr().out
