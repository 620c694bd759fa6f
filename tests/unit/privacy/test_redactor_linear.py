"""No input makes the redactor do more than an amount of work in proportion to its length.

Triggers have bounded repeats (see `test_rules`), so that no engine can be slow. Rules read windows
of bounded length, so that the number of calls measures the work: four times the text may take four
times the calls. `scripts/bench redaction --linear` shows the times.
"""

from __future__ import annotations

import sys
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from support.redaction_corpus.hostile import SEEDS, repeated
from support.redaction_corpus.shared import build_redactor

if TYPE_CHECKING:
    from ccsync_watch.privacy import Redactor

SHORT = 8_000
MOST = 5.0
"""Sixteen would be quadratic; what lies above four is windows not yet full at the short length."""
MOST_FOR_A_BYTE = 60
"""Ordinary text takes far less than one."""
FEW = 2_000
"""So many calls say nothing yet."""


@lru_cache(maxsize=1)
def _redactor() -> Redactor:
    return build_redactor()


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS.keys())
def test_four_times_the_text_takes_about_four_times_the_work(seed: str) -> None:
    """Calls in one reading of the text, counted by the interpreter; readings are at most six."""
    short, long = (_calls(repeated(seed, size)) for size in (SHORT, 4 * SHORT))
    assert long <= MOST * max(short, FEW)
    assert long <= MOST_FOR_A_BYTE * 4 * SHORT


def _calls(text: str) -> int:
    count = 0

    def count_call(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    redactor, before = _redactor(), sys.getprofile()
    sys.setprofile(count_call)
    try:
        deque(redactor._finder.find(text.encode()), maxlen=0)
    finally:
        sys.setprofile(before)
    return count
