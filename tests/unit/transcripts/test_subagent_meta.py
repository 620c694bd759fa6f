"""What a sidecar says about its subagent."""

from __future__ import annotations

import orjson
import pytest

from ccsync_watch.model import Subagent
from ccsync_watch.stream import Stream
from ccsync_watch.transcripts.subagent_meta import read_subagent
from support.lines import SESSION
from support.parsing import AGENT

STREAM = Stream(f"agent-{AGENT}", SESSION, AGENT)


def test_a_sidecar_describes_its_subagent() -> None:
    """Its type, its task, and its place in the tree."""
    data = orjson.dumps(
        {
            "agentType": "Explore",
            "description": "Explore the code",
            "toolUseId": "toolu_1",
            "spawnDepth": 2,
            "parentAgentId": "a1",
            "model": "haiku",
            "finished": True,
        }
    )
    assert read_subagent(data, STREAM, "s") == Subagent(
        AGENT, "s", "Explore", "Explore the code", "toolu_1", "a1", 2, "haiku", is_finished=True
    )


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b'{"spawnDepth":18446744073709551615}'])
def test_a_subagent_with_an_empty_sidecar_is_recorded(data: bytes) -> None:
    """It may not be written yet, or be half written."""
    bare = Subagent(AGENT, "s", None, None, None, None, None, None, None)
    assert read_subagent(data, STREAM, "s") == bare


@pytest.mark.parametrize(
    ("data", "stream", "session_id"),
    [(b"[]", STREAM, "s"), (b"{}", Stream("s", "s", None), "s"), (b"{}", STREAM, "")],
)
def test_without_a_session_and_an_agent_there_is_no_subagent(
    data: bytes, stream: Stream, session_id: str
) -> None:
    """It would belong to nobody."""
    assert read_subagent(data, stream, session_id) is None


def test_values_in_a_sidecar_that_are_not_ids_are_hashed() -> None:
    """They would go into the store without redaction, and an id may have any characters."""
    subagent = read_subagent(b'{"toolUseId":"my pass word","parentAgentId":"{}"}', STREAM, "s")
    assert subagent is not None
    assert str(subagent.parent_agent_id).startswith("hash:")
    assert str(subagent.tool_use_id).startswith("hash:")
