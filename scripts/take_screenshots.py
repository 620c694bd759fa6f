"""Take screenshots of the dashboard on generated sessions, by the real daemon and Chromium.

    uv run --group dev python scripts/take_screenshots.py [--all] [FOLDER]

Without `--all` it makes the two of the README, in `.github` unless another folder is named. `--all`
takes every page at three widths, light and dark, and on paper, and those of an empty store, of a
first import and of a running session, for a person to look at. The sessions are those of
tests/support/reading_gallery and strange_sessions; the README's overview ends today. `--all` also
prints what axe-core finds wrong on each of them, and which are wider than their window.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests")]

from playwright.sync_api import sync_playwright  # noqa: E402 - as above

from support.axe import find_violations, load_axe  # noqa: E402 - as above
from support.browser import (  # noqa: E402 - as above
    BROWSER_NAMES,
    BROWSER_SWITCHES,
    DashboardAccess,
    dashboard_program,
    wait_for_messages,
)
from support.reading_gallery import (  # noqa: E402 - as above
    PROJECT,
    write_backlog,
    write_gallery,
    write_month,
    write_running,
)
from support.strange_sessions import write_strange  # noqa: E402 - as above
from support.waiting import wait_until  # noqa: E402 - as above

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from support.browser import Window

WIDTHS = (390, 1024, 1440)
STATES = ("empty", "import", "running")
README = {"overview": "/?range=30", "session": "/sessions/{showcase}"}
_README_SIZE = {"width": 1280, "height": 860}
_MAX_HEIGHT = 4000
_MISSING = "not-there"
_BACKLOG_MEGABYTES = 150  # more than is read while the pictures are taken


def _open(window: Window, name: str, path: str) -> Page:
    page = window.open(path, 404 if name == _MISSING else 200)
    if name == _MISSING:
        window.faults.clear()  # the browser itself says that it is not there
    # A page that waits for figures would load again while it is looked at.
    page.evaluate("for (let id = setTimeout(() => 0); id > 0; id--) clearTimeout(id)")
    return page


def _print_faults(window: Window, axe: str, shown: str) -> None:
    wrong = find_violations(window.page, axe)
    wrong += ["wider than the window"] if window.overflow > 0 else []
    for fault in wrong:
        print(f"{shown}: {fault}", flush=True)


def take(
    browser: Browser, access: DashboardAccess, pages: dict[str, str], folder: Path, *, is_all: bool
) -> None:
    """Write a picture of each page into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if not is_all:
        options = {"viewport": _README_SIZE, "color_scheme": "light", "timezone_id": "UTC"}
        with access.window(browser, **options, locale="en-US") as window:
            for name, path in pages.items():
                window.open(path).screenshot(path=folder / f"{name}.png")
        return
    axe = load_axe()
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            viewport = {"width": width, "height": 900}
            with access.window(browser, viewport=viewport, color_scheme=scheme) as window:
                for name, path in pages.items():
                    page = _open(window, name, path)
                    _print_faults(window, axe, f"{name}, {width} pixels, {scheme}")
                    height = min(_MAX_HEIGHT, page.evaluate("document.body.scrollHeight"))
                    page.set_viewport_size({"width": width, "height": max(900, height)})
                    page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")
                    page.set_viewport_size({"width": width, "height": 900})
    with access.window(browser) as window:
        for name, path in pages.items():
            page = _open(window, name, path)
            page.evaluate("dispatchEvent(new Event('beforeprint'))")
            page.emulate_media(media="print")
            page.set_viewport_size({"width": 760, "height": 1075})
            for fault in find_violations(page, axe):
                print(f"{name}, on paper: {fault}", flush=True)
            page.screenshot(path=folder / f"{name}-print.png")
            page.emulate_media(media="screen")


