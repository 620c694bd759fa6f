"""What the dashboard rejects: hosts, origins, links, cookies and paths that are not its own."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import httpx
import pytest

from support.browser import (
    DashboardAccess,
    dashboard_program,
    fetch,
    new_context,
    one_time_link,
    wait_for_messages,
)
from support.ccsync_program.transcript import Transcript
from support.http_answer import serve
from support.lines import SESSION
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from support.ccsync_program.program import Program

STREAMS = 200
_SECRET_WORD = "Question"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Serve one session."""
    with dashboard_program(tmp_path_factory.mktemp("attacks")) as program:
        Transcript(program.claude_dir).turn()
        program.start()
        wait_for_messages(program, SESSION, 2)
        yield program


def send_raw(access: DashboardAccess, request: bytes) -> bytes:
    """Send bytes as they are; return the response."""
    port = int(access.base.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) as connection:
        connection.sendall(request)
        response = b""
        while chunk := connection.recv(65536):
            response += chunk
    return response


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "0.0.0.0:{port}",
     "localhost.evil.example:{port}", "127.0.0.1:{port}@evil.example", "[::]:{port}",
     "other.localhost:{port}", "x.{name}:{port}", "{name}"],
)  # fmt: skip
def test_other_host_names_are_rejected(
    client: httpx.Client, access: DashboardAccess, host: str
) -> None:
    """A page whose name was made to point here (DNS rebinding) sees nothing, cookie or not."""
    name, port = access.base.removeprefix("http://").split(":")
    forged = host.format(name=name, port=port)
    for path in ("/", "/enter?link=x", "/static/site.css", f"/sessions/{SESSION}/live"):
        response = client.get(path, headers={"Host": forged})
        assert response.status_code == 421
        assert SESSION not in response.text


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://{here}", "http://{here}.evil.example", "",
               "http://[", "http://{here}@evil.example", "\xe9"]
)  # fmt: skip
def test_change_is_accepted_from_our_own_pages_only(
    client: httpx.Client, access: DashboardAccess, origin: str
) -> None:
    """Another origin, or none, is rejected although the browser sends the cookie along."""
    token = page_token(client)
    forged = origin.format(here=access.base.removeprefix("http://")).encode("latin-1")
    headers = [(b"Origin", forged)] if origin else []
    response = client.post("/sync/flush", data={"token": token}, headers=headers)
    assert response.status_code == 403


def page_token(client: httpx.Client) -> str:
    """Return the token in a form of ours."""
    match = re.search('name="token" value="([0-9a-f]{64})"', client.get("/sync").text)
    assert match
    return match[1]


def test_change_needs_the_token_of_a_page(client: httpx.Client, access: DashboardAccess) -> None:
    """Without it, or with another, nothing is done; with it, the flush runs."""
    ours = {"Origin": access.base}
    for data in ({}, {"token": ""}, {"token": "0" * 64}, {"token": "\xe9"}):
        response = client.post("/sync/flush", data=data or {"x": "y"}, headers=ours)
        assert response.status_code == 403, data
    huge = client.post("/sync/flush", content=b"x" * 200_000, headers=ours)
    assert huge.status_code == 413
    many = client.post("/sync/flush", content=b"a=b&" * 1000, headers=ours)
    assert many.status_code == 403
    response = client.post("/sync/flush", data={"token": page_token(client)}, headers=ours)
    assert response.status_code == 303
    assert "Everything is read" in client.get(response.headers["location"]).text


def test_link_lets_in_once(program: Program) -> None:
    """A used link, a wrong one and none at all are rejected, and the response says what to do."""
    url = one_time_link(program)
    assert fetch(url).status_code == 303
    base = url.split("?")[0]
    for bad in (url, base, f"{base}?link=", f"{base}?link=wrong", f"{base}?link=%ff%00"):
        response = fetch(bad)
        assert response.status_code == 403
        assert "ccsync-watch dashboard" in response.text
        assert "set-cookie" not in response.headers


def test_cookie_is_hidden_from_scripts_and_other_sites(program: Program) -> None:
    """No script reads it, and a request from another site does not carry it."""
    cookie = fetch(one_time_link(program)).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "domain" not in cookie


