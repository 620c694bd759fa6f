"""Every setting is declared once: what is derived from the declarations, and what repeats them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ccsync_watch.config import Secret, Settings, declared_settings, load
from ccsync_watch.config.loading import _check
from ccsync_watch.config.setting_checks import check_count, check_secret
from ccsync_watch.errors import ConfigError

ROOT = Path(__file__).parents[3]
SETTINGS = declared_settings()
OPTIONS = {name: setting for name, setting in SETTINGS.items() if setting.option_title}


def test_the_hook_writes_every_option() -> None:
    """A shell script cannot read the declarations."""
    script = (ROOT / "plugin/hooks/record_event.sh").read_text()
    written = re.findall(r'"(\w+)=\$\{CLAUDE_PLUGIN_OPTION_(\w+):-\}"', script)
    assert written == [(name, name.upper()) for name in OPTIONS]


def test_the_hook_passes_every_variable_to_the_daemon() -> None:
    """The other variables of the session's environment are removed."""
    script = (ROOT / "plugin/hooks/start.sh").read_text()
    passed = set(re.findall(r"\b(CLAUDE_\w+)\b", script))
    variables = {setting.variable for setting in SETTINGS.values() if setting.variable}
    assert passed - {"CLAUDE_PLUGIN_ROOT"} == variables


@pytest.mark.parametrize("name", SETTINGS)
def test_a_default_passes_its_own_check(name: str) -> None:
    """What the README shows as the default may be written into the file."""
    setting = SETTINGS[name]
    shown = re.fullmatch(r"`(.*)`", setting.shown_default)
    if shown and not shown[1].startswith("~"):
        assert setting.check(json.loads(shown[1])) == setting.default


def test_every_variable_is_read(env: dict[str, str]) -> None:
    """Under the name that is declared."""
    texts = {"convex_url": "https://x.convex.cloud", "api_key": "osk_x", "claude_dirs": "/x"}
    for name, setting in SETTINGS.items():
        if setting.variable:
            text = texts.get(name, "77")
            if setting.is_switch:
                text = "false" if setting.default else "true"
            changed = load({**env, setting.variable: text})
            assert getattr(changed, name) == setting.check(text) != setting.default


def test_a_number_is_read_from_a_text() -> None:
    """A variable, a flag and a plugin option have nothing else."""
    assert check_count(" 40 ") == check_count(40) == 40


def test_a_flag_shows_what_it_takes() -> None:
    """A switch its two values, others the last word of their names."""
    assert SETTINGS["auto_sync"].flag_value == "true|false"
    assert SETTINGS["convex_url"].flag_value == "URL"
    assert replace(SETTINGS["autostart"], name="idle_minutes", default=5).flag_value == "MINUTES"


def test_secret_settings_are_declared_by_their_check() -> None:
    """Those that are set become known values of the redactor."""
    assert Settings().secrets == {}
    assert Settings(api_key=Secret("osk_x")).secrets == {"api_key": Secret("osk_x")}


def test_a_wrong_value_of_any_secret_setting_is_not_shown() -> None:
    """Its declaration decides, not its name."""
    setting = replace(SETTINGS["api_key"], name="webhook_key", check=check_secret)
    with pytest.raises(ConfigError) as caught:
        _check(setting, "plum giraffe", "the file")
    assert "plum" not in str(caught.value)
