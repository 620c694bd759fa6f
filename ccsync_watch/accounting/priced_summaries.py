"""Session summaries at the prices known by now, for whoever uploads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.accounting import session_accounts
from ccsync_watch.accounting.usage_groups import used_models

if TYPE_CHECKING:
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.model import Redacted
    from ccsync_watch.outgoing import SessionSummary
    from ccsync_watch.store.database import Database


class PricedSummaries:
    """Summaries of a store's sessions; safe to use from several threads."""

    def __init__(self, database: Database, prices: PriceList) -> None:
        self._database = database
        self._prices = prices

    def summary(self, session_id: str) -> Redacted[SessionSummary] | None:
        """Return a session's summary; None when the session is unknown or excluded."""
        return session_accounts.load_summary(self._database, session_id, self._prices)

    def has_unknown_prices(self, session_id: str) -> bool:
        """Return whether a price of this session was not looked up yet."""
        models = used_models(self._database, session_id)
        return bool(self._prices.unknown(models))

    def look_up_prices(self, session_id: str | None) -> None:
        """Look up the unknown prices of a session (None = all); it may take a second."""
        self._prices.ensure_known(used_models(self._database, session_id))
