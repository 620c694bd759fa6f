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
GZIP_START = ZEROS.compress(bytes(1 << 20)) + ZEROS.flush(zlib.Z_FULL_FLUSH)
# After a full flush the same bytes begin the same way, so that each megabyte is packed alike: to
# pack all of them takes seconds, whenever the tests are collected.
MEGABYTE = ZEROS.compress(bytes(1 << 20)) + ZEROS.flush(zlib.Z_FULL_FLUSH)
GZIP_BOMB = GZIP_START + 511 * MEGABYTE


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


def saying(answer: bytes) -> Callable[[Server, Callable[[bytes], None]], None]:
    """Return an answer that is sent as it is."""
    return lambda _server, send: send(answer)


@pytest.mark.parametrize("status", [200, 429, 503])
@pytest.mark.parametrize(
    "header", ["Server: Größe".encode(), b"X-Grund: nicht m\xf6glich", "Retry-After: ٣".encode()]
)
def test_a_header_may_have_any_letters(status: int, header: bytes) -> None:
    """Proxies and login pages write what they like."""
    body = b'{"ok":true}'
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n".encode()
    answer = saying(head + CLOSE + header + b"\r\n\r\n" + body)
    with Server(answer) as server, client_of(server.port) as client:
        if status == 200:
            assert client.put_message(Redacted(message("m"))) > 0
            return
        with pytest.raises(Retryable, match=f"HTTP {status}") as caught:
            client.put_message(Redacted(message("m")))
        assert caught.value.retry_after is None


@pytest.mark.parametrize("request_number", range(len(REQUESTS)))
@pytest.mark.parametrize(
    ("head", "body", "words"),
    [
        (b"200 OK", b"<!DOCTYPE html><title>Hotel</title>", "a web page"),
        (b"200 OK", b"\xef\xbb\xbf \n<html>", "a web page"),
        (b"302 Found\r\nLocation: http://login.example/", b"", "redirects"),
        (b"511 Network Authentication Required", b"<html>", "HTTP 511"),
    ],
)
def test_a_login_page_of_the_network_is_named(
    head: bytes, body: bytes, words: str, request_number: int
) -> None:
    """The hint says what to do; nothing that was sent counts as stored."""
    length = f"Content-Length: {len(body)}\r\n\r\n".encode()
    answer = saying(b"HTTP/1.1 " + head + b"\r\n" + CLOSE + length + body)
    with Server(answer) as server, client_of(server.port) as client:
        with pytest.raises(DestinationError, match=words) as caught:
            REQUESTS[request_number](client)
        assert "log in there with a browser" in caught.value.hint
        assert not isinstance(caught.value, Unsent)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n", b"\x16\x03\x01\x02\r\n\r\n"]
)
def test_what_is_not_http_is_named(answer: bytes) -> None:
    """It did not close the connection; it may have been carried out."""
    with Server(saying(answer)) as server, client_of(server.port) as client:
        with pytest.raises(Retryable, match="its answer is not HTTP") as caught:
            client.check_address()
        assert not isinstance(caught.value, Unsent)


@pytest.mark.parametrize("host", ["a..b.invalid", f"{'a' * 70}.invalid"])
def test_what_is_not_the_name_of_a_host_is_an_error_of_each_request(host: str) -> None:
    """The library for names fails with an error of its own."""
    client = OpenSyncClient(wire.endpoint(f"https://{host}"), Secret(KEY), clock=SystemClock())
    with pytest.raises(Unsent, match="not the name of a host"):
        client.check_address()
    client.close()


@pytest.mark.parametrize(
    ("status", "hint"),
    [("407 Größe", "NAME:PASSWORD@HOST"), ("403 Forbidden", "NO_PROXY"), ("502 X", "NO_PROXY")],
)
def test_a_proxy_that_refuses_is_named(
    monkeypatch: pytest.MonkeyPatch, status: str, hint: str
) -> None:
    """Nothing is wrong with the backend, which got nothing; nor did the proxy get the key."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    head = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n".encode()
    with Server(saying(head + CLOSE + b"\r\n")) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://jo:hidden@127.0.0.1:{server.port}")
        client = OpenSyncClient(
            wire.endpoint("https://happy-otter-123.invalid"), Secret(KEY), clock=SystemClock()
        )
        with pytest.raises(Unsent) as caught:
            client.put_message(Redacted(message("m")))
        client.close()
        assert f"the proxy in HTTPS_PROXY refuses with HTTP {status[:3]}" in caught.value.message
        assert hint in caught.value.hint
        assert "hidden" not in str(caught.value)
        assert KEY.encode() not in b"".join(server.received)


def test_a_plain_page_in_place_of_tls_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """In words, not by a constant of the library."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)

    def page(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\nplain")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=page, args=[listener])
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        client = OpenSyncClient(wire.endpoint(url), Secret(KEY), clock=SystemClock())
        with pytest.raises(Unsent, match="TLS: what answers there does not speak it"):
            client.check_address()
        client.close()
        thread.join(WAIT_SECONDS)
