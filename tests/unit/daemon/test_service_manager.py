"""What the daemon reports to systemd, over a real socket."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.daemon.service_manager import ServiceManager
from support.fakes import FakeClock
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Have the service manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(WAIT_SECONDS)
        yield listener


def received(manager: socket.socket) -> str:
    """Return the next report."""
    return manager.recv(100).decode()


def test_a_start_and_a_stop_are_reported(manager: socket.socket) -> None:
    """Without a watchdog nothing else is."""
    env = {"NOTIFY_SOCKET": manager.getsockname()}
    with ServiceManager(env, SystemClock()) as service:
        service.report_ready()
    assert [received(manager), received(manager)] == ["READY=1", "STOPPING=1"]


def test_the_name_of_the_socket_may_be_abstract() -> None:
    """As it is in some containers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(WAIT_SECONDS)
        name = f"ccsync-test-{os.getpid()}"
        listener.bind(f"\0{name}")
        with ServiceManager({"NOTIFY_SOCKET": f"@{name}"}, SystemClock()):
            pass
        assert received(listener) == "STOPPING=1"


@pytest.mark.parametrize("is_named", [True, False])
def test_a_daemon_that_works_reports_as_often_as_asked(
    manager: socket.socket,
    is_named: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    """More often than necessary."""
    env = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "30000"}
    env |= {"WATCHDOG_PID": str(os.getpid())} if is_named else {}
    with ServiceManager(env, SystemClock()) as service:
        service.record_loop()
        assert [received(manager), received(manager)] == ["WATCHDOG=1", "WATCHDOG=1"]


def test_one_that_hangs_reports_nothing() -> None:
    """Its loop does not come around, and nothing uses the processor."""
    clock = FakeClock()
    env = {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": f"{600 * 10**6}"}
    service = ServiceManager(env, clock)
    service.is_working()
    clock.advance(119)
    assert service.is_working()
    clock.advance(2)
    assert not service.is_working()
    service.record_loop()
    assert service.is_working()
    clock.advance(1000)
    assert not service.is_working()


def test_one_that_is_busy_works() -> None:
    """A migration or a repair may take an hour."""
    clock = FakeClock()
    service = ServiceManager({"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "3000"}, clock)
    service.is_working()
    clock.advance(1000)
    sum(range(1_000_000))
    assert service.is_working()


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"NOTIFY_SOCKET": ""},
        {"NOTIFY_SOCKET": "/nowhere/at/all"},
        {"WATCHDOG_USEC": "1000"},
        {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "often"},
        {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"},
    ],
)
def test_without_a_manager_nothing_happens(env: dict[str, str]) -> None:
    """Nor with variables that are meant for another process."""
    with ServiceManager(env, SystemClock()) as service:
        service.report_ready()
        service.record_loop()
        with contextlib.suppress(AttributeError):
            assert service._thread is None
