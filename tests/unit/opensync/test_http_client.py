"""The HTTP client: what every answer means, and that the key stays where it belongs."""

from __future__ import annotations

import errno
import gzip
import logging
import socket
import ssl
import zlib
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from ccsync_watch import __version__
from ccsync_watch.config import Secret
from ccsync_watch.errors import (
    DestinationError,
    Rejected,
    Retryable,
    Unauthorized,
    UnexpectedAnswer,
    Unsent,
)
from ccsync_watch.model import JsonValue, Redacted
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.http_client import OpenSyncClient
from support.double_transport import DoubleTransport
from support.fakes import FakeClock
from support.opensync_double.backend import Backend
from support.opensync_double.samples import message, session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "osk_0123456789abcdef0123456789abcdef"
URL = "https://happy-otter-123.convex.cloud"


def _client(
    answer: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response],
    *,
    key: str | None = KEY,
    clock: FakeClock | None = None,
    url: str = URL,
) -> OpenSyncClient:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    return OpenSyncClient(
        wire.endpoint(url),
        None if key is None else Secret(key),
        clock=clock or FakeClock(),
        transport=httpx.MockTransport(handle),
    )


def _failure(
    answer: httpx.Response | Exception, *, clock: FakeClock | None = None
) -> DestinationError:
    """Return how a session's upsert ends."""
    with pytest.raises(DestinationError) as caught:
        _client(answer, clock=clock).put_session(Redacted(session()))
    return caught.value


def _json(status: int, payload: Any) -> httpx.Response:  # noqa: ANN401 - any JSON
    return httpx.Response(status, json=payload)


