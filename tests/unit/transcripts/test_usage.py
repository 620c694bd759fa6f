"""The tokens of a response."""

from __future__ import annotations

from typing import Any

import pytest

from ccsync_watch.model import Usage
from ccsync_watch.transcripts.usage import read_usage
from support.lines import SESSION, Writer
from support.lines import text as text_block


def usage_of(row: dict[str, Any]) -> Usage | None:
    """Read the usage of a row of the tests' session."""
    return read_usage(row, session_id=SESSION, agent_id=None, uuid="u1", timestamp_ms=7, start=9)


def answer(**counts: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return an assistant row with these counts."""
    return Writer().answer(text_block("hi"), usage_id="msg_1", **counts)


def test_every_count_is_read() -> None:
    """Cache writes are separate by their lifetime, which decides their price."""
    row = answer(
        input_tokens=1,
        output_tokens=2,
        cache_creation_input_tokens=7,
        cache_creation={"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
        cache_read_input_tokens=5,
        server_tool_use={"web_search_requests": 6},
        service_tier="standard",
    )
    assert usage_of(row) == Usage(
        id="msg_1",
        session_id=SESSION,
        agent_id=None,
        model="claude-opus-5-5",
        timestamp_ms=7,
        input_tokens=1,
        output_tokens=2,
        cache_write_5m_tokens=3,
        cache_write_1h_tokens=4,
        cache_read_tokens=5,
        web_searches=6,
        tier="standard",
        is_marked=False,
        row_session_id=SESSION,
        uuid="u1",
        start=9,
        is_final=True,
    )


def test_cache_writes_without_lifetimes_are_5_minute_writes() -> None:
    """Older clients had no other."""
    usage = usage_of(answer(cache_creation_input_tokens=9))
    assert usage is not None
    assert (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens) == (9, 0)


def test_a_copied_rows_tokens_belong_to_the_requesting_session() -> None:
    """A fork adds no costs."""
    usage = usage_of({**answer(), "requestSessionId": "parent"})
    assert usage is not None
    assert (usage.session_id, usage.is_marked) == ("parent", True)


def test_a_requesting_session_that_is_not_an_id_is_ignored() -> None:
    """It would go into the store without redaction."""
    usage = usage_of({**answer(), "requestSessionId": "no id at all"})
    assert usage is not None
    assert (usage.session_id, usage.is_marked) == (SESSION, False)


@pytest.mark.parametrize(
    "message",
    [
        None,
        {},
        {"id": "msg_1", "usage": None},
        {"id": None, "usage": {}},
        {"id": "not an id", "usage": {}},
        {"id": "msg_1", "model": "<synthetic>", "usage": {"input_tokens": 0}},
    ],
)
def test_a_row_that_reports_no_response_has_no_usage(message: object) -> None:
    """Synthetic rows were never requests."""
    assert usage_of({"message": message}) is None


def test_values_that_are_not_counts_are_zero() -> None:
    """A broken count must not break the sums."""
    usage = usage_of(answer(input_tokens=-1, output_tokens="5", cache_read_input_tokens=1 << 63))
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (0, 0, 0)
