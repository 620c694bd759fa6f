"""The API key is shown nowhere, and settings are frozen."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.config import Secret, load

if TYPE_CHECKING:
    from collections.abc import Callable


def test_no_representation_contains_the_value(
    env: dict[str, str], write: Callable[[dict[str, Any]], object]
) -> None:
    """Neither alone nor inside the settings."""
    write({"api_key": "osk_0123456789abcdef"})
    settings = load(env)
    assert "0123456789" not in f"{settings} {settings!r} {settings.api_key!r} {settings.api_key}"
    assert settings.api_key is not None
    assert settings.api_key.masked() == "osk_…ef"
    assert Secret("short").masked() == "…"
    assert settings.api_key.reveal() == "osk_0123456789abcdef"


def test_equal_keys_are_equal() -> None:
    """So that unchanged settings are recognised."""
    assert Secret("a") == Secret("a") != Secret("b")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != "a"


def test_settings_are_frozen(env: dict[str, str]) -> None:
    """They change only by being read again."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        load(env).auto_sync = False  # type: ignore[misc]
