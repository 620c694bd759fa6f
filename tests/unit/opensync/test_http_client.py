"""The HTTP sink: every answer judged, the key kept."""

from __future__ import annotations

import errno
import logging
import socket
import ssl
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

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
from support.fakes import FakeClock
from support.opensync_double.samples import message, session

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "osk_0123456789abcdef0123456789abcdef"
URL = "https://happy-otter-123.convex.cloud"


def _sink(
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
        _sink(answer, clock=clock).put_session(Redacted(session()))
    return caught.value


def _json(status: int, payload: Any) -> httpx.Response:  # noqa: ANN401 - any JSON
    return httpx.Response(status, json=payload)


class TestRequests:
    """What goes over the wire."""

    @pytest.mark.parametrize(
        ("put", "path", "payload"),
        [
            ("put_session", "/sync/session", session()),
            ("put_message", "/sync/message", message()),
        ],
    )
    def test_one_row_goes_as_it_is(self, put: str, path: str, payload: dict[str, Any]) -> None:
        """JSON, with the key in its header; the bytes are told."""
        seen: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return _json(200, {"ok": True})

        size = getattr(_sink(answer), put)(Redacted(payload))
        (request,) = seen
        assert str(request.url) == f"https://happy-otter-123.convex.site{path}"
        assert (request.method, orjson.loads(request.content)) == ("POST", payload)
        assert size == len(request.content)
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        assert request.headers["Content-Type"] == "application/json"

    def test_without_a_key_none_is_sent(self) -> None:
        """A deployment of one's own may need none."""

        def answer(request: httpx.Request) -> httpx.Response:
            assert "Authorization" not in request.headers
            return _json(200, {"ok": True})

        _sink(answer, key=None).put_session(Redacted(session()))

    def test_a_loopback_backend_is_reached_directly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever proxy the environment names: it would see the key in the clear."""
        monkeypatch.setenv("ALL_PROXY", "http://proxy.invalid:1")
        direct = OpenSyncClient(wire.endpoint("http://127.0.0.1:9"), None, clock=FakeClock())
        with pytest.raises(Unsent, match=r"cannot reach 127\.0\.0\.1:9 \(connection refused\)"):
            direct.check()
        direct.close()


class TestJudging:
    """Each answer means one thing."""

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_refused_key(self, status: int) -> None:
        """The mend is to log in."""
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
            _sink(answer).put_session(Redacted(session()))
        assert len(seen) == 1

    def test_a_missing_path(self) -> None:
        """Something else answers at that address."""
        failure = _failure(httpx.Response(404, text="No matching routes found"))
        assert isinstance(failure, UnexpectedAnswer)
        assert "it has no /sync/session" in str(failure)

    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
    def test_what_passes_is_worth_another_try(self, status: int) -> None:
        """Nobody knows whether it was stored."""
        failure = _failure(httpx.Response(status, text="<html>"))
        assert type(failure) is Retryable
        assert failure.retry_after is None

    @pytest.mark.parametrize("status", [400, 409, 413, 422])
    def test_what_is_wrong_with_the_row_stays_wrong(self, status: int) -> None:
        """With the backend's own words."""
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
    def test_what_never_left_is_unsent(self, error: Exception) -> None:
        """Its rows are as certain as before."""
        assert isinstance(_failure(error), Unsent)

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (httpx.ReadTimeout("x"), "timed out"),
            (httpx.WriteTimeout("x"), "timed out"),
            (httpx.ReadError("x"), "the connection broke"),
            (httpx.WriteError("x"), "the connection broke"),
            (httpx.RemoteProtocolError("x"), "it ended the connection"),
            (httpx.DecodingError("x"), "DecodingError"),
        ],
    )
    def test_what_may_have_arrived_is_not(self, error: Exception, words: str) -> None:
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
    def test_the_way_there_fails_in_words(self, cause: Exception, words: str) -> None:
        """The system's, not the name of a class."""
        error = httpx.ConnectError("x")
        error.__cause__ = cause
        assert f"({words})" in _failure(error).message

    def test_a_closed_sink_sends_nothing(self) -> None:
        """A worker that outlives its daemon gets an answer, not a crash."""
        sink = _sink(_json(200, {"ok": True}))
        sink.close()
        with pytest.raises(Unsent):
            sink.put_session(Redacted(session()))

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'"ok"', b'{"ok": false}', b"{}"])
    def test_an_ok_that_is_none(self, body: bytes) -> None:
        """A login page of the network answers 200 as well."""
        assert isinstance(_failure(httpx.Response(200, content=body)), UnexpectedAnswer)

    def test_long_words_are_cut(self) -> None:
        """One readable line."""
        failure = _failure(_json(400, {"error": "word " * 100}))
        assert len(failure.message) < 250
        assert failure.message.endswith("…)")

    @pytest.mark.parametrize("said", [{"error": 5}, {"error": ""}, {"code": "x"}, [1], "x"])
    def test_odd_words_are_left_out(self, said: Any) -> None:  # noqa: ANN401 - any JSON
        """The status alone is enough."""
        assert _failure(_json(400, said)).message.endswith("answered HTTP 400")

    def test_words_are_told_without_a_key_as_well(self) -> None:
        """A backend that needs none has something to say, too."""
        answer = _json(400, {"error": "Missing externalId"})
        with pytest.raises(Rejected, match=r"HTTP 400 \(Missing externalId\)"):
            _sink(answer, key=None).put_session(Redacted(session()))


