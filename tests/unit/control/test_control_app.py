"""The control API: which requests it accepts, what it answers, and in which threads."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from ccsync_watch import __version__
from ccsync_watch.control.control_app import control_app
from ccsync_watch.control.messages import (
    MAX_FLUSH_SECONDS,
    CheckAnswer,
    DashboardAnswer,
    FlushAnswer,
    FlushRequest,
    HelloAnswer,
    ReloadAnswer,
    ShrinkAnswer,
    ShrinkRequest,
    SignOutAnswer,
)
from ccsync_watch.errors import NotRunning
from ccsync_watch.problem import Problem
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

BROKEN = Problem("settings-not-used", "Settings not used", "the file is broken", "correct it")
ANSWER = FlushAnswer(
    is_read=True,
    is_known=True,
    is_local=False,
    rows_sent=3,
    rows_pending=0,
    rows_rejected=0,
)


@dataclass
class DaemonDouble:
    """Answers at once, or when `gate` opens; records the requests."""

    gate: threading.Event = field(default_factory=threading.Event)
    has_request: threading.Event = field(default_factory=threading.Event)
    flushes: list[FlushRequest] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    sign_outs: int = 0
    shrinks: list[ShrinkRequest] = field(default_factory=list)
    is_stopping: bool = False
    problem: Problem | None = None

    def status(self, *, max_sessions: int | None = None) -> dict[str, JsonValue]:
        """Return something."""
        self.threads.add(threading.get_ident())
        if self.is_stopping:
            raise NotRunning("ccsync-watch is stopping", hint="try again in a moment")
        return {"version": "x", "sessions": max_sessions}

    def check(self) -> CheckAnswer:
        """Report a healthy backend."""
        return CheckAnswer(ok=True)

    def flush(self, request: FlushRequest) -> FlushAnswer:
        """Record the request; wait for the gate if it allows the time."""
        self.flushes.append(request)
        self.has_request.set()
        if request.seconds > 1:
            self.gate.wait(WAIT_SECONDS)
        return ANSWER

    def dashboard(self) -> DashboardAnswer:
        """Return an address, or the problem."""
        return DashboardAnswer(None if self.problem else "http://127.0.0.1:1/enter", self.problem)

    def sign_out_all(self) -> SignOutAnswer:
        """Record that it was asked."""
        self.sign_outs += 1
        return SignOutAnswer(is_done=True)

    def reload(self) -> ReloadAnswer:
        """Return the problem."""
        return ReloadAnswer(self.problem)

    def shrink(self, request: ShrinkRequest) -> ShrinkAnswer:
        """Record the request; answer that half is left."""
        self.shrinks.append(request)
        return ShrinkAnswer(100, 50, is_done=True, missing_bytes=0)


def send(daemon: DaemonDouble, *requests: tuple[str, str, bytes]) -> list[httpx.Response]:
    """Send requests one after the other; return the responses."""

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


def test_hello_needs_no_daemon_thread() -> None:
    """It is answered whatever the daemon is doing."""
    (answer,) = send(DaemonDouble(is_stopping=True), ("GET", "/v1/hello", b""))
    assert answer.json() == {"version": __version__, "pid": os.getpid()}


def test_a_check_returns_the_result_of_the_connection_test() -> None:
    """The daemon makes it: its modules are loaded already."""
    (answer,) = send(DaemonDouble(), ("GET", "/v1/check", b""))
    assert answer.json() == {"ok": True, "problem": None}


def test_the_status_is_returned_unchanged() -> None:
    """As the daemon returns it."""
    (answer,) = send(DaemonDouble(), ("GET", "/v1/status", b""))
    assert answer.json() == {"version": "x", "sessions": None}


@pytest.mark.parametrize(
    ("query", "sessions"),
    [("sessions=7", 7), ("sessions=0", 0), ("sessions=-1", None), ("sessions=\u0663", None)],
)
def test_the_status_lists_as_many_sessions_as_are_asked_for(
    query: str, sessions: int | None
) -> None:
    """Whoever shows ten does not have thousands listed; anything else means all."""
    (answer,) = send(DaemonDouble(), ("GET", f"/v1/status?{query}", b""))
    assert answer.json()["sessions"] == sessions


def test_a_stopping_daemon_answers_503_with_error_and_hint() -> None:
    """The client passes both on."""
    (answer,) = send(DaemonDouble(is_stopping=True), ("GET", "/v1/status", b""))
    assert answer.status_code == 503
    assert answer.json() == {"error": "ccsync-watch is stopping", "hint": "try again in a moment"}


def test_a_flush_has_defaults_and_bounds() -> None:
    """By default everything is read and sent within a minute; the most is an hour."""
    daemon = DaemonDouble()
    daemon.gate.set()
    answers = send(
        daemon,
        ("POST", "/v1/flush", b""),
        flush_body(session_id="s", seconds=0.5, is_sending=False),
        flush_body(seconds=1e9),
        flush_body(seconds=-1),
    )
    assert [answer.status_code for answer in answers] == [200] * 4
    assert daemon.flushes == [
        FlushRequest(None, 60, is_sending=True),
        FlushRequest("s", 0.5, is_sending=False),
        FlushRequest(None, MAX_FLUSH_SECONDS, is_sending=True),
        FlushRequest(None, 0.0, is_sending=True),
    ]
    assert answers[0].json()["rows_sent"] == 3


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"session_id": 1}', b'{"seconds": "x"}', b'{"seconds": null}', b"\xff"],
)
def test_an_invalid_body_is_rejected(body: bytes) -> None:
    """The daemon does not see the request."""
    daemon = DaemonDouble()
    (answer,) = send(daemon, ("POST", "/v1/flush", body))
    assert answer.status_code == 400
    assert not daemon.flushes


@pytest.mark.parametrize("problem", [None, BROKEN])
def test_a_reload_returns_what_is_wrong_with_the_settings(problem: Problem | None) -> None:
    """`login` shows it."""
    (answer,) = send(DaemonDouble(problem=problem), ("POST", "/v1/reload", b""))
    assert answer.json() == {"problem": problem.as_json() if problem else None}


def test_unused_space_is_given_back_on_request() -> None:
    """With what was removed, and which share is worth it."""
    daemon = DaemonDouble()
    request = ShrinkRequest(removed_bytes=7, min_share=0.05)
    body = orjson.dumps(request.to_json())
    (answer,) = send(daemon, ("POST", "/v1/shrink", body))
    assert daemon.shrinks == [request]
    assert ShrinkAnswer.from_json(answer.json()) == ShrinkAnswer(
        100, 50, is_done=True, missing_bytes=0
    )


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"removed_bytes": null}'])
def test_a_shrink_needs_its_figures(body: bytes) -> None:
    """The daemon does not see the request."""
    daemon = DaemonDouble()
    (answer,) = send(daemon, ("POST", "/v1/shrink", body))
    assert answer.status_code == 400
    assert not daemon.shrinks


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/flush", 405), ("POST", "/v1/status", 405), ("GET", "/v2/status", 404)],
)
def test_unknown_paths_and_methods_are_rejected(method: str, path: str, status: int) -> None:
    """A GET changes nothing, and another version of the API has other paths."""
    (answer,) = send(DaemonDouble(), (method, path, b""))
    assert answer.status_code == status


def test_a_status_does_not_wait_for_flushes() -> None:
    """However many flushes are pending."""
    daemon = DaemonDouble()

    async def run() -> tuple[int, list[int]]:
        transport = httpx.ASGITransport(control_app(daemon))
        async with httpx.AsyncClient(transport=transport, base_url="http://daemon") as client:
            pending = [
                asyncio.create_task(client.post("/v1/flush", content=b'{"seconds": 60}'))
                for _ in range(20)
            ]
            await asyncio.to_thread(daemon.has_request.wait, 30)
            status = await asyncio.wait_for(client.get("/v1/status"), 10)
            daemon.gate.set()
            answers = await asyncio.gather(*pending)
        return status.status_code, [answer.status_code for answer in answers]

    assert asyncio.run(run()) == (200, [200] * 20)


def test_few_threads_serve_many_requests() -> None:
    """Each thread has a database connection of its own, for the daemon's lifetime."""
    daemon = DaemonDouble()
    send(daemon, *[("GET", "/v1/status", b"")] * 50)
    assert len(daemon.threads) <= 2


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER,
        replace(ANSWER, error=BROKEN, problem=BROKEN),
        CheckAnswer(ok=False, problem=BROKEN),
        DashboardAnswer("http://127.0.0.1:1"),
        DashboardAnswer(None, BROKEN),
        ReloadAnswer(),
        ReloadAnswer(BROKEN),
        SignOutAnswer(is_done=True),
        HelloAnswer("1.2", 3),
    ],
)
def test_an_answer_is_the_same_after_its_way_through_json(answer: Any) -> None:  # noqa: ANN401 - each type
    """Daemon and client use the same types."""
    fields = orjson.loads(orjson.dumps(answer.to_json()))
    assert type(answer).from_json(fields) == answer
    with pytest.raises((KeyError, TypeError, ValueError)):
        type(answer).from_json({})
