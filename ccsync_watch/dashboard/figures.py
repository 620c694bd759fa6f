"""The figures that pages show, counted in threads of their own and cached while they hold.

They are those that `stats` and `status` print. A small store is counted while its page is made; of
a large one the page shows what was counted last, and when.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

import orjson

from ccsync_watch.accounting import breakdowns, session_accounts, usage_groups
from ccsync_watch.accounting.account import UNPRICED, total_cost
from ccsync_watch.accounting.budgets import check_budgets
from ccsync_watch.accounting.reconciliation import reconcile
from ccsync_watch.accounting.selections import select_accounts
from ccsync_watch.accounting.spreading import cost_of
from ccsync_watch.dashboard import metrics, session_counter
from ccsync_watch.dashboard.cached import Cached
from ccsync_watch.dashboard.local_time import DATE_RANGES, local_datetime
from ccsync_watch.dashboard.removed_kinds import RemovedSecrets, count_removed_secrets
from ccsync_watch.dashboard.retention import RetentionRisk, find_retention_risk
from ccsync_watch.dashboard.snapshots import Snapshot, take_snapshot
from ccsync_watch.dashboard.store_version import read_store_version
from ccsync_watch.store.id_groups import id_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ccsync_watch.accounting.account import Cost, SessionAccount
    from ccsync_watch.accounting.breakdowns import BreakdownLine
    from ccsync_watch.accounting.budgets import BudgetLine
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.accounting.session_accounts import SubagentAccount
    from ccsync_watch.accounting.spreading import RowSum
    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Settings
    from ccsync_watch.dashboard.page_priority import PagePriority
    from ccsync_watch.model import JsonValue
    from ccsync_watch.store.database import Database

WAIT_SECONDS = 0.09
"""How long a page waits for figures that are being counted."""
FIRST_STATUS_SECONDS = 5.0
"""How long the first page waits for a status: it cannot do without one."""
_RETENTION_SECONDS = 30.0
_MIN_ESTIMATE_SECONDS = 2.0
_REMOVED_SECONDS = 10.0
_FIRST_REMOVED_SECONDS = 1.0
_BUDGET_SECONDS = 10.0
_SMALL_BACKLOG_BYTES = 1 << 20
_SMALL_BACKLOG_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far the first import is; `seconds_left` is None until that can be estimated."""

    read_bytes: int
    behind_bytes: int
    sessions: int
    transcripts: int
    seconds_left: float | None = None

    @property
    def total_bytes(self) -> int:
        """What there is to read, as far as it is known."""
        return self.read_bytes + self.behind_bytes


