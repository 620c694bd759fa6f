"""`prices`, as a user calls it: what is in use, and a download when it is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ccsync_watch.accounting import price_data
from ccsync_watch.cli import main
from support.http_answer import serve_once
from support.storing import World, message, usage

OPUS = "claude-opus-5"


def _data(usd: str) -> bytes:
    """Return price data in which one model has another price."""
    providers = price_data.read_copy()["providers"]
    (anthropic,) = (provider for provider in providers if provider["id"] == "anthropic")
    for model in anthropic["models"]:
        if model["id"] == OPUS:
            model["prices"] = {"input_mtok": usd, "output_mtok": "25"}
    return json.dumps(providers).encode()


@pytest.fixture
def filled(env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return an environment whose store has responses of four models."""
    world = World(tmp_path / "state")
    models = ("gateway-model", OPUS, "claude-haiku-5-5", "mystery")
    used = [usage(f"m{number}", model=model) for number, model in enumerate(models)]
    world.ingest(message("a1", "Hello"), usages=tuple(used))
    world.close()
    settings = {"prices": {"gateway-model": {"input": 1, "output": 2.5}}}
    (Path(env["HOME"]) / ".claude-code-sync.json").write_text(json.dumps(settings))
    # The other tests share their cache.
    return {**env, "XDG_CACHE_HOME": str(tmp_path / "cache")}


def _json(env: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Any:  # noqa: ANN401 - JSON
    assert main(["prices", "--json"], env) == 0
    return json.loads(capsys.readouterr().out)


def test_prices_above_a_length_fit_in_a_terminal_of_80_columns(
    env: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They stand in a line of their own."""
    world = World(tmp_path / "state")
    world.ingest(message("a1"), usages=(usage("m1", model="claude-sonnet-4-5-20250929"),))
    world.close()
    monkeypatch.setattr("ccsync_watch.cli.text_table.terminal_columns", lambda: 80)
    assert main(["prices"], env) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    (above,) = (line.split() for line in lines if line.startswith("  >"))
    assert above == [">", "200,000", "6", "22.5", "7.5", "12", "0.6", "10"]


def test_no_prices_are_shown_while_no_model_was_used(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rather than the heads of an empty table."""
    World(tmp_path / "state").close()
    assert main(["prices"], env) == 0
    assert capsys.readouterr().out.startswith("No model was used yet.\n")


def test_the_prices_in_use_are_shown_with_their_source(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of every model in the store; an unknown one has none. JSON has every mode."""
    assert main(["prices"], filled) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert lines["gateway-model"].split()[1:3] == ["1", "2.5"]
    assert "your settings" in lines["gateway-model"]
    assert "genai-prices (anthropic/claude-opus-5)" in lines[OPUS]
    assert lines["claude-haiku-5-5"].split()[1] == "0.1"
    assert lines[">"].split()[1:3] == ["100,000", "0.5"]
    assert lines["mystery"].endswith("not known")
    assert "as installed" in lines["Price"]
    shown = _json(filled, capsys)
    assert shown[OPUS]["standard"]["input"] == {"usd": 5.0, "above": []}
    assert shown[OPUS]["batch"]["input"]["usd"] == 2.5
    assert shown["claude-haiku-5-5"]["fast"] is None
    assert shown["mystery"] == {"source": None, "standard": None, "fast": None, "batch": None}


def test_an_update_is_used_at_once(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Also for models that were looked up before."""
    assert _json(filled, capsys)[OPUS]["standard"]["input"]["usd"] == 5
    with serve_once(_data("7")) as url:
        assert main(["prices", "update", "--url", url], filled) == 0
    assert capsys.readouterr().out.startswith("The price data is up to date: prices of 2,")
    assert _json(filled, capsys)[OPUS]["standard"]["input"]["usd"] == 7
    assert main(["prices"], filled) == 0
    assert "downloaded on" in capsys.readouterr().out


def test_a_failed_update_is_an_error(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the address and the reason."""
    with serve_once(b"<html>") as url:
        assert main(["prices", "update", "--url", url], filled) == 1
    assert "is not the price data of genai-prices: the prices that were" in capsys.readouterr().err


def test_an_address_without_update_is_an_error(
    env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is downloaded then, and the prices shown would not be from there."""
    assert main(["prices", "--url", "https://example.com/x"], env) == 2
    assert "write `ccsync-watch prices update`" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://example.com/x", "ftp://x", "https://a:b@c.com/"])
def test_only_a_safe_address_is_used(
    env: dict[str, str], capsys: pytest.CaptureFixture[str], url: str
) -> None:
    """Prices from a plain connection could be anybody's."""
    assert main(["prices", "update", "--url", url], env) == 2
    assert "--url is" in capsys.readouterr().err


def test_without_a_store_there_are_no_prices(env: dict[str, str]) -> None:
    """As for the other commands that read it."""
    assert main(["prices"], env) == 1