@pytest.mark.parametrize(
    "header", ["", "x=1", "{name}=", "{name}=0", '{name}="\xe9"', "{name}=\xff;;="]
)
def test_nothing_is_shown_without_the_cookie(access: DashboardAccess, header: str) -> None:
    """Neither a page nor a file nor a stream, and every response says how to get in."""
    cookie = header.format(name=access.cookie_name).encode("latin-1")
    headers = [(b"Cookie", cookie)] if header else []
    for path in ("/", f"/sessions/{SESSION}", f"/sessions/{SESSION}/live", "/static/site.css",
                 f"/sessions/{SESSION}/export.json", "/nowhere"):  # fmt: skip
        response = fetch(access.base + path, headers=headers)
        assert response.status_code == 403, path
        assert "ccsync-watch dashboard" in response.text
        assert _SECRET_WORD not in response.text


@pytest.mark.parametrize(
    "path",
    ["/static/../../pyproject.toml", "/static/..%2f..%2fsite.py", "/static/%2e%2e/site.py",
     "/static/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/static//etc/passwd", "/static/..%5csite.py",
     "/static/%00", "/static/", "/static", "/templates/base.html", "/sessions/../sync/../x"],
)  # fmt: skip
def test_other_files_are_not_served(access: DashboardAccess, path: str) -> None:
    """However a path is written, it stays inside the folder of static files."""
    cookie = f"Cookie: {access.cookie_name}={access.cookie_value}\r\n"
    head = f"Host: {access.base.removeprefix('http://')}\r\n{cookie}Connection: close\r\n\r\n"
    response = send_raw(access, f"GET {path} HTTP/1.1\r\n{head}".encode())
    assert response.split(b" ", 2)[1] in {b"404", b"307", b"405"}, response[:200]
    assert b"root:" not in response
    assert b"import" not in response


@pytest.mark.parametrize(
    "value", ["-1", "x", "9" * 17, "9" * 400, "1e9", "\u0661", "%00", "0x1", "1 OR 1"]
)
def test_invalid_numbers_are_ignored(client: httpx.Client, value: str) -> None:
    """A parameter that is not a number, or is too large, is as if it was not there."""
    for path in (f"/sessions/{SESSION}?at={value}", f"/sessions/{SESSION}?after={value}",
                 f"/sessions/{SESSION}?before={value}", f"/sessions?value={value}&after=x",
                 f"/search?q=a&before={value}", f"/?range={value}", f"/sync?flush={value}",
                 f"/sessions?since={value}&until={value}&sort={value}"):  # fmt: skip
        assert client.get(path).status_code == 200, path
    headers = [(b"Last-Event-ID", value.encode())]
    with client.stream("GET", f"/sessions/{SESSION}/live", headers=headers) as stream:
        assert stream.status_code == 200
        assert next(stream.iter_lines()).startswith("retry")


def test_long_requests_are_rejected_or_cut(client: httpx.Client) -> None:
    """A long query is cut, very long headers are rejected, and the next request is served."""
    assert client.get("/search?q=" + "a" * 50_000).status_code == 200
    assert client.get("/search?q=" + "%22%2a(" * 200).status_code == 200
    assert client.get("/sessions/" + "a" * 50_000).status_code == 404
    try:
        response = client.get("/", headers={"X-Long": "a" * 1_000_000})
        assert response.status_code in {400, 431}
    except httpx.TransportError:
        pass  # it closed the connection while we were still sending
    assert client.get("/sync").status_code == 200


@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "POST", "CONNECT"]
)
def test_other_methods_are_rejected(
    client: httpx.Client, access: DashboardAccess, method: str
) -> None:
    """Pages can be read only; no response allows other origins."""
    headers = {"Origin": access.base, "Access-Control-Request-Method": "GET"}
    for path in ("/", "/sessions", f"/sessions/{SESSION}", "/static/site.css", "/enter"):
        if method == "CONNECT" and path != "/":
            continue
        response = client.request(method, path, headers=headers)
        assert response.status_code in {403, 404, 405}, path
        assert not [name for name in response.headers if name.startswith("access-control")]


