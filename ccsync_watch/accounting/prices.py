"""The prices of models: written down by somebody, or looked up once in a process of its own.

The first of these that has a model's price counts: the user's settings, the client's managed
settings, the client's own price list, the data of `genai-prices`. What was looked up is cached in
a file. Nothing is looked up unless `ensure_known` is called: live lines never wait for an unknown
price. A model that cannot be looked up is unpriced; a failed lookup is not cached.
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
from dataclasses import replace
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccsync_watch import __version__
from ccsync_watch.accounting.client_prices import NO_CLIENT_PRICES
from ccsync_watch.accounting.price_tables import OWN_LABEL
from ccsync_watch.accounting.rates import STANDARD, Period, Rates, periods, rates_at
from ccsync_watch.accounting.written_prices import CurrentPrices, WrittenPrices
from ccsync_watch.clock import utc_datetime
from ccsync_watch.regular_files import read_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from ccsync_watch.accounting.price_tables import PriceTable
    from ccsync_watch.config import Settings

log = logging.getLogger(__name__)

PRICES_NAME = "prices.json"
LIBRARY = "genai-prices"
DATA_NAME = "price-data.json"
# Changes when the rules do by which names and prices are read, so that all are looked up again.
_RULES = 3
_SECONDS = 60.0
# The lookup imports this package from here, never from the user's current folder.
_PACKAGE_PARENT = Path(__file__).parents[2]

# By model: its prices by period and mode, as `price_lookup` describes them; None = unknown model.
LookupResult = dict[str, Any]
Known = dict[str, "tuple[Period, ...] | None"]


class PriceList:
    """Prices by model; `file` is the cache of looked up ones, valid for one version of the data.

    Without a file they are known for the life of this list. Files that another process changed are
    read again by `steps` and `unknown`, with which every computation begins.

    Safe to use from several threads.
    """

    def __init__(
        self,
        file: Path | None,
        *,
        look_up: Callable[[list[str]], LookupResult] | None = None,
        written: WrittenPrices | Callable[[], WrittenPrices] | None = None,
    ) -> None:
        self._file = file
        self._data_file = file.with_name(DATA_NAME) if file else None
        self._look_up = look_up or self._run_lookup
        self._written_now = written if callable(written) else None
        self._written = written() if callable(written) else written or WrittenPrices()
        self._client = NO_CLIENT_PRICES
        self._lock = threading.Lock()
        self._stamp: tuple[object, object] | None = None
        self._known: Known = {}
        self._failed: set[str] = set()

    @classmethod
    def from_settings(cls, settings: Settings) -> PriceList:
        """Return the list that is cached in the settings' cache folder."""
        return cls(_cache_file(settings), written=WrittenPrices.from_settings(settings))

    @classmethod
    def following(cls, settings: Callable[[], Settings]) -> PriceList:
        """Return a list whose written prices are those of the settings in force."""
        return cls(_cache_file(settings()), written=CurrentPrices(settings))

    def unknown(self, models: Iterable[str | None]) -> list[str]:
        """Return the models that were never looked up."""
        known = self._refreshed()
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
            self._known = {**self._known, **periods_by_name}
            self._write_cache({name: result.get(name) for name in missing})

    def rates(self, model: str | None, day: str | None, mode: str, second: int = 0) -> Rates | None:
        """Return a model's rates on a day (ISO, UTC) at a second of it; None when not known."""
        if not model:
            return None
        known = self._known_or_load().get(model)
        listed = rates_at(known, day, mode, second) if known else None
        label, chosen = self._written_rates(model, mode)
        if chosen is None:
            chosen = listed
        elif chosen.web_search is None and listed is not None:
            chosen = replace(chosen, web_search=listed.web_search)
        if chosen is None:
            return None
        multiplier = self._multiplier(label)
        return chosen if multiplier == 1 else chosen.times(multiplier)

    @property
    def has_own(self) -> bool:
        """Whether the user has prices or a multiplier, which count before all others."""
        return bool(self._written.own.rows) or self.own_multiplier != 1

    @property
    def own_multiplier(self) -> Decimal:
        """The user's multiplier, 1 without one."""
        return Decimal(1) if self._written.multiplier is None else self._written.multiplier

    def own_rates(self, model: str | None, mode: str = STANDARD) -> Rates | None:
        """Return the rates that the user wrote down for a model; None without any."""
        if not model or not self._written.own.modes(model):
            return None
        return self.rates(model, None, mode)

    def source(self, model: str | None) -> str | None:
        """Return where the model's price comes from, as people read it; None without a price."""
        if not model:
            return None
        label, written = self._written_rates(model, STANDARD)
        if written is None:
            known = self._known_or_load().get(model)
            if not known:
                return None
            label = f"{LIBRARY} ({known[-1].model})" if known[-1].model else LIBRARY
        multiplier = self._multiplier(label)
        return f"{label} x {multiplier}" if multiplier != 1 else label

    def revision(self) -> object:
        """Return a value that is another one when a price may have changed.

        As a text it is the same in another process of this version, which has the same prices.
        """
        self._refreshed()
        written = self._written
        return __version__, written.own, written.multiplier, self._client, self._stamp

    def steps(self) -> list[int]:
        """Return the lengths of a prompt at which any known price changes."""
        steps = {
            start
            for known in self._refreshed().values()
            for period in known or ()
            for start, _price in period.rates.input.steps
        }
        return sorted(steps.union(*(table.steps() for table in self._tables())))

    def seconds(self) -> list[int]:
        """Return the seconds of a day (UTC) at which any known price changes."""
        every = self._known_or_load().values()
        return sorted({period.second for known in every for period in known or ()} - {0})

    def data_description(self) -> str:
        """Return which price data is in use, as people read it."""
        name = f"{LIBRARY} {_library_version()}"
        if self._data_file is None or not self._data_file.exists():
            return f"{name}, as installed"
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            library = json.loads(read_regular(self._data_file))["library"]
            if library != _library_version():
                return f"{name}, as installed: newer than the download"
            day = utc_datetime(self._data_file.stat().st_mtime * 1000)
            return f"{name}, downloaded on {day:%Y-%m-%d}"
        return f"{name}, as installed: the download cannot be read"

    def _tables(self) -> tuple[PriceTable, ...]:
        return (self._written.own, *self._client.tables)

    def _written_rates(self, model: str, mode: str) -> tuple[str, Rates | None]:
        for table in self._tables():
            rates = (table.modes(model) or {}).get(mode)
            if rates is not None:
                return table.label, rates
        return "", None

    def _multiplier(self, label: str) -> Decimal:
        """Return the factor for prices of a source: the administrator's is not for the user's."""
        if self._written.multiplier is not None:
            return self._written.multiplier
        return Decimal(1) if label == OWN_LABEL else self._client.multiplier

    def _known_or_load(self) -> Known:
        return self._known if self._stamp is not None else self._refreshed()

    def _refreshed(self) -> Known:
        if self._written_now is not None:
            self._written = self._written_now()
        self._client = self._written.client.prices()
        stamp = (_stamp(self._file), _stamp(self._data_file))
        if self._stamp != stamp and (self._stamp is None or stamp != (None, None)):
            read = {name: _periods(prices) for name, prices in self._read_cache().items()}
            # Without a file, and where it cannot be written, what was looked up stays known.
            is_same_data = self._stamp is None or self._stamp[1] == stamp[1]
            self._known = {**self._known, **read} if is_same_data else read
            self._failed = self._failed if is_same_data else set()
            self._stamp = stamp
        return self._known

    def _read_cache(self) -> LookupResult:
        if self._file is None:
            return {}
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            cached = json.loads(read_regular(self._file))
            if cached["version"] == self._version():
                models = cached["models"]
                for prices in models.values():
                    _periods(prices)
                return dict(models)
        return {}

    def _write_cache(self, result: LookupResult) -> None:
        if self._file is None:
            return
        cached = {"version": self._version(), "models": {**self._read_cache(), **result}}
        with contextlib.suppress(OSError):
            replace_file(self._file, json.dumps(cached).encode())

    def _version(self) -> str:
        """Return what the cache depends on: rules, library, downloaded data."""
        return f"{__version__}-{_RULES}-{_library_version()}-{_stamp(self._data_file)}"

    def _run_lookup(self, models: list[str]) -> LookupResult:
        data = self._data_file
        request = {"models": models, "data": str(data) if data and data.exists() else None}
        return run_price_process("price_lookup", request)


def _cache_file(settings: Settings) -> Path | None:
    return settings.cache_dir / PRICES_NAME if settings.cache_dir else None


def replace_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: another process may be reading it. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(name).replace(path)


def run_price_process(module: str, request: dict[str, Any]) -> dict[str, Any]:
    """Run a module of this package in a process of its own, and return what it prints.

    Raises OSError, ValueError or SubprocessError.
    """
    done = subprocess.run(  # noqa: S603 - this program itself
        [sys.executable, "-m", f"ccsync_watch.accounting.{module}"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=_SECONDS,
        cwd=_PACKAGE_PARENT,
    )
    return dict(json.loads(done.stdout))


def _periods(prices: list[dict[str, Any]] | None) -> tuple[Period, ...] | None:
    return None if prices is None else periods(prices)


def _library_version() -> str:
    try:
        return metadata.version(LIBRARY)
    except metadata.PackageNotFoundError:
        return "none"


def _stamp(path: Path | None) -> tuple[int, int, int] | None:
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
