"""A real browser on the real pages: Chromium, driven by Playwright, one for each test module."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Dialog, Page, ViewportSize

    from support.ccsync_program.program import Program

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Read at import, as tests/claude_client does: in CI a browser must be there.
_IS_CI = os.environ.get("CI") == "true"
WIDE: ViewportSize = {"width": 1180, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 800}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser without any window; skip without one, but fail in CI."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        reason = f"no browser is on PATH: install one of {', '.join(_NAMES)}"
        pytest.fail(reason, pytrace=False) if _IS_CI else pytest.skip(reason)
    # Only the tests that need it pay for loading it.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - see above

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(_SWITCHES))
        yield opened
        opened.close()


@dataclass
class Reader:
    """A window that has entered the dashboard; `faults` is what its pages did wrong.

    A fault is a message of the console, an uncaught error, a dialog that opened, or a request to
    any other host.
    """

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take note of faults from now on."""
        self.page.on("console", lambda told: self.faults.append(f"{told.type}: {told.text}"))
        self.page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        self.page.on("dialog", self._dismiss)
        self.page.on("request", lambda request: self._check(request.url))

    def _dismiss(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _check(self, url: str) -> None:
        if not url.startswith((self.base, "data:")):
            self.faults.append(f"asked {url}")

    def open(self, path: str, status: int = 200) -> Page:
        """Open a page of the dashboard, which must answer with this status."""
        answer = self.page.goto(self.base + path)
        assert answer is not None
        assert answer.status == status, (path, answer.status)
        return self.page

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def link(program: Program) -> str:
    """Return a link that lets one browser in."""
    made = program.call("dashboard", "--print-only")
    assert made.code == 0, made.err
    return made.out.strip()


@dataclass(frozen=True)
class Door:
    """The dashboard's address, and what lets in there."""

    base: str
    name: str
    value: str

    @classmethod
    def of(cls, program: Program) -> Door:
        """Take a link, and keep what a browser is given for it."""
        url = link(program)
        answer = httpx.get(url, trust_env=False)
        assert answer.status_code == 303
        ((name, value),) = answer.cookies.items()
        return cls(url.split("/enter?")[0], name, value)

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Return a client that was let in, and follows no redirect."""
        cookies = {self.name: self.value}
        with httpx.Client(
            base_url=self.base, cookies=cookies, timeout=30, trust_env=False
        ) as client:
            yield client

    @contextmanager
    def reader(self, browser: Browser, **window: Any) -> Iterator[Reader]:  # noqa: ANN401 - as `new_context` has them
        """Open a window that was let in; `window` are Playwright's options for a context."""
        context = browser.new_context(**{"viewport": WIDE, **window})
        try:
            context.add_cookies([{"name": self.name, "value": self.value, "url": self.base}])
            made = Reader(context.new_page(), self.base)
            yield made
            assert not made.faults
        finally:
            context.close()
