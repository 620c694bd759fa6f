"""Lines become records, or are dropped and counted, and none stops the ones after it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsync_watch.model import Line, Unreadable
from ccsync_watch.stream import Stream
from ccsync_watch.transcripts.parse import parse
from ccsync_watch.transcripts.tail import split
from support.lines import AGENT, SESSION, Writer, call, line, text
from support.parsing import STREAM, parse_rows, reasons, uuids
from support.pumping import ids, joined

KEYS = st.sampled_from(
    ["type", "text", "content", "id", "name", "input", "is_error", "tool_use_id", "thinking",
     "usage", "model", "kind", "sessionId", "prompt", "commandMode", "trigger", "formatted", "é"]
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab<>/ \n{}[]\0é\u2028", max_size=9)
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)


class TestDropped:
    """Lines that carry nothing that is kept."""

    def test_dropped_lines_are_counted(self) -> None:
        """By their type, so that it is visible what is dropped."""
        rows = [{"type": "mode", "mode": "plan"}] * 2 + [{"type": "tools-used", "tools": []}]
        batch = parse_rows(*rows)
        assert batch.counted == {"mode": 2, "tools-used": 1}
        assert (batch.lines, batch.end) == (3, len(joined(*rows)))
        assert (batch.messages, batch.unreadable, batch.facts) == ([], [], [])

    def test_a_row_inside_a_dropped_line_is_not_read(self) -> None:
        """An object inside it is not a row of the conversation."""
        row = Writer().prompt("inside")
        batch = parse_rows({"type": "progress", "data": row})
        assert (uuids(batch), batch.unreadable) == ([], [])
        assert batch.counted == {"progress": 1}

    def test_a_row_behind_the_torn_start_of_a_dropped_one_is_recovered(self) -> None:
        """The torn part is recorded, the row that follows it is read."""
        row = Writer().prompt("after")
        torn = b'{"type":"api-request-blob","message":{"content":[{"type":"text","text":"cut of'
        batch = parse_rows(torn + line(row))
        assert uuids(batch) == ids(row)
        assert batch.unreadable == [Unreadable(0, len(torn), "not JSON")]


class TestUnknown:
    """Types that a later client may write."""

    @pytest.mark.parametrize(
        ("row", "name"),
        [
            ({"type": "brand-new", "sessionId": "x"}, "?brand-new"),
            ({"type": "has spaces and secrets"}, "?other"),
            ({"type": 7}, "?other"),
            ({"no": "type"}, "?other"),
            ({"type": "user", "uuid": "u1"}, "?user"),
            ({"type": "assistant", "message": "hello"}, "?assistant"),
            ({"type": "attachment", "attachment": None}, "?attachment"),
        ],
    )
    def test_an_unknown_type_is_only_counted(self, row: dict[str, Any], name: str) -> None:
        """Under its own name, if that is safe to show."""
        batch = parse_rows(row)
        assert batch.counted == {name: 1}
        assert (batch.unreadable, batch.messages) == ([], [])

    @pytest.mark.parametrize(
        ("content", "unknown"),
        [
            ([{"type": "hologram", "x": 1}, text("seen")], {"?user/hologram": 1}),
            ([{"type": "a b"}, {"no": "type"}, 7], {"?user/other": 3}),
            (7, {"?user/other": 1}),
            ([text("seen"), {"type": "text", "text": ""}], {}),
        ],
    )
    def test_a_block_of_no_known_type_is_counted(
        self, content: object, unknown: dict[str, int]
    ) -> None:
        """What is beside it is read."""
        row = Writer().row("user", message={"role": "user", "content": content})
        batch = parse_rows(row)
        assert batch.counted == {"user": 1, **unknown}
        assert [part.content for row in batch.messages for part in row.parts] in ([], ["seen"])


class TestTotality:
    """No content of a line stops the lines after it."""

    @given(st.binary(max_size=300))
    def test_any_bytes_are_handled(self, data: bytes) -> None:
        """A line is records, counted, empty, or unreadable within its bounds."""
        row = Writer().prompt("after")
        batch = parse_rows(data.replace(b"\n", b" ") + b"\n", row)
        assert uuids(batch)[-1] == row["uuid"]
        assert batch.lines == 2
        assert all(
            0 <= unreadable.start < unreadable.end <= len(data) for unreadable in batch.unreadable
        )

    @given(
        st.sampled_from(["user", "assistant", "system", "attachment", "summary", "cost-state"]),
        st.dictionaries(
            st.sampled_from(
                ["message", "attachment", "content", "subtype", "toolUseResult", "error", "origin",
                 "timestamp", "sessionId", "agentId", "forkedFrom", "compactMetadata", "leafUuid"]
            ),
            JSON,
        ),
    )  # fmt: skip
    def test_any_values_in_a_row_are_handled(self, name: str, content: dict[str, Any]) -> None:
        """Each value may be any JSON."""
        row = {"parentUuid": None, "type": name, "uuid": "u-1", **content}
        assert reasons(parse_rows(orjson.dumps(row) + b"\n")) == []

    def test_a_defect_in_a_reader_costs_one_line(self) -> None:
        """The line is recorded by its offsets."""
        row = Writer().prompt("after")
        failing = Line(0, 9, None)  # type: ignore[arg-type]  # what no reader expects
        batch = parse([failing, *split(line(row), 9)], STREAM, 0)
        assert uuids(batch) == ids(row)
        assert batch.unreadable == [Unreadable(0, 9, "not understood (TypeError)")]

    def test_no_lines_give_an_empty_batch_at_the_start(self) -> None:
        """The offset stays."""
        batch = parse([], STREAM, 7)
        assert (batch.start, batch.end, batch.lines) == (7, 7, 0)


def test_a_fork_begins_with_its_task() -> None:
    """Whatever it copied before that is its parent's; tokens count once by their id."""
    fork = Writer(agent_id=AGENT)
    rows = [
        {"type": "fork-context-ref", "agentId": AGENT, "contextLength": 2},
        fork.answer(text("I fork"), usage_id="m1"),
        fork.answer(call("t1", "Agent", subagent_type="fork", prompt="count"), usage_id="m1"),
        fork.result("t1", "Fork started"),
    ]
    boilerplate = text(
        "<fork-boilerplate>\nBe brief.\n</fork-boilerplate>\n\nYour directive: count"
    )
    rows[-1]["message"]["content"].append(boilerplate)
    rows.append(fork.answer(text("four"), usage_id="f1"))
    stream = Stream(f"agent-{AGENT}", SESSION, AGENT)
    batch = parse(split(joined(*rows), 0), stream, 0)
    assert [(message.kind, message.parts[0].content) for message in batch.messages] == [
        ("task", "count"),
        ("answer", "four"),
    ]
    assert {usage.id for usage in batch.usages} == {usage.id for usage in batch.usages[1:]}
    assert not batch.unreadable