class TestRequests:
    """What is sent."""

    @pytest.mark.parametrize(
        ("put", "path", "payload"),
        [
            ("put_session", "/sync/session", session()),
            ("put_message", "/sync/message", message()),
        ],
    )
    def test_a_payload_is_sent_as_it_is(self, put: str, path: str, payload: dict[str, Any]) -> None:
        """JSON, with the key in its header; the bytes are returned."""
        seen: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return _json(200, {"ok": True})

        size = getattr(_client(answer), put)(Redacted(payload))
        (request,) = seen
        assert str(request.url) == f"https://happy-otter-123.convex.site{path}"
        assert (request.method, orjson.loads(request.content)) == ("POST", payload)
        assert size == len(request.content)
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        assert request.headers["Content-Type"] == "application/json"
        assert request.headers["User-Agent"] == f"ccsync-watch/{__version__}"

    def test_without_a_key_the_header_is_left_out(self) -> None:
        """A self-hosted deployment may not need one."""

        def answer(request: httpx.Request) -> httpx.Response:
            assert "Authorization" not in request.headers
            return _json(200, {"ok": True})

        _client(answer, key=None).put_session(Redacted(session()))

    def test_a_loopback_backend_is_reached_directly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Even if the environment names a proxy: it would see the key unencrypted."""
        monkeypatch.setenv("ALL_PROXY", "http://proxy.invalid:1")
        direct = OpenSyncClient(wire.endpoint("http://127.0.0.1:9"), None, clock=FakeClock())
        with pytest.raises(Unsent, match=r"cannot reach 127\.0\.0\.1:9 \(connection refused\)"):
            direct.check()
        direct.close()


class TestAnswers:
    """Each answer means one thing."""

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_wrong_key(self, status: int) -> None:
        """The hint is to log in."""
        failure = _failure(_json(status, {"error": "Invalid API key"}))
        assert isinstance(failure, Unauthorized)
        assert not failure.is_passing
        assert "login" in failure.hint

    @pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
    def test_a_redirect_is_never_followed(self, status: int) -> None:
        """The key would go wherever it points."""
        seen: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(str(request.url))
            return httpx.Response(status, headers={"Location": "https://elsewhere.example/"})

        with pytest.raises(UnexpectedAnswer, match=rf"it redirects \(HTTP {status}\)"):
            _client(answer).put_session(Redacted(session()))
        assert len(seen) == 1

    def test_a_missing_path(self) -> None:
        """Something else answers at that address."""
        failure = _failure(httpx.Response(404, text="No matching routes found"))
        assert isinstance(failure, UnexpectedAnswer)
        assert "/sync/session is missing" in str(failure)
        assert failure.hint.startswith("check convex_url")

    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
    def test_a_passing_failure_is_retryable(self, status: int) -> None:
        """It is not known whether it was stored."""
        failure = _failure(httpx.Response(status, text="<html>"))
        assert type(failure) is Retryable
        assert failure.retry_after is None

    @pytest.mark.parametrize(
        "status", [400, 402, 403, 405, 407, 409, 410, 421, 422, 423, 426, 431, 451, 499]
    )
    @pytest.mark.parametrize("body", [b"", b"<html>", b'["error"]'])
    def test_an_error_of_what_stands_before_the_backend_is_retryable(
        self, status: int, body: bytes
    ) -> None:
        """A proxy, a firewall or a paused deployment says nothing about the row."""
        failure = _failure(httpx.Response(status, content=body))
        assert type(failure) is Retryable
        assert f"HTTP {status}" in failure.message

    @pytest.mark.parametrize("status", [402, 405, 410, 421, 451])
    def test_an_error_that_is_not_of_the_row_is_retryable(self, status: int) -> None:
        """Whoever describes it."""
        assert type(_failure(_json(status, {"error": "Plan exceeded"}))) is Retryable

    @pytest.mark.tailing_case("42")
    def test_a_row_that_is_too_large_is_rejected(self) -> None:
        """By whatever stands before the backend, too: it cannot become smaller."""
        assert isinstance(_failure(httpx.Response(413, text="<html>")), Rejected)

    @pytest.mark.parametrize("status", [400, 409, 422])
    def test_a_wrong_status_for_an_overload_is_retryable(self, status: int) -> None:
        """With the pause that it asks for."""
        answer = httpx.Response(
            status, headers={"Retry-After": "9"}, json={"error": "Too many requests"}
        )
        failure = _failure(answer)
        assert isinstance(failure, Retryable)
        assert failure.retry_after == 9
        assert "Too many requests" in failure.message

    @pytest.mark.parametrize("status", [400, 409, 413, 422])
    def test_a_fault_of_the_row_is_rejected(self, status: int) -> None:
        """With the backend's own description."""
        failure = _failure(_json(status, {"error": "Missing\n externalId"}))
        assert isinstance(failure, Rejected)
        assert f"HTTP {status} (Missing externalId)" in failure.message

    @pytest.mark.parametrize(
        "error",
        [
            httpx.ConnectError("x"),
            httpx.ConnectTimeout("x"),
            httpx.PoolTimeout("x"),
            RuntimeError("Cannot send a request, as the client has been closed."),
        ],
    )
    def test_a_request_that_never_left_is_unsent(self, error: Exception) -> None:
        """Its rows stay certain."""
        failure = _failure(error)
        assert isinstance(failure, Unsent)
        if not isinstance(error, RuntimeError):
            assert failure.hint.startswith("check that your Convex deployment is running")

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (httpx.ReadTimeout("x"), "timed out"),
            (httpx.WriteTimeout("x"), "timed out"),
            (httpx.ReadError("x"), "the connection broke"),
            (httpx.WriteError("x"), "the connection broke"),
            (httpx.RemoteProtocolError("illegal status line"), "its answer is not HTTP"),
            (
                httpx.RemoteProtocolError("Server disconnected without sending a response."),
                "it closed the connection",
            ),
            (httpx.DecodingError("x"), "DecodingError"),
        ],
    )
    def test_a_request_that_may_have_arrived_is_retryable(
        self, error: Exception, words: str
    ) -> None:
        """Its rows are uncertain."""
        failure = _failure(error)
        assert type(failure) is Retryable
        assert f"({words})" in failure.message

    @pytest.mark.parametrize(
        ("cause", "words"),
        [
            (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connection refused"),
            (socket.gaierror(socket.EAI_NONAME, "x"), "no such host"),
            (ssl.SSLCertVerificationError("x"), "TLS: it failed"),
            (ValueError("x"), "it cannot be connected to"),
        ],
    )
    def test_a_failed_connection_is_described(self, cause: Exception, words: str) -> None:
        """In the operating system's words, not by the name of a class."""
        error = httpx.ConnectError("x")
        error.__cause__ = cause
        assert f"({words})" in _failure(error).message

    def test_a_closed_client_sends_nothing(self) -> None:
        """A worker that outlives its daemon gets an answer, not a crash."""
        client = _client(_json(200, {"ok": True}))
        client.close()
        with pytest.raises(Unsent):
            client.put_session(Redacted(session()))

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'"ok"', b'{"ok": false}', b"{}"])
    def test_a_200_without_ok_is_unexpected(self, body: bytes) -> None:
        """A login page of the network answers 200 as well."""
        assert isinstance(_failure(httpx.Response(200, content=body)), UnexpectedAnswer)

    def test_a_long_description_is_cut(self) -> None:
        """One readable line."""
        failure = _failure(_json(400, {"error": "word " * 100}))
        assert len(failure.message) < 250
        assert failure.message.endswith("…)")

    @pytest.mark.parametrize("said", [{"error": 5}, {"error": ""}, {"code": "x"}, [1], "x"])
    def test_a_malformed_description_is_left_out(self, said: Any) -> None:  # noqa: ANN401 - any JSON
        """The status alone is enough."""
        assert _failure(_json(400, said)).message.endswith("answered HTTP 400")

    def test_a_description_has_no_control_characters(self) -> None:
        """It is shown in terminals."""
        failure = _failure(_json(400, {"error": "a \x1b[31mred\x07 word"}))
        assert "(a red� word)" in failure.message

    def test_a_description_is_shown_without_a_key_as_well(self) -> None:
        """A backend that does not need a key describes errors, too."""
        answer = _json(400, {"error": "Missing externalId"})
        with pytest.raises(Rejected, match=r"HTTP 400 \(Missing externalId\)"):
            _client(answer, key=None).put_session(Redacted(session()))


