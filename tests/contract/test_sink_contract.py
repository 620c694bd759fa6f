"""What the uploader relies on, of every sink: the real one over HTTP, and the one in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from ccsync_watch.config import Secret
from ccsync_watch.errors import DestinationError, Rejected, Retryable, Unauthorized, Unsent
from ccsync_watch.model import JsonValue, Redacted
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.http_client import OpenSyncClient
from support.fakes import FakeClock
from support.memory_sink import OFFLINE, REFUSED, MemorySink
from support.opensync_double.faults import COMMIT_THEN_DROP, FaultPlan
from support.opensync_double.samples import message, session
from support.opensync_double.server import OpenSyncDouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ccsync_watch.opensync.wire import Payload
    from ccsync_watch.uploader import Destination


class Bench(Protocol):
    """A sink with its backend, and the ways to disturb it."""

    sink: Destination

    def messages(self) -> dict[str, JsonValue]:
        """Return the parts of the stored messages by id."""
        ...

    def sessions(self) -> list[str]:
        """Return the ids of the stored sessions."""
        ...

    def refuse_the_key(self) -> None:
        """Let the key be wrong from now on."""
        ...

    def go_offline(self) -> None:
        """Let nobody answer from now on."""
        ...

    def lose_answers(self) -> None:
        """Let everything be stored and nothing answered from now on."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class HttpBench:
    """The HTTP sink against the double on a loopback socket."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.double = OpenSyncDouble(clock=lambda: self.clock.now_ms / 1000)
        self.double.online()
        self.sink = self._sink(self.double.api_key)

    def _sink(self, key: str) -> OpenSyncClient:
        endpoint = wire.endpoint(self.double.url)
        return OpenSyncClient(endpoint, Secret(key), clock=self.clock, timeout_seconds=5)

    def messages(self) -> dict[str, JsonValue]:
        """Return what the double holds."""
        return {
            row.external_id: [{"type": part.type, "content": part.content} for part in row.parts]
            for row in self.double.backend.all_messages()
        }

    def sessions(self) -> list[str]:
        """Return what the double holds."""
        return [row.external_id for row in self.double.backend.sessions()]

    def refuse_the_key(self) -> None:
        """Connect with another key."""
        self.sink.close()
        self.sink = self._sink("osk_wrong")

    def go_offline(self) -> None:
        """Stop listening."""
        self.double.offline()

    def lose_answers(self) -> None:
        """Drop connections once the request is carried out."""
        self.double.faults = FaultPlan.always(COMMIT_THEN_DROP)

    def close(self) -> None:
        """End both sides."""
        self.sink.close()
        self.double.offline()
        assert self.double.crashes == []


class MemoryBench:
    """The sink in memory."""

    def __init__(self) -> None:
        self.sink = MemorySink()
        self.sink.refused.add("odd")

    def messages(self) -> dict[str, JsonValue]:
        """Return what it holds."""
        return {name: value["parts"] for name, value in self.sink.messages.items()}

    def sessions(self) -> list[str]:
        """Return what it holds."""
        return list(self.sink.sessions)

    def refuse_the_key(self) -> None:
        """Answer so."""
        self.sink.failure = REFUSED

    def go_offline(self) -> None:
        """Answer so."""
        self.sink.failure = OFFLINE

    def lose_answers(self) -> None:
        """Store first."""
        self.sink.is_lossy = True

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture(params=[HttpBench, MemoryBench], ids=["http", "memory"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Run each sink in turn."""
    made: Bench = request.param()
    yield made
    made.close()


def _session(name: str = "s1") -> Redacted[Payload]:
    return Redacted(session(name))


def _message(name: str = "m1", **fields: JsonValue) -> Redacted[Payload]:
    return Redacted({**message(name), **fields})


REQUESTS: dict[str, Callable[[Destination], object]] = {
    "check": lambda sink: sink.check(),
    "session": lambda sink: sink.put_session(_session()),
    "message": lambda sink: sink.put_message(_message()),
    "batch": lambda sink: sink.put_batch([_message("m1"), _message("m2")]),
}
PUTS = {name: put for name, put in REQUESTS.items() if name != "check"}
each_request = pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS)
each_put = pytest.mark.parametrize("request_of", PUTS.values(), ids=PUTS)


def test_a_greeting_names_the_sessions_it_holds(bench: Bench) -> None:
    """So that a store that was lost is known to be uncertain."""
    assert bench.sink.check().session_ids == frozenset()
    bench.sink.put_session(_session("s1"))
    bench.sink.put_session(_session("s2"))
    backend_info = bench.sink.check()
    assert backend_info.session_ids == {"s1", "s2"}
    assert backend_info.clock_skew_seconds == 0.0


def test_a_session_sent_twice_is_there_once(bench: Bench) -> None:
    """Its state is absolute."""
    bench.sink.put_session(_session())
    bench.sink.put_session(_session())
    assert bench.sessions() == ["s1"]


def test_a_message_sent_twice_is_there_once_with_all_parts(bench: Bench) -> None:
    """This is the path for what may have been stored before."""
    parts: JsonValue = [{"type": "text", "content": "a"}, {"type": "text", "content": "b"}]
    bench.sink.put_message(_message("m1", parts=parts))
    bench.sink.put_message(_message("m1", parts=parts))
    assert bench.messages() == {"m1": parts}


def test_a_batch_is_stored_in_order_with_all_parts(bench: Bench) -> None:
    """Each message whole."""
    names = ["m3", "m1", "m2"]
    bench.sink.put_batch([_message(name) for name in names])
    assert list(bench.messages()) == names
    assert all(bench.messages().values())


def test_a_batch_with_an_impossible_row_stores_nothing(bench: Bench) -> None:
    """`Rejected` means that certainly none of it is there."""
    with pytest.raises(Rejected):
        bench.sink.put_batch([_message("m1"), _message("odd", role="alien")])
    assert bench.messages() == {}


@each_put
def test_the_bytes_sent_are_told(bench: Bench, request_of: Callable[[Destination], object]) -> None:
    """For the ledger."""
    made = request_of(bench.sink)
    assert isinstance(made, int)
    assert made > 100


@each_request
def test_a_wrong_key_stores_nothing(
    bench: Bench, request_of: Callable[[Destination], object]
) -> None:
    """It is said as such, whatever was asked."""
    bench.refuse_the_key()
    with pytest.raises(Unauthorized):
        request_of(bench.sink)
    assert (bench.messages(), bench.sessions()) == ({}, [])


@each_request
def test_nobody_there_stores_nothing(
    bench: Bench, request_of: Callable[[Destination], object]
) -> None:
    """`Unsent` means that certainly nothing arrived."""
    bench.go_offline()
    with pytest.raises(Unsent):
        request_of(bench.sink)
    assert (bench.messages(), bench.sessions()) == ({}, [])


@each_put
def test_a_lost_answer_is_no_ack(bench: Bench, request_of: Callable[[Destination], object]) -> None:
    """It may be stored: the error says that it is worth another try, and no more."""
    bench.lose_answers()
    with pytest.raises(Retryable) as caught:
        request_of(bench.sink)
    assert not isinstance(caught.value, Unsent)
    assert bench.sessions() == ["s1"]


def test_errors_are_of_one_family(bench: Bench) -> None:
    """Whoever drives a sink has one thing to catch."""
    bench.go_offline()
    with pytest.raises(DestinationError) as caught:
        bench.sink.check()
    assert caught.value.exit_code == 4
    assert caught.value.is_passing
