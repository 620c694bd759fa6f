"""The prices that count before looked up ones: the user's and the client's, by the settings."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ccsync_watch.accounting.client_prices import NO_FILES, ClientPriceFiles
from ccsync_watch.accounting.price_tables import NO_OWN_PRICES, PriceTable, own_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.config import Settings


@dataclass(frozen=True, slots=True)
class WrittenPrices:
    """Prices that count before looked up ones; `multiplier` is the user's, for all of them."""

    own: PriceTable = NO_OWN_PRICES
    client: ClientPriceFiles = NO_FILES
    multiplier: Decimal | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> WrittenPrices:
        """Return the prices that settings have, or name the files of."""
        multiplier = settings.price_multiplier
        return cls(
            own_table(settings),
            ClientPriceFiles.from_settings(settings),
            None if multiplier is None else Decimal(repr(multiplier)),
        )


class CurrentPrices:
    """The written prices of the settings in force, which may change."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._read = settings()
        self._prices = WrittenPrices.from_settings(self._read)

    def __call__(self) -> WrittenPrices:
        """Return the prices of the settings in force now."""
        settings = self._settings()
        if settings is not self._read:
            self._prices = WrittenPrices.from_settings(settings)
            self._read = settings
        return self._prices
