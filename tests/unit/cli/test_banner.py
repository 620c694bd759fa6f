"""What `run` prints before it loads and compiles anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.cli.banner import PREPARING, Banner
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


def test_preparation_is_announced_while_no_rules_are_cached(
    env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Afterwards the redactor is there at once."""
    settings = load({**env, "XDG_CACHE_HOME": f"{env['HOME']}/empty"})
    assert settings.cache_dir is not None
    Banner().show_preparation(settings)
    assert capsys.readouterr().out == f"{PREPARING}\n"
    settings.cache_dir.mkdir(parents=True)
    (settings.cache_dir / "rules-0123456789abcdef.hs").touch()
    Banner().show_preparation(settings)
    assert not capsys.readouterr().out
