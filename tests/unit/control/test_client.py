"""Asking the daemon: absent, dead, hanging, failing or well, each is told apart."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ccsync_watch.control import client
from ccsync_watch.daemon.control_server import ControlServer, socket_path
from ccsync_watch.errors import NotAnswering, NotRunning

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from starlette.requests import Request


@pytest.fixture
def state() -> Iterator[Path]:
    """Return a state folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        yield Path(folder)


def note(state: Path, path: Path | str | None, pid: int | None = None) -> None:
    """Write the note of a daemon that listens at `path`."""
    fields = {"pid": pid or os.getpid(), "since_ms": 1, "version": "0", "socket": None}
    if path is not None:
        fields["socket"] = str(path)
    (state / "daemon.json").write_bytes(orjson.dumps(fields))


@contextlib.contextmanager
def serving(
    state: Path,
    answer: Callable[[Request], Awaitable[Response]],
    *,
    hello: int = 200,
    is_unix: bool = True,
) -> Iterator[ControlServer]:
    """Serve `/v1/x` on a state folder's socket."""

    async def greeted(_request: Request) -> Response:
        return JSONResponse({}, hello)

    routes = [Route("/v1/hello", greeted), Route("/v1/x", answer, methods=["GET", "POST"])]
    server = ControlServer(Starlette(routes=routes), state, is_unix=is_unix)
    note(state, server.address)
    try:
        yield server
    finally:
        server.stop()


def refusal(state: Path, **more: Any) -> NotRunning:  # noqa: ANN401 - passed on
    """Return how asking fails."""
    with pytest.raises(NotRunning) as caught:
        client.ask(state, "/v1/x", **more)
    return caught.value


class TestNobody:
    """No daemon: NotRunning, and not its child."""

    def test_no_note(self, state: Path) -> None:
        """None was ever started here."""
        assert type(refusal(state)) is NotRunning

    def test_a_missing_folder(self, tmp_path: Path) -> None:
        """Nor is there a folder."""
        assert type(refusal(tmp_path / "missing")) is NotRunning

    def test_a_starting_one(self, state: Path) -> None:
        """It holds the lock and does not listen yet."""
        note(state, None)
        assert type(refusal(state)) is NotRunning

    def test_a_dead_process(self, state: Path) -> None:
        """Killed: its note and its socket are still there."""
        path = state / "control.sock"
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
        note(state, path, pid=2**22 + 1)
        assert type(refusal(state)) is NotRunning

    @pytest.mark.parametrize("has_socket", [True, False])
    def test_a_process_id_that_came_to_another(self, state: Path, *, has_socket: bool) -> None:
        """The process lives, but nobody listens."""
        path = state / "control.sock"
        if has_socket:
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(str(path))
        note(state, path)
        assert type(refusal(state)) is NotRunning


