"""Which user's process is at the other end of a loopback connection, by Linux's socket diagnosis.

Every user of a machine can connect to a loopback port. What another user's program got hold of, a
cookie and the address it belongs to, is worth nothing to it if its connections are closed.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from typing import TypeAlias

Address: TypeAlias = tuple[str, int]

# From linux/netlink.h, linux/sock_diag.h and linux/inet_diag.h.
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_ALL_STATES = 0xFFFFFFFF
_NO_COOKIE = 0xFFFFFFFF
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBBI")
_HEAD_BYTES = _HEADER.size + _REQUEST.size
_ADDRESS_BYTES = 16
# In the answer: after its header, four bytes, the socket's identity and three numbers.
_UID_AT = _HEADER.size + 4 + 48 + 12
_MAX_ANSWER_BYTES = 4096
_SECONDS = 0.5


def is_own_peer(client: Address, server: Address, *, own_uid: int | None = None) -> bool:
    """Return False if the client's end of a connection is known to be another user's.

    Root's is accepted: port forwarding may run as root. A daemon of root's accepts all, since its
    user's browser runs as somebody else.
    """
    if not hasattr(os, "getuid"):
        return True
    own_uid = os.getuid() if own_uid is None else own_uid
    return own_uid == 0 or peer_uid(client, server) in {None, 0, own_uid}


def peer_uid(client: Address, server: Address) -> int | None:
    """Return the user id of the process that connected; None where that is not known."""
    if not hasattr(socket, "AF_NETLINK"):
        return None
    family = socket.AF_INET6 if ":" in client[0] else socket.AF_INET
    with contextlib.suppress(OSError, struct.error):
        answer = _ask(family, client, server)
        (_length, kind, *_rest) = _HEADER.unpack_from(answer)
        if kind == _SOCK_DIAG_BY_FAMILY:
            (uid,) = struct.unpack_from("=I", answer, _UID_AT)
            return int(uid)
    return None


def _ask(family: int, client: Address, server: Address) -> bytes:
    """Return the kernel's answer about the client's socket. Raises OSError."""
    identity = (
        struct.pack("!HH", client[1], server[1])
        + _packed(family, client)
        + _packed(family, server)
        + struct.pack("=III", 0, _NO_COOKIE, _NO_COOKIE)
    )
    request = (
        _HEADER.pack(_HEAD_BYTES + len(identity), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0)
        + _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, _ALL_STATES)
        + identity
    )
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, kind, _NETLINK_SOCK_DIAG) as connection:
        connection.settimeout(_SECONDS)
        connection.sendto(request, (0, 0))
        return connection.recv(_MAX_ANSWER_BYTES)


def _packed(family: int, address: Address) -> bytes:
    return socket.inet_pton(family, address[0]).ljust(_ADDRESS_BYTES, b"\0")
