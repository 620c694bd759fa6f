"""Lines become records, or are dropped and counted."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import strategies as st

from ccsync_watch.model import Batch, Fact, Stream, Unreadable
from ccsync_watch.transcripts.parse import dropped_type, is_dropped, parse
from ccsync_watch.transcripts.tail import split
from support.lines import SESSION, Writer, line
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


class TestDropped:
    """What carries nothing of ours is known by its first bytes."""

    @pytest.mark.parametrize(
        ("head", "name"),
        [
            (b'{"type":"mode","mode":"plan"', "mode"),
            (b'{"type":"api-request-blob","sess', "api-request-blob"),
            (b'{"type":"cost-state","sess', None),
            (b'{"type":"never-seen","sess', None),
            (b'{"type":"user', None),
            (b'{"type":"\xff","a', None),
            (b'{"mode":"x","type":"mode"', None),
            (b'{"parentUuid":null,"isSidechain":false,"type":"user"', None),
            (
                b'{"parentUuid":null,"isSidechain":false,"attachment":{"type":"skill_listing","x"',
                "attachment/skill_listing",
            ),
            (
                (
                    b'{"parentUuid":"1","logicalParentUuid":null,"isSidechain":true,'
                    b'"promptId":"p","agentId":"a","attachment":{"type":"date"}'
                ),
                "attachment/date",
            ),
            (b'{"parentUuid":null,"isSidechain":false,"attachment":{"type":"file","a"', None),
            (b'{"parentUuid":null,"isSidechain":false,"attachment":{"type":"queued_command"', None),
            (b"", None),
        ],
    )
    def test_the_head_decides(self, head: bytes, name: str | None) -> None:
        """In doubt a line is read."""
        assert dropped_type(head) == name
        assert is_dropped(head) is (name is not None)

    def test_dropped_lines_are_counted(self) -> None:
        """By their type: what is dropped can be seen."""
        rows = [{"type": "mode", "mode": "plan"}] * 2 + [{"type": "tag", "tag": "x"}]
        batch = parsed(*rows)
        assert batch.counted == {"mode": 2, "tag": 1}
        assert (batch.lines, batch.end) == (3, len(joined(*rows)))
        assert (batch.messages, batch.unreadable, batch.facts) == ([], [], [])

    def test_a_dropped_line_may_hold_what_looks_like_a_row(self) -> None:
        """An object inside it is not a row of the conversation."""
        row = Writer().prompt("inside")
        batch = parsed({"type": "progress", "data": row})
        assert (uuids(batch), batch.unreadable) == ([], [])
        assert batch.counted == {"progress": 1}

    def test_a_row_behind_the_broken_start_of_a_dropped_one_is_saved(self) -> None:
        """The splice is recorded, the row that follows it counts."""
        row = Writer().prompt("after")
        broken = b'{"type":"api-request-blob","message":{"content":[{"type":"text","text":"cut of'
        batch = parsed(broken + line(row))
        assert uuids(batch) == ids(row)
        assert batch.unreadable == [Unreadable(0, len(broken), "not JSON")]


class TestFacts:
    """Rows that say something of the whole session."""

    @pytest.mark.parametrize(
        ("row", "name", "value"),
        [
            ({"type": "custom-title", "customTitle": "Mine"}, "custom_title", "Mine"),
            ({"type": "ai-title", "aiTitle": "Its"}, "generated_title", "Its"),
            ({"type": "last-prompt", "lastPrompt": "p", "leafUuid": "u-1"}, "leaf", "u-1"),
            (
                {"type": "summary", "summary": "Sum", "leafUuid": "u-1"},
                "summary",
                {"text": "Sum", "leaf": "u-1"},
            ),
            (
                {"type": "cost-state", "totalCostUSD": 1.5, "modelUsage": {"m": {"costUSD": 1}}},
                "cost_state",
                {"totalCostUSD": 1.5, "modelUsage": {"m": {"costUSD": 1}}},
            ),
        ],
    )
    def test_a_fact_is_read(self, row: dict[str, Any], name: str, value: Any) -> None:  # noqa: ANN401 - any JSON
        """With the session that the row names, else the file's."""
        batch = parsed({**row, "sessionId": "other"}, row)
        second = len(orjson.dumps({**row, "sessionId": "other"})) + 1
        assert batch.facts == [Fact("other", name, value), Fact(SESSION, name, value, second)]
        assert batch.counted == {row["type"]: 2}

    @pytest.mark.parametrize("name", ["custom-title", "ai-title", "last-prompt"])
    def test_a_fact_without_its_value_is_only_counted(self, name: str) -> None:
        """Nothing is remembered of it."""
        batch = parsed({"type": name, "customTitle": 5, "aiTitle": "", "leafUuid": ["x"]})
        assert batch.facts == []
        assert batch.counted == {name: 1}

    def test_a_session_that_is_no_id_is_the_files(self) -> None:
        """The id goes into the store and to the backend as it is."""
        batch = parsed({"type": "custom-title", "customTitle": "x", "sessionId": "pass word"})
        assert batch.facts[0].session_id == SESSION


class TestUnknown:
    """Tomorrow's rows."""

    @pytest.mark.parametrize(
        ("row", "name"),
        [
            ({"type": "brand-new", "sessionId": "x"}, "?brand-new"),
            ({"type": "has spaces and secrets"}, "?other"),
            ({"type": 7}, "?other"),
            ({"no": "type"}, "?other"),
            ({"type": "user", "uuid": None}, "?user"),
        ],
    )
    def test_an_unknown_type_is_counted_and_passed(self, row: dict[str, Any], name: str) -> None:
        """Under its own name, when that is fit to be shown."""
        batch = parsed(row)
        assert batch.counted == {name: 1}
        assert (batch.unreadable, batch.messages) == ([], [])

    def test_a_row_whose_ids_cannot_be_kept_is_recorded(self) -> None:
        """A uuid names the message for ever: a broken one names nothing."""
        row = {**Writer().prompt("x"), "uuid": "not an id"}
        batch = parsed(row)
        assert batch.unreadable == [Unreadable(0, len(line(row)), "a row without usable ids")]
