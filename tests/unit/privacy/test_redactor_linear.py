"""No input makes the redactor do more than an amount of work in proportion to its length.

Gates have bounded repeats (`test_rules` holds that), so no engine can be slow. What confirms a hit
reads windows of bounded length, so the number of calls is the measure of work: four times the text
may take four times the calls. `scripts/bench redaction --linear` shows the times.
"""

from __future__ import annotations

import sys
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from support.redaction_corpus.hostile import SEEDS, repeated
from support.redaction_corpus.shared import made

if TYPE_CHECKING:
    from ccsync_watch.privacy import Redactor

SHORT = 8_000
MOST = 5.0
"""Sixteen would be quadratic; what lies above four is windows not yet full at the short length."""
FEW = 2_000
"""So many calls say nothing yet."""


@lru_cache(maxsize=1)
def _redactor() -> Redactor:
    return made()


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS.keys())
def test_four_times_the_text_takes_about_four_times_the_work(seed: str) -> None:
    """Calls in one reading of the text, counted by the interpreter; readings are at most six."""
    short, long = (_calls(repeated(seed, size)) for size in (SHORT, 4 * SHORT))
    assert long <= MOST * max(short, FEW)


def _calls(text: str) -> int:
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    redactor, before = _redactor(), sys.getprofile()
    sys.setprofile(note)
    try:
        deque(redactor._find(text.encode()), maxlen=0)
    finally:
        sys.setprofile(before)
    return count
