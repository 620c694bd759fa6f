"""Who may see the pages: the host name that is ours, the cookie, and origins."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.responses import PlainTextResponse

from ccsync_watch.dashboard.browser_access import IDLE_SECONDS, LONGEST_SECONDS
from ccsync_watch.dashboard.guard import COOKIE, ENTER_PATH, Guard, page_of
from support.dashboard_visitor import PORT, base_url

if TYPE_CHECKING:
    from ccsync_watch.dashboard.browser_access import BrowserAccess
    from support.fakes import FakeClock


def send(
    access: BrowserAccess, method: str = "GET", path: str = "/", **headers: str
) -> httpx.Response:
    """Send a request to a guarded app that answers `inside`."""

    async def run() -> httpx.Response:
        guard = Guard(
            PlainTextResponse("inside"), access=access, port=PORT, metrics_token=lambda: None
        )
        transport = httpx.ASGITransport(guard)
        async with httpx.AsyncClient(transport=transport, base_url=base_url(access)) as client:
            pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
            return await client.request(method, path, headers=pairs)

    return asyncio.run(run())


def test_link_is_exchanged_for_the_cookie(access: BrowserAccess) -> None:
    """The browser is sent to the first page, whose address no longer contains the link."""
    response = send(access, path=f"{ENTER_PATH}?link={access.new_link()}")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    cookie = response.headers["set-cookie"].partition(";")[0]
    assert send(access, cookie=cookie).text == "inside"


def test_link_leads_to_the_page_that_it_names(access: BrowserAccess) -> None:
    """The page of a session, with its parameters; never another host's."""
    for page, location in (
        ("/sessions/abc?at=5&agent=a", "/sessions/abc?at=5&agent=a#m-5"),
        ("/sessions/abc", "/sessions/abc"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/x%0d%0aSet-Cookie:a=b", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ):
        link = httpx.QueryParams({"link": access.new_link(), "to": page})
        response = send(access, path=f"{ENTER_PATH}?{link}")
        assert response.headers["location"] == location, page


def test_used_link_of_a_signed_in_browser_leads_to_its_page(
    access: BrowserAccess, cookie: str
) -> None:
    """A link that is opened twice in one browser does no harm, and shows nothing to another."""
    path = f"{ENTER_PATH}?link=used&to=/sessions"
    assert send(access, path=path, cookie=cookie).headers["location"] == "/sessions"
    assert send(access, path=path).status_code == 403


def test_new_link_replaces_the_session_of_its_browser(access: BrowserAccess, cookie: str) -> None:
    """The cookie that the browser had before is worth nothing from then on."""
    send(access, path=f"{ENTER_PATH}?link={access.new_link()}", cookie=cookie)
    assert send(access, cookie=cookie).status_code == 403


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("http://abc.localhost:8377/sessions/x?at=1#m", "/sessions/x?at=1"),
        ("http://127.0.0.1:8377/", "/"),
        ("/search?q=a%20b", "/search?q=a%20b"),
        ("http://evil.example/sessions", None),
        ("sessions", None),
        ("http://[", None),
    ],
)
def test_page_is_taken_from_an_address_of_ours(address: str, page: str | None) -> None:
    """What people copy from the browser's address line, or type."""
    assert page_of(address) == page


def test_only_the_installations_own_name_is_accepted(access: BrowserAccess, cookie: str) -> None:
    """In upper and lower case, with the port that the server listens on.

    Browsers send the cookies of 127.0.0.1 to every program there: no session exists under it.
    """
    assert send(access, cookie=cookie, host=f"{access.host.upper()}:{PORT}").text == "inside"
    for host in ("127.0.0.1", "localhost", "[::1]"):
        assert send(access, cookie=cookie, host=f"{host}:{PORT}").status_code == 403
    for host in (f"{access.host}:1", access.host, f"x{access.host}:{PORT}", "", "evil.example"):
        assert send(access, cookie=cookie, host=host).status_code == 421


def test_no_answer_under_another_name_contains_ours(access: BrowserAccess) -> None:
    """Any program and any page on this machine can ask there."""
    name = access.host.partition(".")[0]
    for path in ("/", f"{ENTER_PATH}?link={access.new_link()}", "/sessions/abc"):
        for host in (f"127.0.0.1:{PORT}", "evil.example"):
            response = send(access, path=path, host=host)
            assert name not in f"{response.headers}{response.text}"
            assert "set-cookie" not in response.headers


