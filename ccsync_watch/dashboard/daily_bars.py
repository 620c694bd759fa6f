"""Tokens and costs of a range by day or week, ready to be drawn: in total, by model, by project."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ccsync_watch.accounting.account import total_cost
from ccsync_watch.accounting.breakdowns import model_key
from ccsync_watch.dashboard.local_time import DaySpan, days_between
from ccsync_watch.dashboard.shown_models import short_model
from ccsync_watch.store.session_summaries import project_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ccsync_watch.accounting.account import SessionAccount, Share
    from ccsync_watch.accounting.breakdowns import BreakdownLine

_TOKEN_SERIES = {"output": "output", "input": "input", "cache writes": "cache_write"}
"""What a bar of tokens is made of, from the bottom up: the label, and the field of `Tokens`.

Reads of the cache are far more than all others together, and have a chart of their own."""
_CACHE_READS = "cache reads"
_MAX_SERIES = 5
_REST = "other"
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DailyBars:
    """Amounts by span, without gaps: by their labels. `costs` are in total, by model, by project.

    The costs of `partial_days` leave something out. `previous` are the costs of the days as many
    days before, None where a bar is a week.
    """

    spans: list[DaySpan]
    tokens: dict[str, list[float]]
    cache_reads: dict[str, list[float]]
    costs: dict[str, dict[str, list[float]]]
    partial_days: frozenset[str]
    previous: list[float] | None = None

    @property
    def days(self) -> list[str]:
        """The first day of each span (ISO)."""
        return [span.first.isoformat() for span in self.spans]

    def is_used(self, at: int) -> bool:
        """Return whether a span has any amount, or one that is not known in full."""
        amounts = (*self.tokens.values(), *self.cache_reads.values(), *self.costs["total"].values())
        return self.days[at] in self.partial_days or any(values[at] for values in amounts)


def build_bars(
    lines: Sequence[BreakdownLine],
    accounts: Mapping[str, SessionAccount],
    projects: Mapping[str, str | None],
    *,
    first: date | None,
    today: date,
    previous: Sequence[BreakdownLine] = (),
) -> DailyBars:
    """Return a bar for each day from `first` on, or for each week if there are many days.

    `lines` are the days of `accounts`; None as `first` means the first of them. `projects` are
    those of the sessions. `previous` are days before, as many as from `first` to `today`.
    """
    by_day = {line.key: line for line in lines if line.key}
    if first is None:
        first = min([today, *(date.fromisoformat(day) for day in by_day)])
    spans = days_between(first, today)
    places = {
        (span.first + timedelta(days=number)).isoformat(): at
        for at, span in enumerate(spans)
        for number in range((span.last - span.first).days + 1)
    }
    shown: list[list[BreakdownLine]] = [[] for _span in spans]
    for day, line in by_day.items():
        if day in places:
            shown[places[day]].append(line)

    def sums(field: str) -> list[float]:
        return [float(sum(getattr(line.tokens, field) for line in bucket)) for bucket in shown]

    costs = [total_cost(line.cost for line in bucket) for bucket in shown]
    paths = {path for path in projects.values() if path}
    names = {path: project_name(path) or path for path in paths}
    return DailyBars(
        spans,
        {label: sums(field) for label, field in _TOKEN_SERIES.items()},
        {_CACHE_READS: sums("cache_read")},
        {
            "total": {"cost": [cost.usd or 0.0 for cost in costs]},
            "model": _split(
                accounts, places, len(spans), lambda _id, share: model_key(share.model), short_model
            ),
            "project": _split(
                accounts,
                places,
                len(spans),
                lambda session_id, _share: projects.get(session_id),
                lambda path: names.get(path, path),
            ),
        },
        frozenset(
            span.first.isoformat()
            for span, cost in zip(spans, costs, strict=True)
            if cost.provenance in {"partial", "unpriced"}
        ),
        _previous_costs(spans, previous),
    )


def _split(
    accounts: Mapping[str, SessionAccount],
    places: Mapping[str, int],
    count: int,
    key_of: Callable[[str, Share], str | None],
    label_of: Callable[[str], str],
) -> dict[str, list[float]]:
    """Return costs by a key of theirs, the largest first; those after a few of them as the rest."""
    sums: defaultdict[str | None, list[float]] = defaultdict(lambda: [0.0] * count)
    for session_id, account in accounts.items():
        for share in account.shares:
            at = places.get(share.day or "")
            if at is not None and share.cost.usd:
                sums[key_of(session_id, share)][at] += share.cost.usd
    ordered = sorted(sums, key=lambda key: (-sum(sums[key]), key or ""))
    series: dict[str, list[float]] = {}
    for number, key in enumerate(ordered):
        label = label_of(key) if key else _UNKNOWN
        if number >= _MAX_SERIES:
            label = _REST
        before = series.get(label, [0.0] * count)
        series[label] = [a + b for a, b in zip(before, sums[key], strict=True)]
    return series


def _previous_costs(
    spans: Sequence[DaySpan], previous: Sequence[BreakdownLine]
) -> list[float] | None:
    if not previous or any(span.first != span.last for span in spans):
        return None
    costs = {line.key: line.cost.usd or 0.0 for line in previous}
    shift = timedelta(days=len(spans))
    return [costs.get((span.first - shift).isoformat(), 0.0) for span in spans]
