"""No search for cyclic garbage while rows are made and stored, and one as before afterwards."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.pipeline.garbage_pause import garbage_pause
from support.lines import Writer
from support.pumping import Bench, PassingRedactor

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.model import JsonValue


def test_garbage_is_searched_for_again_after_a_failure() -> None:
    """Also where one pause is within another."""
    seen = []

    def fail() -> None:
        with garbage_pause():
            with garbage_pause():
                seen.append(gc.isenabled())
            seen.append(gc.isenabled())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert seen == [False, False]
    assert gc.isenabled()


def test_what_was_off_stays_off() -> None:
    """A program that switched it off wants it so."""
    gc.disable()
    try:
        with garbage_pause():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_pauses_of_threads_may_overlap() -> None:
    """The second begins within the first, and ends after it: then garbage is searched for again."""
    first, second = garbage_pause(), garbage_pause()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


class _Redactor(PassingRedactor):
    """Notes whether garbage is searched for meanwhile."""

    def redact_value(self, obj: JsonValue) -> JsonValue:
        self.seen = gc.isenabled()
        return super().redact_value(obj)


def test_a_chunk_is_cleaned_in_a_pause(tmp_path: Path) -> None:
    """Its rows would be looked through again and again."""
    redactor = _Redactor()
    bench = Bench(tmp_path, redactor=redactor)
    bench.append(bench.path(), Writer().prompt("hello"))
    bench.catch_up()
    assert redactor.seen is False
    assert gc.isenabled()
