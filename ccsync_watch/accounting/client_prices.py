"""The client's own local prices: an administrator's, and those that its provider served.

Managed settings may have `modelPricing`: `overrides` by model (`input`, `output`, `cacheRead` and
`cacheWrite`, USD per million, charged as they are written) and a `multiplier` for every estimate.
`.claude.json` may have `additionalModelCostsCache`, by model; its searches are USD each. Both were
read in the client's code and not seen in use. What is not valid there is left out, as the client
does; what cannot be read counts as missing.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.accounting.price_tables import PriceTable, in_every_mode, usd
from ccsync_watch.accounting.rates import FAST, STANDARD, THOUSAND, Price, Rates
from ccsync_watch.regular_files import read_regular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ccsync_watch.config import Settings

MANAGED_LABEL = "Claude Code's managed settings"
CACHE_LABEL = "Claude Code's own price list"
_MAX_USD = 10_000
_MAX_MULTIPLIER = 10
_MAX_BYTES = 64 << 20
# What the client charges for a search where a managed row prices the tokens, USD for a thousand.
_SEARCHES = Price(Decimal(10))


@dataclass(frozen=True, slots=True)
class ClientPrices:
    """The client's tables, the first one counts first; `multiplier` is the administrator's."""

    tables: tuple[PriceTable, ...] = ()
    multiplier: Decimal = Decimal(1)


NO_CLIENT_PRICES = ClientPrices()


class ClientPriceFiles:
    """The files with the client's prices, read again when they change."""

    def __init__(self, managed: Sequence[Path], caches: Sequence[Path]) -> None:
        self._managed = managed
        self._caches = caches
        self._stamp: object = None
        self._prices = NO_CLIENT_PRICES

    @classmethod
    def from_settings(cls, settings: Settings) -> ClientPriceFiles:
        """Return the files of the client whose folders the settings name."""
        managed: list[Path] = []
        if settings.managed_dir is not None:
            managed = [settings.managed_dir / "managed-settings.json"]
            with contextlib.suppress(OSError):
                managed += sorted((settings.managed_dir / "managed-settings.d").glob("[!.]*.json"))
        caches = [folder / ".claude.json" for folder in settings.claude_dirs]
        # The file is in the home folder unless CLAUDE_CONFIG_DIR is set.
        caches += [
            folder.parent / ".claude.json"
            for folder in settings.claude_dirs
            if folder.name == ".claude"
        ]
        return cls(managed, caches)

    def prices(self) -> ClientPrices:
        """Return what the files have now."""
        stamp = [_stamp(path) for path in (*self._managed, *self._caches)]
        if stamp != self._stamp:
            self._prices = self._read()
            self._stamp = stamp
        return self._prices

    def _read(self) -> ClientPrices:
        pricing: dict[str, Any] = {}
        for path in self._managed:
            document = _mapping(_load(path).get("modelPricing"))
            overrides = {
                **_mapping(pricing.get("overrides")),
                **_mapping(document.get("overrides")),
            }
            pricing = {**pricing, **document, "overrides": overrides}
        served: dict[str, Any] = {}
        for path in self._caches:
            served = {**_mapping(_load(path).get("additionalModelCostsCache")), **served}
        tables = (
            PriceTable(MANAGED_LABEL, _managed_rows(_mapping(pricing.get("overrides")))),
            PriceTable(CACHE_LABEL, _served_rows(served)),
        )
        return ClientPrices(
            tuple(table for table in tables if table.rows), _multiplier(pricing.get("multiplier"))
        )


NO_FILES = ClientPriceFiles((), ())


def _managed_rows(overrides: dict[str, Any]) -> dict[str, dict[str, Rates]]:
    rows = {}
    for name, row in overrides.items():
        values = _numbers(row, ("input", "output", "cacheWrite", "cacheRead"))
        if values is None:
            continue
        input_price, output, write, read = values
        rows[name] = in_every_mode(
            Rates(input_price, output, write, write, read, _SEARCHES, us_only_factor=Decimal(1))
        )
    return rows


def _served_rows(served: dict[str, Any]) -> dict[str, dict[str, Rates]]:
    rows = {}
    for name, row in served.items():
        rates = _served_rates(row)
        if rates is None:
            continue
        modes = {STANDARD: rates}
        fast = _served_rates(
            {"webSearchRequests": row.get("webSearchRequests"), **_mapping(row.get("fast"))}
        )
        if fast is not None:
            modes[FAST] = fast
        rows[name] = modes
    return rows


def _served_rates(row: object) -> Rates | None:
    values = _numbers(
        row,
        ("inputTokens", "outputTokens", "promptCacheWriteTokens", "promptCacheReadTokens"),
    )
    if values is None or not isinstance(row, dict):
        return None
    input_price, output, write, read = values
    hour = _number(row.get("promptCacheWrite1hTokens"))
    search = _number(row.get("webSearchRequests"))
    rates = Rates(
        input_price,
        output,
        write,
        write if hour is None else hour,
        read,
        None if search is None else search.times(THOUSAND),
    )
    long = row.get("longPrompt")
    above = long.get("abovePromptTokens") if isinstance(long, dict) else None
    long_rates = _served_rates({**long, "longPrompt": None}) if isinstance(long, dict) else None
    if long_rates is None or not isinstance(above, int) or isinstance(above, bool) or above <= 0:
        return rates

    def step(short: Price, higher: Price) -> Price:
        return Price(short.base, ((above, higher.base),))

    return replace(
        rates,
        input=step(rates.input, long_rates.input),
        output=step(rates.output, long_rates.output),
        cache_write_5m=step(rates.cache_write_5m, long_rates.cache_write_5m),
        cache_write_1h=step(rates.cache_write_1h, long_rates.cache_write_1h),
        cache_read=step(rates.cache_read, long_rates.cache_read),
    )


def _numbers(row: object, names: Sequence[str]) -> list[Price] | None:
    if not isinstance(row, dict):
        return None
    values = [_number(row.get(name)) for name in names]
    return None if None in values else [value for value in values if value is not None]


def _number(value: object) -> Price | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return usd(value) if 0 <= value <= _MAX_USD else None


def _multiplier(value: object) -> Decimal:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    is_valid = is_number and 0 < value <= _MAX_MULTIPLIER  # type: ignore[operator]  # a number, as checked
    return Decimal(repr(value)) if is_valid else Decimal(1)


def _load(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        return _mapping(orjson.loads(read_regular(path, _MAX_BYTES)))
    return {}


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
