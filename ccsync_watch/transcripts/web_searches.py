"""Read the searches of the client's own tool, whose requests leave no row; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ccsync_watch.model import Usage
from ccsync_watch.transcripts.blocks import content_blocks
from ccsync_watch.transcripts.fields import mapping, opaque_id, token_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.transcripts.usage import RowIdentity

SEARCH_PREFIX = "web-search/"
"""Before the id of a usage that stands for the searches of one call."""
_MAX_SEARCHES = 1000
# The API's ids of calls are unique; those of gateways may not be.
_UNIQUE_ID = re.compile(r"toolu_[0-9A-Za-z_]{8,}")


def read_searches(row: dict[str, Any], source: RowIdentity) -> Iterator[Usage]:
    """Yield the searches that a result reports, as a response without tokens of its own.

    Its model is that of the response before it, which the store knows.
    """
    searches = token_count(mapping(row.get("toolUseResult")).get("searchCount"))
    if searches is None or not 0 < searches <= _MAX_SEARCHES:
        return
    blocks = content_blocks(mapping(row.get("message")))
    calls = [block.get("tool_use_id") for block in blocks if block.get("type") == "tool_result"]
    call_id = opaque_id(calls[0]) if len(calls) == 1 else None
    if call_id is None or not _UNIQUE_ID.fullmatch(call_id):
        call_id = source.uuid
    yield Usage(
        id=f"{SEARCH_PREFIX}{call_id}",
        session_id=source.session_id,
        agent_id=source.agent_id,
        model=None,
        timestamp_ms=source.timestamp_ms,
        input_tokens=0,
        output_tokens=0,
        cache_write_5m_tokens=0,
        cache_write_1h_tokens=0,
        cache_read_tokens=0,
        web_searches=searches,
        tier=None,
        is_marked=False,
        row_session_id=source.session_id,
        uuid=source.uuid,
        start=source.start,
        is_final=True,
        response_id=f"{SEARCH_PREFIX}{call_id}",
    )
