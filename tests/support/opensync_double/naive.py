"""The client that anyone would write first; what it loses shows what the real one must not do."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from support.opensync_double.records import Fields
    from support.opensync_double.server import OpenSyncDouble


class NaiveClient:
    """Batches everything under Claude's own uuids, retries by sending again, trusts any 200."""

    def __init__(self, double: OpenSyncDouble, *, attempts: int = 3) -> None:
        self._attempts = attempts
        self._sessions_sent: set[str] = set()
        self._http = httpx.Client(
            base_url=double.url, headers={"Authorization": f"Bearer {double.api_key}"}, timeout=5
        )

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._http.close()

    def sync_session(self, session: Fields) -> bool:
        """Send a session the first time it is seen, and never again."""
        if session["externalId"] in self._sessions_sent:
            return True
        self._sessions_sent.add(session["externalId"])
        return self.post("/sync/session", session)

    def sync_messages(self, messages: list[Fields]) -> bool:
        """Send messages as one batch; return whether they are believed to be stored."""
        return self.post("/sync/batch", {"messages": messages})

    def post(self, path: str, payload: Fields) -> bool:
        """Send until a 200 comes, whatever it says."""
        for _ in range(self._attempts):
            with contextlib.suppress(httpx.HTTPError):
                if self._http.post(path, json=payload).status_code == 200:
                    return True
        return False
