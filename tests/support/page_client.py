"""A client of the dashboard's pages over HTTP, on one connection, without a browser's work."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

from support.waiting import WAIT_SECONDS

_OK = 200


class PageClient:
    """One connection to the dashboard, let in by a one-time link."""

    def __init__(self, link: str) -> None:
        at = urlsplit(link)
        self._host = at.netloc
        self._connection = http.client.HTTPConnection("127.0.0.1", at.port, timeout=WAIT_SECONDS)
        self._connection.request("GET", f"{at.path}?{at.query}", headers={"Host": self._host})
        answer = self._connection.getresponse()
        answer.read()
        self._cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]

    def get(self, path: str) -> tuple[str, float]:
        """Return a page and the milliseconds it took; raise for any other answer."""
        began = time.perf_counter()
        headers = {"Host": self._host, "Cookie": self._cookie}
        self._connection.request("GET", path, headers=headers)
        try:
            answer = self._connection.getresponse()
        except http.client.RemoteDisconnected:  # it was idle for long
            self._connection.request("GET", path, headers=headers)
            answer = self._connection.getresponse()
        text = answer.read().decode()
        took = (time.perf_counter() - began) * 1000
        if answer.status != _OK:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]}")
        return text, took

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