def test_nothing_is_reached_without_the_cookie(access: BrowserAccess, cookie: str) -> None:
    """Without any, with another's, a wrong one, a malformed one, one that is not ASCII."""
    for header in ("", cookie.replace(COOKIE, "x"), f"{cookie}0", "\x01=;", f'{COOKIE}="é"'):
        response = send(access, cookie=header)
        assert response.status_code == 403
        assert "ccsync-watch dashboard" in response.text


def test_rejection_names_the_page_for_the_command(access: BrowserAccess) -> None:
    """A page that was bookmarked opens again; nothing that a shell would run is suggested."""
    assert "`ccsync-watch dashboard /sessions/abc-1`" in send(access, path="/sessions/abc-1").text
    deep = "/sessions/abc-1?agent=a%2Fb&at=9f8e-7d"
    assert f"`ccsync-watch dashboard '{deep}'`" in send(access, path=deep).text
    for path in ("/$(id)", "/a;b", "/`id`", "/a b"):
        assert "`ccsync-watch dashboard`" in send(access, path=path).text
    for query in ("q='$(id)'", "q=`id`", "q=a'b", "q=;id"):
        assert "`ccsync-watch dashboard /search`" in send(access, path=f"/search?{query}").text


def test_a_browser_that_is_not_let_in_gets_a_page(access: BrowserAccess) -> None:
    """With a style that its policy allows, and nothing that is loaded."""
    used = f"{ENTER_PATH}?link=used&to=/sessions/a%3Fat%3Db"
    for path, command in (
        ("/sessions/a?at=b&c=d", "dashboard &#x27;/sessions/a?at=b&amp;c=d&#x27;</code>"),
        (used, "dashboard &#x27;/sessions/a?at=b&#x27;</code>"),
        ("/<script>", "dashboard</code>"),
    ):
        response = send(access, path=path, accept="text/html,*/*;q=0.8")
        assert response.status_code == 403
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert command in response.text
        assert "<script" not in response.text
        style = response.text.partition("<style>")[2].partition("</style>")[0]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policies = response.headers.get_list("content-security-policy")
        assert len(policies) == 1
        assert f"style-src 'sha256-{digest}'" in policies[0]
    assert "used before" in send(access, path=used, accept="text/html").text


def test_session_ends_without_use_and_after_a_month(
    access: BrowserAccess, cookie: str, clock: FakeClock
) -> None:
    """Each use after an hour renews it, up to its longest time."""
    for _day in range(LONGEST_SECONDS // 86_400 - 1):
        clock.advance(86_400)
        response = send(access, cookie=cookie)
        assert response.text == "inside"
        assert response.headers["set-cookie"].startswith(cookie)
    clock.advance(86_400)
    assert send(access, cookie=cookie).status_code == 403


def test_unused_session_ends_after_a_week(
    access: BrowserAccess, cookie: str, clock: FakeClock
) -> None:
    """A cookie that was copied from an old backup opens nothing."""
    clock.advance(IDLE_SECONDS)
    assert send(access, cookie=cookie).status_code == 403


def test_change_is_accepted_from_the_same_origin_only(access: BrowserAccess, cookie: str) -> None:
    """By the origin, or by the referrer where a browser sends no origin."""
    here = base_url(access)
    for name in ("origin", "referer"):
        assert send(access, "POST", cookie=cookie, **{name: here}).text == "inside"
        for other in ("http://evil.example", f"http://127.0.0.1:{PORT}", "null", "http://[",
                      here.replace("http:", "https:")):  # fmt: skip
            assert send(access, "POST", cookie=cookie, **{name: other}).status_code == 403
    assert send(access, "POST", cookie=cookie).status_code == 403


def test_every_response_has_the_security_headers(access: BrowserAccess, cookie: str) -> None:
    """Rejections too; and the browser caches nothing unless a page says so."""
    for response in (send(access), send(access, cookie=cookie), send(access, host="x")):
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"


def test_other_protocols_are_ignored(access: BrowserAccess) -> None:
    """A websocket gets no answer at all."""

    async def run() -> None:
        async def never(*_arguments: object) -> None:
            raise AssertionError

        guard = Guard(never, access=access, port=PORT, metrics_token=lambda: None)
        await guard({"type": "websocket"}, never, never)  # type: ignore[arg-type]  # never called

    asyncio.run(run())
