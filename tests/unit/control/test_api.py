"""The control API: what it takes, what it answers, and that nobody keeps others waiting."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from ccsync_watch import __version__
from ccsync_watch.control.api import MAX_FLUSH_SECONDS, FlushResult, control_app
from ccsync_watch.errors import NotRunning

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

RESULT = FlushResult(
    is_read=True,
    is_known=True,
    is_local=False,
    rows_sent=3,
    rows_waiting=0,
    rows_rejected=0,
    error=None,
)


@dataclass
class DaemonDouble:
    """Answers at once, or when `gate` opens; remembers what it was asked."""

    gate: threading.Event = field(default_factory=threading.Event)
    is_asked: threading.Event = field(default_factory=threading.Event)
    flushed: list[tuple[str | None, float, bool]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    is_stopping: bool = False
    problem: str | None = None

    def status(self) -> dict[str, JsonValue]:
        """Return something."""
        self.threads.add(threading.get_ident())
        if self.is_stopping:
            raise NotRunning("ccsync-watch is stopping", hint="try again in a moment")
        return {"version": "x"}

    def check(self) -> dict[str, JsonValue]:
        """Find the backend well."""
        return {"ok": True, "problem": None}

    def flush(self, session_id: str | None, seconds: float, *, is_sending: bool) -> FlushResult:
        """Remember, and wait for the gate when there is time for it."""
        self.flushed.append((session_id, seconds, is_sending))
        self.is_asked.set()
        if seconds > 1:
            self.gate.wait(30)
        return RESULT

    def dashboard(self) -> tuple[str | None, str | None]:
        """Return an address, or the problem."""
        return (None, self.problem) if self.problem else ("http://127.0.0.1:1/enter", None)

    def reload(self) -> str | None:
        """Return the problem."""
        return self.problem


def asked(daemon: DaemonDouble, *requests: tuple[str, str, bytes]) -> list[httpx.Response]:
    """Send requests one after the other."""

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(control_app(daemon))
        async with httpx.AsyncClient(transport=transport, base_url="http://daemon") as client:
            return [
                await client.request(method, path, content=body) for method, path, body in requests
            ]

    return asyncio.run(run())


def flush_body(**fields: Any) -> tuple[str, str, bytes]:  # noqa: ANN401 - any JSON
    """Return a flush request."""
    return ("POST", "/v1/flush", orjson.dumps(fields))


def test_hello_asks_nobody() -> None:
    """It answers whatever the daemon is busy with."""
    (answer,) = asked(DaemonDouble(is_stopping=True), ("GET", "/v1/hello", b""))
    assert answer.json() == {"version": __version__, "pid": os.getpid()}


def test_the_connection_is_tested_when_asked_for() -> None:
    """By the daemon, whose parts are loaded."""
    (answer,) = asked(DaemonDouble(), ("GET", "/v1/check", b""))
    assert answer.json() == {"ok": True, "problem": None}


def test_the_status_is_passed_on() -> None:
    """As the daemon gives it."""
    (answer,) = asked(DaemonDouble(), ("GET", "/v1/status", b""))
    assert answer.json() == {"version": "x"}


def test_a_daemon_on_its_way_out_says_so() -> None:
    """With the error's words and its hint."""
    (answer,) = asked(DaemonDouble(is_stopping=True), ("GET", "/v1/status", b""))
    assert answer.status_code == 503
    assert answer.json() == {"error": "ccsync-watch is stopping", "hint": "try again in a moment"}


def test_a_flush_has_defaults_and_bounds() -> None:
    """Everything, sent, within a minute, unless said otherwise; never longer than an hour."""
    daemon = DaemonDouble()
    daemon.gate.set()
    answers = asked(
        daemon,
        ("POST", "/v1/flush", b""),
        flush_body(session_id="s", seconds=0.5, is_sending=False),
        flush_body(seconds=1e9),
        flush_body(seconds=-1),
    )
    assert [answer.status_code for answer in answers] == [200] * 4
    assert daemon.flushed == [
        (None, 60, True),
        ("s", 0.5, False),
        (None, MAX_FLUSH_SECONDS, True),
        (None, 0.0, True),
    ]
    assert answers[0].json()["rows_sent"] == 3


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"session_id": 1}', b'{"seconds": "x"}', b'{"seconds": null}', b"\xff"],
)
def test_a_wrong_body_is_refused(body: bytes) -> None:
    """Nothing is done for it."""
    daemon = DaemonDouble()
    (answer,) = asked(daemon, ("POST", "/v1/flush", body))
    assert answer.status_code == 400
    assert not daemon.flushed


@pytest.mark.parametrize("problem", [None, "the file is broken"])
def test_a_reload_tells_what_is_wrong_with_the_settings(problem: str | None) -> None:
    """So that `login` can."""
    (answer,) = asked(DaemonDouble(problem=problem), ("POST", "/v1/reload", b""))
    assert answer.json() == {"problem": problem}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/flush", 405), ("POST", "/v1/status", 405), ("GET", "/v2/status", 404)],
)
def test_other_paths_and_methods_are_refused(method: str, path: str, status: int) -> None:
    """Reading changes nothing, and other versions are other paths."""
    (answer,) = asked(DaemonDouble(), (method, path, b""))
    assert answer.status_code == status


def test_a_status_does_not_wait_for_flushes() -> None:
    """However many are pending."""
    daemon = DaemonDouble()

    async def run() -> tuple[int, list[int]]:
        transport = httpx.ASGITransport(control_app(daemon))
        async with httpx.AsyncClient(transport=transport, base_url="http://daemon") as client:
            pending = [
                asyncio.create_task(client.post("/v1/flush", content=b'{"seconds": 60}'))
                for _ in range(20)
            ]
            await asyncio.to_thread(daemon.is_asked.wait, 30)
            status = await asyncio.wait_for(client.get("/v1/status"), 10)
            daemon.gate.set()
            answers = await asyncio.gather(*pending)
        return status.status_code, [answer.status_code for answer in answers]

    assert asyncio.run(run()) == (200, [200] * 20)


def test_few_threads_serve_many_requests() -> None:
    """Each thread has a database connection of its own, which lives as long as the daemon."""
    daemon = DaemonDouble()
    asked(daemon, *[("GET", "/v1/status", b"")] * 50)
    assert len(daemon.threads) <= 2
