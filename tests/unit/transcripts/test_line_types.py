"""Which lines are dropped by their first bytes."""

from __future__ import annotations

import pytest

from ccsync_watch.transcripts import line_types
from ccsync_watch.transcripts.line_types import (
    LINE_TYPES,
    TEXT_FACTS,
    LineType,
    dropped_type,
    is_dropped,
)


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
def test_the_first_bytes_decide_whether_a_line_is_dropped(head: bytes, name: str | None) -> None:
    """In doubt it is parsed."""
    assert dropped_type(head) == name
    assert is_dropped(head) is (name is not None)


def test_every_type_has_one_row_in_the_table() -> None:
    """A second row would hide the first one."""
    assert len(LINE_TYPES) == len(line_types._ALL)


def test_a_type_is_dropped_exactly_if_it_has_no_reader() -> None:
    """The table is the only place that says so."""
    for name, line_type in LINE_TYPES.items():
        readers = (line_type.read_message, line_type.read_fact, line_type.read_queue)
        has_reader = any(readers)
        assert line_type.is_dropped is not has_reader
        assert is_dropped(b'{"type":"%s"' % name.encode()) is not has_reader
        assert bool(line_type.fact) is (line_type.read_fact is not None)


def test_a_fact_is_text_unless_its_row_says_otherwise() -> None:
    """Of a metadata-only project, a forgotten mark keeps too little rather than too much."""
    assert {"custom_title", "generated_title", "summary"} <= set(TEXT_FACTS)
    assert not {"cost_state", "leaf"} & set(TEXT_FACTS)
    assert LineType("new", fact="new", read_fact=LINE_TYPES["summary"].read_fact).is_text
