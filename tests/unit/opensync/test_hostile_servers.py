"""What answers in the backend's place may be anything: each request ends, in little memory."""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import threading
import tracemalloc
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.config import Secret
from ccsync_watch.errors import DestinationError, Retryable, UnexpectedAnswer, Unsent
from ccsync_watch.model import Redacted
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.bounded_answers import MAX_ANSWER_BYTES, json_object
from ccsync_watch.opensync.http_client import OpenSyncClient
from support.opensync_double.samples import message
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

KEY = "osk_hostile00000000000000000000000000000"
# The client would send its next request while the server closes the connection.
CLOSE = b"Connection: close\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + CLOSE
Send = "Callable[[bytes], None]"


@dataclass
class Server:
    """Reads a request and has `answer` send what it likes; keeps what it received."""

    answer: Callable[[Server, Callable[[bytes], None]], None]
    received: list[bytes] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Listen."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection, contextlib.suppress(OSError):
                    self.received.append(_request(connection))
                    self.answer(self, connection.sendall)


def _request(connection: socket.socket) -> bytes:
    """Return a whole request: closing before it is read would reset the connection."""
    data = b""
    while (piece := connection.recv(1 << 20)) != b"":
        data += piece
        head, end, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if end and len(body) >= (int(length[1]) if length else 0):
            break
    return data


def chunked(data: bytes) -> bytes:
    """Return a piece of an answer whose length is not known before."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def endless(server: Server, send: Callable[[bytes], None]) -> None:
    """Answer without an end."""
    send(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while not server.stopping.is_set():
        send(chunked(b" " * 65_536))


def huge(server: Server, send: Callable[[bytes], None]) -> None:
    """Announce a gigabyte, and send it."""
    send(OK + b"Content-Length: 1073741824\r\n\r\n")
    while not server.stopping.is_set():
        send(b" " * 65_536)


def bomb(encoding: bytes, packed: bytes) -> Callable[[Server, Callable[[bytes], None]], None]:
    """Return an answer of a few kilobytes that unpacks to half a gigabyte."""

    def answer(_server: Server, send: Callable[[bytes], None]) -> None:
        head = b"Content-Encoding: " + encoding + f"\r\nContent-Length: {len(packed)}\r\n".encode()
        send(OK + head + b"\r\n" + packed)

    return answer


def dripping(head: bytes) -> Callable[[Server, Callable[[bytes], None]], None]:
    """Return an answer of which a byte comes now and then, sooner than any read times out."""

    def answer(server: Server, send: Callable[[bytes], None]) -> None:
        send(head)
        while not server.stopping.wait(0.05):
            send(b"x")

    return answer


@contextlib.contextmanager
def client_of(port: int, *, seconds: float = 0.5) -> Iterator[OpenSyncClient]:
    """Have a client."""
    client = OpenSyncClient(
        wire.endpoint(f"http://127.0.0.1:{port}"),
        Secret(KEY),
        clock=SystemClock(),
        timeout_seconds=seconds,
    )
    try:
        yield client
    finally:
        client.close()


REQUESTS: list[Callable[[OpenSyncClient], object]] = [
    lambda client: client.check_address(),
    lambda client: client.list_sessions(),
    lambda client: client.newest_sessions(),
    lambda client: client.put_message(Redacted(message("m"))),
]
ZEROS = zlib.compressobj(9, zlib.DEFLATED, 31)
GZIP_BOMB = b"".join(ZEROS.compress(bytes(1 << 20)) for _ in range(512)) + ZEROS.flush()


@pytest.mark.parametrize("request_number", range(len(REQUESTS)))
@pytest.mark.parametrize(
    "answer",
    [endless, huge, bomb(b"gzip", GZIP_BOMB), bomb(b"deflate", zlib.compress(bytes(64 << 20), 9))],
)
def test_an_answer_that_is_too_large_ends(
    answer: Callable[[Server, Callable[[bytes], None]], None], request_number: int
) -> None:
    """After a few megabytes of it, unpacked ones included."""
    with Server(answer) as server, client_of(server.port, seconds=30) as client:
        tracemalloc.start()
        try:
            with pytest.raises(DestinationError, match=r"too (large|slowly)"):
                REQUESTS[request_number](client)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 4 * MAX_ANSWER_BYTES


@pytest.mark.parametrize("value", [b"{}", b"[]", b'{"a":1}', b"1"])
def test_an_answer_of_very_many_values_is_not_read(value: bytes) -> None:
    """Each takes far more memory than its bytes."""
    values = b",".join([value] * (MAX_ANSWER_BYTES // (len(value) + 1) - 10))
    response = httpx.Response(200, content=b'{"errors":[' + values + b"]}")
    tracemalloc.start()
    try:
        assert json_object(response) is None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MAX_ANSWER_BYTES


def test_a_list_of_as_many_sessions_as_fit_is_read() -> None:
    """Each id is a UUID."""
    ids = [f"{number:08}-2222-4333-8444-555555555555" for number in range(100_000)]
    answer = {"sessionIds": ids}
    assert json_object(httpx.Response(200, json=answer)) == answer


@pytest.mark.parametrize("request_number", range(len(REQUESTS)))
@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Long: ",
        OK + b"Content-Length: 1000000\r\n\r\n",
        OK
        + b"Content-Encoding: gzip\r\nContent-Length: 1000000\r\n\r\n"
        + gzip.compress(b"{", mtime=0)[:9],
    ],
)
def test_an_answer_that_comes_drop_by_drop_ends(head: bytes, request_number: int) -> None:
    """Though each drop is in time; it may have been carried out."""
    with Server(dripping(head)) as server, client_of(server.port) as client:
        with pytest.raises((Retryable, UnexpectedAnswer)) as caught:
            REQUESTS[request_number](client)
        assert not isinstance(caught.value, Unsent)


@pytest.mark.parametrize("encoding", [b"br", b"zstd", b"gzip, gzip", b"gzip"])
def test_what_cannot_be_unpacked_is_not_an_answer(encoding: bytes) -> None:
    """Nor is what was packed in a way that was not asked for."""
    with (
        Server(bomb(encoding, b"not packed")) as server,
        client_of(server.port) as client,
        pytest.raises(UnexpectedAnswer, match="pack"),
    ):
        client.check_address()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_other_host_receives_the_key(status: int) -> None:
    """A redirect is not followed, to whichever host and by whichever scheme."""

    def nothing(_server: Server, send: Callable[[bytes], None]) -> None:
        send(OK + b"Content-Length: 2\r\n\r\n{}")

    with Server(nothing) as other:
        place = f"Location: http://localhost:{other.port}/health\r\n".encode()

        def redirecting(_server: Server, send: Callable[[bytes], None]) -> None:
            moved = f"HTTP/1.1 {status} Moved\r\n".encode()
            send(moved + CLOSE + place + b"Content-Length: 0\r\n\r\n")

        with Server(redirecting) as server, client_of(server.port) as client:
            for ask in REQUESTS:
                with pytest.raises(UnexpectedAnswer, match="redirects"):
                    ask(client)
            assert all(KEY.encode() in received for received in server.received)
        assert other.received == []
