"""When the system's events are relied on, and when not."""

from __future__ import annotations

from ccsync_watch.daemon.event_health import GRACE_SECONDS, EventHealth


def test_a_change_that_no_event_named_in_time_was_missed() -> None:
    """It is counted once, and events are not relied on for a minute."""
    trust = EventHealth()
    trust.found(["a", "b"], 10.0)
    assert trust.missed(10.0 + GRACE_SECONDS - 0.1) == 0
    assert not trust.is_lost(11.0)
    assert trust.missed(10.0 + GRACE_SECONDS) == 2
    assert trust.missed(10.0 + GRACE_SECONDS) == 0
    assert trust.is_lost(71.0)
    assert not trust.is_lost(73.0)


def test_a_late_event_is_an_event() -> None:
    """Under load the sweep may be faster than the event: no alarm."""
    trust = EventHealth()
    trust.found(["a"], 10.0)
    trust.announced(["a", "unrelated"])
    assert trust.missed(60.0) == 0


def test_a_new_folder_explains_what_lies_in_it() -> None:
    """Files of a folder that was moved here have no events of their own."""
    trust = EventHealth()
    trust.found(["a/b"], 10.0)
    trust.reset()
    assert trust.missed(60.0) == 0


def test_the_first_sighting_counts() -> None:
    """A file that every sweep finds again does not stay under suspicion for ever."""
    trust = EventHealth()
    trust.found(["a"], 10.0)
    trust.found(["a"], 11.9)
    assert trust.missed(12.0) == 1
