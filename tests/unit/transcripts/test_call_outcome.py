"""How a call ended, from its stored result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.transcripts.call_outcome import CallOutcome, read_outcome

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


def test_an_outcome_has_the_values_of_the_result() -> None:
    """Sizes are facts."""
    stored: JsonValue = {"ok": True, "exit_code": 0, "durationMs": 3, "output": "x", "lines": 1}
    assert read_outcome(stored) == CallOutcome(
        is_ok=True, exit_code=0, duration_ms=3, output="x", facts={"lines": 1}
    )


def test_missing_values_are_unknown() -> None:
    """And not a success."""
    assert read_outcome("text") == CallOutcome(
        is_ok=False, exit_code=None, duration_ms=None, output=None, facts={}
    )