class TestAnswers:
    """A daemon that is there."""

    def test_get_and_post(self, state: Path) -> None:
        """A body makes it a POST."""

        async def answer(request: Request) -> Response:
            return JSONResponse({"method": request.method, "body": (await request.body()).decode()})

        with serving(state, answer):
            assert client.ask(state, "/v1/x") == {"method": "GET", "body": ""}
            assert client.ask(state, "/v1/x", {"a": 1}) == {"method": "POST", "body": '{"a":1}'}

    def test_a_proxy_of_the_environment_is_not_asked(
        self, state: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The daemon is on this machine, always."""
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

        async def answer(_request: Request) -> Response:
            return JSONResponse({"ok": True})

        with serving(state, answer):
            assert client.ask(state, "/v1/x") == {"ok": True}

    def test_one_that_stops_passes_on_its_words(self, state: Path) -> None:
        """Not "not running": that would invite a second one."""

        async def answer(_request: Request) -> Response:
            return JSONResponse({"error": "it is stopping", "hint": "wait"}, 503)

        with serving(state, answer):
            error = refusal(state)
        assert isinstance(error, NotAnswering)
        assert str(error) == "it is stopping: wait"

    @pytest.mark.parametrize(
        "response", [Response(b"oops", 500), Response(b"no json"), Response(b"[]")]
    )
    def test_one_that_fails_is_there_all_the_same(self, state: Path, response: Response) -> None:
        """Its log tells why."""

        async def answer(_request: Request) -> Response:
            return response

        with serving(state, answer):
            error = refusal(state)
        assert isinstance(error, NotAnswering)
        assert f"(process {os.getpid()}) failed to answer" in error.message
        assert str(state / "log") in error.hint

    def test_one_that_is_slow_is_given_the_time_asked_for(self, state: Path) -> None:
        """And no more."""
        gate = threading.Event()

        def answer(_request: Request) -> Response:
            gate.wait(20)
            return JSONResponse({})

        with serving(state, answer):  # type: ignore[arg-type]  # starlette runs it in a thread
            error = refusal(state, seconds=0.2)
            gate.set()
        assert isinstance(error, NotAnswering)
        assert "does not answer" in error.message

    def test_one_that_hangs_does_not_say_hello(self, state: Path) -> None:
        """However long the answer proper may take: it is found out in seconds."""
        path = state / "control.sock"
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
            made.listen()
            note(state, path)
            error = refusal(state, seconds=3600, hello_seconds=0.2)
        assert isinstance(error, NotAnswering)
        assert f"`kill -9 {os.getpid()}`" in error.hint

    def test_one_that_hangs_up(self, state: Path) -> None:
        """It ended while it was asked."""
        path = state / "control.sock"
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
            made.listen()
            note(state, path)

            def hang_up() -> None:
                for _ in range(2):
                    made.accept()[0].close()

            thread = threading.Thread(target=hang_up)
            thread.start()
            error = refusal(state)
            thread.join()
        assert isinstance(error, NotAnswering)
        assert "ended while it was asked" in error.message


class TestLoopback:
    """Where there are no Unix sockets."""

    def test_the_note_tells_port_and_token(self, state: Path) -> None:
        """It is as private as a socket would be."""

        async def answer(request: Request) -> Response:
            return JSONResponse({"method": request.method})

        with serving(state, answer, is_unix=False) as server:
            assert server.path is None
            assert client.ask(state, "/v1/x") == {"method": "GET"}
            assert client.ask(state, "/v1/x", {}) == {"method": "POST"}
            port = int(server.address.split(":")[1].split("/")[0])
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), 5)
        assert type(refusal(state)) is NotRunning

    @pytest.mark.parametrize("shown", ["", "Bearer x", "Bearer", "Basic {token}", "{token}"])
    def test_nobody_else_gets_an_answer(self, state: Path, shown: str) -> None:
        """Any process of this machine, and any web page, can reach the port."""

        async def answer(_request: Request) -> Response:
            return JSONResponse({})

        with serving(state, answer, is_unix=False) as server:
            base, _, token = server.address.partition("/")
            headers = {"Authorization": shown.format(token=token)} if shown else {}
            for path in ("hello", "x"):
                response = httpx.get(f"http://{base}/v1/{path}", headers=headers)
                assert (response.status_code, response.content) == (401, b"")


class TestServer:
    """The other end."""

    def test_the_socket_is_private_and_goes_with_the_server(self, state: Path) -> None:
        """0600: what the daemon does is its user's to ask for."""

        async def answer(_request: Request) -> Response:
            return JSONResponse({})

        with serving(state, answer) as server:
            assert server.path is not None
            assert server.path == state / "control.sock"
            assert server.path.stat().st_mode & 0o777 == 0o600
        assert not server.path.exists()

    def test_a_dead_daemons_socket_is_replaced(self, state: Path) -> None:
        """Whoever binds holds the lock."""
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(state / "control.sock"))

        async def answer(_request: Request) -> Response:
            return JSONResponse({"ok": True})

        with serving(state, answer):
            assert client.ask(state, "/v1/x") == {"ok": True}

    @pytest.mark.parametrize("is_long_too", [False, True])
    def test_a_path_too_long_for_a_socket(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_long_too: bool
    ) -> None:
        """A private folder for temporary files stands in, a short one if need be."""
        long = tmp_path / ("x" * 120)
        long.mkdir()
        if is_long_too:
            monkeypatch.setattr(tempfile, "tempdir", str(long))

        async def answer(_request: Request) -> Response:
            return JSONResponse({"ok": True})

        with serving(long, answer) as server:
            assert server.path is not None
            assert server.path.parent != long
            assert server.path.parent.stat().st_mode & 0o777 == 0o700
            assert client.ask(long, "/v1/x") == {"ok": True}
        assert not server.path.parent.exists()
        assert [each.name for each in long.iterdir()] == ["daemon.json"]

    def test_a_short_path_is_used(self, state: Path) -> None:
        """The usual case."""
        assert socket_path(state) == state / "control.sock"
