"""The budgets for `status`, from the store, with the prices that are known by now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.clock import SystemClock
from ccsync_watch.errors import StateError

if TYPE_CHECKING:
    from ccsync_watch.accounting.budgets import BudgetLine
    from ccsync_watch.config import Settings


def load_budget(settings: Settings) -> list[BudgetLine]:
    """Return how much of each budget is spent; nothing without any, or without a store."""
    if settings.budget is None:
        return []
    # Loaded here: most people have no budget, and `status` starts faster without all this.
    from ccsync_watch.accounting import usage_groups  # noqa: PLC0415 - see above
    from ccsync_watch.accounting.budgets import check_budgets  # noqa: PLC0415 - see above
    from ccsync_watch.accounting.prices import PriceList  # noqa: PLC0415 - see above
    from ccsync_watch.store.database import open_for_reading  # noqa: PLC0415 - see above

    try:
        database = open_for_reading(settings.state_dir)
    except StateError:  # the report says what is wrong with it
        return []
    if database is None:
        return []
    try:
        prices = PriceList.from_settings(settings)
        prices.ensure_known(usage_groups.used_models(database))
        return check_budgets(database, prices, settings.budget, SystemClock().wall_ms())
    finally:
        database.close()
