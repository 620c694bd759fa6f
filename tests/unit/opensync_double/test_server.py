"""The double over HTTP: connections, threads, being offline."""

from __future__ import annotations

import contextlib
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from support.opensync_double.samples import message, session
from support.opensync_double.server import OpenSyncDouble
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from support.opensync_double.records import Fields


BATCH: Fields = {"sessions": [session()], "messages": [message("m1"), message("m2")]}


def test_the_fixture_runs_on_the_machines_clock(opensync: OpenSyncDouble) -> None:
    """A test that only needs a backend asks for `opensync`."""
    assert httpx.get(f"{opensync.url}/health").json()["status"] == "ok"


def test_http_answers_as_the_backend_does(double: OpenSyncDouble, client: httpx.Client) -> None:
    """Status, body and type pass through unchanged."""
    answer = client.post("/sync/batch", json=BATCH)
    assert answer.json() == {"ok": True, "sessions": 1, "messages": 2, "errors": []}
    assert answer.headers["Content-Type"] == "application/json"
    assert client.get("/sync/sessions/list").json() == {"sessionIds": ["s1"]}
    assert client.request("OPTIONS", "/sync/batch").status_code == 204
    assert httpx.get(f"{double.url}/sync/sessions/list").status_code == 401
    assert [call.has_authorization for call in double.backend.calls] == [True, True, True, False]


def test_a_chunked_body_is_read(double: OpenSyncDouble, client: httpx.Client) -> None:
    """A client may stream what it sends."""
    chunks = iter([b'{"externalId":', b'"s1"}'])
    assert client.post("/sync/session", content=chunks).status_code == 200
    assert double.backend.session("s1").external_id == "s1"


def test_a_cut_body_is_no_request(double: OpenSyncDouble) -> None:
    """What arrives half is neither recorded nor carried out, and no crash of the double."""
    host, port = double.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=WAIT_SECONDS) as connection:
        connection.sendall(b"POST /sync/session HTTP/1.1\r\nContent-Length: 99\r\n\r\n{}")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    assert double.backend.calls == []


def test_parallel_connections_lose_nothing(double: OpenSyncDouble, client: httpx.Client) -> None:
    """Sixteen senders at once: every message is stored and counted once."""

    def send(number: int) -> int:
        sent = message(f"m{number}", f"s{number % 16}")
        return client.post("/sync/message", json=sent).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(send, range(320))) == {200}
    assert len(double.backend.all_messages()) == 320
    assert {row.message_count for row in double.backend.sessions()} == {20}
    assert len(double.backend.calls) == 320


@pytest.mark.skipif(os.name != "posix", reason="Windows gives such a port to others")
def test_nobody_gets_the_port_while_offline() -> None:
    """A server of a test that runs at the same time would answer in its place."""
    double = OpenSyncDouble()
    double.online()
    double.offline()
    port = int(double.url.rsplit(":", 1)[1])
    with contextlib.closing(socket.socket()) as other:
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        with pytest.raises(ConnectionRefusedError):
            other.connect(("127.0.0.1", port))
    double.online()
    assert double.url.endswith(f":{port}")
    double.offline()


def test_going_offline_keeps_port_and_data(double: OpenSyncDouble, client: httpx.Client) -> None:
    """Open connections are cut too; what was stored is still there afterwards."""
    client.post("/sync/session", json=session())
    url = double.url
    double.offline()
    double.offline()
    with pytest.raises(httpx.TransportError):
        client.get("/health")
    double.online()
    double.online()
    assert double.url == url
    assert client.get("/sync/sessions/list").json() == {"sessionIds": ["s1"]}


def test_a_crash_of_the_double_fails_its_test() -> None:
    """A bug of the double must not be mistaken for a fault."""
    double = OpenSyncDouble()
    with pytest.raises(ValueError, match="invalid literal"), double:
        _send_nonsense(double)


def _send_nonsense(double: OpenSyncDouble) -> None:
    host, port = double.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=WAIT_SECONDS) as connection:
        connection.sendall(b"POST /sync/session HTTP/1.1\r\nContent-Length: x\r\n\r\n")
        assert connection.recv(1) == b""
