"""Read the tokens of one API response from an assistant row; pure.

The client writes the final usage on every row of a response, so a response counts once, by the
API's message id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.model import Usage
from ccsync_watch.transcripts.values import count, identity, mapping, text

if TYPE_CHECKING:
    from collections.abc import Mapping

SYNTHETIC_MODEL = "<synthetic>"


def usage_of(
    row: Mapping[str, Any],
    *,
    session_id: str,
    agent_id: str | None,
    timestamp_ms: int | None,
) -> Usage | None:
    """Return the usage that an assistant row reports, None for synthetic rows and rows without.

    Cache writes that older clients did not split by lifetime count as 5-minute writes, the only
    kind there was.
    """
    message = mapping(row.get("message"))
    counts, usage_id, model = (
        message.get("usage"),
        identity(message.get("id")),
        message.get("model"),
    )
    if not isinstance(counts, dict) or usage_id is None or model == SYNTHETIC_MODEL:
        return None
    lifetimes = mapping(counts.get("cache_creation"))
    hour = count(lifetimes.get("ephemeral_1h_input_tokens"))
    written = count(counts.get("cache_creation_input_tokens"))
    short = count(lifetimes.get("ephemeral_5m_input_tokens")) or max(written - hour, 0)
    requester = identity(row.get("requestSessionId"))
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
    )
