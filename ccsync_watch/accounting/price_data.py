"""The price data to look models up in: downloaded, of the installed library, or our copy of it.

Only the process that looks models up, and the one that checks a download, may import this module.

`genai-prices` from 0.2 on needs Python 3.11. `price_data.json.gz` is its data at the time of our
release (MIT license, https://github.com/pydantic/genai-prices), for Pythons with an older library;
`scripts/copy_price_data.py` writes it.
"""

from __future__ import annotations

import contextlib
import gzip
import json
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any

from genai_prices import data_snapshot
from genai_prices.types import _providers_from_raw

from ccsync_watch.regular_files import read_regular

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = "genai-prices"
COPY_NAME = "price_data.json.gz"


def load_snapshot(downloaded: Path | None) -> data_snapshot.DataSnapshot:
    """Return the newest data at hand. A download counts until the library is updated.

    One that cannot be read counts as missing: a price is worth more than the newest one.
    """
    installed = metadata.version(LIBRARY)
    if downloaded is not None:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            wrapper = json.loads(read_regular(downloaded))
            if wrapper["library"] == installed:
                return parse(wrapper["providers"])
    copy = read_copy()
    if _numbers(copy["library"]) > _numbers(installed):
        return parse(copy["providers"])
    return data_snapshot.get_snapshot()


def read_copy() -> dict[str, Any]:
    """Return our copy: `library`, the version that it was taken from, and `providers`."""
    data = resources.files("ccsync_watch.accounting").joinpath(COPY_NAME).read_bytes()
    return dict(json.loads(gzip.decompress(data)))


def parse(providers: list[Any]) -> data_snapshot.DataSnapshot:
    """Return the data as the library uses it. Raises ValueError or TypeError for other data."""
    if not providers:
        raise ValueError("the price data is not a list of providers")
    return data_snapshot.DataSnapshot(_providers_from_raw(providers), from_auto_update=True)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
