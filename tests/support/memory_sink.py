"""A backend of forty lines: it keeps what it is sent, and fails as it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccsync_watch.errors import DestinationError, Rejected, Retryable, Unauthorized, Unsent
from ccsync_watch.model import BackendInfo
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.wire import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ccsync_watch.model import Redacted
    from ccsync_watch.opensync.wire import Payload


class MemorySink:
    """Keeps sessions and messages by id; `calls` names what was asked of it.

    `refused` are ids of messages that it will never take. `failures` are raised one by one, None
    for none; `is_lossy` makes it store first and lose the answer. `on_call` runs when something is
    asked of it, `on_answer` when it was done, each with its name.
    """

    def __init__(self) -> None:
        self.endpoint = Endpoint("memory://", "memory")
        self.sessions: dict[str, Any] = {}
        self.messages: dict[str, Any] = {}
        self.calls: list[str] = []
        self.refused: set[str] = set()
        self.failures: list[DestinationError | None] = []
        self.failure: DestinationError | None = None
        self.is_lossy = False
        self.on_call: Callable[[str], None] = lambda _name: None
        self.on_answer: Callable[[str], None] = lambda _name: None

    def check(self) -> BackendInfo:
        """Greet."""
        self._begin("check")
        return BackendInfo(0.0, frozenset(self.sessions))

    def put_session(self, payload: Redacted[Payload]) -> int:
        """Keep a session's state."""
        self._begin("put_session")
        value = payload.value
        self.sessions[str(value["externalId"])] = value
        return self._end(wire.size(value))

    def put_message(self, payload: Redacted[Payload]) -> int:
        """Keep a message, refused or not."""
        self._begin("put_message")
        self._keep([payload.value])
        return self._end(wire.size(payload.value))

    def put_batch(self, payloads: Sequence[Redacted[Payload]]) -> int:
        """Keep all messages of a batch or none."""
        self._begin("put_batch")
        self._keep([payload.value for payload in payloads])
        return self._end(sum(wire.size(payload.value) for payload in payloads))

    def _begin(self, name: str) -> None:
        self.calls.append(name)
        self.on_call(name)
        failure = self.failures.pop(0) if self.failures else self.failure
        if failure is not None:
            raise failure

    def _keep(self, values: list[Payload]) -> None:
        if self.refused.intersection(str(value["externalId"]) for value in values):
            raise Rejected("too odd", hint="")
        for value in values:
            self.messages[str(value["externalId"])] = value
            self.sessions.setdefault(str(value["sessionExternalId"]), {})

    def _end(self, size: int) -> int:
        if self.is_lossy:
            raise Retryable("no answer", hint="")
        self.on_answer(self.calls[-1])
        return size


OFFLINE = Unsent("cannot reach memory", hint="")
REFUSED = Unauthorized("memory refuses the API key", hint="")