class TestRetryAfter:
    """The delay that the backend asks for, in both forms."""

    def test_the_hint_says_how_long_the_pause_is(self) -> None:
        """Nothing is wrong with the deployment then."""
        failure = _failure(httpx.Response(429, headers={"Retry-After": "90"}))
        assert "a pause of 1 min 30 s" in failure.hint
        assert "check that" not in failure.hint

    def test_of_a_long_pause_the_end_is_shown(self) -> None:
        """Nobody knows when an hour began."""
        clock = FakeClock(1_790_000_000_000)
        answer = httpx.Response(429, headers={"Retry-After": "7200"})
        end = datetime.fromtimestamp(1_790_007_200, timezone.utc).astimezone()
        hint = _failure(answer, clock=clock).hint
        assert hint.startswith(f"it asked for a pause of 2 h, until {end:%H:%M}, after which")
        answer = httpx.Response(429, headers={"Retry-After": "259200"})
        hint = _failure(answer, clock=clock).hint
        assert hint == "it asked for a pause of 3 d; it is asked again in 6 h"

    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("7", 7.0),
            (" 0 ", 0.0),
            ("7200", 7200.0),
            ("99999999", 21_600.0),
            ("9" * 5000, 21_600.0),
            ("Mon, 21 Sep 2026 14:13:27 GMT", 7.0),
            ("Mon, 21 Sep 2026 14:13:13 GMT", 0.0),
            ("Mon, 21 Sep 2099 14:13:13 GMT", 21_600.0),
            ("", None),
            ("soon", None),
            ("-5", None),
            ("1.5", None),
            ("Mon, 99 Foo 2026 99:99:99 GMT", None),
            ("Mon, 21 Sep 99999 14:13:13 GMT", None),
        ],
    )
    @pytest.mark.parametrize("status", [429, 503])
    def test_it_is_read(self, status: int, value: str, seconds: float | None) -> None:
        """Seconds, or a date against our own clock; at most six hours; else unknown."""
        clock = FakeClock(1_790_000_000_000)  # 2026-09-21 14:13:20 GMT
        answer = httpx.Response(status, headers={"Retry-After": value})
        failure = _failure(answer, clock=clock)
        assert isinstance(failure, Retryable)
        assert failure.retry_after == seconds

    def test_digits_of_other_scripts_are_ignored(self) -> None:
        """Python takes them for digits, but they are not a number."""
        answer = httpx.Response(503, headers=[(b"Retry-After", "²".encode("latin-1"))])
        failure = _failure(answer)
        assert isinstance(failure, Retryable)
        assert failure.retry_after is None


