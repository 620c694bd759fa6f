"""What the dashboard refuses: hosts, origins, links, cookies and paths that are not ours."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx
import pytest

from support.browser import Door, link
from support.ccsync_program.program import Program
from support.ccsync_program.transcript import Transcript
from support.lines import SESSION
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAMS = 200
_SECRET_WORD = "Question"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Serve one session."""
    root = tmp_path_factory.mktemp("attacks")
    made = Program(root / "ccsync", root / "claude")
    made.configure(dashboard={"enabled": True, "port": 0})
    transcript = Transcript(made.claude_dir)
    transcript.turn()
    made.start()
    try:
        wait_until(lambda: (made.session(SESSION) or {}).get("messages", 0) >= 2, "all is read")
        yield made
    finally:
        made.kill()


@pytest.fixture(scope="module")
def door(program: Program) -> Door:
    """Return what lets into the dashboard."""
    return Door.of(program)


@pytest.fixture
def client(door: Door) -> Iterator[httpx.Client]:
    """Return a client that was let in."""
    with door.client() as made:
        yield made


def raw(door: Door, request: bytes) -> bytes:
    """Send bytes as they are; return what came back."""
    port = int(door.base.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        made = b""
        while chunk := connection.recv(65536):
            made += chunk
    return made


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "0.0.0.0:{port}",
     "localhost.evil.example:{port}", "127.0.0.1:{port}@evil.example", "[::]:{port}"],
)  # fmt: skip
def test_another_name_for_this_address_is_refused(
    client: httpx.Client, door: Door, host: str
) -> None:
    """A page whose name was made to point here (DNS rebinding) sees nothing, cookie or not."""
    forged = host.format(port=door.base.rsplit(":", 1)[1])
    for path in ("/", "/enter?link=x", "/static/site.css", f"/sessions/{SESSION}/live"):
        answer = client.get(path, headers={"Host": forged})
        assert answer.status_code == 421
        assert SESSION not in answer.text


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://{here}", "http://{here}.evil.example", "",
               "http://[", "http://{here}@evil.example", "\xe9"]
)  # fmt: skip
def test_a_change_is_taken_from_our_own_pages_alone(
    client: httpx.Client, door: Door, origin: str
) -> None:
    """Another origin, or none, is refused although the browser sends the cookie along."""
    token = token_of(client)
    forged = origin.format(here=door.base.removeprefix("http://")).encode("latin-1")
    headers = [(b"Origin", forged)] if origin else []
    answer = client.post("/sync/flush", data={"token": token}, headers=headers)
    assert answer.status_code == 403


def token_of(client: httpx.Client) -> str:
    """Return the token that a page of ours bears."""
    found = re.search('name="token" value="([0-9a-f]{64})"', client.get("/sync").text)
    assert found
    return found[1]


def test_a_change_needs_the_pages_token(client: httpx.Client, door: Door) -> None:
    """Without it, or with another, nothing is done; with it, the flush runs."""
    ours = {"Origin": door.base}
    for data in ({}, {"token": ""}, {"token": "0" * 64}, {"token": "\xe9"}):
        answer = client.post("/sync/flush", data=data or {"x": "y"}, headers=ours)
        assert answer.status_code == 403, data
    huge = client.post("/sync/flush", content=b"x" * 200_000, headers=ours)
    assert huge.status_code == 413
    many = client.post("/sync/flush", content=b"a=b&" * 1000, headers=ours)
    assert many.status_code == 403
    answer = client.post("/sync/flush", data={"token": token_of(client)}, headers=ours)
    assert answer.status_code == 303
    assert "Everything is read" in client.get(answer.headers["location"]).text


def test_a_link_lets_in_once(program: Program) -> None:
    """A used link, a wrong one and none at all are refused, and the answer says what to do."""
    url = link(program)
    assert httpx.get(url, trust_env=False).status_code == 303
    base = url.split("?")[0]
    for shown in (url, base, f"{base}?link=", f"{base}?link=wrong", f"{base}?link=%ff%00"):
        answer = httpx.get(shown, trust_env=False)
        assert answer.status_code == 403
        assert "ccsync-watch dashboard" in answer.text
        assert "set-cookie" not in answer.headers


def test_the_cookie_is_the_browsers_alone(program: Program) -> None:
    """No script reads it, and no page of another site has it sent."""
    given = httpx.get(link(program), trust_env=False).headers["set-cookie"].lower()
    assert "httponly" in given
    assert "samesite=strict" in given
    assert "domain" not in given


