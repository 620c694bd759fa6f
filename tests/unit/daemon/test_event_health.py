"""Events count as unreliable after a change that none announced in time."""

from __future__ import annotations

from ccsync_watch.daemon.event_health import GRACE_SECONDS, EventHealth


def test_a_change_without_an_event_in_time_counts_as_missed() -> None:
    """It is counted once, and events count as unreliable for a minute."""
    health = EventHealth()
    health.add_unconfirmed(["a", "b"], 10.0)
    assert health.count_missed(10.0 + GRACE_SECONDS - 0.1) == 0
    assert not health.is_unreliable(11.0)
    assert health.count_missed(10.0 + GRACE_SECONDS) == 2
    assert health.count_missed(10.0 + GRACE_SECONDS) == 0
    assert health.is_unreliable(71.0)
    assert not health.is_unreliable(73.0)


def test_a_late_event_confirms_a_change() -> None:
    """Under load the rescan may be faster than the event."""
    health = EventHealth()
    health.add_unconfirmed(["a"], 10.0)
    health.confirm(["a", "unrelated"])
    assert health.count_missed(60.0) == 0


def test_a_new_folder_resets_unconfirmed_changes() -> None:
    """Files of a folder that was moved here have no events of their own."""
    health = EventHealth()
    health.add_unconfirmed(["a/b"], 10.0)
    health.reset()
    assert health.count_missed(60.0) == 0


def test_the_grace_period_begins_with_the_first_rescan() -> None:
    """A file that every rescan finds again does not stay unconfirmed for ever."""
    health = EventHealth()
    health.add_unconfirmed(["a"], 10.0)
    health.add_unconfirmed(["a"], 11.9)
    assert health.count_missed(12.0) == 1
