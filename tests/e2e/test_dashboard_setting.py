"""When there is a dashboard, and when it is off."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from support.browser import FREE_PORT, DashboardAccess, fetch, one_time_link
from support.ccsync_program.transcript import Transcript
from support.opensync_double.server import reserve_port
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program


def test_dashboard_stops_when_it_is_switched_off(program: Program) -> None:
    """`dashboard.enabled: false` closes the port while the daemon runs, and `dashboard` says so."""
    program.configure(dashboard=FREE_PORT)
    program.start()
    base = DashboardAccess.request(program).base
    program.configure(dashboard={"enabled": False})

    def is_gone() -> bool:
        try:
            fetch(base)
        except httpx.ConnectError:
            return True
        except httpx.TransportError:
            pass  # it is closing just now
        return False

    wait_until(is_gone, "the port is closed")
    completed = program.call("dashboard", "--print-only")
    assert completed.code == 1
    assert "dashboard.enabled" in completed.err
    assert program.status()["daemon"]["running"]
    program.configure(dashboard=FREE_PORT)
    wait_until(lambda: program.call("dashboard", "--print-only").code == 0, "it is back")


def test_daemon_runs_although_the_port_is_taken(program: Program) -> None:
    """It keeps reading transcripts; `status` names the port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        program.configure(dashboard={"enabled": True, "port": port})
        program.start()
        transcript = Transcript(program.claude_dir)
        transcript.turn()
        wait_until(lambda: program.session(transcript.session_id) is not None, "it is read")
        status = program.call("status").out
        assert f"the dashboard cannot use port {port} (address already in use)\n" in status
        assert "dashboard.port" in status
        completed = program.call("dashboard", "--print-only")
        assert completed.code == 1
        assert "dashboard.port" in completed.err


def test_cookie_is_valid_after_a_restart(program: Program) -> None:
    """The next daemon accepts the cookie that a browser has; it does not accept an unused link."""
    port = reserve_port(program)
    program.configure(dashboard={"enabled": True, "port": port})
    program.start()
    access, unused = DashboardAccess.request(program), one_time_link(program)
    assert program.stop() == 0
    with pytest.raises(httpx.ConnectError):
        fetch(access.base)
    program.start()
    assert fetch(unused).status_code == 403
    with access.client() as client:
        assert client.get("/sessions").status_code == 200
