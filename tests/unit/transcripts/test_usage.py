"""The tokens of a response, and the single values that rows and sidecars hold."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from ccsync_watch.model import Stream, Subagent, Usage
from ccsync_watch.transcripts.fields import count, identity, mapping, milliseconds, text
from ccsync_watch.transcripts.subagent_meta import subagent_of
from ccsync_watch.transcripts.usage import usage_of
from support.lines import SESSION, Writer
from support.lines import text as text_block

AGENT = "a0123456789abcdef"
STREAM = Stream(f"agent-{AGENT}", SESSION, AGENT)


def usage(row: dict[str, Any]) -> Usage | None:
    """Read a row of the test's session."""
    return usage_of(row, session_id=SESSION, agent_id=None, uuid="u1", timestamp_ms=7, start=9)


def answer(**counts: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return an assistant row with these counts."""
    return Writer().answer(text_block("hi"), usage_id="msg_1", **counts)


def test_every_count_is_read() -> None:
    """Cache writes are kept apart by their lifetime, which decides their price."""
    row = answer(
        input_tokens=1,
        output_tokens=2,
        cache_creation_input_tokens=7,
        cache_creation={"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
        cache_read_input_tokens=5,
        server_tool_use={"web_search_requests": 6},
        service_tier="standard",
    )
    assert usage(row) == Usage(
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


def test_cache_writes_without_lifetimes_are_short_ones() -> None:
    """Older clients knew no other."""
    made = usage(answer(cache_creation_input_tokens=9))
    assert made is not None
    assert (made.cache_write_5m_tokens, made.cache_write_1h_tokens) == (9, 0)


def test_a_copied_rows_tokens_belong_to_the_session_that_asked() -> None:
    """A fork costs nothing again."""
    made = usage({**answer(), "requestSessionId": "parent"})
    assert made is not None
    assert (made.session_id, made.is_marked) == ("parent", True)


def test_a_requester_that_is_no_id_is_nobody() -> None:
    """The name goes into the store as it is, unredacted."""
    made = usage({**answer(), "requestSessionId": "no id at all"})
    assert made is not None
    assert (made.session_id, made.is_marked) == (SESSION, False)


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
    assert usage({"message": message}) is None


def test_counts_that_are_none_are_zero() -> None:
    """A broken count must not break the sums."""
    made = usage(answer(input_tokens=-1, output_tokens="5", cache_read_input_tokens=1 << 63))
    assert made is not None
    assert (made.input_tokens, made.output_tokens, made.cache_read_tokens) == (0, 0, 0)


@pytest.mark.parametrize(
    ("value", "made"),
    [(5, 5), (0, 0), (-5, 0), (True, 0), (1.5, 0), ("5", 0), (None, 0), (1 << 53, 0)],
)
def test_a_count_is_a_positive_whole_number(value: object, made: int) -> None:
    """And one that a database can add up."""
    assert count(value) == made


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ("a-b_c.d:e", "a-b_c.d:e"),
        ("", None),
        ("a b", None),
        ("a\n", None),
        ("x" * 129, None),
        (7, None),
    ],
)
def test_an_id_looks_like_one(value: object, made: str | None) -> None:
    """What passes here is stored without passing the redactor."""
    assert identity(value) == made


def test_texts_and_objects_are_what_they_say_they_are() -> None:
    """Any other JSON value is taken for nothing."""
    assert (text("a"), text(""), text(1)) == ("a", None, None)
    assert (mapping({"a": 1}), mapping([1]), mapping(None)) == ({"a": 1}, {}, {})


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("1970-01-01T00:00:01.234Z", 1234),
        ("1970-01-01T00:00:01+00:00", 1000),
        ("1970-01-01T02:00:01+02:00", 1000),
        ("1970-01-01T00:00:01", 1000),
        ("2026-09-21T12:53:20.001Z", 1_789_995_200_001),
        ("1969-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
        (1234, None),
    ],
)
def test_a_time_is_read_to_the_millisecond(written: object, made: int | None) -> None:
    """One without a zone is in UTC; one before the epoch is none of ours."""
    assert milliseconds(written) == made


def test_a_sidecar_tells_of_its_subagent() -> None:
    """Its type, its task, and its place in the tree."""
    data = orjson.dumps(
        {
            "agentType": "Explore",
            "description": "Look round",
            "toolUseId": "toolu_1",
            "spawnDepth": 2,
            "parentAgentId": "a1",
            "model": "haiku",
            "finished": True,
        }
    )
    assert subagent_of(data, STREAM, "s") == Subagent(
        AGENT, "s", "Explore", "Look round", "toolu_1", "a1", 2, "haiku", is_finished=True
    )


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b'{"spawnDepth":18446744073709551615}'])
def test_a_sidecar_that_says_nothing_leaves_the_subagent_known(data: bytes) -> None:
    """It may not be written yet, or be half written."""
    nothing = Subagent(AGENT, "s", None, None, None, None, None, None, None)
    assert subagent_of(data, STREAM, "s") == nothing


@pytest.mark.parametrize(
    ("data", "stream", "session_id"),
    [(b"[]", STREAM, "s"), (b"{}", Stream("s", "s", None), "s"), (b"{}", STREAM, "")],
)
def test_without_a_session_and_an_agent_there_is_no_subagent(
    data: bytes, stream: Stream, session_id: str
) -> None:
    """Nothing could be said of whose it is."""
    assert subagent_of(data, stream, session_id) is None


def test_ids_in_a_sidecar_that_are_none_are_left_out() -> None:
    """They would go into the store unredacted."""
    made = subagent_of(b'{"toolUseId":"my pass word","parentAgentId":"{}"}', STREAM, "s")
    assert made is not None
    assert (made.tool_use_id, made.parent_agent_id) == (None, None)
