"""When there is a dashboard, and when there is none."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from support.browser import Door, link
from support.ccsync_program.transcript import Transcript
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program


def test_it_goes_away_when_it_is_switched_off(program: Program) -> None:
    """`dashboard.enabled: false` closes the port while the daemon runs, and `dashboard` says so."""
    program.configure(dashboard={"enabled": True, "port": 0})
    program.start()
    base = Door.of(program).base
    program.configure(dashboard={"enabled": False})

    def is_gone() -> bool:
        try:
            httpx.get(base, trust_env=False)
        except httpx.ConnectError:
            return True
        except httpx.TransportError:
            pass  # it is closing just now
        return False

    wait_until(is_gone, "the port is closed")
    made = program.call("dashboard", "--print-only")
    assert made.code == 1
    assert "dashboard.enabled" in made.err
    assert program.status()["daemon"]["running"]
    program.configure(dashboard={"enabled": True, "port": 0})
    wait_until(lambda: program.call("dashboard", "--print-only").code == 0, "it is back")


def test_a_port_that_is_taken_stops_nothing(program: Program) -> None:
    """The daemon reads on; `status` names the port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        program.configure(dashboard={"enabled": True, "port": port})
        program.start()
        transcript = Transcript(program.claude_dir)
        transcript.turn()
        wait_until(lambda: program.session(transcript.session_id) is not None, "it is read")
        said = program.call("status").out
        assert f"port {port}" in said
        assert "dashboard.port" in said
        made = program.call("dashboard", "--print-only")
        assert made.code == 1
        assert "dashboard.port" in made.err


def test_a_browser_stays_known_over_a_restart(program: Program) -> None:
    """The cookie that a browser has is good for the next daemon too; an unused link is not."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program.configure(dashboard={"enabled": True, "port": port})
    program.start()
    door, unused = Door.of(program), link(program)
    assert program.stop() == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(door.base, trust_env=False)
    program.start()
    assert httpx.get(unused, trust_env=False).status_code == 403
    with door.client() as client:
        assert client.get("/sessions").status_code == 200
