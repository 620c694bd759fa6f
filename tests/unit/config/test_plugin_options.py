"""The plugin's own options: the lowest of the sources, with a key for their own deployment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ccsync_watch.cli import main
from ccsync_watch.config import load, options_path
from ccsync_watch.errors import ConfigError

URL = "https://happy-otter-123.convex.cloud"
OTHER = "https://other-otter-456.convex.cloud"
KEY = "osk_0123456789abcdef"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return an environment with a home and a state folder."""
    (tmp_path / "state").mkdir()
    return {"HOME": str(tmp_path), "CCSYNC_WATCH_HOME": str(tmp_path / "state")}


def options(env: dict[str, str], **values: str) -> Path:
    """Write the options as the hook does."""
    path = options_path(Path(env["CCSYNC_WATCH_HOME"]))
    path.write_text("".join(f"{key}={value}\n" for key, value in values.items()))
    return path


def settings(env: dict[str, str], **values: object) -> None:
    """Write the settings file."""
    Path(env["HOME"], ".claude-code-sync.json").write_text(json.dumps(values))


def test_every_other_source_overrides_an_option(env: dict[str, str]) -> None:
    """Option, file, environment, flag."""
    options(env, convex_url=URL, auto_sync="false", sync_thinking="true", sync_tool_calls="false")
    settings(env, auto_sync=True)
    env["CLAUDE_SYNC_THINKING"] = "false"
    settings_in_force = load(env, {"sync_tool_calls": "true"})
    assert settings_in_force.convex_url == URL
    assert (
        settings_in_force.auto_sync,
        settings_in_force.sync_thinking,
        settings_in_force.sync_tool_calls,
    ) == (True, False, True)


@pytest.mark.parametrize(
    ("own", "file", "key"),
    [
        ({"convex_url": URL, "api_key": KEY}, {}, KEY),
        ({"convex_url": URL, "api_key": KEY}, {"convex_url": URL}, KEY),
        ({"convex_url": URL, "api_key": KEY}, {"convex_url": OTHER, "api_key": "osk_x"}, "osk_x"),
        ({"convex_url": URL, "api_key": KEY}, {"convex_url": OTHER, "api_key": ""}, None),
        ({"api_key": KEY}, {"convex_url": OTHER}, KEY),
    ],
)
def test_the_key_is_sent_to_its_own_deployment_only(
    env: dict[str, str], own: dict[str, str], file: dict[str, str], key: str | None
) -> None:
    """A key without a URL is sent to the URL in the settings file."""
    options(env, **own)
    settings(env, **file)
    api_key = load(env).api_key
    assert (api_key.reveal() if api_key else None) == key


def test_a_wrong_option_names_its_place(env: dict[str, str]) -> None:
    """And where it is changed."""
    options(env, auto_sync="maybe")
    with pytest.raises(ConfigError, match=r"the plugin's options \(/plugin, or .*\): auto_sync is"):
        load(env)


def test_unknown_lines_are_ignored(env: dict[str, str], tmp_path: Path) -> None:
    """A newer plugin may write options that this program does not know."""
    path = options(env, future="x", convex_url="", sync_thinking=" true ")
    path.write_bytes(path.read_bytes() + b"\xff\xfe\n=\nnothing\n")
    assert load(env).sync_thinking is True
    assert load(env).convex_url is None
    path.unlink()
    path.mkdir()
    assert load(env).sync_thinking is False
    assert tmp_path.exists()


@pytest.mark.parametrize("has_file", [False, True])
def test_logout_removes_the_options_too(
    env: dict[str, str], capsys: pytest.CaptureFixture[str], *, has_file: bool
) -> None:
    """And says that the next session brings them back."""
    path = options(env, convex_url=URL, api_key=KEY, sync_thinking="true")
    if has_file:
        settings(env, convex_url=URL)
    assert main(("logout",), env) == 0
    assert path.read_text() == "sync_thinking=true\n"
    assert load(env).convex_url is None
    assert "the next session restores it" in capsys.readouterr().err
    assert main(("logout",), env) == 0
    assert capsys.readouterr().err == ""
