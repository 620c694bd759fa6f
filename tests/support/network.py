"""Networks on loopback: a relay that is slow, ends TLS or listens on IPv6, and a proxy."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Self

_CHUNK = 16 << 10


@dataclass
class Relay:
    """Accepts connections and passes their bytes on to `target`, in threads of its own.

    `delay_seconds` passes before each chunk, in either direction; of what the client sends at most
    `bytes_per_second` pass. `hello_seconds` passes before anything of a new connection is read.
    With `tls` it is a TLS server. `connections` counts.
    """

    target: tuple[str, int]
    host: str = "127.0.0.1"
    delay_seconds: float = 0.0
    bytes_per_second: float = 0.0
    hello_seconds: float = 0.0
    tls: ssl.SSLContext | None = None
    connections: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Listen on a free port."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, 0), family=family)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        """Cut every connection and wait for the threads."""
        for connection in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(WAIT_SECONDS)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(client)
            self._start(self._serve, client)

    def _start(self, task: object, *values: object) -> None:
        thread = threading.Thread(target=task, args=values)  # type: ignore[arg-type]  # a function
        self._threads.append(thread)
        thread.start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            time.sleep(self.hello_seconds)
            if self.tls is not None:
                client = self.tls.wrap_socket(client, server_side=True)
                self._open.append(client)
            server = self.open_target(client)
            self._open.append(server)
            self._start(self._copy, server, client, 0.0)
            self._copy(client, server, self.bytes_per_second)

    def open_target(self, _client: socket.socket) -> socket.socket:
        """Return a connection to where the client's bytes go."""
        return socket.create_connection(self.target)

    def _copy(self, source: socket.socket, sink: socket.socket, rate: float) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(_CHUNK):
                time.sleep(self.delay_seconds + (len(chunk) / rate if rate else 0.0))
                sink.sendall(chunk)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@dataclass
class Proxy(Relay):
    """An HTTP proxy for tunnels (CONNECT); `targets` are those that were asked for."""

    targets: list[str] = field(default_factory=list)

    def open_target(self, client: socket.socket) -> socket.socket:
        """Read the request for a tunnel, and open it."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        name = head.split()[1].decode()
        self.targets.append(name)
        address = urlsplit(f"//{name}")
        server = socket.create_connection((address.hostname or "", address.port or 0))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return server


@contextlib.contextmanager
def relayed(url: str, **options: object) -> Iterator[Relay]:
    """Put a relay with these fields in front of a URL."""
    parts = urlsplit(url)
    target = (parts.hostname or "", parts.port or 0)
    with Relay(target, **options) as relay:  # type: ignore[arg-type]  # checked when it runs
        yield relay


def make_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Return a certificate for loopback that nobody trusts, and a server's context with it."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
    subject = ["-subj", "/CN=loopback", "-addext", names]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*words.split(), *subject, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context
