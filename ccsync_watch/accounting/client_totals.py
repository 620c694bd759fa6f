"""Read the client's own totals from the value of a `cost-state` line; pure."""

from __future__ import annotations

from typing import Any

from ccsync_watch.accounting.account import NO_TOKENS, ClientTotals, Tokens

_MAX_TOKENS = 1 << 53
_MAX_USD = 1e9


def read_client_totals(state: object) -> ClientTotals | None:
    """Return the totals of a `cost-state` line, None for one of another shape."""
    if not isinstance(state, dict) or not isinstance(state.get("modelUsage", {}), dict):
        return None
    usd = _money(state.get("totalCostUSD"))
    models: dict[str, tuple[Tokens, float]] = {}
    for name, model_usage in state.get("modelUsage", {}).items():
        if not isinstance(model_usage, dict):
            return None
        model = base_name(name)
        tokens, model_usd = models.get(model, (NO_TOKENS, 0.0))
        models[model] = (
            tokens + _tokens(model_usage),
            model_usd + (_money(model_usage.get("costUSD")) or 0.0),
        )
    if usd is None:
        return None
    return ClientTotals(
        usd=usd,
        models=models,
        has_guess=state.get("hasUnknownModelCost") is True,
        api_ms=_milliseconds(state.get("totalAPIDuration")),
        tool_ms=_milliseconds(state.get("totalToolDuration")),
        duration_ms=_milliseconds(state.get("totalDuration")),
        lines_added=_milliseconds(state.get("totalLinesAdded")),
        lines_removed=_milliseconds(state.get("totalLinesRemoved")),
    )


def base_name(model: str) -> str:
    """Return a model's name without what the client adds about its context window."""
    return model.partition("[")[0]


def _tokens(model_usage: dict[str, Any]) -> Tokens:
    written = _number(model_usage.get("cacheCreationInputTokens"))
    hour = min(_number(model_usage.get("cacheCreationEphemeral1hInputTokens")), written)
    return Tokens(
        input=_number(model_usage.get("inputTokens")),
        output=_number(model_usage.get("outputTokens")),
        cache_write_5m=written - hour,
        cache_write_1h=hour,
        cache_read=_number(model_usage.get("cacheReadInputTokens")),
        web_searches=_number(model_usage.get("webSearchRequests")),
    )


def _number(value: object) -> int:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value < _MAX_TOKENS else 0  # type: ignore[call-overload, operator]  # a number, as checked above


def _milliseconds(value: object) -> int | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return _number(value) if is_number else None


def _money(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value < _MAX_USD else None
