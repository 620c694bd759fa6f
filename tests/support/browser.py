"""A real browser on the real pages: Chromium, driven by Playwright, one for each test module."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from support.ccsync_program.program import Program
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, ViewportSize

BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Read at import, as the client's fixtures do: in CI a browser must be there.
_IS_CI = os.environ.get("CI") == "true"
WIDE: ViewportSize = {"width": 1180, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 800}
_RECORD_WORDS = """button => {
  window.wordsOfButton = [];
  const record = () => window.wordsOfButton.push(button.textContent);
  const what = { childList: true, characterData: true, subtree: true };
  new MutationObserver(record).observe(button, what);
}"""
FREE_PORT = {"enabled": True, "port": 0}
"""The setting `dashboard` of a program that may run next to others."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser without a display; skip when none is installed, but fail in CI."""
    path = next(filter(None, map(shutil.which, BROWSER_NAMES)), None)
    if path is None:
        reason = f"no browser is on PATH: install one of {', '.join(BROWSER_NAMES)}"
        pytest.fail(reason, pytrace=False) if _IS_CI else pytest.skip(reason)
    # Only the tests that need it pay for loading it.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - see above

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(BROWSER_SWITCHES))
        yield chromium
        chromium.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:  # noqa: ANN401 - as `Browser.new_context` has them
    """Return a context whose pages wait as long as everything else does, not Playwright's 30 s."""
    context = browser.new_context(**options)
    context.set_default_timeout(WAIT_SECONDS * 1000)
    return context


@dataclass
class Window:
    """A browser window that was let in; `faults` lists what its pages did wrong.

    A fault is a message of the console, an uncaught error, a dialog that opened, or a request to
    any other host.
    """

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Record faults from now on."""
        self.page.on("console", lambda entry: self.faults.append(f"{entry.type}: {entry.text}"))
        self.page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        self.page.on("dialog", self._dismiss)
        self.page.on("request", lambda request: self._check(request.url))

    def _dismiss(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _check(self, url: str) -> None:
        if not url.startswith((self.base, "data:")):
            self.faults.append(f"requested {url}")

    def open(self, path: str, status: int = 200) -> Page:
        """Open a page of the dashboard, which must answer with this status."""
        response = self.page.goto(self.base + path)
        assert response is not None
        assert response.status == status, (path, response.status)
        return self.page

    def follow(self, target: Locator) -> None:
        """Click on a link or a button, and wait until the page that it leads to is loaded.

        A click by itself returns before that: what is read next may be the page before, or half of
        the new one.
        """
        with self.page.expect_navigation():
            target.click()

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true in the page.

        Playwright's own wait evaluates it inside the page from the second time on, which the pages'
        policy forbids.
        """
        wait_until(lambda: bool(self.page.evaluate(expression)), expression)

    def copy(self, button: Locator) -> None:
        """Click on a button that copies, and wait until it says that it has; it does so briefly."""
        button.evaluate(_RECORD_WORDS)
        button.click()
        self.wait_for("window.wordsOfButton.includes('copied')")

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


class LoopbackTransport(httpx.HTTPTransport):
    """Connects to this machine whatever the host's name: browsers do that below `localhost`."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, whose Host header stays as it is."""
        request.url = request.url.copy_with(host="127.0.0.1")
        return super().handle_request(request)


def fetch(url: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as `httpx.get` has them
    """Return the response to one GET, with no cookies."""
    with httpx.Client(transport=LoopbackTransport(), timeout=WAIT_SECONDS) as client:
        return client.get(url, **options)


def one_time_link(program: Program) -> str:
    """Return a link that lets one browser in."""
    completed = program.call("dashboard", "--print-only")
    assert completed.code == 0, completed.err
    return completed.out.strip()


@dataclass(frozen=True)
class DashboardAccess:
    """The dashboard's address, and the cookie that lets in there."""

    base: str
    cookie_name: str
    cookie_value: str

    @classmethod
    def request(cls, program: Program) -> DashboardAccess:
        """Use a one-time link, and keep the cookie that a browser gets for it."""
        url = one_time_link(program)
        response = fetch(url)
        assert response.status_code == 303
        ((name, value),) = response.cookies.items()
        return cls(url.split("/enter?")[0], name, value)

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Return a client that was let in, and follows no redirect."""
        cookies = {self.cookie_name: self.cookie_value}
        with httpx.Client(
            base_url=self.base, cookies=cookies, timeout=WAIT_SECONDS, transport=LoopbackTransport()
        ) as client:
            yield client

    @contextmanager
    def window(self, browser: Browser, **options: Any) -> Iterator[Window]:  # noqa: ANN401 - as `new_context` has them
        """Open a window that was let in; `options` are Playwright's for a context.

        Fails when the pages did anything wrong in it.
        """
        context = new_context(browser, **{"viewport": WIDE, **options})
        try:
            cookie = {"name": self.cookie_name, "value": self.cookie_value, "url": self.base}
            context.add_cookies([cookie])  # type: ignore[list-item]  # a plain dictionary will do
            window = Window(context.new_page(), self.base)
            yield window
            assert not window.faults
        finally:
            context.close()


@contextmanager
def dashboard_program(root: Path, claude_dir: Path | None = None) -> Iterator[Program]:
    """Return a program, not started yet, with a dashboard on a free port; kill it afterwards."""
    program = Program(root / "ccsync", claude_dir or root / "claude")
    program.configure(dashboard=FREE_PORT)
    try:
        yield program
    finally:
        program.kill()


def wait_for_messages(program: Program, session_id: str, count: int) -> None:
    """Wait until so many messages of a session are stored."""
    wait_until(
        lambda: (program.session(session_id) or {}).get("messages", 0) >= count,
        f"{session_id} is stored",
    )


@pytest.fixture(scope="module")
def access(program: Program) -> DashboardAccess:
    """Let a module's browsers in to its `program`, which has to be running."""
    return DashboardAccess.request(program)


@pytest.fixture
def client(access: DashboardAccess) -> Iterator[httpx.Client]:
    """Return a client that was let in."""
    with access.client() as client:
        yield client


@pytest.fixture
def window(browser: Browser, access: DashboardAccess) -> Iterator[Window]:
    """Return a window that was let in; its pages must not do anything wrong."""
    with access.window(browser) as window:
        yield window