class TestBatch:
    """A batch answers 200 whatever happened: only a full count without errors is an ack."""

    def _outcome(self, answer: dict[str, Any], rows: int = 2) -> type[Exception] | None:
        payloads = [Redacted(message(f"m{number}")) for number in range(rows)]
        try:
            _client(_json(200, answer)).put_batch(payloads)
        except DestinationError as error:
            return type(error)
        return None

    @pytest.mark.parametrize(
        ("errors", "count", "outcome"),
        [
            ([], 2, None),
            ([], 1, Retryable),
            ([], 0, Retryable),
            (["m1: Error: too large"], 1, Retryable),
            (["m0: Error: x", "m1: Error: x"], 0, Retryable),
            (["Messages batch error: Error: Validator error"], 0, Rejected),
            (["Messages batch error: Error: x"], 1, Retryable),
            (["Messages batch error: Error: x", "m1: Error: x"], 0, Retryable),
            (["Sessions batch error: Error: x"], 2, Retryable),
            (None, 2, UnexpectedAnswer),
            ([], None, UnexpectedAnswer),
            ([], "2", UnexpectedAnswer),
            ("none", 2, UnexpectedAnswer),
        ],
    )
    def test_errors_and_count_decide(
        self,
        errors: JsonValue,
        count: JsonValue,
        outcome: type[Exception] | None,
    ) -> None:
        """Rejected only where certainly nothing was stored."""
        answer = {"ok": True, "sessions": 0, "messages": count, "errors": errors}
        assert self._outcome(answer) is outcome

    def test_an_answer_without_the_fields_is_unexpected(self) -> None:
        """`ok` alone proves nothing."""
        assert self._outcome({"ok": True}) is UnexpectedAnswer

    def test_the_bytes_sent_are_returned(self) -> None:
        """For the ledger."""
        bodies: list[bytes] = []

        def answer(request: httpx.Request) -> httpx.Response:
            bodies.append(request.content)
            return _json(200, {"messages": 1, "errors": []})

        assert _client(answer).put_batch([Redacted(message())]) == len(bodies[0]) > 100

    def test_a_rejected_batch_has_stored_nothing(self) -> None:
        """Of the double as well, whose order within an accepted batch is the batch's."""
        backend = Backend()
        client = OpenSyncClient(
            wire.endpoint(URL),
            Secret(backend.api_key),
            clock=FakeClock(),
            transport=DoubleTransport(backend),
        )
        with pytest.raises(Rejected):
            client.put_batch([Redacted(message("m1")), Redacted(message("odd", role="alien"))])
        assert backend.all_messages() == []
        client.put_batch([Redacted(message(name)) for name in ("m3", "m1", "m2")])
        rows = backend.all_messages()
        assert [row.external_id for row in rows] == ["m3", "m1", "m2"]
        assert all(row.parts for row in rows)

    def test_the_error_has_count_and_first_reason(self) -> None:
        """As the backend gave them."""
        answer = _json(200, {"messages": 1, "errors": ["m1: Error: too large"]})
        with pytest.raises(Retryable, match=r"stored 1 of 2 messages \(m1: Error: too large\)"):
            _client(answer).put_batch([Redacted(message("m0")), Redacted(message("m1"))])


