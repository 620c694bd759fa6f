"""Hits in close succession are read together, and the same text again is not read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import at_each_hit, at_groups_of_hits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.privacy.engine.structural_rule import Hits

LINE = b"code 4711 "
COUNT = 4_000


def _ends(data: bytes) -> list[int]:
    return [at + 4 for at in range(len(data)) if data.startswith(b"code", at)]


def test_the_same_text_again_is_read_once() -> None:
    """Only where the text differs, at its start and its end, the finder is called."""
    data, read = LINE * COUNT, []

    @at_each_hit
    def find(_data: bytes, end: int, _since: int) -> Iterator[Span]:
        read.append(end)
        yield Span(end + 1, end + 5, "code", Rank.PATTERN)

    spans = list(find(data, _ends(data)))
    assert [data[span.start : span.end] for span in spans] == [b"4711"] * COUNT
    assert len(read) < COUNT / 4


def test_one_other_value_is_found() -> None:
    """What is known of equal text is not said of text that differs in a byte."""
    half = LINE * (COUNT // 2)
    data = half + b"code none " + half

    @at_groups_of_hits
    def find(data: bytes, hits: Hits) -> Iterator[Span]:
        at = data.find(b"4711", hits.since, hits.end + 5)
        while at >= 0:
            yield Span(at, at + 4, "code", Rank.PATTERN)
            at = data.find(b"4711", at + 1, hits.end + 5)

    starts = {span.start for span in find(data, _ends(data))}
    assert starts == {at + 1 for at in _ends(data)} - {len(half) + 5}