class Figures:
    """Figures for the pages. `settings` returns those in force, `status` is `report.status`."""

    def __init__(
        self,
        database: Database,
        prices: PriceList,
        *,
        settings: Callable[[], Settings],
        status: Callable[[], dict[str, JsonValue]],
        clock: Clock,
        priority: PagePriority,
    ) -> None:
        self._database = database
        self._prices = prices
        self._settings = settings
        self._clock = clock
        self._priority = priority
        threads = ThreadPoolExecutor(1, "figures")
        self._is_imported = False
        # When a page asked for the progress first, and what was read by then.
        self._progress_began: tuple[float, int] | None = None
        self._snapshots: dict[str, tuple[object, Snapshot]] = {}
        # A page waits for what pauses while pages are made.
        cached = partial(Cached, clock=clock, waiting=priority.waiting)
        self._overviews = {
            name: cached(partial(self._count_overview, name), threads) for name in DATE_RANGES
        }
        self._removed = cached(
            self._count_removed,
            ThreadPoolExecutor(1, "removed"),
            seconds=_REMOVED_SECONDS,
        )
        self._status = cached(status, ThreadPoolExecutor(1, "status"))
        self._retention_risk = cached(
            lambda: find_retention_risk(database, settings(), now_ms=clock.wall_ms()),
            # Not behind an overview, which takes half a minute on a large store: each page that
            # shows it would wait for it in vain.
            ThreadPoolExecutor(1, "retention"),
            seconds=_RETENTION_SECONDS,
        )
        self._budgets = cached(
            lambda: check_budgets(
                database, prices, settings().budget, clock.wall_ms(), pace=priority.yield_to_pages
            ),
            threads,
            seconds=_BUDGET_SECONDS,
        )
        self._models = cached(self._count_models, threads, seconds=_BUDGET_SECONDS)

    def overview(self, range_name: str) -> Snapshot | None:
        """Return a range's figures, the last ones while newer are counted; None before those."""
        return self._overviews[range_name].get(WAIT_SECONDS)

    def known_calls(self, stored: int) -> int | None:
        """Return how many tools were called, None if calls are not stored and so not counted."""
        return stored if stored or self._settings().sync_tool_calls else None

    def has_destination(self) -> bool:
        """Return whether sessions are to be sent anywhere."""
        return self._settings().destination is not None

    def status(self) -> dict[str, JsonValue]:
        """Return the status, a second old at most if it can be had in time."""
        return self._status.get(WAIT_SECONDS) or self._status.get(FIRST_STATUS_SECONDS) or {}

    def import_progress(self) -> ImportProgress | None:
        """Return how far the first import is; None once nearly everything is read.

        From then on what is read later is not an import, and nobody has to wait for a status.
        """
        if self._is_imported:
            return None
        status = self._status.get(WAIT_SECONDS)
        if not status:
            return None
        totals = cast("dict[str, int]", status["totals"])
        behind = cast("int", status["bytes_behind"])
        read = totals.get("bytes_read", 0)
        progress = ImportProgress(
            read_bytes=read,
            behind_bytes=behind,
            sessions=totals.get("sessions", 0),
            transcripts=cast("int", status["transcripts_found"]),
            seconds_left=self._estimate_left(read, behind),
        )
        if behind <= max(_SMALL_BACKLOG_BYTES, progress.read_bytes * _SMALL_BACKLOG_SHARE):
            self._is_imported = progress.sessions > 0
            return None
        return progress

    def budgets(self) -> list[BudgetLine]:
        """Return how much of each budget is spent; nothing while that is first counted."""
        if self._settings().budget is None:
            return []
        return self._budgets.get(WAIT_SECONDS) or []

    def format_metrics(self) -> str:
        """Return the figures for Prometheus; those of all models, which take a while at first."""
        models = self._models.get(FIRST_STATUS_SECONDS) or []
        budgets = self._budgets.get(FIRST_STATUS_SECONDS) or []
        return metrics.format_metrics(self.status(), models, budgets)

    def _count_models(self) -> list[BreakdownLine]:
        self._prices.ensure_known(usage_groups.used_models(self._database))
        accounts = select_accounts(self._database, self._prices, pace=self._priority.yield_to_pages)
        return breakdowns.models_of(accounts)

    def _estimate_left(self, read_bytes: int, behind_bytes: int) -> float | None:
        """Return how long the rest takes if it is read as fast as since the first page."""
        now = self._clock.monotonic()
        began, first_bytes = self._progress_began = self._progress_began or (now, read_bytes)
        if now - began < _MIN_ESTIMATE_SECONDS or read_bytes <= first_bytes:
            return None
        return behind_bytes * (now - began) / (read_bytes - first_bytes)

    def retention_risk(self) -> RetentionRisk | None:
        """Return what will be deleted before it is uploaded; None when nothing is at risk."""
        return self._retention_risk.get(WAIT_SECONDS)

    def removed_secrets(self) -> RemovedSecrets | None:
        """Return what was removed from the newest messages; None before it is counted."""
        return self._removed.get(WAIT_SECONDS) or self._removed.get(_FIRST_REMOVED_SECONDS)

    def _count_removed(self) -> RemovedSecrets:
        return count_removed_secrets(self._database, pace=self._priority.yield_to_pages)

    def expire(self) -> None:
        """Have the next page ask for the status again: something was just done."""
        self._status.expire()

    def _count_overview(self, range_name: str) -> Snapshot:
        now_ms = self._clock.wall_ms()
        state = (
            read_store_version(self._database),
            local_datetime(now_ms).date(),
            self._prices.revision(),
        )
        cached = self._snapshots.get(range_name)
        if cached is not None and cached[0] == state:
            return cached[1]
        self._prices.ensure_known(usage_groups.used_models(self._database))
        began = self._clock.monotonic()

        def pace() -> None:
            # Until then a page may be waiting for this very count.
            if self._clock.monotonic() - began > WAIT_SECONDS:
                self._priority.yield_to_pages()

        snapshot = take_snapshot(
            self._database, self._prices, DATE_RANGES[range_name], now_ms=now_ms, pace=pace
        )
        self._snapshots[range_name] = (state, snapshot)
        return snapshot

    def session(self, session_id: str) -> SessionAccount:
        """Return one session's account, at the prices that are known by now."""
        return session_accounts.load_account(self._database, session_id, self._prices)

    def helpers(self, session_id: str) -> list[SubagentAccount]:
        """Return what the client's own helpers used in a session, one account for each purpose."""
        return session_accounts.load_helper_accounts(self._database, session_id, self._prices)

    def sessions(self, session_ids: Sequence[str]) -> dict[str, SessionAccount]:
        """Return the accounts of some sessions, at the prices that are known by now."""
        accounts = session_accounts.load_accounts(
            self._database, self._prices, session_ids=session_ids
        )
        return {
            session_id: accounts.get(session_id) or reconcile(session_id, (), None)
            for session_id in session_ids
        }

    def count_sessions(self) -> int:
        """Count what sessions are sorted by, of the next ones; return how many."""
        return session_counter.count_sessions(self._database, self._prices)

    def uncounted_messages(self) -> int:
        """Return about how many messages are not in what sessions are sorted by."""
        return session_counter.count_uncounted(self._database, self._prices)

    def subagents(self, session_id: str) -> dict[str, SubagentAccount]:
        """Return what each of a session's subagents used, by its id."""
        accounts = session_accounts.load_subagent_accounts(self._database, session_id, self._prices)
        return {account.agent_id: account for account in accounts}

    def price_revision(self) -> object:
        """Return a value that is another one when a price may have changed."""
        return self._prices.revision()

    def turn_costs(self, turns: Mapping[str, int]) -> dict[int, Cost]:
        """Return what turns cost at the prices known by now; `turns` has those of responses."""
        # By turn: a sum for each response, to be added here, takes three times as long.
        with id_groups(turns) as priced:
            groups = usage_groups.load_groups(
                self._database,
                self._prices,
                "group_of(id)",
                condition="id IN (SELECT value FROM json_each(?))",
                values=[orjson.dumps(list(turns)).decode()],
            )
        # A turn may be several groups: its requests have prices of their own.
        rows: defaultdict[int, list[RowSum]] = defaultdict(list)
        for group in groups:
            rows[cast("int", group.key[0])].append(group.rows)
        costs = {turn: cost_of(sums) for turn, sums in rows.items()}
        for turn in {turn for response, turn in turns.items() if response not in priced}:
            costs[turn] = total_cost([*([costs[turn]] if turn in costs else []), UNPRICED])
        return costs
