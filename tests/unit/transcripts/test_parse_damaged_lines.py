"""What broken writes leave behind stops nothing."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsync_watch.model import Batch, Line, Stream, Unreadable
from ccsync_watch.transcripts.parse import parse
from ccsync_watch.transcripts.tail import split
from support.lines import SESSION, Writer, line, text
from support.pumping import ids, joined

STREAM = Stream(SESSION, SESSION, None)
KEYS = st.sampled_from(
    ["type", "text", "content", "id", "name", "input", "is_error", "tool_use_id", "thinking",
     "usage", "model", "kind", "sessionId", "prompt", "commandMode", "trigger", "formatted", "é"]
)  # fmt: skip
NESTED = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab<>/ \n{}[]\0é\u2028", max_size=9)
)
JSON = st.recursive(
    NESTED, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)


def parsed(*rows: dict[str, Any] | bytes, start: int = 0) -> Batch:
    """Parse the lines of a file that begins at `start`."""
    batch = Batch(start, start)
    parse(split(joined(*rows), start), STREAM, batch)
    return batch


def uuids(batch: Batch) -> list[str]:
    """Return which messages there are, in order."""
    return [message.uuid for message in batch.messages]


class TestDirt:
    """What broken writes leave behind."""

    def test_empty_lines_are_passed(self) -> None:
        """They count as lines, and are nothing else."""
        row = Writer().prompt("x")
        batch = parsed(b"\n\n\r\n", row, b"\n")
        assert uuids(batch) == ids(row)
        assert (batch.lines, batch.unreadable) == (5, [])

    def test_a_carriage_return_before_the_newline_is_nothing(self) -> None:
        """For rows that are kept and for rows that are dropped."""
        row = Writer().prompt("x")
        batch = parsed(
            line(row)[:-1] + b"\r\n", b'{"type":"mode","mode":"x"}\r\n', b"\xef\xbb\xbf\r\n"
        )
        assert uuids(batch) == ids(row)
        assert batch.counted["mode"] == 1
        assert batch.unreadable == []

    def test_a_byte_order_mark_is_nothing(self) -> None:
        """It stands before the first row of a file that an editor saved."""
        row = Writer().prompt("x")
        batch = parsed(b"\xef\xbb\xbf" + line(row))
        assert uuids(batch) == ids(row)
        assert batch.unreadable == []

    @pytest.mark.parametrize(
        "dirt",
        [
            b"not json at all",
            b'{"type":"user","message":"cut',
            b'"a string"',
            b"[1,2]",
            b"{}{}",
            b'{"type":"user","uuid":"\xff\xfe"}',
            b"x" * 5000,
        ],
    )
    def test_a_line_that_is_no_row_is_recorded_and_passed(self, dirt: bytes) -> None:
        """By its offsets, with its neighbours intact; nothing of it is quoted."""
        writer = Writer()
        before, after = writer.prompt("before"), writer.prompt("after")
        start = len(line(before))
        batch = parsed(before, dirt + b"\n", after)
        assert uuids(batch) == ids(before, after)
        assert batch.unreadable == [Unreadable(start, start + len(dirt), "not JSON")]

    def test_invalid_utf8_is_recorded_and_its_neighbours_are_kept(self) -> None:
        """A row with a broken character is not guessed at."""
        writer = Writer()
        before, bad, after = (writer.prompt(word) for word in ("before", "bad", "after"))
        batch = parsed(before, line(bad).replace(b'"bad"', b'"b\xc3"'), after)
        assert uuids(batch) == ids(before, after)
        assert [each.reason for each in batch.unreadable] == ["not JSON"]

    def test_nul_bytes_before_a_row_are_recorded_and_the_row_is_kept(self) -> None:
        """A machine that lost power leaves such runs."""
        row = Writer().prompt("x")
        batch = parsed(b"\0" * 50 + line(row))
        assert uuids(batch) == ids(row)
        assert batch.unreadable == [Unreadable(0, 50, "NUL bytes")]
        assert batch.messages[0].start == 50

    def test_nul_bytes_after_a_row_are_recorded_and_the_row_is_kept(self) -> None:
        """They may stand before the newline too."""
        row = Writer().prompt("x")
        batch = parsed(line(row)[:-1] + b"\0" * 9 + b"\n")
        assert uuids(batch) == ids(row)
        assert [each.reason for each in batch.unreadable] in ([], ["NUL bytes"])

    def test_rows_on_one_line_are_all_kept(self) -> None:
        """Two processes that wrote at once may leave `}{`."""
        writer = Writer()
        rows = [writer.prompt(f"number {each} with ä and }}{{") for each in range(4)]
        batch = parsed(b"".join(line(row)[:-1] for row in rows) + b"\n")
        assert uuids(batch) == ids(*rows)
        assert batch.unreadable == []
        whole = b"".join(line(row)[:-1] for row in rows)
        assert [whole[message.start : message.end] for message in batch.messages] == [
            line(row)[:-1] for row in rows
        ]

    def test_what_stands_between_two_rows_is_recorded(self) -> None:
        """Only it."""
        writer = Writer()
        one, two = writer.prompt("one"), writer.prompt("two")
        head, tail = line(one)[:-1], line(two)
        batch = parsed(head + b"GARBAGE" + tail)
        assert uuids(batch) == ids(one, two)
        assert batch.unreadable == [Unreadable(len(head), len(head) + 7, "not JSON")]

    @pytest.mark.parametrize("cut", [20, 100, 150, 300])
    def test_a_row_after_a_cut_one_is_kept(self, cut: int) -> None:
        """A torn write that the next one was appended to costs only itself."""
        writer = Writer()
        torn, whole = writer.answer(text("torn")), writer.prompt("whole")
        batch = parsed(line(torn)[:cut] + line(whole))
        assert uuids(batch) == ids(whole)
        assert batch.unreadable == [Unreadable(0, cut, "not JSON")]

    def test_pieces_of_a_cut_row_are_no_rows(self) -> None:
        """Its blocks are objects with types too, and there may be many before the next row."""
        writer = Writer()
        torn = line(writer.answer(*[text(f"block {each}") for each in range(200)]))
        whole = writer.prompt("whole")
        cut = torn.rindex(b'"usage"')
        batch = parsed(torn[:cut] + line(whole))
        assert uuids(batch) == ids(whole)
        assert batch.unreadable == [Unreadable(0, cut, "not JSON")]
        assert batch.counted == {"user": 1}

    def test_a_line_of_a_thousand_broken_heads_ends(self) -> None:
        """The search inside a line gives up; the line is recorded."""
        batch = parsed(b'{"parentUuid":' * 1000 + b"\n", Writer().prompt("after"))
        assert len(batch.messages) == 1
        assert [each.reason for each in batch.unreadable] == ["not JSON"]

    def test_half_a_surrogate_pair_is_replaced(self) -> None:
        """The client cuts texts in UTF-16; the rest of the row is as it was."""
        row = Writer().prompt("keep HALF this")
        data = line(row).replace(b"HALF", b"\\ud83d")
        batch = parsed(data, b'{"parentUuid":"\\ud83d' + data)
        assert uuids(batch) == ids(row, row)
        for message in batch.messages:
            content = str(message.parts[0].content)
            assert content.startswith("keep ")
            assert content.endswith(" this")
            assert content.encode()

    def test_an_escape_in_a_line_that_is_no_json_saves_nothing(self) -> None:
        """The lenient reading is as strict about the rest."""
        batch = parsed(b'{"type":"user","x":"\\ud83d\n', b'{"a":NaN,"b":"\\ud83d"}\n')
        assert len(batch.unreadable) == 2

    def test_a_row_nested_too_deeply_is_recorded(self) -> None:
        """Whoever walks a row after this does so by recursion."""
        writer = Writer()
        deep = b'{"parentUuid":null,"x":' + b"[" * 500 + b"]" * 500 + b"}\n"
        deeper = b'{"parentUuid":null,"x":' + b"[" * 5000 + b"]" * 5000 + b"}\n"
        escaped = b'{"parentUuid":null,"s":"\\ud83d","x":' + b"[" * 5000 + b"]" * 5000 + b"}\n"
        after = writer.prompt("after")
        batch = parsed(deep, deeper, escaped, after)
        assert uuids(batch) == ids(after)
        assert len(batch.unreadable) == 3

    def test_many_brackets_are_not_deep(self) -> None:
        """Code is full of them."""
        row = Writer().prompt("[{" * 500, extra=[[1]] * 300)
        assert uuids(parsed(row)) == ids(row)


class TestTotality:
    """Nothing that a line holds stops the ones after it."""

    @given(st.binary(max_size=300))
    def test_any_bytes(self, data: bytes) -> None:
        """A line is records, counted, empty, or unreadable within its bounds."""
        row = Writer().prompt("after")
        batch = parsed(data.replace(b"\n", b" ") + b"\n", row)
        assert uuids(batch)[-1] == row["uuid"]
        assert batch.lines == 2
        assert all(0 <= each.start < each.end <= len(data) for each in batch.unreadable)

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
    def test_any_values_in_a_row(self, name: str, content: dict[str, Any]) -> None:
        """Each value may be any JSON."""
        row = {"parentUuid": None, "type": name, "uuid": "u-1", **content}
        data = orjson.dumps(_fit(row)) + b"\n"
        batch = parsed(data)
        assert [each.reason for each in batch.unreadable] == []

    def test_a_defect_of_ours_costs_one_line(self) -> None:
        """A line that a reader trips over is recorded by its offsets."""
        row = Writer().prompt("after")
        tripping = Line(0, 9, None)  # type: ignore[arg-type]  # what no reader expects
        batch = Batch(0, 0)
        parse([tripping, *split(line(row), 9)], STREAM, batch)
        assert uuids(batch) == ids(row)
        assert batch.unreadable == [Unreadable(0, 9, "not understood (TypeError)")]


def _fit(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a value that orjson can write: integers of at most 64 bits."""
    if isinstance(value, dict):
        return {key: _fit(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_fit(item) for item in value]
    return value % (1 << 63) if isinstance(value, int) and not isinstance(value, bool) else value
