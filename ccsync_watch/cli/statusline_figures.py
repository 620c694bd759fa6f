"""Compute the figures of the status line, by the code of `stats` and `status`, while it is used.

One process for a state folder, which the first line starts. It ends by itself a minute after the
last line; a line that nobody computes for any more starts the next.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.accounting import breakdowns, usage_groups
from ccsync_watch.accounting.account import format_cost
from ccsync_watch.accounting.budgets import check_budgets
from ccsync_watch.accounting.prices import PRICES_NAME, PriceList
from ccsync_watch.accounting.reconciliation import reconcile
from ccsync_watch.accounting.selections import Selection
from ccsync_watch.accounting.session_accounts import load_accounts
from ccsync_watch.cli.sync_figures import figures_without_daemon
from ccsync_watch.config import load, options_path
from ccsync_watch.control.client import ControlClient
from ccsync_watch.dashboard.local_time import days_ago_ms
from ccsync_watch.errors import CcsyncError, ConfigError, DaemonUnavailable, OtherSchema
from ccsync_watch.statusline.figures_file import (
    DATABASE_NAME,
    FIGURES_NAME,
    FORM,
    LOCK_NAME,
    holds,
    local_day,
    stamps_of,
)
from ccsync_watch.store import status_figures
from ccsync_watch.store.database import open_for_reading
from ccsync_watch.units import dollars, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ccsync_watch.accounting.budgets import BudgetLine
    from ccsync_watch.config import Settings
    from ccsync_watch.store.database import Database

# Those of which somebody may look at the line: a session that is open was written to lately.
MAX_SESSIONS = 50
# Without a backend nothing is pending.
LOCAL_ONLY = "local only"
# After the last line.
LINGER_SECONDS = 60.0
_POLL_SECONDS = 0.25
# What does not come from the store is asked for less often: all transcripts are looked at for it.
_PROBLEM_SECONDS = 5.0
_AGE_SECONDS = 20.0
_NOT_ASKED = {"daemon-not-running"}  # a line finds that out itself


class FiguresProcess:
    """Computes the figures again when what they come from has changed."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._env = env
        self._problem = ""
        self._problem_until = 0.0
        self._figures: dict[str, Any] | None = None

    def run(self) -> None:
        """Run until no line was asked for in a while, or the state folder is gone."""
        while self.is_used():
            self.turn()
            time.sleep(_POLL_SECONDS)

    def is_used(self) -> bool:
        """Return whether a line was asked for in the last minute."""
        try:
            used = (self._folder / LOCK_NAME).stat().st_mtime
        except OSError:
            return False
        return abs(time.time() - used) < LINGER_SECONDS

    def turn(self) -> None:
        """Compute the figures if they do not hold any more, and write them."""
        now = time.time()
        figures = self._figures
        if figures and holds(figures, now) and 0 <= now - figures["at"] < _AGE_SECONDS:
            return
        self._figures = self._compute(now)
        if not holds(self._figures, now):
            # Prices that were looked up for the first time are in a file that they come from.
            self._figures = self._compute(now)
        # One process writes it: its unfinished file has one name, and one killed leaves no other.
        new = self._folder / f"{FIGURES_NAME}.new"
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(orjson.dumps(self._figures))
            new.replace(self._folder / FIGURES_NAME)

    def _compute(self, now: float) -> dict[str, Any]:
        paths = [self._folder / DATABASE_NAME, self._folder / f"{DATABASE_NAME}-wal"]
        figures: dict[str, Any] = {
            "form": FORM,
            "at": now,
            "day": local_day(now),
            "today": "",
            "sessions": {},
            "pending": "",
            "budget": "",
            "problem": "",
        }
        # Before the files are read: a change that comes meanwhile is seen next time.
        stamps = stamps_of([str(path) for path in paths])
        try:
            settings = load(self._env)
            more = [settings.file, options_path(self._folder)]
            if settings.cache_dir:
                more.append(settings.cache_dir / PRICES_NAME)
            stamps |= stamps_of([str(path) for path in more])
            figures |= figures_of(settings, round(now * 1000))
            figures["problem"] = self._problem_of(settings)
        except ConfigError:
            figures["problem"] = "mistake in the settings"
        except OtherSchema:
            figures["problem"] = "store of another version"
        except (CcsyncError, sqlite3.Error):
            figures["problem"] = "store cannot be read"
        return figures | {"stamps": stamps}

    def _problem_of(self, settings: Settings) -> str:
        """Return the title of the first problem that `status` shows as an error."""
        if time.monotonic() >= self._problem_until:
            try:
                report = ControlClient(settings.state_dir).status()
            except DaemonUnavailable as absence:
                report = figures_without_daemon(settings, absence)
            titles = [
                str(problem["title"])
                for problem in report["problems"]
                if problem["severity"] == "error" and problem["code"] not in _NOT_ASKED
            ]
            self._problem = titles[0] if titles else ""
            self._problem_until = time.monotonic() + _PROBLEM_SECONDS
        return self._problem


def figures_of(settings: Settings, now_ms: int) -> dict[str, Any]:
    """Return the figures of the store: costs as `stats` prints them, rows as `status` does.

    Raises StateError, sqlite3.Error.
    """
    database = open_for_reading(settings.state_dir)
    if database is None:
        return {}
    try:
        prices = PriceList.from_settings(settings)
        prices.ensure_known(usage_groups.used_models(database))
        pending = int(str(status_figures.totals(database)["rows_pending"]))
        budget = check_budgets(database, prices, settings.budget, now_ms)
        return {
            "today": _cost_of_today(database, prices, now_ms) + _limit_of_today(budget),
            "budget": _most_urgent(budget),
            "sessions": _session_costs(database, prices),
            "pending": f"{plural(pending, 'row')} pending" if settings.destination else LOCAL_ONLY,
        }
    finally:
        database.close()


def _cost_of_today(database: Database, prices: PriceList, now_ms: int) -> str:
    lines = breakdowns.by_day(database, prices, Selection(days_ago_ms(now_ms, 1)))
    return format_cost(breakdowns.total(lines).cost)


def _limit_of_today(budget: Sequence[BudgetLine]) -> str:
    limits = [line for line in budget if line.period == "day" and line.project is None]
    return f" of {dollars(limits[0].limit_usd)}" if limits else ""


def _most_urgent(budget: Sequence[BudgetLine]) -> str:
    """Return the budget that is exceeded most, or nearly spent; nothing while there is enough."""
    urgent = max(
        (line for line in budget if line.is_near), key=lambda line: line.share, default=None
    )
    return "" if urgent is None else f"budget: {urgent.text}"


def _session_costs(database: Database, prices: PriceList) -> dict[str, str]:
    query = "SELECT id FROM sessions WHERE NOT is_excluded ORDER BY updated_ms DESC LIMIT ?"
    session_ids = [row[0] for row in database.read().execute(query, (MAX_SESSIONS,))]
    accounts = load_accounts(database, prices, session_ids=session_ids)
    unused = reconcile("", [], None)
    return {name: format_cost(accounts.get(name, unused).cost) for name in session_ids}
