"""Slow clients: they lose their own connection, and nobody else's."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
import uvicorn
from starlette.responses import PlainTextResponse, StreamingResponse

from ccsync_watch.daemon.http_connections import (
    BUSY_HEADERS,
    limited_connections,
)
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from ccsync_watch.daemon.http_connections import IsAccepted

MOST = 20
SPARE = 2
WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HALF_REQUESTS = (b"", b"G", b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
HALF_BODY = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"


BUSY_ANSWER = PlainTextResponse("all are busy", 503, BUSY_HEADERS)

_held: list[Scope] = []
_released = threading.Event()


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/large":

        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)  # sending to a closed connection returns at once

        await StreamingResponse(endless())(scope, receive, send)
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(1)  # longer than a request may take to arrive
    if scope["path"] == "/held":
        _held.append(scope)
        while not _released.is_set():  # noqa: ASYNC110 - set by another thread
            await asyncio.sleep(0.01)
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            pass
    await PlainTextResponse("answer")(scope, receive, send)


@contextmanager
def _serve(
    *,
    request_seconds: float = 0.3,
    stall_seconds: float = 0.3,
    is_accepted: IsAccepted = lambda _client, _server: True,
    when_busy: ASGIApp = BUSY_ANSWER,
) -> Iterator[int]:
    """Serve on a free port; return it."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    protocol = limited_connections(
        most=MOST,
        when_busy=when_busy,
        request_seconds=request_seconds,
        stall_seconds=stall_seconds,
        is_accepted=is_accepted,
    )
    config = uvicorn.Config(
        _app, http=protocol, lifespan="off", log_config=None, ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(WAIT_SECONDS)
        listener.close()


def _open(stack: ExitStack, port: int, data: bytes) -> socket.socket:
    client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
    client.settimeout(WAIT_SECONDS)
    client.sendall(data)
    return client


def _is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def test_connection_that_is_not_accepted_is_closed() -> None:
    """Before anything is read of it; others are served."""
    accepted: list[tuple[int, int]] = []

    def is_accepted(client: tuple[str, int], server: tuple[str, int]) -> bool:
        accepted.append((client[1], server[1]))
        return len(accepted) > 1

    with _serve(is_accepted=is_accepted) as port, ExitStack() as stack:
        rejected = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        rejected.settimeout(WAIT_SECONDS)
        assert _is_closed(rejected)
        client = _open(stack, port, WHOLE)
        assert b"200 OK" in client.recv(4096)
        assert accepted[1] == (client.getsockname()[1], port)


@pytest.mark.parametrize("data", [*HALF_REQUESTS, HALF_BODY])
def test_request_that_does_not_arrive_in_time_is_dropped(data: bytes) -> None:
    """Its head or its body; a request that arrived may take longer to be answered."""
    with _serve() as port, ExitStack() as stack:
        half = _open(stack, port, data)
        slow = _open(stack, port, WHOLE.replace(b"/", b"/slow", 1))
        assert _is_closed(half)
        assert b"200 OK" in slow.recv(4096)


def test_bytes_one_by_one_do_not_extend_the_time() -> None:
    """Otherwise a client that sends a byte a second keeps its connection for ever."""
    with _serve() as port, ExitStack() as stack:
        client = _open(stack, port, WHOLE[:-4] + b"\r\nX: ")
        client.settimeout(0.02)

        def is_dropped() -> bool:
            try:
                client.sendall(b"a")
                return client.recv(1) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        wait_until(is_dropped, "the connection is closed")


@pytest.mark.parametrize("data", [*HALF_REQUESTS, HALF_BODY])
def test_good_client_is_answered_among_many_half_requests(data: bytes) -> None:
    """They wait for longer than the test: the oldest makes place for each new connection."""
    with _serve(request_seconds=600) as port, ExitStack() as stack:
        halves = [_open(stack, port, data) for _ in range(3 * MOST)]
        for _ in range(5):
            assert b"200 OK" in _open(stack, port, WHOLE).recv(4096)
        assert _is_closed(halves[0])
        halves[-1].sendall(b"")


def test_client_that_does_not_read_is_dropped() -> None:
    """Its answer would be held in memory, and its connection open, for ever."""
    with _serve(request_seconds=600) as port, ExitStack() as stack:
        client = _open(stack, port, WHOLE.replace(b"/", b"/large", 1))

        def is_dropped() -> bool:
            try:
                client.sendall(b"x")
            except OSError:
                return True
            return False

        wait_until(is_dropped, "the connection is closed")


def test_clients_that_do_not_read_make_place_for_others() -> None:
    """However long they may wait; until they stand still, the server is busy with their answers."""
    with _serve(request_seconds=600, stall_seconds=600) as port, ExitStack() as stack:
        large = WHOLE.replace(b"/", b"/large", 1)
        for _ in range(2 * MOST):
            _open(stack, port, large)

        def is_answered() -> bool:
            try:
                return b"200 OK" in _open(stack, port, WHOLE).recv(4096)
            except ConnectionResetError:
                return False

        wait_until(is_answered, "another client is answered")


def test_connection_is_used_for_several_requests() -> None:
    """Whatever the time between them, as long as each arrives in time."""
    with _serve() as port, ExitStack() as stack:
        client = _open(stack, port, WHOLE + WHOLE)
        answers = b""
        while answers.count(b"answer") < 2:
            answers += client.recv(4096)
        client.sendall(WHOLE)
        assert b"200 OK" in client.recv(4096)


@pytest.mark.parametrize(
    "request_", [WHOLE, HALF_BODY + b"x" * 8], ids=["without a body", "with a body"]
)
def test_client_is_answered_when_all_connections_are_busy(request_: bytes) -> None:
    """Nobody's connection is closed for it, as nobody is slow; once they are answered, it is."""
    with _serve(request_seconds=600) as port, ExitStack() as stack:
        with _all_busy(stack, port) as held:
            clients = [_open(stack, port, request_) for _ in range(MOST)]
            answers = [_whole_answer(client) for client in clients[-SPARE:]]
            answers += [_whole_answer(_open(stack, port, request_)) for _ in range(MOST)]
        for answer in answers:
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 2\r\n" in answer
            assert answer.endswith(b"all are busy")
        assert all(b"200 OK" in client.recv(4096) for client in held)
        assert b"200 OK" in _open(stack, port, request_).recv(4096)


def test_new_client_is_answered_while_others_are_being_answered_so() -> None:
    """However many they are for a moment: it is the one that has waited for the shortest time."""
    asked = []

    async def answer_once_released(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope)
        while not _released.is_set():  # noqa: ASYNC110 - set by another thread
            await asyncio.sleep(0.01)
        await BUSY_ANSWER(scope, receive, send)

    with _serve(request_seconds=600, when_busy=answer_once_released) as port, ExitStack() as stack:
        with _all_busy(stack, port):
            clients = []
            for _ in range(SPARE + 2):
                clients.append(_open(stack, port, WHOLE))
                wait_until(lambda: len(asked) == len(clients), "the request has arrived")
        for client in clients:
            assert _whole_answer(client).startswith(b"HTTP/1.1 503 ")


def test_request_that_began_before_all_were_busy_keeps_its_place() -> None:
    """The rest of its body comes when they are: it is answered, and its connection counts."""
    with _serve(request_seconds=600) as port, ExitStack() as stack:
        early = _open(stack, port, HALF_BODY)
        with _all_busy(stack, port):
            early.sendall(b"x" * 8)
            answer = b""
            while b"answer" not in answer:
                answer += early.recv(4096)
            assert b"200 OK" in answer
            assert _whole_answer(_open(stack, port, WHOLE)).startswith(b"HTTP/1.1 503 ")


def test_connection_that_was_used_is_answered_so_too() -> None:
    """It is kept open between requests, and the next one comes when all others are busy."""
    with _serve(request_seconds=600) as port, ExitStack() as stack:
        client = _open(stack, port, WHOLE)
        answer = b""
        while b"answer" not in answer:
            answer += client.recv(4096)
        with _all_busy(stack, port):
            client.sendall(WHOLE)
            assert _whole_answer(client).startswith(b"HTTP/1.1 503 ")


@contextmanager
def _all_busy(stack: ExitStack, port: int) -> Iterator[list[socket.socket]]:
    """Make requests that are not answered within the block; return their connections."""
    _held.clear()
    _released.clear()
    request = WHOLE.replace(b"/", b"/held", 1)
    held = [_open(stack, port, request) for _ in range(MOST - SPARE)]
    try:
        wait_until(lambda: len(_held) == len(held), "all requests have arrived")
        yield held
    finally:
        _released.set()


def _whole_answer(client: socket.socket) -> bytes:
    """Return everything that is sent until the connection is closed in order, not reset."""
    received = b""
    while data := client.recv(4096):
        received += data
    return received
