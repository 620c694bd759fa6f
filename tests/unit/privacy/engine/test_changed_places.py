"""A text that was changed is read again near the changes alone."""

from __future__ import annotations

import random
from collections import deque

import pytest

from ccsync_watch.privacy.engine.changed_places import ChangedPlaces
from ccsync_watch.privacy.engine.text_views import Edit, View
from support.counted_calls import counted_calls
from support.redaction_corpus.generator import negatives, positives
from support.redaction_corpus.hostile import SEEDS, repeated
from support.redaction_corpus.shared import build_redactor

SIZE = 15_000
"""Less than is read around a change at all."""


def test_hits_are_near_that_see_a_change() -> None:
    """A finder sees so much before a hit's end and so much after it."""
    places = ChangedPlaces([(100, 120), (130, 140), (500, 520)])
    ends = [79, 80, 125, 150, 151, 479, 480, 530, 531]
    assert places.hits_near(ends, before=10, after=20) == [80, 125, 150, 480, 530]
    assert places.hits_near([90, 110], before=10, after=20) == [90, 110]
    assert ChangedPlaces([]).hits_near([1, 2], before=10, after=20) == []


def test_regions_are_near_that_have_a_change_in_them_or_next_to_them() -> None:
    """A region's start depends on the text before it."""
    places = ChangedPlaces([(100, 120)])
    regions = [(0, 89), (0, 90), (105, 110), (130, 150), (131, 150)]
    assert places.regions_near(regions, 10) == regions[1:-1]


def test_changes_are_those_of_a_part_of_the_text() -> None:
    """A change that begins before the part is in it as far as it goes."""
    part = ChangedPlaces([(0, 20), (90, 110), (150, 160), (300, 320)]).within(100, 200)
    assert part.hits_near(list(range(-20, 100)), before=0, after=0) == [
        *range(-10, 11),
        *range(50, 61),
    ]


def test_changes_are_where_a_view_has_them() -> None:
    """What was edited before a change moves it, and a change outside is next to what is left."""
    data = b"ab%41cd" + b"\1" * 20 + b"ef" + b" " * 20 + b"%42" + b"\1" * 20
    view = View(data, [((0, 29), [Edit(2, 5, b"A")]), ((49, 52), [Edit(49, 52, b"B")])])
    assert view.data == b"abAcd" + b"\1" * 20 + b"ef\n\1\nB\n\1\n"
    assert view.range_of(7, 27) == (5, 25)
    changed = ChangedPlaces([(7, 27), (52, 72)]).in_view(view)
    assert changed.hits_near([4, 5, 25, 26, 30, 31], before=0, after=0) == [5, 25, 31]


@pytest.mark.parametrize("name", ["flags", "prose", "pairs", "colours", "values in values"])
def test_a_second_reading_is_work_near_the_changes_alone(name: str) -> None:
    """One change in a text full of hits is read with what is around it."""
    finder = build_redactor()._finder

    def work(ranges: list[tuple[int, int]] | None) -> int:
        with counted_calls() as calls:
            deque(finder.find(data, ranges=ranges), maxlen=0)
        return calls.count

    text = repeated(SEEDS[name], SIZE)
    data = text[:20].encode() + b"\1" * 30 + text[20:].encode()
    work(None)
    assert work([(20, 50)]) * 2 < work(None)


def test_what_is_left_out_of_a_second_reading_has_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same is redacted as if all of a changed text was read again."""
    rng = random.Random(4)  # noqa: S311 - repeatable, not secret
    pieces = [item.text for item in positives(4, 1)] + [item.text for item in negatives(4, 60)]
    rng.shuffle(pieces)
    texts = ["\n".join(pieces[first : first + 60]) for first in range(0, 600, 60)]
    redacted = [build_redactor().redact(text) for text in texts]
    monkeypatch.setattr(ChangedPlaces, "hits_near", lambda _self, ends, **_: ends)
    monkeypatch.setattr(ChangedPlaces, "regions_near", lambda _self, regions, _distance: regions)
    assert redacted == [build_redactor().redact(text) for text in texts]
