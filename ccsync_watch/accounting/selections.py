"""Which part of what is stored is counted: a window of time, projects, models, hosts, branches."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ccsync_watch.accounting.account import UNPRICED
from ccsync_watch.accounting.calendars import LOCAL_DAYS, Calendar
from ccsync_watch.accounting.model_names import plain_key
from ccsync_watch.accounting.reconciliation import account_of_shares
from ccsync_watch.accounting.session_accounts import load_accounts
from ccsync_watch.privacy.policy.projects import is_in_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.accounting.account import SessionAccount
    from ccsync_watch.accounting.prices import PriceList
    from ccsync_watch.store.database import Database

_ASKED_AT_ONCE = 500  # SQLite limits how many values a statement takes
_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Selection:
    """What is counted; everything by default. `until_ms` is exclusive.

    `project` is what `matches_project` takes; `host` and `branch` are a name or a glob; `model` is
    a part of a model's name, or a glob on it.
    """

    since_ms: int | None = None
    until_ms: int | None = None
    project: str | None = None
    host: str | None = None
    branch: str | None = None
    model: str | None = None
    calendar: Calendar = LOCAL_DAYS

    @property
    def has_session_filter(self) -> bool:
        """Whether only some sessions are counted."""
        return any((self.project, self.host, self.branch))


EVERYTHING = Selection()


def no_pace() -> None:
    """Never wait: nobody else needs the processor."""


def select_accounts(
    database: Database,
    prices: PriceList,
    selection: Selection = EVERYTHING,
    *,
    pace: Callable[[], None] = no_pace,
) -> dict[str, SessionAccount]:
    """Return the accounts of what is selected, by session; those that used nothing of it not.

    `pace` is called every few microseconds of work; it may wait, to leave the processor to others.
    """
    wanted = selected_sessions(database, selection)
    asked = sorted(wanted) if wanted is not None and len(wanted) <= _ASKED_AT_ONCE else None
    accounts = load_accounts(
        database,
        prices,
        since_ms=selection.since_ms,
        until_ms=selection.until_ms,
        session_ids=asked,
        calendar=selection.calendar,
        pace=pace,
    )
    if wanted is not None and asked is None:
        accounts = {key: account for key, account in accounts.items() if key in wanted}
    if selection.model is None:
        return accounts
    by_model = {key: _only_model(account, selection.model) for key, account in accounts.items()}
    return {key: account for key, account in by_model.items() if account.shares}


def selected_sessions(database: Database, selection: Selection) -> set[str] | None:
    """Return the sessions of the selected projects, hosts and branches; None for all of them."""
    if not selection.has_session_filter:
        return None
    rows = database.read().execute(
        "SELECT id, project_path, host, git_branch FROM sessions WHERE NOT is_excluded"
    )
    return {
        name
        for name, project, host, branch in rows
        if (selection.project is None or matches_project(project, selection.project))
        and (selection.host is None or matches_name(host, selection.host))
        and (selection.branch is None or matches_name(branch, selection.branch))
    }


def matches_project(path: str | None, pattern: str) -> bool:
    """Return whether a project is what a pattern says: a folder, its name, or a glob on either.

    A folder means that folder and all below it, as in the settings.
    """
    if path is None or not pattern.strip():
        return False
    name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return is_in_folder(path, pattern) or matches_name(name or None, pattern.strip().rstrip("/\\"))


def matches_model(written: str | None, pattern: str) -> bool:
    """Return whether a model's name, or a part of it, is what a pattern says."""
    if written is None:
        return False
    wanted = pattern.lower()
    names = {written.lower(), plain_key(written)}
    if _GLOB & set(wanted):
        return any(fnmatchcase(name, wanted) for name in names)
    return plain_key(wanted) in names or any(wanted in name for name in names)


def matches_name(text: str | None, pattern: str) -> bool:
    """Return whether a host or a branch is what a pattern says: a name, or a glob."""
    return text is not None and (text == pattern or fnmatchcase(text, pattern))


def _only_model(account: SessionAccount, pattern: str) -> SessionAccount:
    """Return what an account has of some models; all of it if it used no others."""
    shares = tuple(share for share in account.shares if matches_model(share.model, pattern))
    if len(shares) == len(account.shares):
        return account
    return account_of_shares(account, shares, row_cost=UNPRICED)
