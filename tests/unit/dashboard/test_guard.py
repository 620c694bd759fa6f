"""Who may see the pages: links that work once, names of ours, and the cookie."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.responses import PlainTextResponse

from ccsync_watch.dashboard.guard import ENTER, LINK_SECONDS, Guard, Keys
from support.fakes import FakeClock

PORT = 8377
HERE = f"http://127.0.0.1:{PORT}"
SECRET = b"a secret of the installation"


def asked(keys: Keys, method: str = "GET", path: str = "/", **headers: str) -> httpx.Response:
    """Ask a guarded app that answers `inside`."""

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(Guard(PlainTextResponse("inside"), keys=keys, port=PORT))
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            given = [(name.encode(), value.encode()) for name, value in headers.items()]
            return await client.request(method, path, headers=given)

    return asyncio.run(run())


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands."""
    return FakeClock()


@pytest.fixture
def keys(clock: FakeClock) -> Keys:
    """Return keys of an installation."""
    return Keys(SECRET, now=clock.monotonic)


@pytest.fixture
def cookie(keys: Keys) -> str:
    """Return the header of a browser that has entered."""
    return f"ccsync-watch-{PORT}={keys.cookie}"


def test_a_link_lets_in_once(keys: Keys) -> None:
    """The second time it is worth nothing."""
    made = keys.new_link()
    assert keys.take_link(made)
    assert not keys.take_link(made)


def test_a_link_is_good_for_ten_minutes(keys: Keys, clock: FakeClock) -> None:
    """And for no moment more."""
    early, late = keys.new_link(), keys.new_link()
    clock.advance(LINK_SECONDS - 1)
    assert keys.take_link(early)
    clock.advance(1)
    assert not keys.take_link(late)


def test_old_links_make_room(keys: Keys) -> None:
    """Asking for links without end takes no memory without end: the oldest goes."""
    links = [keys.new_link() for _ in range(40)]
    assert not keys.take_link(links[0])
    assert keys.take_link(links[-1])
    assert len(keys._links) < 40


def test_cookie_and_token_are_the_installations(keys: Keys) -> None:
    """They outlive a restart, differ from each other, and another secret gives others."""
    assert Keys(SECRET).cookie == keys.cookie
    assert Keys(SECRET).token == keys.token
    assert len({keys.cookie, keys.token, Keys(b"other").cookie, Keys(b"other").token}) == 4


def test_a_link_is_exchanged_for_the_cookie(keys: Keys, cookie: str) -> None:
    """The browser is sent to the first page, where the link no longer stands in the address."""
    answer = asked(keys, path=f"{ENTER}?link={keys.new_link()}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert answer.headers["set-cookie"].startswith(cookie)
    assert asked(keys, cookie=cookie).text == "inside"


@pytest.mark.parametrize("host", ["127.0.0.1", "LOCALHOST", "[::1]"])
def test_loopback_names_are_ours(keys: Keys, cookie: str, host: str) -> None:
    """In any case, with the port that is listened on."""
    assert asked(keys, cookie=cookie, host=f"{host}:{PORT}").text == "inside"
    assert asked(keys, cookie=cookie, host=f"{host}:1").status_code == 421
    assert asked(keys, cookie=cookie, host=f"x{host}:{PORT}").status_code == 421


def test_without_the_cookie_nothing_is_reached(keys: Keys, cookie: str) -> None:
    """None, another port's, a wrong one, one that is no cookie, one that is not ASCII."""
    for shown in ("", cookie.replace(str(PORT), "1"), f"{cookie}0", "\x01=;", cookie[:-64] + '"é"'):
        answer = asked(keys, cookie=shown)
        assert answer.status_code == 403
        assert "ccsync-watch dashboard" in answer.text


def test_a_change_comes_from_our_origin(keys: Keys, cookie: str) -> None:
    """By the origin, or by the referrer where a browser sends no origin."""
    for name in ("origin", "referer"):
        assert asked(keys, "POST", cookie=cookie, **{name: HERE}).text == "inside"
        for other in ("http://evil.example", f"https://127.0.0.1:{PORT}", "null", "http://["):
            assert asked(keys, "POST", cookie=cookie, **{name: other}).status_code == 403
    assert asked(keys, "POST", cookie=cookie).status_code == 403


def test_every_answer_bears_the_headers(keys: Keys, cookie: str) -> None:
    """Refusals too; and nothing is kept by the browser unless a page says so."""
    for answer in (asked(keys), asked(keys, cookie=cookie), asked(keys, host="x")):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_what_is_not_http_is_left_alone(keys: Keys) -> None:
    """A websocket gets no answer at all."""

    async def run() -> None:
        async def never(*_given: object) -> None:
            raise AssertionError

        guard = Guard(never, keys=keys, port=PORT)
        await guard({"type": "websocket"}, never, never)  # type: ignore[arg-type]  # never called

    asyncio.run(run())
