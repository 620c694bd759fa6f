"""Every page for every reader: wide and narrow, light and dark, without scripts, without data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.axe import grave_faults
from support.browser import NARROW, WIDE, Door
from support.ccsync_program.program import Program
from support.ccsync_program.transcript import Transcript
from support.lines import SESSION, call, text
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ViewportSize

PATHS = {
    "overview": "/?range=all",
    "sessions": "/sessions",
    "search": "/search?q=missing",
    "session": f"/sessions/{SESSION}",
    "sync": "/sync",
    "nothing found": "/search?q=zebra",
    "error": "/sessions/unknown",
}
_UNFOLD = "for (const each of document.querySelectorAll('details')) each.open = true"
_LONG = "a-name-without-any-place-to-break-" * 8
_ANSWER = f"""# Heading

A **missing** index in `{_LONG}`, see [the manual](https://example.com/{_LONG}).

| column | {_LONG} |
|---|---|
| 1 | 2 |

> quoted

```sql
CREATE INDEX {_LONG} ON b (c);
```
Deploy with ghp_Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL
"""


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Serve a session with everything that a page can show."""
    root = tmp_path_factory.mktemp("pages")
    program = Program(root / "ccsync", root / "claude")
    program.configure(dashboard={"enabled": True, "port": 0})
    made = Transcript(program.claude_dir)
    writer = made.writer
    writer.cwd = f"/home/user/{_LONG}"
    for number in range(3):
        used = f"toolu_{number}"
        made.append(
            writer.prompt(f"Why is it slow? {_LONG}"),
            writer.answer(
                text("Let me look."),
                call(used, "Bash", command=f"cat {_LONG}"),
                usage_id=f"m{number}",
                cache_read_input_tokens=123_456,
            ),
            writer.result(used, f"{_LONG}\n", is_error=number == 1),
            writer.answer(text(_ANSWER), usage_id=f"n{number}"),
        )
    program.start()
    try:
        wait_until(lambda: (program.session(SESSION) or {}).get("messages", 0) >= 12, "all is read")
        made_door = Door.of(program)
        with made_door.client() as client:
            wait_until(lambda: "Tokens by day" in client.get("/?range=all").text, "all is counted")
        yield made_door
    finally:
        program.kill()


@pytest.mark.parametrize("window", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_for_everybody(
    browser: Browser, door: Door, axe: str, window: ViewportSize, scheme: str
) -> None:
    """It fits into the window, has its landmarks, and axe finds nothing serious on it."""
    # Colours and widths are independent of each other: two of the four see all that axe looks at.
    is_checked = (window == WIDE) == (scheme == "light")
    with door.reader(browser, viewport=window, color_scheme=scheme) as reader:
        for name, path in PATHS.items():
            page = reader.open(path, 404 if name == "error" else 200)
            assert reader.overflow <= 0, name
            assert page.locator("main h1, main h2").count() > 0, name
            assert page.get_by_role("banner").count() == page.get_by_role("main").count() == 1
            if name == "session":
                page.evaluate(_UNFOLD)
                assert reader.overflow <= 0, "unfolded"
            assert not is_checked or grave_faults(page, axe) == [], name
        # The browser itself says that a page was not there.
        reader.faults[:] = [fault for fault in reader.faults if "status of 404" not in fault]


def test_every_page_reads_without_scripts(browser: Browser, door: Door) -> None:
    """Text, charts, search and filters need no JavaScript; no button stands there in vain."""
    with door.reader(browser, java_script_enabled=False) as reader:
        page = reader.open("/?range=all")
        assert page.locator(".chart svg").count() > 3
        page.get_by_label("Search all sessions").fill("missing")
        page.get_by_label("Search all sessions").press("Enter")
        page.wait_for_url("**/search?q=missing")
        wait_until(lambda: bool(page.reload()) and page.locator(".hit").count() > 0, "indexed")
        page.locator(".hit").first.click()
        assert page.locator(".prose h1", has_text="Heading").count() == 3
        page.locator(".call summary").first.click()
        assert page.locator(".arguments").first.is_visible()
        for button in page.get_by_role("button").all():
            assert not button.is_visible() or button.evaluate("each => Boolean(each.form)")


def test_a_theme_stays_chosen(browser: Browser, door: Door) -> None:
    """The switch turns the page dark, and the next page is dark as well."""
    with door.reader(browser, color_scheme="light") as reader:
        page = reader.open("/sessions")
        page.get_by_label("Switch between light and dark").click()
        assert reader.open("/sync").evaluate("document.documentElement.dataset.theme") == "dark"


def test_times_are_in_the_readers_zone(browser: Browser, door: Door) -> None:
    """A moment is shown as the reader's clock has it, and stays exact in the markup."""
    shown = []
    for zone in ("Asia/Tokyo", "America/New_York"):
        with door.reader(browser, timezone_id=zone, locale="en-GB") as reader:
            time = reader.open(f"/sessions/{SESSION}").locator(".under time")
            shown.append((time.get_attribute("datetime"), time.inner_text()))
    assert shown[0][0] == shown[1][0] == "2026-09-21T14:13:20.000Z"
    assert "23:13" in shown[0][1]
    assert "10:13" in shown[1][1]


def test_nothing_stored_is_said_kindly(browser: Browser, program: Program, axe: str) -> None:
    """Each page of an empty store says what to do, and is no error."""
    program.configure(dashboard={"enabled": True, "port": 0})
    program.start()
    with Door.of(program).reader(browser) as reader:
        for path, said in (
            ("/?range=all", "Nothing is stored yet"),
            ("/sessions", "No session is stored yet"),
            ("/search", "Search prompts, answers and tool calls"),
            ("/sync", "Nothing has left this machine"),
        ):
            page = reader.open(path)
            page.get_by_text(said).wait_for()
            assert grave_faults(page, axe) == [], path
