"""Settings in `status`: complete, and without secrets."""

from __future__ import annotations

from pathlib import Path

from ccsync_watch.config import (
    DashboardSettings,
    RedactSettings,
    Secret,
    Settings,
    changed_settings,
    declared_settings,
    shown_settings,
)


def test_every_setting_is_shown_without_what_is_secret() -> None:
    """The key is masked, and a pattern may be the secret itself."""
    settings = Settings(
        api_key=Secret("osk_0123456789abcdef"),
        claude_dirs=(Path("/a"),),
        projects=(("/work", "off"),),
        redact=RedactSettings(patterns=("Bluebird",)),
        dashboard=DashboardSettings(port=0),
    )
    shown = shown_settings(settings)
    assert list(shown) == list(declared_settings())
    assert shown["api_key"] == "osk_…ef"
    assert shown["claude_dirs"] == ["/a"]
    assert shown["projects"] == {"/work": "off"}
    assert shown["redact"] == {"patterns": 1, "allow": 0}
    assert shown["dashboard"] == {"enabled": True, "port": 0}
    assert "Bluebird" not in str(shown)


def test_only_what_differs_from_its_default_is_changed() -> None:
    """An unknown key, which another version's daemon may send, is left out."""
    assert changed_settings(shown_settings(Settings())) == {}
    shown = shown_settings(Settings(auto_sync=False, max_prompt_chars=0, convex_url="https://x"))
    assert changed_settings({**shown, "future": 1}) == {"auto_sync": False, "max_prompt_chars": 0}
