"""One HTTP request to the daemon's address, and its answer."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from ccsync_watch.control.address import ControlAddress


class _Connection(http.client.HTTPConnection):
    """HTTP to the daemon's address, by the standard library: it loads in no time."""

    def __init__(self, address: ControlAddress, seconds: float) -> None:
        super().__init__("daemon", timeout=seconds)
        self._address = address
        self._seconds = seconds

    def connect(self) -> None:
        self.sock = self._address.connect(self._seconds)


def exchange(
    address: ControlAddress, path: str, body: dict[str, Any] | None, seconds: float
) -> tuple[int, bytes]:
    """Return status and content of one answer. Raises OSError, TimeoutError among them."""
    connection = _Connection(address, seconds)
    try:
        data = None if body is None else orjson.dumps(body)
        headers = {"Authorization": address.authorization} if address.authorization else {}
        connection.request("GET" if data is None else "POST", path, data, headers)
        response = connection.getresponse()
        return response.status, response.read()
    except http.client.HTTPException as error:
        raise ConnectionAbortedError(str(error)) from error
    finally:
        connection.close()