def take_state(browser: Browser, name: str, folder: Path) -> None:
    """Write pictures of an empty store, of one that is being imported, or of a live session."""
    with (
        tempfile.TemporaryDirectory(prefix="ccsync-shots-") as temporary,
        dashboard_program(Path(temporary)) as program,
    ):
        pages, session_id = {"overview": "/", "list": "/sessions", "sync": "/sync"}, ""
        if name == "empty":
            pages |= {"search": "/search", "files": "/files", "errors": "/errors"}
            pages["privacy"] = "/privacy"
        if name == "import":
            write_backlog(program.claude_dir, _BACKLOG_MEGABYTES)
        if name == "running":
            session_id = write_running(program.claude_dir, int(time.time() * 1000))
            pages = {"session": f"/sessions/{session_id}", "list": "/sessions", "overview": "/"}
        program.start()
        if session_id:
            wait_for_messages(program, session_id, 10)
        access = DashboardAccess.request(program)
        with access.client() as client:
            client.get("/")
            if name == "running":
                wait_until(lambda: "Tokens by day" in client.get("/").text, "all is counted")
            if name == "import":
                time.sleep(4)  # so that it can be said how long the rest takes
        shown = {f"{name}-{page}": path for page, path in pages.items()}
        take(browser, access, shown, folder, is_all=True)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--all", action="store_true", help="every page, in every form")
    parser.add_argument("--only", nargs="*", help="names of the pages to take with --all")
    options = parser.parse_args()
    if options.all and options.folder is None:
        parser.error("--all needs a folder: those of the README's pictures stay two")
    options.folder = options.folder or ROOT / ".github"
    path = next(filter(None, map(shutil.which, BROWSER_NAMES)), None)
    with (
        tempfile.TemporaryDirectory(prefix="ccsync-shots-") as temporary,
        dashboard_program(Path(temporary)) as program,
    ):
        if options.all:
            sessions = write_gallery(program.claude_dir) | write_strange(program.claude_dir)
            stored = sessions.keys() - {"only-summary"}  # nothing of it is a message
        else:
            sessions = write_month(program.claude_dir, int(time.time() * 1000))
            stored = sessions.keys()
        program.start()
        for name in stored:
            wait_for_messages(program, sessions[name], 1)
        program.call("sync-now")  # so that the figures are those of all sessions
        access = DashboardAccess.request(program)
        with access.client() as client:
            for first in ("/?range=all", README["overview"]):
                wait_until(lambda: "Activity in the" in client.get(first).text, "all is counted")  # noqa: B023 - called at once
        pages = README
        if options.all:
            pages = {
                "overview": "/?range=all",
                "list": "/sessions",
                "search": "/search?q=handler",
                "sync": "/sync",
                "privacy": "/privacy",
                **{name: f"/sessions/{sessions[name]}" for name in sessions if name in stored},
                "overview-30": "/?range=30",
                "list-filtered": "/sessions?q=is:error+project:shop",
                "list-none": "/sessions?q=kiwi",
                "search-none": "/search?q=kiwi",
                "search-help": "/search",
                "search-wrong": "/search?q=kind:sandwich",
                "files": "/files",
                "file": f"/files/file?project={PROJECT}&path={PROJECT}/shop/orders.py",
                "failures": "/errors?range=all",
                "failed-calls": "/errors?range=all&tool=Bash&kind=other",
                "find": "/sessions/{showcase}?find=orders",
                _MISSING: "/sessions/unknown",
                "deep-agent": "/sessions/{deep}?agent=a200123456789abcd",
                "errors": "/sessions/{long}?show=errors",
                "share": "/sessions/{showcase}/share?all=1",
                "shared-file": "/sessions/{showcase}/share.html?all=1&view=1",
                "sent": "/sessions/{showcase}/sent",
            }
        shown = {
            name: path.format(**sessions)
            for name, path in pages.items()
            if not options.only or name in options.only
        }
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=list(BROWSER_SWITCHES))
            take(browser, access, shown, options.folder, is_all=options.all)
            for state in STATES if options.all else ():
                if not options.only or state in options.only:
                    take_state(browser, state, options.folder)
            browser.close()


if __name__ == "__main__":
    main()
