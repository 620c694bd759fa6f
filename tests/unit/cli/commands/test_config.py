"""`config`: what is in force and where it comes from; `config set` and `unset`."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli import main
from ccsync_watch.config import load

if TYPE_CHECKING:
    from pathlib import Path

KEY = "osk_0123456789abcdef"


@pytest.fixture
def file(env: dict[str, str]) -> Path:
    """Return the settings file, with a comment, a key of the user's own and a secret."""
    path = load(env).file
    path.write_text(
        '{\n  // mine\n  "own": 1,\n  "convex_url": "https://a.convex.cloud",\n'
        f'  "api_key": "{KEY}"\n}}\n',
        encoding="utf-8",
    )
    path.chmod(0o600)
    return path


def test_every_setting_has_its_source(
    env: dict[str, str], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The default, the file, a variable; a key is masked."""
    env = {**env, "CLAUDE_SYNC_THINKING": "true"}
    assert main(["config", "--json"], env) == 0
    document = json.loads(capsys.readouterr().out)
    settings = document["settings"]
    assert settings["sync_thinking"] == {
        "value": True,
        "source": "environment variable CLAUDE_SYNC_THINKING",
    }
    assert settings["api_key"] == {"value": "osk_…ef", "source": str(file)}
    assert settings["auto_sync"] == {"value": True, "source": "default"}
    assert document["file"] == str(file)
    assert main(["config"], env) == 0
    shown = capsys.readouterr().out
    assert KEY not in shown
    assert any(
        line.split() == ["sync_thinking", "true", "CLAUDE_SYNC_THINKING"]
        for line in shown.splitlines()
    )
    assert main(["config", "show", "auto_sync", "--json"], env) == 0
    assert list(json.loads(capsys.readouterr().out)["settings"]) == ["auto_sync"]


@pytest.mark.parametrize("words", [["auto_sync"], ["get", "auto_sync"]])
def test_what_shows_one_setting_is_said(
    env: dict[str, str], capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """To those who write what other programs take."""
    with pytest.raises(SystemExit) as ended:
        main(["config", *words], env)
    assert ended.value.code == 2
    expected = f"{words[0]!r} is not one of show, set, unset; `config show KEY` shows one setting"
    assert expected in capsys.readouterr().err


def test_a_value_is_set_and_removed(
    env: dict[str, str], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest of the file stays; only its owner can read it."""
    before = file.read_text()
    assert main(["config", "set", "budget", '{"month": 250}'], env) == 0
    assert load(env).budget
    assert "// mine" in file.read_text()
    assert '"own": 1' in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert main(["config", "set", "sync_thinking", "yes"], env) == 0
    assert '"sync_thinking": true' in file.read_text()
    assert main(["config", "unset", "sync_thinking"], env) == 0
    assert main(["config", "unset", "budget"], env) == 0
    assert file.read_text() == before
    assert "Removed budget from" in capsys.readouterr().out


def test_what_is_not_in_the_file_is_not_removed(
    env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer says so, and no file is made for it; a variable that sets it is named."""
    path = load(env).file
    assert main(["config", "unset", "sync_thinking"], env) == 0
    assert capsys.readouterr().out == f"sync_thinking is not in {path}: nothing to remove.\n"
    assert not path.exists()
    env = {**env, "CLAUDE_SYNC_THINKING": "true"}
    assert main(["config", "unset", "sync_thinking"], env) == 0
    assert "CLAUDE_SYNC_THINKING is set in the environment: unset it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["set", "sync_thinkin", "true"], "did you mean sync_thinking?"),
        (["set", "zzz", "true"], "see `ccsync-watch config` for all keys"),
        (["set", "sync_thinking", "perhaps"], "set it to true or false"),
        (["set", "budget", "5"], "set it to an object of USD"),
        (["set", "sync_thinking"], "a VALUE is missing"),
        (["set"], "a KEY is missing"),
        (["set", "api_key", KEY], "config set api_key -"),
        (["set", "convex_url", "https://b.convex.cloud"], "run `ccsync-watch login`"),
        (["set", "convex_url", f"https://me:{KEY}@b.convex.cloud"], "https://…@b.convex.cloud"),
        (["unset", "budget", "5"], "takes no value"),
        (["show", "api_key", KEY], "takes no value"),
        (["set", "max_prompt_chars", "9" * 30], "set it to a whole number"),
        (["set", "price_multiplier", "NaN"], "set it to a number above 0"),
        (["show", "zzz"], "is not a setting"),
    ],
)
def test_what_is_wrong_changes_nothing(
    env: dict[str, str],
    file: Path,
    words: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And says what to do instead, without a secret in it."""
    before = file.read_bytes()
    assert main(["config", *words], env) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert KEY not in shown
    assert file.read_bytes() == before


def test_a_secret_is_read_from_standard_input(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never from the command, which others can see."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("a-long-enough-token\n"))
    assert main(["config", "set", "metrics_token", "-"], env) == 0
    token = load(env).metrics_token
    assert token
    assert token.reveal() == "a-long-enough-token"
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    assert main(["config", "set", "metrics_token", "-"], env) == 2
    assert "(not shown)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("config", "set", "metrics_token", "-"),
        ("config", "set", "convex_url", "-"),
        ("login", "--convex-url", "http://127.0.0.1:9", "--api-key-stdin"),
    ],
    ids=" ".join,
)
def test_nothing_on_standard_input_is_not_an_empty_value(
    env: dict[str, str],
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
) -> None:
    """It is closed, or a file that nobody wrote: what was set stays."""
    file.write_text('{"convex_url": "http://127.0.0.1:9"}')
    before = file.read_bytes()
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert main(list(words), env) == 2
    assert "standard input is empty" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_a_change_as_json_is_what_is_in_force_now(
    env: dict[str, str], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script gets the same document as from `config show`; what is said goes elsewhere."""
    for words, value, source in (
        (["set", "max_prompt_chars", "70"], 70, str(file)),
        (["unset", "max_prompt_chars"], 4000, "default"),
    ):
        assert main(["config", "--json", *words], env) == 0
        captured = capsys.readouterr()
        settings = json.loads(captured.out)["settings"]
        assert settings == {"max_prompt_chars": {"value": value, "source": source}}
        assert "max_prompt_chars" in captured.err


def test_a_variable_that_counts_instead_is_named(
    env: dict[str, str], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise the change seems to do nothing."""
    assert file.exists()
    env = {**env, "CLAUDE_SYNC_THINKING": "false"}
    assert main(["config", "set", "sync_thinking", "true"], env) == 0
    assert "CLAUDE_SYNC_THINKING is set in the environment" in capsys.readouterr().err
