"""Where the daemon listens, how the pidfile carries it, and who may connect."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from ccsync_watch.control.address import HAS_UNIX, ControlAddress, listen, socket_path
from ccsync_watch.control.client import ControlClient
from ccsync_watch.errors import NotRunning, StateError
from support.state_folder import StateFolder
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from support.state_folder import Handler


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (ControlAddress(path=Path("/state/control.sock")), "/state/control.sock"),
        (ControlAddress(port=4711, token="a_b-c"), "127.0.0.1:4711/a_b-c"),
    ],
)
def test_the_pidfile_carries_an_address_as_text(address: ControlAddress, text: str) -> None:
    """What was written is read back."""
    assert str(address) == text
    assert ControlAddress.parse(text) == address


class TestLoopback:
    """On systems without Unix sockets."""

    def test_the_pidfile_holds_port_and_token(
        self, state: StateFolder, answer_method: Handler
    ) -> None:
        """It is as private as a socket would be."""
        client = ControlClient(state.path)
        with state.serve(answer_method, is_unix=False) as server:
            assert server.address.path is None
            assert client.request("/v1/x")["method"] == "GET"
            assert client.request("/v1/x", {})["method"] == "POST"
        with pytest.raises(OSError, match="refused"):
            server.address.connect(5)
        with pytest.raises(NotRunning):
            client.request("/v1/x")

    @pytest.mark.parametrize("header", ["", "Bearer x", "Bearer", "Basic {token}", "{token}"])
    def test_a_request_without_the_token_is_rejected(
        self, state: StateFolder, answer_method: Handler, header: str
    ) -> None:
        """Any process of this machine, and any web page, can reach the port."""
        with state.serve(answer_method, is_unix=False) as server:
            headers = {"Authorization": header.format(token=server.address.token)}
            base = f"http://127.0.0.1:{server.address.port}/v1"
            for path in ("hello", "x"):
                response = httpx.get(f"{base}/{path}", headers=headers if header else {})
                assert (response.status_code, response.content) == (401, b"")


class TestSocket:
    """The usual case."""

    def test_the_socket_is_private_and_removed_with_the_server(
        self, state: StateFolder, answer_method: Handler
    ) -> None:
        """0600: only its user may control the daemon."""
        path = state.path / "control.sock"
        with state.serve(answer_method) as server:
            assert server.address.path == path
            assert path.stat().st_mode & 0o777 == 0o600
        assert not path.exists()

    def test_the_socket_of_a_dead_daemon_is_replaced(
        self, state: StateFolder, answer_method: Handler
    ) -> None:
        """The listener holds the lock."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(state.path / "control.sock"))
        with state.serve(answer_method):
            assert ControlClient(state.path).request("/v1/x")["method"] == "GET"

    def test_a_socket_that_cannot_be_made_is_named(
        self, state: StateFolder, answer_method: Handler
    ) -> None:
        """With what to do about it."""
        path = state.path / "control.sock"
        path.mkdir()
        with (
            pytest.raises(StateError, match=f"control socket {path}: .*CCSYNC_WATCH_HOME"),
            state.serve(answer_method),
        ):
            pass

    @pytest.mark.parametrize("is_temporary_long", [False, True])
    def test_a_long_path_is_replaced_by_a_temporary_folder(
        self,
        tmp_path: Path,
        answer_method: Handler,
        monkeypatch: pytest.MonkeyPatch,
        *,
        is_temporary_long: bool,
    ) -> None:
        """A private one, below /tmp if the usual folder for temporary files is too long as well."""
        long = tmp_path / ("x" * 120)
        long.mkdir()
        if is_temporary_long:
            monkeypatch.setattr(tempfile, "tempdir", str(long))
        with StateFolder(long).serve(answer_method) as server:
            path = server.address.path
            assert path is not None
            assert path.parent != long
            assert path.parent.stat().st_mode & 0o777 == 0o700
            assert ControlClient(long).request("/v1/x")["method"] == "GET"
        assert not path.parent.exists()
        assert os.listdir(long) == ["daemon.json"]  # noqa: PTH208 - names, not paths

    def test_a_short_path_is_in_the_state_folder(self, state: StateFolder) -> None:
        """No temporary folder is made for it."""
        assert socket_path(state.path) == state.path / "control.sock"


@pytest.mark.skipif(not HAS_UNIX, reason="Windows has no Unix sockets")
def test_a_full_queue_of_connections_is_waited_for(state: StateFolder) -> None:
    """Until the server accepts some; a server that never does is not an absent one."""
    listener, address = listen(state.path, backlog=0)
    queued = []
    with contextlib.closing(listener):
        with contextlib.suppress(TimeoutError):
            while True:
                queued.append(address.connect(0.1))
        waiting = ThreadPoolExecutor(1).submit(address.connect, WAIT_SECONDS)
        assert not waiting.done()
        accepted = [listener.accept()[0] for _ in range(len(queued) + 1)]
        for connection in (waiting.result(), *queued, *accepted):
            connection.close()