def test_every_response_has_the_policy(client: httpx.Client) -> None:
    """Pages, files, exports and errors: no frames, no sniffing, nothing inline."""
    for path in ("/", "/static/site.js", f"/sessions/{SESSION}/export.md", "/nowhere"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


def test_other_programs_of_this_machine_do_not_get_the_cookie(
    browser: Browser, program: Program
) -> None:
    """Cookies know no ports: a page at any other local address gets none that it can use."""
    cookies: list[str] = []

    class OtherProgram(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cookies.append(self.headers.get("Cookie", ""))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

    with serve(OtherProgram) as other:
        context = new_context(browser)
        page = context.new_page()
        assert page.goto(one_time_link(program))
        base = page.url.rstrip("/")
        for host in ("127.0.0.1", "localhost", "other.localhost"):
            page.goto(other.replace("127.0.0.1", host))
        context.close()
    assert len(cookies) >= 3
    for cookie in [*filter(None, cookies), "ccsync-watch=1"]:
        response = fetch(base, headers={"Cookie": cookie})
        assert response.status_code == 403


def test_stolen_cookie_is_worth_nothing_under_other_names(
    client: httpx.Client, access: DashboardAccess
) -> None:
    """A program that got it at its own address does not know ours."""
    port = access.base.rsplit(":", 1)[1]
    for host in ("127.0.0.1", "localhost", "[::1]"):
        response = client.get("/sessions", headers={"Host": f"{host}:{port}"})
        assert response.status_code == 403
        assert SESSION not in response.text
        assert access.base.removeprefix("http://").split(":")[0] not in response.text


def test_no_other_program_can_listen_where_browsers_look_first(access: DashboardAccess) -> None:
    """Browsers try IPv6 first for our name: another user's program there would get the cookie."""
    port = int(access.base.rsplit(":", 1)[1])
    for host, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
        with pytest.raises(OSError, match=r"."):
            socket.create_server((host, port), family=family)


def test_browser_signs_out(browser: Browser, program: Program) -> None:
    """Its cookie is worth nothing afterwards, also if somebody copied it."""
    with DashboardAccess.request(program).window(browser) as window:
        (cookie,) = window.page.context.cookies()
        window.open("/sync").get_by_role("button", name="Sign out", exact=True).click()
        window.page.get_by_text("This browser is signed out.").wait_for()
        assert not window.page.context.cookies()
    header = f"{cookie['name']}={cookie['value']}"
    assert fetch(f"{window.base}/sync", headers={"Cookie": header}).status_code == 403


def test_command_signs_all_browsers_out_and_opens_a_page(tmp_path: Path) -> None:
    """The address changes; a link to a page leads there."""
    with dashboard_program(tmp_path) as program:
        program.start()
        access = DashboardAccess.request(program)
        assert program.call("dashboard", "--sign-out-all").code == 0
        with access.client() as client:
            assert client.get("/sessions").status_code == 421
        link = program.call("dashboard", f"{access.base}/search?q=a", "--print-only").out.strip()
        assert fetch(link).headers["location"] == "/search?q=a"
        assert program.call("dashboard", "//evil.example", "--print-only").code == 2
        program.stop()
        assert program.call("dashboard", "--sign-out-all").code == 0
        assert not (program.state / "dashboard.sessions").exists()


def test_half_requests_by_the_hundred_lock_nobody_out(
    client: httpx.Client, access: DashboardAccess, program: Program
) -> None:
    """A browser is let in and served, and commands are answered, while all of them are open."""
    port = int(access.base.rsplit(":", 1)[1])
    with ExitStack() as stack:
        for _ in range(420):
            half = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            half.sendall(b"GET / HTTP/1.1\r\nHost: ")
        for _ in range(250):
            half = stack.enter_context(socket.socket(socket.AF_UNIX))
            half.connect(str(program.state / "control.sock"))
            half.sendall(b"GET /v1/hello HTTP/1.1\r\n")
        assert client.get("/sync").status_code == 200
        assert program.call("status").code == 0
        assert fetch(one_time_link(program)).status_code == 303


def test_slow_and_many_clients_delay_nobody(client: httpx.Client, access: DashboardAccess) -> None:
    """Half a request, and two hundred open streams: pages are still served."""
    port = int(access.base.rsplit(":", 1)[1])
    with ExitStack() as stack:
        for _ in range(20):
            half = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            half.sendall(b"GET / HTTP/1.1\r\nHost: ")
        request = (
            f"GET /sessions/{SESSION}/live HTTP/1.1\r\nHost: {access.base.removeprefix('http://')}\r\n"
            f"Cookie: {access.cookie_name}={access.cookie_value}\r\n\r\n"
        ).encode()
        streams = []
        for _ in range(STREAMS):
            streams.append(stack.enter_context(socket.create_connection(("127.0.0.1", port))))
            streams[-1].sendall(request)
        for stream in streams:
            stream.settimeout(WAIT_SECONDS)
            assert b"200 OK" in stream.recv(4096)
        for path in ("/", "/sessions", f"/sessions/{SESSION}", "/sync"):
            assert client.get(path).status_code == 200
    assert client.get("/sync").status_code == 200
