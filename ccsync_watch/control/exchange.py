"""One HTTP request to the daemon's address, and its answer.

Written for the one server that it talks to: loading the standard library's client, with its parts
for mail and TLS, takes a third of the time of `status`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from ccsync_watch.control.address import ControlAddress

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r]")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*(?:\r|\Z)", re.IGNORECASE)
_READ_BYTES = 1 << 16


def exchange(
    address: ControlAddress, path: str, body: dict[str, Any] | None, seconds: float
) -> tuple[int, bytes]:
    """Return status and content of one answer. Raises OSError, TimeoutError among them."""
    data = b"" if body is None else orjson.dumps(body)
    # Of version 1.0: the content is all that comes until the server closes the connection.
    head = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.0", "Host: daemon"]
    if body is not None:
        head.append(f"Content-Length: {len(data)}")
    if address.authorization:
        head.append(f"Authorization: {address.authorization}")
    with address.connect(seconds) as connection:
        connection.sendall("\r\n".join((*head, "", "")).encode() + data)
        answer = bytearray()
        while piece := connection.recv(_READ_BYTES):
            answer += piece
    return _read(bytes(answer))


def _read(answer: bytes) -> tuple[int, bytes]:
    """Return status and content. Raises ConnectionAbortedError for less than a whole answer."""
    head, end, content = answer.partition(b"\r\n\r\n")
    status, length = _STATUS.match(head), _LENGTH.search(head)
    if not end or status is None or length is None or len(content) != int(length[1]):
        raise ConnectionAbortedError("the answer is not complete")
    return int(status[1]), content
