"""The double on a loopback socket: HTTP/1.1 keep-alive, many connections, faults on the way.

It owns sockets, threads and time; what a request means only `Backend` knows.
"""

from __future__ import annotations

import itertools
import os
import socket
import sys
import threading
import time
import weakref
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from support.opensync_double.backend import API_KEY, Backend
from support.opensync_double.faults import Fault, FaultPlan, refuse
from support.opensync_double.handler import Handler, cut

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

HOST = "127.0.0.1"


class OpenSyncDouble:
    """A running backend: a context manager, listening from `__enter__` to `__exit__`.

    `faults` may be replaced at any time; its numbering then starts again. A handler that crashes
    makes `__exit__` raise: a bug of the double must not be mistaken for a fault. Beyond
    `max_per_second` requests it answers 429, as a hosted backend does to a client too fast.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        faults: FaultPlan | None = None,
        accepts_batch_created_at: bool = False,
        api_key: str = API_KEY,
        max_per_second: float | None = None,
    ) -> None:
        self.api_key = api_key
        self._allowance = Allowance(max_per_second) if max_per_second else None
        self.backend = Backend(
            clock=clock, api_key=api_key, accepts_batch_created_at=accepts_batch_created_at
        )
        self.crashes: list[BaseException] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._faults = faults or FaultPlan.none()
        self._numbers = itertools.count()
        self._port = 0
        self._listener: Listener | None = None

    @property
    def url(self) -> str:
        """Return the address to configure; it stays the same while offline."""
        return f"http://{HOST}:{self._port}"

    @property
    def faults(self) -> FaultPlan:
        """Return the plan in force."""
        return self._faults

    @faults.setter
    def faults(self, plan: FaultPlan) -> None:
        with self._lock:
            self._faults = plan
            self._numbers = itertools.count()

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self.online()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening and end every connection."""
        self.offline()
        if self.crashes and exc is None:
            raise self.crashes[0]

    def online(self) -> None:
        """Listen, on the same port as before; do nothing when already listening."""
        if not self._port and os.name == "posix":
            self._port = reserve_port(self)
        if self._listener is None:
            self._listener = Listener(self, self._port)
            self._port = self._listener.server_address[1]
            self._listener.start()

    def offline(self) -> None:
        """Refuse connections and cut those that are open; the data stays."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.stop()

    def decide(self, path: str) -> Fault | None:
        """Give the request its number and return what the plan decides for it."""
        with self._lock:
            if self._allowance is not None and not self._allowance.take(time.monotonic()):
                return refuse(429)
            if not self._faults.covers(path):
                return None
            return self._faults.decide(next(self._numbers), path)


def reserve_port(owner: object) -> int:
    """Return a port that the system gives to nobody else as long as the owner exists.

    Another test's server would get it while this one is offline, and answer in its place.
    """
    reserved = socket.socket()
    weakref.finalize(owner, reserved.close)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((HOST, 0))
    return int(reserved.getsockname()[1])


class Allowance:
    """How many requests are served: so many a second, and of a second's unused ones all."""

    def __init__(self, per_second: float) -> None:
        self._per_second = self._left = per_second
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Return whether one more is served at this time."""
        gained = (now - self._at) * self._per_second
        self._left, self._at = min(self._per_second, self._left + gained), now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Listener(ThreadingHTTPServer):
    """One stretch of being online; its threads and sockets end with `stop`."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, double: OpenSyncDouble, port: int) -> None:
        self.double = double
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__((HOST, port), Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, name="opensync-double"
        )

    def start(self) -> None:
        """Accept connections from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more, cut what is open, and wait until every thread has ended."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        with self._open_lock:
            for connection in self._open:
                cut(connection)
        # Joins the handlers, which the cut connections have just set free.
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as inherited
        """Record the connection before its thread starts: `stop` must find every one."""
        with self._open_lock:
            self._open.add(request)
            self.double.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as inherited
        """Forget a connection that has ended."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - as inherited
        """Keep what a client cannot have caused, for `__exit__` to raise."""
        error = sys.exc_info()[1]
        # Clients may hang up at any moment; all else is a bug of the double.
        if error is not None and not isinstance(error, ConnectionError):
            self.double.crashes.append(error)
