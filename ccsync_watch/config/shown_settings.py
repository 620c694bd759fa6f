"""Settings as `status` shows them: JSON, with nothing secret in it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccsync_watch.config.budget_checks import shown_budget
from ccsync_watch.config.retention_checks import retention_text
from ccsync_watch.config.setting_values import (
    BudgetSettings,
    DashboardSettings,
    ModelPrices,
    RedactSettings,
    RetentionSettings,
    Secret,
)
from ccsync_watch.config.settings import Settings, declared_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.model import JsonValue

# Shown on lines of their own, or without a fixed default.
_NOT_COMPARED = frozenset({"convex_url", "api_key", "claude_dirs", "retention", "budget"})


def shown_settings(settings: Settings) -> dict[str, JsonValue]:
    """Return every setting by its name; a key is masked, the user's own patterns are counted."""
    shown = {name: _shown(getattr(settings, name)) for name in declared_settings()}
    prices = {model: _shown_prices(row) for model, row in settings.prices}
    return {**shown, "projects": dict(settings.projects), "prices": prices}


def changed_settings(shown: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return those of `shown_settings` that differ from their defaults, but backend and folders."""
    defaults = shown_settings(Settings())
    return {
        name: value
        for name, value in shown.items()
        if name in defaults and name not in _NOT_COMPARED and value != defaults[name]
    }


def printable_path(path: object) -> str:
    """Return a path that JSON can hold: its bytes may not be UTF-8."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def short_path(path: Path, settings: Settings) -> str:
    """Return a path with `~` for the home folder, where the settings file is."""
    home = settings.file.parent
    return printable_path(f"~/{path.relative_to(home)}" if path.is_relative_to(home) else path)


def _shown_prices(row: ModelPrices) -> JsonValue:
    return {name: price for name, price in asdict(row).items() if price is not None}


def _shown(value: object) -> JsonValue:
    for kind, show in _SHOWN.items():
        if isinstance(value, kind):
            return show(value)
    if isinstance(value, tuple):
        return [_shown(item) for item in value]
    return value if isinstance(value, (bool, int, float, str)) else None


_SHOWN: dict[type, Callable[[Any], JsonValue]] = {
    Secret: Secret.masked,
    # A pattern may be the secret itself.
    RedactSettings: lambda redact: {
        "patterns": len(redact.patterns),
        "allow": len(redact.allow),
    },
    BudgetSettings: shown_budget,
    RetentionSettings: retention_text,
    DashboardSettings: asdict,
    Path: printable_path,
}
