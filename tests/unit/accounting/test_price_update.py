"""A download of price data: used as a whole, or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.accounting import price_data, price_lookup, price_update
from support.http_answer import serve_once

if TYPE_CHECKING:
    from pathlib import Path


def test_a_download_is_what_the_next_lookup_uses(tmp_path: Path) -> None:
    """It is written whole, and says how much it is."""
    providers = price_data.read_copy()["providers"]
    target = tmp_path / "cache" / "price-data.json"
    with serve_once(json.dumps(providers).encode()) as url:
        result = price_update.update(url, target)
    assert result["models"] > 2000
    assert price_lookup.prices_of(price_data.load_snapshot(target), "claude-opus-5")
    assert [path.name for path in target.parent.iterdir()] == ["price-data.json"]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"<html>", 200, "is not the price data"),
        (b"[]", 200, "is not the price data"),
        (b"{}", 200, "is not the price data"),
        (b'[{"id": 1}]', 200, "is not the price data"),
        (b"", 404, "answered with 404"),
        (b"", 302, "answered with 302"),
    ],
)
def test_a_failed_download_changes_nothing(
    tmp_path: Path, body: bytes, status: int, reason: str
) -> None:
    """What was downloaded before stays; a redirect is not followed."""
    target = tmp_path / "price-data.json"
    target.write_text("as before")
    with serve_once(body, status) as url:
        result = price_update.update(url, target)
    assert reason in result["error"]
    assert target.read_text() == "as before"


def test_an_address_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    """It has a reason."""
    result = price_update.update("http://127.0.0.1:9/data.json", tmp_path / "x")
    assert "cannot be reached" in result["error"]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Such as a file in its place."""
    (tmp_path / "cache").write_text("")
    providers = price_data.read_copy()["providers"]
    with serve_once(json.dumps(providers).encode()) as url:
        result = price_update.update(url, tmp_path / "cache" / "price-data.json")
    assert "cannot be written" in result["error"]
