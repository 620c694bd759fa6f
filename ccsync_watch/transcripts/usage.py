"""Read the tokens of one API response from an assistant row; pure.

Today's client writes the final usage on every row of a response, older ones wrote the usage known
at that moment. So a response counts once, by the API's message id, as its last row reports it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ccsync_watch.model import Usage
from ccsync_watch.transcripts.fields import count, identity, mapping, text

if TYPE_CHECKING:
    from collections.abc import Mapping

SYNTHETIC_MODEL = "<synthetic>"
# No response costs as much; a larger value is a broken write.
_MAX_COST_USD = 10_000.0


def read_usage(
    row: Mapping[str, Any],
    *,
    session_id: str,
    agent_id: str | None,
    uuid: str,
    timestamp_ms: int | None,
    start: int,
) -> Usage | None:
    """Return the usage that an assistant row reports, None for synthetic rows and rows without.

    Cache writes that older clients did not split by lifetime count as 5-minute writes, which were
    the only kind at the time.
    """
    message = mapping(row.get("message"))
    counts, usage_id, model = (
        message.get("usage"),
        identity(message.get("id")),
        message.get("model"),
    )
    is_synthetic = model == SYNTHETIC_MODEL or row.get("isApiErrorMessage") is True
    if not isinstance(counts, dict) or usage_id is None or is_synthetic:
        return None
    hour, short = _cache_writes(counts)
    requester = identity(row.get("requestSessionId")) or source_session(row)
    return Usage(
        id=usage_id,
        session_id=requester or session_id,
        agent_id=agent_id,
        model=text(model),
        timestamp_ms=timestamp_ms,
        input_tokens=count(counts.get("input_tokens")),
        output_tokens=count(counts.get("output_tokens")),
        cache_write_5m_tokens=short,
        cache_write_1h_tokens=hour,
        cache_read_tokens=count(counts.get("cache_read_input_tokens")),
        web_searches=count(mapping(counts.get("server_tool_use")).get("web_search_requests")),
        tier=text(counts.get("service_tier")),
        is_marked=requester is not None,
        row_session_id=session_id,
        uuid=uuid,
        start=start,
        is_final=text(message.get("stop_reason")) is not None,
        is_fast=counts.get("speed") == "fast",
        is_us_only=counts.get("inference_geo") == "us",
        cost_usd=_cost(row.get("costUSD")),
    )


def source_session(row: Mapping[str, Any]) -> str | None:
    """Return the session that a copied row was taken from, None for an original.

    It is the nearest one: a branch of a fork has both, the branched session and the requester.
    """
    forked = identity(mapping(row.get("forkedFrom")).get("sessionId"))
    return forked or identity(row.get("requestSessionId"))


def _cache_writes(counts: Mapping[str, Any]) -> tuple[int, int]:
    """Return the cache writes for an hour and for 5 minutes; their sum is the billed total."""
    lifetimes = mapping(counts.get("cache_creation"))
    hour = count(lifetimes.get("ephemeral_1h_input_tokens"))
    short = count(lifetimes.get("ephemeral_5m_input_tokens"))
    if counts.get("cache_creation_input_tokens") is None:
        return hour, short
    written = count(counts.get("cache_creation_input_tokens"))
    hour = min(hour, written)
    return hour, written - hour


def _cost(value: object) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    is_cost = is_number and math.isfinite(value) and 0 <= value <= _MAX_COST_USD  # type: ignore[arg-type, operator]  # a number, as just checked
    return float(value) if is_cost else None  # type: ignore[arg-type]  # as above
