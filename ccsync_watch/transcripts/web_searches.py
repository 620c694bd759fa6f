"""Read the searches of the client's own tool: what they found, and that they are paid; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.model import Usage
from ccsync_watch.transcripts.blocks import content_blocks
from ccsync_watch.transcripts.fields import mapping, opaque_id, token_count
from ccsync_watch.transcripts.result_blocks import describe_link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.transcripts.usage import RowIdentity

SEARCH_PREFIX = "web-search/"
"""Before the id of a usage that stands for the searches of one call."""
_MAX_SEARCHES = 1000
# The API's ids of calls are unique; those of gateways may not be.
_UNIQUE_ID = re.compile(r"toolu_[0-9A-Za-z_]{8,}")
_RESULT_HEAD = re.compile(r"Web search results for query: [^\n]*\n\s*")
_LINKS = re.compile(r"^Links: (\[.*\])[ \t]*$", re.MULTILINE)


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


def read_search_results(text: str) -> str | None:
    """Return what a search found with each link in a line, None for a text of anything else.

    The requests of a search leave no row, and the client writes the links as JSON.
    """
    head = _RESULT_HEAD.match(text)
    return _LINKS.sub(_list_links, text[head.end() :]) if head else None


def _list_links(match: re.Match[str]) -> str:
    try:
        links = orjson.loads(match[1])
    except orjson.JSONDecodeError:
        return match[0]
    return "\n".join(filter(None, (describe_link(mapping(link)) for link in links)))