class TestRetryAfter:
    """The time that the backend asks for, in both forms."""

    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("7", 7.0),
            (" 0 ", 0.0),
            ("99999999", 600.0),
            ("Mon, 21 Sep 2026 14:13:27 GMT", 7.0),
            ("Mon, 21 Sep 2026 14:13:13 GMT", 0.0),
            ("Mon, 21 Sep 2099 14:13:13 GMT", 600.0),
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
        """Seconds, or a date against our own clock; at most ten minutes; else unknown."""
        clock = FakeClock(1_790_000_000_000)  # 2026-09-21 14:13:20 GMT
        answer = httpx.Response(status, headers={"Retry-After": value})
        failure = _failure(answer, clock=clock)
        assert isinstance(failure, Retryable)
        assert failure.retry_after == seconds

    def test_digits_of_other_scripts_are_none(self) -> None:
        """They pass for digits, and are no number."""
        answer = httpx.Response(503, headers=[(b"Retry-After", "²".encode("latin-1"))])
        failure = _failure(answer)
        assert isinstance(failure, Retryable)
        assert failure.retry_after is None


class TestBatch:
    """A batch answers 200 whatever happened: only a full count without errors is an ack."""

    def _outcome(self, answer: dict[str, Any], rows: int = 2) -> type[Exception] | None:
        payloads = [Redacted(message(f"m{number}")) for number in range(rows)]
        try:
            _sink(_json(200, answer)).put_batch(payloads)
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

    def test_an_answer_without_the_fields_is_none(self) -> None:
        """`ok` alone proves nothing."""
        assert self._outcome({"ok": True}) is UnexpectedAnswer

    def test_the_error_tells_what_the_backend_said(self) -> None:
        """How many, and the first reason."""
        answer = _json(200, {"messages": 1, "errors": ["m1: Error: too large"]})
        with pytest.raises(Retryable, match=r"stored 1 of 2 messages \(m1: Error: too large\)"):
            _sink(answer).put_batch([Redacted(message("m0")), Redacted(message("m1"))])


class TestGreeting:
    """Address, key and clock at once."""

    def _sink(self, health: Any, listed: Any, clock: FakeClock | None = None) -> OpenSyncClient:  # noqa: ANN401 - any JSON
        def answer(request: httpx.Request) -> httpx.Response:
            if clock is not None:
                clock.advance(1)
            is_health = request.url.path == "/health"
            made = _json(200, health if is_health else listed)
            if clock is not None:
                clock.advance(1)
            return made

        return _sink(answer, clock=clock)

    def test_it_measures_the_backends_clock(self) -> None:
        """The stamp was made half-way between the question and its answer."""
        clock = FakeClock()
        stamp = clock.now_ms + 1000 + 250
        backend_info = self._sink(
            {"status": "ok", "timestamp": stamp}, {"sessionIds": ["a", 5, "b"]}, clock
        ).check()
        assert backend_info.clock_skew_seconds == 0.25
        assert backend_info.session_ids == {"a", "b"}

    def test_a_backend_without_a_clock(self) -> None:
        """Its time is not known."""
        backend_info = self._sink({"status": "ok"}, {"sessionIds": []}).check()
        assert backend_info.clock_skew_seconds is None

    @pytest.mark.parametrize(
        ("health", "listed"),
        [({"status": "up"}, {"sessionIds": []}), ({"status": "ok"}, {"sessionIds": None})],
    )
    def test_something_else_is_told(self, health: Any, listed: Any) -> None:  # noqa: ANN401 - any JSON
        """A green page of another program is none of ours."""
        with pytest.raises(UnexpectedAnswer, match="is not an OpenSync deployment"):
            self._sink(health, listed).check()


class TestKey:
    """The key is in one header, and nowhere else."""

    @pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 429, 500])
    def test_it_is_in_no_error_log_or_repr(
        self, status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not even where the backend repeats it."""
        caplog.set_level(logging.DEBUG)
        said = f"Bad request with Authorization: Bearer {KEY}"
        sink = _sink(_json(status, {"error": said, "messages": 0, "errors": [said]}))
        shown = [repr(sink), repr(vars(sink)), repr(sink.endpoint)]
        for put in (
            lambda: sink.put_session(Redacted(session())),
            lambda: sink.put_batch([Redacted(message())]),
            sink.check,
        ):
            with pytest.raises(DestinationError) as caught:
                put()
            shown += [str(caught.value), repr(caught.value), caught.value.hint]
        assert KEY not in "\n".join([*shown, caplog.text])
