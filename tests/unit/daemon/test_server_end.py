"""The servers when they end while an answer is being made."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

from ccsync_watch.daemon.asgi_server import ServerThread
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    import pytest
    from starlette.types import Receive, Scope, Send


def test_an_answer_that_is_not_ready_is_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """The client is hung up on, which it says in its own words."""
    asked, cancelled = threading.Event(), threading.Event()

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    listener = socket.create_server(("127.0.0.1", 0))
    server = ServerThread(app, [listener], name="test", most_connections=1, when_busy=app)
    with socket.create_connection(listener.getsockname()) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert asked.wait(WAIT_SECONDS)
        server.stop()
        assert cancelled.wait(WAIT_SECONDS)
        client.settimeout(WAIT_SECONDS)
        while client.recv(4096):
            pass
    wait_until(lambda: "test" not in {thread.name for thread in threading.enumerate()}, "it ends")
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
