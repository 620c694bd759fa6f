"""The chaos of `scripts/chaos` in a short form: the same faults, for a few seconds, two seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.chaos.run import run_chaos
from support.chaos.schedule import draw_schedule

if TYPE_CHECKING:
    from pathlib import Path


def test_a_seed_has_one_schedule() -> None:
    """So that what went wrong can be repeated."""
    assert draw_schedule(7, 30) == draw_schedule(7, 30)
    assert draw_schedule(7, 30) != draw_schedule(8, 30)


@pytest.mark.timeout(1500)
def test_chaos_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Nothing is lost, doubled, invented, misordered or leaked, and all is sent in the end."""
    report = run_chaos(tmp_path, 3, 20)
    assert not report.verdict.counts, "\n".join(report.lines())
    assert report.figures["messages written"] > 50, "the writers did too little"
    assert {"kill", "damage", "start"} <= report.faults.keys(), report.faults
