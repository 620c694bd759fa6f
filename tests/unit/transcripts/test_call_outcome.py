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
        is_ok=True,
        exit_code=0,
        duration_ms=3,
        output="x",
        denied=None,
        said=None,
        facts={"lines": 1},
    )


def test_missing_values_are_unknown() -> None:
    """And not a success."""
    assert read_outcome("text") == CallOutcome(
        is_ok=False, exit_code=None, duration_ms=None, output=None, denied=None, said=None, facts={}
    )


def test_a_denied_call_did_not_fail() -> None:
    """It did not run: the label says who denied it."""
    outcome = read_outcome({"ok": False, "denied": "rejected by you", "said": "not now"})
    assert (outcome.label, outcome.said, outcome.facts) == ("rejected by you", "not now", {})
    assert read_outcome({"ok": True}).label == "ok"
    assert read_outcome({"ok": False}).label == "failed"
