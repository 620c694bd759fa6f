"""The client distinguishes daemons that are absent, dead, hanging, failing and healthy."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import select
import socket
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import JSONResponse, Response

from ccsync_watch.control.address import ControlAddress
from ccsync_watch.control.client import HELLO_SECONDS, ControlClient
from ccsync_watch.control.messages import read_status
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.errors import DaemonUnavailable, NotAnswering, NotRunning, StillStarting
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.requests import Request

    from support.state_folder import Handler, StateFolder


def failure(
    folder: Path, *, seconds: float = 30.0, hello_seconds: float = HELLO_SECONDS
) -> DaemonUnavailable:
    """Return how a request fails."""
    client = ControlClient(folder, hello_seconds=hello_seconds)
    with pytest.raises(DaemonUnavailable) as caught:
        client.request("/v1/x", seconds=seconds)
    return caught.value


@contextlib.contextmanager
def hanging_up(
    path: Path, *, after: int = 0, then: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Listen, and close every connection at once; call `then` once, when so many were closed."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                for number in itertools.count():
                    connection = listener.accept()[0]
                    if number == after:
                        then()
                    connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        yield
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


class TestNotRunning:
    """No daemon, and none of the other reasons."""

    def test_without_a_pidfile(self, state: StateFolder) -> None:
        """No daemon was ever started here."""
        assert isinstance(failure(state.path), NotRunning)

    def test_without_a_state_folder(self, state: StateFolder) -> None:
        """A missing folder is not an error of its own."""
        assert isinstance(failure(state.path / "missing"), NotRunning)

    def test_while_the_daemon_starts(self, state: StateFolder) -> None:
        """It holds the lock and does not listen yet: nothing is wrong."""
        lock = InstanceLock(state.path)
        lock.acquire(1)
        assert isinstance(failure(state.path), StillStarting)
        lock.release()
        assert isinstance(failure(state.path), NotRunning)

    def test_while_a_sync_now_holds_the_lock(self, state: StateFolder) -> None:
        """It ends without having listened."""
        lock = InstanceLock(state.path, is_daemon=False)
        lock.acquire(1)
        assert isinstance(failure(state.path), NotRunning)
        lock.release()

    def test_after_the_process_was_killed(self, state: StateFolder) -> None:
        """Its pidfile and its socket are still there."""
        path = state.path / "control.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
        state.write_pidfile(path, pid=2**22 + 1)
        assert isinstance(failure(state.path), NotRunning)

    @pytest.mark.parametrize("has_socket", [True, False])
    def test_when_the_process_id_was_reused(self, state: StateFolder, *, has_socket: bool) -> None:
        """The process exists, but nothing listens on the socket."""
        path = state.path / "control.sock"
        if has_socket:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
        state.write_pidfile(path)
        assert isinstance(failure(state.path), NotRunning)


class TestAnswers:
    """A daemon that exists."""

    def test_a_body_makes_the_request_a_post(
        self, state: StateFolder, answer_method: Handler
    ) -> None:
        """Without one it is a GET."""
        with state.serve(answer_method):
            client = ControlClient(state.path)
            assert client.request("/v1/x") == {"method": "GET", "body": ""}
            assert client.request("/v1/x", {"a": 1}) == {"method": "POST", "body": '{"a":1}'}

    def test_proxies_of_the_environment_are_not_used(
        self, state: StateFolder, answer_method: Handler, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The daemon is always on this machine."""
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
        with state.serve(answer_method):
            assert ControlClient(state.path).request("/v1/x")["method"] == "GET"

    def test_the_error_of_a_stopping_daemon_is_passed_on(self, state: StateFolder) -> None:
        """It is not "not running": that would make the caller start a second one."""

        async def answer(_request: Request) -> Response:
            return JSONResponse({"error": "it is stopping", "hint": "wait"}, 503)

        with state.serve(answer):
            error = failure(state.path)
        assert isinstance(error, NotAnswering)
        assert str(error) == "it is stopping: wait"

    @pytest.mark.parametrize(
        "response", [Response(b"oops", 500), Response(b"no json"), Response(b"[]")]
    )
    def test_a_failing_daemon_is_not_answering(
        self, state: StateFolder, response: Response
    ) -> None:
        """The hint names its log."""

        async def answer(_request: Request) -> Response:
            return response

        with state.serve(answer):
            error = failure(state.path)
        assert isinstance(error, NotAnswering)
        assert f"(process {os.getpid()}) failed to answer" in error.message
        assert str(state.path / "log") in error.hint

    def test_an_answer_of_another_version_is_not_used(
        self, state: StateFolder, answer_method: Handler
    ) -> None:
        """A daemon that was not restarted after an update may answer with other fields."""
        with state.serve(answer_method), pytest.raises(NotAnswering, match="another version"):
            ControlClient(state.path)._ask("/v1/x", lambda fields: str(fields["missing"]))

    @pytest.mark.parametrize("changes", [{}, {"destination": None, "problems": [{"name": "x"}]}])
    def test_a_status_of_another_version_is_not_used(
        self, state: StateFolder, changes: dict[str, Any]
    ) -> None:
        """The hint says how to replace that daemon, without killing it."""
        fields: dict[str, Any] = {
            "daemon": {},
            "config": {},
            "totals": {},
            "sessions": [],
            "problems": [],
        }

        async def answer(_request: Request) -> Response:
            return JSONResponse({**fields, **changes})

        with state.serve(answer), pytest.raises(NotAnswering, match="another version") as caught:
            ControlClient(state.path)._ask("/v1/x", read_status)
        assert "`ccsync-watch stop`" in caught.value.hint

    def test_a_slow_answer_is_waited_for_as_long_as_requested(self, state: StateFolder) -> None:
        """And not longer."""
        gate = threading.Event()

        def answer(_request: Request) -> Response:
            gate.wait(WAIT_SECONDS)
            return JSONResponse({})

        with state.serve(answer):  # type: ignore[arg-type]  # starlette runs it in a thread
            error = failure(state.path, seconds=0.2)
            gate.set()
        assert isinstance(error, NotAnswering)
        assert "does not answer yet: it is busy" in error.message
        assert "kill" not in error.hint

    def test_a_hanging_daemon_is_detected_by_the_hello(self, state: StateFolder) -> None:
        """However long the request itself may take."""
        path = state.path / "control.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            state.write_pidfile(path)
            error = failure(state.path, seconds=3600, hello_seconds=0.2)
        assert isinstance(error, NotAnswering)
        assert f"`kill -9 {os.getpid()}`" in error.hint

    def test_a_closed_connection_is_not_an_answer(self, state: StateFolder) -> None:
        """It is tried again a few times; the hint does not kill a daemon that is there."""
        with hanging_up(state.path / "control.sock"):
            state.write_pidfile(state.path / "control.sock")
            error = failure(state.path)
        assert isinstance(error, NotAnswering)
        assert "closed the connection before it answered" in error.message
        assert error.hint == "try again in a moment"

    def test_one_that_ended_is_to_be_started_again(self, state: StateFolder) -> None:
        """It ended during the request."""
        process = subprocess.Popen(["sleep", "600"])

        def end() -> None:
            process.kill()
            process.wait()

        with hanging_up(state.path / "control.sock", after=1, then=end):
            state.write_pidfile(state.path / "control.sock", pid=process.pid)
            error = failure(state.path)
        assert isinstance(error, NotAnswering)
        assert error.message == f"ccsync-watch (process {process.pid}) ended before it answered"
        assert error.hint == "start it again with `ccsync-watch start`"

    def test_one_that_starts_again_is_starting(self, state: StateFolder) -> None:
        """It closes its socket after it has said so: what others were asking meanwhile is lost."""
        path = state.path / "control.sock"

        def start_again() -> None:
            path.unlink()
            lock.announce(None)

        lock = InstanceLock(state.path)
        lock.acquire(1)
        lock.announce(str(path))
        with hanging_up(path, after=1, then=start_again):
            assert isinstance(failure(state.path), StillStarting)
        lock.release()

    def test_one_that_has_stopped_listening_is_not_running(self, state: StateFolder) -> None:
        """Its process ends a little later, which says nothing about the next request."""
        path = state.path / "control.sock"
        with hanging_up(path, after=1, then=path.unlink):
            state.write_pidfile(path)
            assert isinstance(failure(state.path), NotRunning)

    def test_a_connection_without_room_is_opened_again(
        self, state: StateFolder, answer_method: Handler, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As while more clients connect than there is room for: the oldest are closed."""
        connect, opened = ControlAddress.connect, list[socket.socket]()

        def crowded(address: ControlAddress, seconds: float) -> socket.socket:
            connection = connect(address, seconds)
            opened.append(connection)
            # Every first of an attempt's is closed by the client itself.
            if len(opened) in {2, 5}:  # a hello, then a request
                connection.shutdown(socket.SHUT_RDWR)
            return connection

        monkeypatch.setattr(ControlAddress, "connect", crowded)
        with state.serve(answer_method):
            assert ControlClient(state.path).request("/v1/x")["method"] == "GET"
        assert len(opened) == 8


class TestBusy:
    """A daemon whose connections are all in use by requests that take long."""

    def test_the_answer_says_so(self, state: StateFolder) -> None:
        """Not that it ended, with a command that kills it."""
        waiting: list[Request] = []
        released = threading.Event()

        async def hold(request: Request) -> Response:
            waiting.append(request)
            while not released.is_set():  # noqa: ASYNC110 - set by another thread
                await asyncio.sleep(0.01)
            return JSONResponse({})

        with state.serve(hold) as server, contextlib.ExitStack() as stack:
            stack.callback(released.set)

            connections = [
                stack.enter_context(server.address.connect(WAIT_SECONDS)) for _ in range(190)
            ]
            for connection in connections:
                connection.sendall(b"GET /v1/x HTTP/1.1\r\nHost: a\r\n\r\n")

            def is_full() -> bool:
                return any(select.select(connections, [], [], 0))

            wait_until(is_full, "the server does not take a request any more")
            error = failure(state.path)
        assert isinstance(error, NotAnswering)
        assert error.message == "ccsync-watch is busy with other requests"
        assert "try again" in error.hint