@pytest.mark.parametrize(
    "shown", ["", "x=1", "{name}=", "{name}=0", '{name}="\xe9"', "{name}=\xff;;="]
)
def test_without_the_cookie_nothing_is_shown(door: Door, shown: str) -> None:
    """Neither a page nor a file nor a stream, and every answer says how to get in."""
    cookie = shown.format(name=door.name).encode("latin-1")
    headers = [(b"Cookie", cookie)] if shown else []
    for path in ("/", f"/sessions/{SESSION}", f"/sessions/{SESSION}/live", "/static/site.css",
                 f"/sessions/{SESSION}/export.json", "/nowhere"):  # fmt: skip
        answer = httpx.get(door.base + path, headers=headers, trust_env=False)
        assert answer.status_code == 403, path
        assert "ccsync-watch dashboard" in answer.text
        assert _SECRET_WORD not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/static/../../pyproject.toml", "/static/..%2f..%2fsite.py", "/static/%2e%2e/site.py",
     "/static/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/static//etc/passwd", "/static/..%5csite.py",
     "/static/%00", "/static/", "/static", "/templates/base.html", "/sessions/../sync/../x"],
)  # fmt: skip
def test_no_other_file_is_served(door: Door, path: str) -> None:
    """However a path is written, it stays below our own few files."""
    cookie = f"Cookie: {door.name}={door.value}\r\n"
    head = f"Host: {door.base.removeprefix('http://')}\r\n{cookie}Connection: close\r\n\r\n"
    answer = raw(door, f"GET {path} HTTP/1.1\r\n{head}".encode())
    assert answer.split(b" ", 2)[1] in {b"404", b"307", b"405"}, answer[:200]
    assert b"root:" not in answer
    assert b"import" not in answer


@pytest.mark.parametrize(
    "value", ["-1", "x", "9" * 17, "9" * 400, "1e9", "\u0661", "%00", "0x1", "1 OR 1"]
)
def test_numbers_that_are_none_are_no_error(client: httpx.Client, value: str) -> None:
    """A parameter that is no number, or too large a one, is as if it was not there."""
    for path in (f"/sessions/{SESSION}?at={value}", f"/sessions/{SESSION}?after={value}",
                 f"/sessions/{SESSION}?before={value}", f"/sessions?value={value}&after=x",
                 f"/search?q=a&before={value}", f"/?range={value}", f"/sync?said={value}",
                 f"/sessions?since={value}&until={value}&sort={value}"):  # fmt: skip
        assert client.get(path).status_code == 200, path
    headers = [(b"Last-Event-ID", value.encode())]
    with client.stream("GET", f"/sessions/{SESSION}/live", headers=headers) as stream:
        assert stream.status_code == 200
        assert next(stream.iter_lines()).startswith("retry")


def test_what_is_too_long_is_refused_or_cut(client: httpx.Client) -> None:
    """A long query is cut, headers beyond all measure are refused, and the next one is served."""
    assert client.get("/search?q=" + "a" * 50_000).status_code == 200
    assert client.get("/search?q=" + "%22%2a(" * 200).status_code == 200
    assert client.get("/sessions/" + "a" * 50_000).status_code == 404
    try:
        answer = client.get("/", headers={"X-Long": "a" * 1_000_000})
        assert answer.status_code in {400, 431}
    except httpx.TransportError:
        pass  # it hung up while we were still talking
    assert client.get("/sync").status_code == 200


@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "POST", "CONNECT"]
)
def test_other_methods_are_refused(client: httpx.Client, door: Door, method: str) -> None:
    """Pages are read, and nothing else; no answer invites other origins."""
    headers = {"Origin": door.base, "Access-Control-Request-Method": "GET"}
    for path in ("/", "/sessions", f"/sessions/{SESSION}", "/static/site.css", "/enter"):
        if method == "CONNECT" and path != "/":
            continue
        answer = client.request(method, path, headers=headers)
        assert answer.status_code in {403, 404, 405}, path
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_answer_bears_the_policy(client: httpx.Client) -> None:
    """Pages, files, exports, streams' and refusals' headers: no frame, no sniffing, no inline."""
    for path in ("/", "/static/site.js", f"/sessions/{SESSION}/export.md", "/nowhere"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


def test_slow_and_many_readers_hinder_nobody(client: httpx.Client, door: Door) -> None:
    """Half a request, and two hundred open streams: pages are still answered."""
    port = int(door.base.rsplit(":", 1)[1])
    with ExitStack() as open_ones:
        for _ in range(20):
            half = open_ones.enter_context(socket.create_connection(("127.0.0.1", port)))
            half.sendall(b"GET / HTTP/1.1\r\nHost: ")
        request = (
            f"GET /sessions/{SESSION}/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Cookie: {door.name}={door.value}\r\n\r\n"
        ).encode()
        streams = []
        for _ in range(STREAMS):
            streams.append(open_ones.enter_context(socket.create_connection(("127.0.0.1", port))))
            streams[-1].sendall(request)
        for stream in streams:
            stream.settimeout(30)
            assert b"200 OK" in stream.recv(4096)
        for path in ("/", "/sessions", f"/sessions/{SESSION}", "/sync"):
            assert client.get(path).status_code == 200
    assert client.get("/sync").status_code == 200
