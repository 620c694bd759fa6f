"""Connections of other users of the machine are detected where the system says whose they are."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.daemon.peer_user import is_own_peer, peer_uid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.daemon.peer_user import Address

OTHER_UID = 61_234

needs_root = pytest.mark.skipif(
    hasattr(os, "getuid") and os.getuid() != 0, reason="only root can be somebody else"
)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the system does not say it")


@contextmanager
def connection(host: str, uid: int | None = None) -> Iterator[tuple[Address, Address]]:
    """Connect, as another user if one is named; return the addresses of client and server."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        if uid is not None:
            os.seteuid(uid)
        try:
            client = socket.create_connection(listener.getsockname()[:2])
        finally:
            if uid is not None:
                os.seteuid(0)
        with client, listener.accept()[0] as accepted:
            yield accepted.getpeername()[:2], accepted.getsockname()[:2]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_own_process_is_known(host: str) -> None:
    """By both families of addresses."""
    with connection(host) as (client, server):
        assert peer_uid(client, server) == os.getuid()
        assert is_own_peer(client, server)
        assert is_own_peer(client, server, own_uid=os.getuid())


@needs_root
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_process_of_another_user_is_not_accepted(host: str) -> None:
    """Unless the daemon is root's, whose browser runs as its user."""
    with connection(host, OTHER_UID) as (client, server):
        assert peer_uid(client, server) == OTHER_UID
        assert not is_own_peer(client, server, own_uid=1000)
        assert is_own_peer(client, server, own_uid=OTHER_UID)
        assert is_own_peer(client, server, own_uid=0)


@needs_root
def test_process_of_root_is_accepted() -> None:
    """It forwards ports into a container or a virtual machine."""
    with connection("127.0.0.1") as (client, server):
        assert is_own_peer(client, server, own_uid=1000)


def test_unknown_process_is_accepted() -> None:
    """A connection from outside of what the system sees: nobody is locked out by that."""
    assert peer_uid(("127.0.0.1", 1), ("127.0.0.1", 2)) is None
    assert peer_uid(("not an address", 1), ("127.0.0.1", 2)) is None
    assert is_own_peer(("127.0.0.1", 1), ("127.0.0.1", 2), own_uid=1000)
