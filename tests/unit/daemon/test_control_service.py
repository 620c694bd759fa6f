"""Requests of other threads are answered by the daemon that has the current settings."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.config import DashboardSettings, Secret
from ccsync_watch.control.client import ControlClient
from ccsync_watch.control.messages import CheckAnswer, FlushRequest
from ccsync_watch.daemon.upload_workers import UploadWorkers
from ccsync_watch.errors import NotRunning
from ccsync_watch.store.annotation_writer import SessionChange
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from support.supervised_daemon import SupervisedDaemon


def test_a_flush_through_the_socket_reads_what_is_on_disk(supervised: SupervisedDaemon) -> None:
    """The answer comes after it is in the store."""
    supervised.start()
    supervised.transcript.turn()
    answer = ControlClient(supervised.settings.state_dir).flush(FlushRequest(seconds=20))
    assert answer.is_read
    assert answer.is_local
    status = supervised.status()
    assert status["totals"]["messages"] == 2
    assert status["bytes_behind"] == 0


def test_a_flush_of_an_unknown_session_says_so(supervised: SupervisedDaemon) -> None:
    """It is not reported as read."""
    supervised.start()
    supervised.transcript.turn()
    assert supervised.flush(supervised.transcript.session_id).is_known
    assert not supervised.flush("nobody").is_known


def test_a_flush_survives_a_change_of_settings(supervised: SupervisedDaemon) -> None:
    """The next daemon answers it."""
    supervised.start()
    results: list[bool] = []
    client = threading.Thread(target=lambda: results.append(supervised.flush().is_read))
    client.start()
    supervised.change(sync_thinking=True)
    supervised.supervisor.reload_if_changed()
    client.join(WAIT_SECONDS)
    assert results == [True]


def test_a_pending_flush_ends_with_the_program(supervised: SupervisedDaemon) -> None:
    """Its caller gets an error, although it would have waited for an hour."""
    supervised.start()
    errors: list[str] = []

    def flush() -> None:
        try:
            while True:
                supervised.flush(seconds=3600)
        except NotRunning as error:
            errors.append(error.message)

    clients = [threading.Thread(target=flush) for _ in range(3)]
    for thread in clients:
        thread.start()
    supervised.end()
    for thread in clients:
        thread.join(WAIT_SECONDS)
    assert len(errors) == 3
    assert all("ccsync-watch is stopping" in error for error in errors)


def test_a_reload_wakes_the_uploads(
    supervised: SupervisedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repair in another process has queued rows, and asks for it."""
    wakes: list[UploadWorkers] = []

    def wake(workers: UploadWorkers) -> None:
        wakes.append(workers)

    monkeypatch.setattr(UploadWorkers, "wake", wake)
    supervised.start()
    assert ControlClient(supervised.settings.state_dir).reload().problem is None
    assert len(wakes) == 1


def test_a_taken_dashboard_port_is_a_warning(supervised: SupervisedDaemon) -> None:
    """Everything else works; the link says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        supervised.settings = replace(supervised.settings, dashboard=DashboardSettings(port=port))
        supervised.touch()
        supervised.start()
        assert ("dashboard-port-taken", "warning") in supervised.problems()
        answer = supervised.service.dashboard()
    assert answer.url is None
    assert answer.problem is not None
    assert str(port) in answer.problem.detail
    assert answer.problem.hint == "set dashboard.port to another"
    assert supervised.flush().is_read


def test_a_disabled_dashboard_is_not_a_problem(supervised: SupervisedDaemon) -> None:
    """Only a request for its link says that it is off."""
    supervised.settings = replace(supervised.settings, dashboard=DashboardSettings(enabled=False))
    supervised.touch()
    supervised.start()
    assert not [code for code, _severity in supervised.problems() if code.startswith("dashboard")]
    problem = supervised.service.dashboard().problem
    assert problem is not None
    assert (problem.code, problem.severity) == ("dashboard-off", "info")


def test_a_check_reports_what_is_wrong_with_the_backend(supervised: SupervisedDaemon) -> None:
    """By a connection of its own; without a backend nothing is wrong."""
    supervised.start()
    assert supervised.service.check() == CheckAnswer(ok=False)
    supervised.change(convex_url="http://127.0.0.1:9")
    answer = supervised.service.check()
    assert not answer.ok
    assert answer.problem is not None
    assert answer.problem.code == "connection-failed"


def test_what_a_person_says_is_stored_by_the_reading_thread(supervised: SupervisedDaemon) -> None:
    """Redacted, and nothing of it is stored once the daemon stops."""
    supervised.start()
    supervised.transcript.turn()
    supervised.flush()
    session_id = supervised.transcript.session_id
    secret = "ghp_" + "Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL"
    supervised.service.annotate(SessionChange(session_id, is_starred=True, note=f"See {secret}"))
    stored = supervised.stored()
    assert "See [REDACTED:github-token:" in stored
    assert secret not in stored
    supervised.end()
    with pytest.raises(NotRunning):
        supervised.service.annotate(SessionChange(session_id, is_starred=False))


def test_known_secrets_are_counted_by_their_source(supervised: SupervisedDaemon) -> None:
    """Never shown."""
    key = Secret("osk_0123456789abcdef0123456789abcdef")
    supervised.change(api_key=key)
    supervised.start()
    assert supervised.service.known_secrets()["opensync-key"] == 1