class TestCheck:
    """Address, key and clock at once."""

    def _checked_client(
        self,
        health: JsonValue,
        batch: JsonValue,
        clock: FakeClock | None = None,
        paths: list[str] | None = None,
    ) -> OpenSyncClient:
        def serve(request: httpx.Request) -> httpx.Response:
            if paths is not None:
                paths.append(request.url.path)
            if clock is not None:
                clock.advance(1)
            is_health = request.url.path == "/health"
            answer = _json(200, health if is_health else batch)
            if clock is not None:
                clock.advance(1)
            return answer

        return _client(serve, clock=clock)

    def test_it_measures_the_backends_clock(self) -> None:
        """It was read half-way between the request and its answer."""
        clock = FakeClock()
        timestamp_ms = clock.now_ms + 1000 + 250
        paths: list[str] = []
        backend_info = self._checked_client(
            {"status": "ok", "timestamp": timestamp_ms}, {"errors": []}, clock, paths
        ).check()
        assert backend_info.clock_skew_seconds == 0.25
        assert paths == ["/health", "/sync/batch"]

    def test_a_backend_without_a_clock(self) -> None:
        """Its time is not known."""
        backend_info = self._checked_client({"status": "ok"}, {"errors": []}).check()
        assert backend_info.clock_skew_seconds is None

    @pytest.mark.parametrize(
        ("health", "batch"),
        [({"status": "up"}, {"errors": []}), ({"status": "ok"}, {"errors": None})],
    )
    def test_another_program_is_unexpected(self, health: Any, batch: Any) -> None:  # noqa: ANN401 - any JSON
        """Its 200 means nothing."""
        with pytest.raises(UnexpectedAnswer, match="is not an OpenSync deployment"):
            self._checked_client(health, batch).check()

    def test_the_key_is_tested_without_a_trace(self) -> None:
        """The double looks the key up as for every batch, and nothing else."""
        backend = Backend()
        for key, outcome in ((backend.api_key, None), ("osk_wrong", Unauthorized)):
            client = OpenSyncClient(
                wire.endpoint(URL),
                Secret(key),
                clock=FakeClock(),
                transport=DoubleTransport(backend),
            )
            if outcome is None:
                client.check_key()
            else:
                with pytest.raises(outcome):
                    client.check_key()
        assert backend.function_calls == 4
        assert (backend.sessions(), backend.all_messages()) == ([], [])


class TestListOfSessions:
    """Which sessions there are, if that is said soon and briefly."""

    def test_it_is_a_set_of_ids(self) -> None:
        """What is not an id is left out."""
        client = _client(_json(200, {"sessionIds": ["a", 5, "b"]}))
        assert client.list_sessions() == {"a", "b"}

    @pytest.mark.parametrize(
        ("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
    )
    def test_it_may_be_compressed(self, encoding: str, compress: Callable[[bytes], bytes]) -> None:
        """As any answer, whatever stands before the backend."""
        body = compress(b'{"sessionIds":["a","b"]}')
        answer = httpx.Response(
            200, headers={"Content-Encoding": encoding}, stream=httpx.ByteStream(body)
        )
        assert _client(answer).list_sessions() == {"a", "b"}

    def test_another_answer_is_unexpected(self) -> None:
        """Something else answers at that address."""
        with pytest.raises(UnexpectedAnswer, match="sessions/list does not answer"):
            _client(_json(200, {"sessionIds": None})).list_sessions()

    @pytest.mark.parametrize("status", [401, 500])
    def test_its_errors_are_those_of_any_request(self, status: int) -> None:
        """Of the key, and of the backend."""
        failure = Unauthorized if status == 401 else Retryable
        with pytest.raises(failure):
            _client(httpx.Response(status)).list_sessions()

    def test_a_long_list_is_given_up(self) -> None:
        """Sixteen MiB of ids are not read into memory."""
        sent = 0

        def chunks() -> Iterator[bytes]:
            nonlocal sent
            for _ in range(16):
                sent += 1
                yield bytes(1 << 20)

        with pytest.raises(Retryable, match="too much or too slowly"):
            _client(httpx.Response(200, content=chunks())).list_sessions()
        assert sent == 5

    def test_a_slow_list_is_given_up(self) -> None:
        """A byte now and then keeps no upload waiting."""
        clock = FakeClock()

        def chunks() -> Iterator[bytes]:
            for _ in range(100):
                clock.advance(1)
                yield b" "

        with pytest.raises(Retryable, match="too much or too slowly"):
            _client(httpx.Response(200, content=chunks()), clock=clock).list_sessions()
        assert clock.now_ms - FakeClock().now_ms == 6000


class TestKey:
    """The key is in one header, and nowhere else."""

    @pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 429, 500])
    def test_it_is_in_no_error_log_or_repr(
        self, status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not even where the backend repeats it."""
        caplog.set_level(logging.DEBUG)
        said = f"Bad request with Authorization: Bearer {KEY}"
        client = _client(_json(status, {"error": said, "messages": 0, "errors": [said]}))
        shown = [repr(client), repr(vars(client)), repr(client.endpoint)]
        for put in (
            lambda: client.put_session(Redacted(session())),
            lambda: client.put_batch([Redacted(message())]),
            client.check,
        ):
            with pytest.raises(DestinationError) as caught:
                put()
            shown += [str(caught.value), repr(caught.value), caught.value.hint]
        assert KEY not in "\n".join([*shown, caplog.text])
