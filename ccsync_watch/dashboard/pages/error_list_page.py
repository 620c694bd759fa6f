"""Calls that failed, by tool and kind, by project and over time, with the latest of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ccsync_watch.dashboard.local_time import (
    DATE_RANGES,
    day_end_ms,
    day_start_ms,
    days_between,
    local_datetime,
    midnight_ms,
)
from ccsync_watch.dashboard.page import Context, Page
from ccsync_watch.dashboard.pages.file_list_page import index_context
from ccsync_watch.dashboard.query_params import (
    build_query,
    call_param,
    exact_param,
    text_param,
)
from ccsync_watch.store import failure_list
from ccsync_watch.transcripts.call_results import is_denial

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.local_time import DaySpan
    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.store.failure_list import FailedCall, FailureFilter, FailureGroup

_DEFAULT_RANGE = "30"
_PARAMS = ("range", "project", "tool", "kind", "since", "until")
_STORED = frozenset({"project", "tool", "kind"})
_PAGE_CALLS = 50
_EXAMPLES = 3
_MAX_EXAMPLE_GROUPS = 12
_MAX_GROUPS = 60


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A line of the table of failures, with the latest calls of it."""

    group: FailureGroup
    is_denied: bool
    examples: list[FailedCall]


def build_context(site: Site, request: Request) -> Context:
    """Return the failures that match the address: grouped, or the calls of one group."""
    state = index_context(site)
    params = {
        name: (exact_param if name in _STORED else text_param)(request, name) for name in _PARAMS
    }
    if params["range"] not in DATE_RANGES:
        params["range"] = _DEFAULT_RANGE
    now_ms = site.clock.wall_ms()
    range_start_ms = DATE_RANGES[params["range"]].start_ms(now_ms)
    in_range = failure_list.FailureFilter(
        project=params["project"] or None,
        tool=params["tool"] or None,
        kind=params["kind"] or None,
        since_ms=range_start_ms,
    )
    since_ms, until_ms = day_start_ms(params["since"]), day_end_ms(params["until"])
    failures = replace(
        in_range,
        since_ms=since_ms if since_ms is not None else range_start_ms,
        until_ms=until_ms,
    )
    groups = failure_list.group_failures(site.database, failures)
    is_one_group = bool(params["tool"] and params["kind"])
    calls, more = _list_calls(site, request, params, failures) if is_one_group else ([], None)
    denied = sum(group.calls for group in groups if is_denial(group.kind))
    spans = _spans(site, range_start_ms, now_ms)
    return {
        **state,
        "params": params,
        "ranges": DATE_RANGES,
        "failed": sum(group.calls for group in groups) - denied,
        "denied": denied,
        "lines": [] if is_one_group else _lines(site, failures, groups),
        "left_out": 0 if is_one_group else max(0, len(groups) - _MAX_GROUPS),
        "by_project": failure_list.failures_by_project(site.database, failures),
        "projects": failure_list.failure_projects(site.database),
        "span": "day" if spans[0].first == spans[0].last else "week",
        "days": [span.first.isoformat() for span in spans],
        "counts": {"calls": _counts(site, in_range, spans)},
        "links": [
            "/errors" + build_query(params, since=span.first, until=span.last) for span in spans
        ],
        "calls": calls,
        "more": more,
        "is_first": call_param(request) is None,
        "is_one_group": is_one_group,
        "is_filtered": any(params[name] for name in _PARAMS if name != "range"),
        "build_query": build_query,
    }


def _list_calls(
    site: Site, request: Request, params: dict[str, str], failures: FailureFilter
) -> tuple[list[FailedCall], str | None]:
    """Return a page of failed calls, and the query of the next one."""
    calls = failure_list.list_failures(
        site.database, failures, before=call_param(request), limit=_PAGE_CALLS + 1
    )
    if len(calls) <= _PAGE_CALLS:
        return calls, None
    calls = calls[:_PAGE_CALLS]
    last = calls[-1]
    return calls, build_query(params, at=last.at_ms or 0, seq=last.seq, part=last.position)


def _lines(site: Site, failures: FailureFilter, groups: list[FailureGroup]) -> list[GroupLine]:
    lines = []
    for number, group in enumerate(groups[:_MAX_GROUPS]):
        examples: list[FailedCall] = []
        if number < _MAX_EXAMPLE_GROUPS:
            of_group = replace(failures, tool=group.tool, kind=group.kind)
            examples = failure_list.list_failures(site.database, of_group, limit=_EXAMPLES)
        lines.append(GroupLine(group, is_denial(group.kind), examples))
    return lines


def _spans(site: Site, since_ms: int | None, now_ms: int) -> list[DaySpan]:
    first_ms = failure_list.first_failure_ms(site.database) if since_ms is None else since_ms
    return days_between(
        local_datetime(now_ms if first_ms is None else first_ms).date(),
        local_datetime(now_ms).date(),
    )


def _counts(site: Site, failures: FailureFilter, spans: list[DaySpan]) -> list[float]:
    bounds = [midnight_ms(span.first) for span in spans]
    bounds.append(midnight_ms(spans[-1].last + timedelta(days=1)))
    return [
        float(count) for count in failure_list.failures_between(site.database, failures, bounds)
    ]


PAGE = Page(
    name="errors",
    path="/errors",
    title="Errors",
    template="errors.html",
    build_context=build_context,
    navigation=4,
)
