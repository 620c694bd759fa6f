"""What models cost, looked up once for each in a process of its own and remembered in a file.

Nothing is looked up unless `learn` is called: a price that is not known yet is never waited for
where lines are live. What cannot be looked up is unpriced; that is not remembered.
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
# Where a package must be looked for is never where the user happens to be.
_HOME = Path(__file__).parents[2]

Found = dict[str, Any]


class PriceList:
    """Prices by model; `file` is where they are remembered, for one version of the price data.

    Without a file they are known for the life of this list.

    Safe to use from several threads.
    """

    def __init__(
        self, file: Path | None, *, look_up: Callable[[list[str]], Found] | None = None
    ) -> None:
        self._file = file
        self._look_up = look_up or _looked_up
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Period, ...] | None] | None = None
        self._failed: set[str] = set()

    @classmethod
    def of(cls, settings: Settings) -> PriceList:
        """Return the list that the settings' cache folder holds."""
        return cls(settings.cache_dir / PRICES_NAME if settings.cache_dir else None)

    def unknown(self, models: Iterable[str | None]) -> list[str]:
        """Return the models that were never looked up."""
        known = self._loaded()
        return sorted({model for model in models if model and model not in known} - self._failed)

    def learn(self, models: Collection[str | None]) -> None:
        """Look up what was never looked up; takes a second, and nothing when all is known."""
        with self._lock:
            missing = self.unknown(models)
            if not missing:
                return
            try:
                found = self._look_up(missing)
                made = {name: _periods(found.get(name)) for name in missing}
            except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError) as error:
                log.warning("prices cannot be looked up (%s): cost is not known", error)
                self._failed.update(missing)
                return
            self._loaded().update(made)
            self._remember({name: found.get(name) for name in missing})

    def rates(self, model: str | None, day: str | None, mode: str) -> Rates | None:
        """Return a model's rates on a day (ISO, UTC); None when it has none that are known."""
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
            self._known = {name: _periods(found) for name, found in self._read().items()}
        return self._known

    def _read(self) -> Found:
        if self._file is None:
            return {}
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            held = json.loads(self._file.read_bytes())
            if held["version"] == _version():
                models = held["models"]
                for found in models.values():
                    _periods(found)
                return dict(models)
        return {}

    def _remember(self, found: Found) -> None:
        if self._file is None:
            return
        held = {"version": _version(), "models": {**self._read(), **found}}
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Whole or not at all: another process may be reading it.
            handle, name = tempfile.mkstemp(dir=self._file.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(held, file)
            Path(name).replace(self._file)


def _periods(found: list[dict[str, Any]] | None) -> tuple[Period, ...] | None:
    return None if found is None else periods(found)


def _version() -> str:
    try:
        return metadata.version(_LIBRARY)
    except metadata.PackageNotFoundError:
        return "none"


def _looked_up(models: list[str]) -> Found:
    done = subprocess.run(
        [sys.executable, "-m", "ccsync_watch.accounting.price_lookup"],
        input=json.dumps(models),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=_SECONDS,
        cwd=_HOME,
    )
    return dict(json.loads(done.stdout))
