"""Every destination with a store and a backend, and the ways to disturb it; for the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ccsync_watch.accounting.priced_summaries import PricedSummaries
from ccsync_watch.config import Secret
from ccsync_watch.errors import Retryable
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.http_client import OpenSyncClient
from ccsync_watch.opensync.opensync_destination import OpenSyncDestination
from support.memory_destination import (
    OFFLINE,
    UNAUTHORIZED,
    MemoryDestination,
    connect_memory,
    texts_of,
)
from support.opensync_double import faults
from support.opensync_double.faults import FaultPlan
from support.opensync_double.server import OpenSyncDouble
from support.storing import SESSION, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ccsync_watch.model import JsonValue
    from ccsync_watch.uploader import Destination

ALL_WAYS = frozenset({"offline", "unauthorized", "lossy", "busy"})


class DestinationBench(Protocol):
    """A store, its destination, and what the destination holds; `world` is the store.

    `ways` are the ways of `fail` that the destination knows: a file cannot ask for a delay.
    """

    world: World
    ways: frozenset[str]

    @property
    def destination(self) -> Destination:
        """Return the destination that the store is connected to."""
        ...

    def held_rows(self) -> list[tuple[str, list[JsonValue]]]:
        """Return ids and contents of the parts of what it holds of the session, in its order."""
        ...

    def held_title(self) -> str | None:
        """Return the title that it holds of the session; raise KeyError without the session."""
        ...

    def held_sessions(self) -> list[str]:
        """Return the ids of the sessions that it holds."""
        ...

    def requests(self) -> int:
        """Return how many requests arrived."""
        ...

    def fail(self, way: str) -> None:
        """Fail every request from now on.

        `offline`, `unauthorized`, `lossy` (stored, no answer), `busy` (asks for a minute's delay),
        or `nothing`.
        """
        ...

    def lose_the_store(self) -> None:
        """Replace the store by an empty one; the destination keeps what it holds."""
        ...

    def close(self) -> None:
        """Close both sides."""
        ...


class OpenSyncBench:
    """The OpenSync destination and the double, without sockets."""

    ways = ALL_WAYS

    def __init__(self, folder: Path) -> None:
        self.world = World(folder / "first")
        self._folder = folder

    @property
    def destination(self) -> Destination:
        """Return the world's."""
        return self.world.destination

    def held_rows(self) -> list[tuple[str, list[JsonValue]]]:
        """Return what the double's viewer shows."""
        return [
            (row.external_id, [part.content for part in row.parts])
            for row in self.world.backend.shown(SESSION)
        ]

    def held_title(self) -> str | None:
        """Return the double's."""
        return self.world.backend.session(SESSION).title

    def held_sessions(self) -> list[str]:
        """Return the double's."""
        return [session.external_id for session in self.world.backend.sessions()]

    def requests(self) -> int:
        """Return how many requests the double recorded."""
        return len(self.world.backend.calls)

    def fail(self, way: str) -> None:
        """Change the transport's plan."""
        plans = {
            "lossy": FaultPlan.always(faults.COMMIT_THEN_DROP),
            "busy": FaultPlan.always(faults.refuse(503, retry_after_seconds=60)),
            "unauthorized": FaultPlan.always(faults.refuse(401)),
        }
        self._set_failures(is_offline=way == "offline", plan=plans.get(way, FaultPlan.none()))

    def _set_failures(self, *, is_offline: bool, plan: FaultPlan) -> None:
        self.world.transport.is_offline = is_offline
        self.world.transport.faults = plan

    def lose_the_store(self) -> None:
        """Open a new one beside it."""
        old = self.world
        old.destination.close()
        old.close()
        self.world = World(self._folder / "second")
        self.world.clock.now_ms = old.clock.now_ms + 60_000
        old.clock.now_ms = self.world.clock.now_ms
        self.world.backend, self.world.transport = old.backend, old.transport
        old.backend.clock = lambda: self.world.clock.now_ms / 1000
        self._connect()

    def _connect(self) -> None:
        self.world.connect()

    def close(self) -> None:
        """Close the store."""
        self.destination.close()
        self.world.close()


class OpenSyncHttpBench(OpenSyncBench):
    """The OpenSync destination and the double on a loopback socket."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._double = OpenSyncDouble(clock=lambda: self.world.clock.now_ms / 1000)
        self._double.online()
        self.world.backend = self._double.backend
        self._connect()

    def _connect(self) -> None:
        client = OpenSyncClient(
            wire.endpoint(self._double.url),
            Secret(self.world.api_key),
            clock=self.world.clock,
            timeout_seconds=5,
        )
        world = self.world
        summaries = PricedSummaries(world.database, world.prices)
        world.destination.close()
        world.connect(
            OpenSyncDestination(client, outbox=world.outbox, clock=world.clock, summaries=summaries)
        )

    def _set_failures(self, *, is_offline: bool, plan: FaultPlan) -> None:
        self._double.faults = plan
        if is_offline:
            self._double.offline()
        else:
            self._double.online()

    def close(self) -> None:
        """Close the store and the socket; a crash of the double fails the test."""
        super().close()
        self._double.offline()
        assert self._double.crashes == []


class MemoryBench:
    """The destination in memory."""

    ways = ALL_WAYS

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.memory = MemoryDestination()
        self.world = World(folder / "first")
        self._connect()

    def _connect(self) -> None:
        connect_memory(self.world, self.memory)

    @property
    def destination(self) -> Destination:
        """Return it."""
        return self.memory

    def held_rows(self) -> list[tuple[str, list[JsonValue]]]:
        """Return what it keeps."""
        return [(row.message.id, texts_of(row)) for row in self.memory.rows.values()]

    def held_title(self) -> str | None:
        """Return what it keeps."""
        return self.memory.states[SESSION].title

    def held_sessions(self) -> list[str]:
        """Return what it keeps."""
        return list(self.memory.states)

    def requests(self) -> int:
        """Return how many requests arrived."""
        return len(self.memory.calls)

    def fail(self, way: str) -> None:
        """Set what it raises."""
        self.memory.is_lossy = way == "lossy"
        self.memory.failure = {
            "offline": OFFLINE,
            "unauthorized": UNAUTHORIZED,
            "busy": Retryable("busy", hint="", retry_after=60.0),
        }.get(way)

    def lose_the_store(self) -> None:
        """Open a new one beside it."""
        self.world.close()
        now_ms = self.world.clock.now_ms + 60_000
        self.world = World(self._folder / "second")
        self.world.clock.now_ms = now_ms
        self._connect()

    def close(self) -> None:
        """Close the store."""
        self.world.close()


# Every destination runs the contract; one that can be reached in two ways runs it twice.
BENCHES: dict[str, Callable[[Path], DestinationBench]] = {
    "opensync": OpenSyncBench,
    "opensync-http": OpenSyncHttpBench,
    "memory": MemoryBench,
}
