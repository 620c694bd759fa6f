"""What a command says while it waits for the daemon."""

from __future__ import annotations

import sys

import pytest

from ccsync_watch.cli.console import quietly
from ccsync_watch.cli.daemon_waits import waiting_for_daemon
from support.waiting import wait_until


@pytest.mark.parametrize(
    ("is_terminal", "seconds", "is_said"),
    [(True, 0.0, True), (True, 60.0, False), (False, 0.0, False)],
)
def test_what_is_waited_for_is_said_on_a_terminal_alone(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    is_terminal: bool,  # noqa: FBT001 - of a table
    seconds: float,
    is_said: bool,  # noqa: FBT001 - as above
) -> None:
    """And not of an answer that comes at once."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    said = ""
    with waiting_for_daemon(notice_seconds=seconds):
        if is_said:

            def has_said() -> bool:
                nonlocal said
                said += capsys.readouterr().err
                return "how far" in said

            wait_until(has_said, "it is said")
    assert ("Waiting for the daemon" in said + capsys.readouterr().err) == is_said


def test_a_quiet_command_says_nothing_of_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--quiet` holds in the other thread, too."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with quietly(), waiting_for_daemon(notice_seconds=0.0):
        pass
    assert capsys.readouterr().err == ""
