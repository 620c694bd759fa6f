"""The prices of models, looked up once for each in a process of its own and cached in a file.

Nothing is looked up unless `ensure_known` is called: live lines never wait for an unknown price. A
model that cannot be looked up is unpriced; a failed lookup is not cached.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccsync_watch.accounting.rates import Period, Rates, periods, rates_at

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from ccsync_watch.config import Settings

log = logging.getLogger(__name__)

PRICES_NAME = "prices.json"
_LIBRARY = "genai-prices"
_SECONDS = 60.0
# The lookup imports this package from here, never from the user's current folder.
_PACKAGE_PARENT = Path(__file__).parents[2]

# By model: its prices by period and mode, as `price_lookup` describes them; None = unknown model.
LookupResult = dict[str, Any]


class PriceList:
    """Prices by model; `file` is their cache, valid for one version of the price data.

    Without a file they are known for the life of this list.

    Safe to use from several threads.
    """

    def __init__(
        self, file: Path | None, *, look_up: Callable[[list[str]], LookupResult] | None = None
    ) -> None:
        self._file = file
        self._look_up = look_up or _run_lookup
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Period, ...] | None] | None = None
        self._failed: set[str] = set()

    @classmethod
    def from_settings(cls, settings: Settings) -> PriceList:
        """Return the list that is cached in the settings' cache folder."""
        return cls(settings.cache_dir / PRICES_NAME if settings.cache_dir else None)

    def unknown(self, models: Iterable[str | None]) -> list[str]:
        """Return the models that were never looked up."""
        known = self._loaded()
        return sorted({model for model in models if model and model not in known} - self._failed)

    def ensure_known(self, models: Collection[str | None]) -> None:
        """Look up models that were never looked up; takes a second if there are any."""
        with self._lock:
            missing = self.unknown(models)
            if not missing:
                return
            try:
                result = self._look_up(missing)
                periods_by_name = {name: _periods(result.get(name)) for name in missing}
            except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError) as error:
                log.warning("prices cannot be looked up (%s): costs are not known", error)
                self._failed.update(missing)
                return
            self._loaded().update(periods_by_name)
            self._write_cache({name: result.get(name) for name in missing})

    def rates(self, model: str | None, day: str | None, mode: str) -> Rates | None:
        """Return a model's rates on a day (ISO, UTC); None when they are not known."""
        known = self._loaded().get(model or "")
        return rates_at(known, day, mode) if known else None

    def steps(self) -> list[int]:
        """Return the lengths of a prompt at which any known price changes."""
        return sorted(
            {
                start
                for known in self._loaded().values()
                for period in known or ()
                for start, _price in period.rates.input.steps
            }
        )

    def _loaded(self) -> dict[str, tuple[Period, ...] | None]:
        if self._known is None:
            self._known = {name: _periods(prices) for name, prices in self._read_cache().items()}
        return self._known

    def _read_cache(self) -> LookupResult:
        if self._file is None:
            return {}
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            cached = json.loads(self._file.read_bytes())
            if cached["version"] == _version():
                models = cached["models"]
                for prices in models.values():
                    _periods(prices)
                return dict(models)
        return {}

    def _write_cache(self, result: LookupResult) -> None:
        if self._file is None:
            return
        cached = {"version": _version(), "models": {**self._read_cache(), **result}}
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Whole or not at all: another process may be reading it.
            handle, name = tempfile.mkstemp(dir=self._file.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(cached, file)
            Path(name).replace(self._file)


def _periods(prices: list[dict[str, Any]] | None) -> tuple[Period, ...] | None:
    return None if prices is None else periods(prices)


def _version() -> str:
    try:
        return metadata.version(_LIBRARY)
    except metadata.PackageNotFoundError:
        return "none"


def _run_lookup(models: list[str]) -> LookupResult:
    done = subprocess.run(
        [sys.executable, "-m", "ccsync_watch.accounting.price_lookup"],
        input=json.dumps(models),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=_SECONDS,
        cwd=_PACKAGE_PARENT,
    )
    return dict(json.loads(done.stdout))
