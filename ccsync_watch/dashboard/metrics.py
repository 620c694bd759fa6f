"""Figures in the text format of Prometheus, for whoever has the token of the settings; pure.

Our own dozen lines write it: the format is a name, labels and a number on each line, and the
figures are computed already, so that a library of collectors would have nothing to collect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ccsync_watch.accounting.breakdowns import BreakdownLine
    from ccsync_watch.accounting.budgets import BudgetLine
    from ccsync_watch.model import JsonValue

METRICS_PATH = "/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "ccsync_watch_"
_TOKEN_KINDS = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")
_NOT_NAMED = "unknown"

Labels: TypeAlias = "Mapping[str, str]"


class Metric(NamedTuple):
    """One metric with its values by labels; None is not known, and left out."""

    name: str
    kind: str
    help: str
    values: Sequence[tuple[Labels, float | None]]


def format_metrics(
    status: Mapping[str, JsonValue],
    models: Sequence[BreakdownLine],
    budgets: Sequence[BudgetLine],
) -> str:
    """Return the text that Prometheus reads. `status` is that of `report.status`."""
    metrics = [*_status_metrics(status), *_usage_metrics(models), *_budget_metrics(budgets)]
    return "".join(line for metric in metrics for line in _lines(metric))


def _status_metrics(status: Mapping[str, JsonValue]) -> Iterable[Metric]:
    totals = status.get("totals")
    counts = totals if isinstance(totals, dict) else {}

    def count(name: str) -> list[tuple[Labels, float | None]]:
        return [({}, _number(counts.get(name)))]

    yield Metric(
        "info", "gauge", "The version.", [({"version": str(status.get("version", ""))}, 1.0)]
    )
    yield Metric("sessions", "gauge", "Stored sessions.", count("sessions"))
    yield Metric("messages", "gauge", "Stored messages.", count("messages"))
    yield Metric("prompts", "gauge", "Stored prompts.", count("prompts"))
    # Without a backend nothing is to be uploaded, and rows only wait for one.
    pending = count("rows_pending") if status.get("destination") else [({}, 0.0)]
    yield Metric("rows_pending", "gauge", "Rows to be uploaded.", pending)
    yield Metric("rows_rejected", "gauge", "Rows that the backend rejects.", count("rows_rejected"))
    yield Metric("unreadable_lines", "gauge", "Lines that are not JSON.", count("unreadable"))
    behind = _number(status.get("bytes_behind"))
    yield Metric("bytes_behind", "gauge", "Bytes not imported yet.", [({}, behind)])
    ack_ms = _number(counts.get("last_ack_ms"))
    ack = None if ack_ms is None else ack_ms / 1000
    yield Metric("last_ack_timestamp_seconds", "gauge", "The last confirmed upload.", [({}, ack)])
    problems = status.get("problems")
    listed = (
        [problem for problem in problems if isinstance(problem, dict)]
        if isinstance(problems, list)
        else []
    )
    for severity in ("error", "warning"):
        number = sum(problem.get("severity") == severity for problem in listed)
        yield Metric(f"{severity}s", "gauge", f"Problems: {severity}s.", [({}, float(number))])
    by_code = {str(problem.get("code")): str(problem.get("severity")) for problem in listed}
    yield Metric(
        "problem", "gauge", "1 for each problem that status shows.",
        [({"code": code, "severity": severity}, 1.0) for code, severity in by_code.items()],
    )  # fmt: skip


def _usage_metrics(models: Sequence[BreakdownLine]) -> Iterable[Metric]:
    yield Metric(
        "tokens_total", "counter", "Tokens, by model and kind.",
        [
            ({"model": line.key or _NOT_NAMED, "kind": kind}, float(getattr(line.tokens, kind)))
            for line in models
            for kind in _TOKEN_KINDS
        ],
    )  # fmt: skip
    by_model = [({"model": line.key or _NOT_NAMED}, line) for line in models]
    yield Metric(
        "responses_total", "counter", "Responses of the API, by model.",
        [(labels, float(line.responses)) for labels, line in by_model],
    )  # fmt: skip
    yield Metric(
        "cost_usd_total", "counter", "Cost in USD, by model; without what has no known price.",
        [(labels, line.cost.usd) for labels, line in by_model],
    )  # fmt: skip
    yield Metric(
        "cost_is_partial", "gauge", "1 where a cost leaves something out.",
        [
            (labels, float(line.cost.provenance in {"partial", "unpriced"}))
            for labels, line in by_model
        ],
    )  # fmt: skip


def _budget_metrics(budgets: Sequence[BudgetLine]) -> Iterable[Metric]:
    labelled = [({"period": line.period, "project": line.project or ""}, line) for line in budgets]
    yield Metric(
        "budget_limit_usd", "gauge", "A budget of the settings.",
        [(labels, line.limit_usd) for labels, line in labelled],
    )  # fmt: skip
    yield Metric(
        "budget_spent_usd", "gauge", "What is spent of a budget.",
        [(labels, line.cost.usd) for labels, line in labelled],
    )  # fmt: skip


def _number(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _lines(metric: Metric) -> Iterable[str]:
    known = [(labels, value) for labels, value in metric.values if value is not None]
    if not known:
        return
    name = _PREFIX + metric.name
    yield f"# HELP {name} {metric.help}\n# TYPE {name} {metric.kind}\n"
    for labels, value in known:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{inside}}} {value!r}\n" if inside else f"{name} {value!r}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
