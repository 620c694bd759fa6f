"""Who may see the pages: links that work once, hosts of ours, and the cookie."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.responses import PlainTextResponse

from ccsync_watch.dashboard.guard import ENTER_PATH, LINK_SECONDS, Guard, Keys
from support.dashboard_visitor import HERE, PORT

if TYPE_CHECKING:
    from support.fakes import FakeClock


def send(keys: Keys, method: str = "GET", path: str = "/", **headers: str) -> httpx.Response:
    """Send a request to a guarded app that answers `inside`."""

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(Guard(PlainTextResponse("inside"), keys=keys, port=PORT))
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
            return await client.request(method, path, headers=pairs)

    return asyncio.run(run())


def test_link_lets_in_once(keys: Keys) -> None:
    """The second time it is worth nothing."""
    link = keys.new_link()
    assert keys.use_link(link)
    assert not keys.use_link(link)


def test_link_is_valid_for_ten_minutes(keys: Keys, clock: FakeClock) -> None:
    """And for no longer."""
    early, late = keys.new_link(), keys.new_link()
    clock.advance(LINK_SECONDS - 1)
    assert keys.use_link(early)
    clock.advance(1)
    assert not keys.use_link(late)


def test_oldest_link_is_dropped_when_there_are_many(keys: Keys) -> None:
    """Asking for links without end does not take memory without end."""
    links = [keys.new_link() for _ in range(40)]
    assert not keys.use_link(links[0])
    assert keys.use_link(links[-1])
    assert len(keys._links) < 40


def test_cookie_and_token_depend_on_the_secret(keys: Keys, clock: FakeClock) -> None:
    """They stay valid over a restart, differ from each other, and another secret has others."""
    again, other = Keys(keys._secret, clock=clock), Keys(b"other", clock=clock)
    assert again.cookie == keys.cookie
    assert again.token == keys.token
    assert len({keys.cookie, keys.token, other.cookie, other.token}) == 4


def test_link_is_exchanged_for_the_cookie(keys: Keys, cookie: str) -> None:
    """The browser is sent to the first page, whose address no longer contains the link."""
    response = send(keys, path=f"{ENTER_PATH}?link={keys.new_link()}")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert response.headers["set-cookie"].startswith(cookie)
    assert send(keys, cookie=cookie).text == "inside"


@pytest.mark.parametrize("host", ["127.0.0.1", "LOCALHOST", "[::1]"])
def test_loopback_names_are_accepted(keys: Keys, cookie: str, host: str) -> None:
    """In upper and lower case, with the port that the server listens on."""
    assert send(keys, cookie=cookie, host=f"{host}:{PORT}").text == "inside"
    assert send(keys, cookie=cookie, host=f"{host}:1").status_code == 421
    assert send(keys, cookie=cookie, host=f"x{host}:{PORT}").status_code == 421


def test_nothing_is_reached_without_the_cookie(keys: Keys, cookie: str) -> None:
    """Without any, with another port's, a wrong one, a malformed one, one that is not ASCII."""
    for header in (
        "",
        cookie.replace(str(PORT), "1"),
        f"{cookie}0",
        "\x01=;",
        cookie[:-64] + '"é"',
    ):
        response = send(keys, cookie=header)
        assert response.status_code == 403
        assert "ccsync-watch dashboard" in response.text


def test_change_is_accepted_from_the_same_origin_only(keys: Keys, cookie: str) -> None:
    """By the origin, or by the referrer where a browser sends no origin."""
    for name in ("origin", "referer"):
        assert send(keys, "POST", cookie=cookie, **{name: HERE}).text == "inside"
        for other in ("http://evil.example", f"https://127.0.0.1:{PORT}", "null", "http://["):
            assert send(keys, "POST", cookie=cookie, **{name: other}).status_code == 403
    assert send(keys, "POST", cookie=cookie).status_code == 403


def test_every_response_has_the_security_headers(keys: Keys, cookie: str) -> None:
    """Rejections too; and the browser caches nothing unless a page says so."""
    for response in (send(keys), send(keys, cookie=cookie), send(keys, host="x")):
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"


def test_other_protocols_are_ignored(keys: Keys) -> None:
    """A websocket gets no answer at all."""

    async def run() -> None:
        async def never(*_arguments: object) -> None:
            raise AssertionError

        guard = Guard(never, keys=keys, port=PORT)
        await guard({"type": "websocket"}, never, never)  # type: ignore[arg-type]  # never called

    asyncio.run(run())
