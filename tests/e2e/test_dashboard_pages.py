"""Every page in every setting: wide and narrow, light and dark, without scripts, without data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.axe import serious_violations
from support.browser import (
    NARROW,
    WIDE,
    DashboardAccess,
    dashboard_program,
    wait_for_messages,
)
from support.ccsync_program.transcript import Transcript
from support.lines import SESSION, call, text
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, ViewportSize

    from support.ccsync_program.program import Program

_LONG = "a_name_without_any_place_to_break_" * 8
_FOLDER = f"/home/user/{_LONG}"
PATHS = {
    "overview": "/?range=all",
    "overview by project": "/?range=all&by=project",
    "sessions": "/sessions",
    "search": "/search?q=missing",
    "session": f"/sessions/{SESSION}",
    "sync": "/sync",
    "privacy": "/privacy",
    "files": "/files",
    "file": f"/files/file?project={_FOLDER}&path={_FOLDER}/src/a.py",
    "errors": "/errors?range=all",
    "failed calls": "/errors?range=all&tool=Bash&kind=other",
    "no match": "/search?q=zebra",
    "operators": "/search?q=missing+kind:prompt+-zebra",
    "not understood": "/search?q=kind:sandwich",
    "filtered sessions": "/sessions?q=missing+kind:prompt",
    "find": f"/sessions/{SESSION}?find=missing",
    "error": "/sessions/unknown",
}
_UNFOLD = "for (const fold of document.querySelectorAll('details')) fold.open = true"
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
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Serve a session with everything that a page can show."""
    with dashboard_program(tmp_path_factory.mktemp("pages")) as program:
        _write_session(Transcript(program.claude_dir))
        program.start()
        wait_for_messages(program, SESSION, 12)
        yield program


def _write_session(transcript: Transcript) -> None:
    writer = transcript.writer
    writer.cwd = _FOLDER
    for number in range(3):
        call_id = f"toolu_{number}"
        transcript.append(
            writer.prompt(f"Why is it slow? {_LONG}"),
            writer.answer(
                text("Let me look."),
                call(call_id, "Bash", command=f"cat {_LONG}"),
                call(f"{call_id}_of_server", "mcp__" + _LONG.replace("_", "")),
                call(f"{call_id}_edit", "Edit", file_path=f"{_FOLDER}/src/a.py"),
                usage_id=f"m{number}",
                cache_read_input_tokens=123_456,
            ),
            writer.result(call_id, f"{_LONG}\n", is_error=number == 1),
            writer.result(
                f"{call_id}_edit",
                "The file has been updated.",
                detail={"filePath": f"{_FOLDER}/src/a.py"},
            ),
            writer.answer(text(_ANSWER), usage_id=f"n{number}"),
        )
    unpriced = writer.answer(text("Done."), usage_id="unpriced", cache_read_input_tokens=10**11)
    unpriced["message"]["model"] = _LONG
    transcript.append({**unpriced, "gitBranch": _LONG})


@pytest.fixture(scope="module")
def access(program: Program) -> DashboardAccess:
    """Let in once the figures are counted."""
    access = DashboardAccess.request(program)
    with access.client() as client:
        wait_until(lambda: "Tokens by day" in client.get("/?range=all").text, "all is counted")
    return access


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(
    browser: Browser, access: DashboardAccess, axe: str, viewport: ViewportSize, scheme: str
) -> None:
    """It fits into the window, has its landmarks, and axe finds nothing serious on it."""
    # Colours and widths are independent of each other: two of the four see all that axe looks at.
    is_checked = (viewport == WIDE) == (scheme == "light")
    with access.window(browser, viewport=viewport, color_scheme=scheme) as window:
        for name, path in PATHS.items():
            page = window.open(path, 404 if name == "error" else 200)
            assert window.overflow <= 0, name
            assert page.locator("main h1, main h2").count() > 0, name
            assert page.get_by_role("banner").count() == page.get_by_role("main").count() == 1
            if name == "session":
                page.evaluate(_UNFOLD)
                assert window.overflow <= 0, "unfolded"
                assert page.locator(".outline a").count() == 3
            assert not is_checked or serious_violations(page, axe) == [], name
        # The browser itself says that a page was not there.
        window.faults[:] = [fault for fault in window.faults if "status of 404" not in fault]


def test_tables_fit_into_their_cards(browser: Browser, access: DashboardAccess) -> None:
    """On a tablet too, where two cards would be next to each other."""
    too_wide = (
        "boxes => boxes.filter(box => box.scrollWidth > box.clientWidth + 1)"
        ".map(box => box.textContent.slice(0, 40))"
    )
    for width in (760, 920, 1180):
        with access.window(browser, viewport={"width": width, "height": 900}) as window:
            for path in ("/?range=all&by=project", "/errors?range=all"):
                page = window.open(path)
                assert window.overflow <= 0, (width, path)
                boxes = page.locator(".card, .page-errors .scroll.table")
                assert boxes.evaluate_all(too_wide) == [], (width, path)


def test_every_page_reads_without_scripts(browser: Browser, access: DashboardAccess) -> None:
    """Text, charts, search and filters need no JavaScript; no button is without effect."""
    with access.window(browser, java_script_enabled=False) as window:
        page = window.open("/?range=all")
        assert page.locator(".chart svg").count() > 3
        page.get_by_label("Search all sessions").fill("missing")
        page.get_by_label("Search all sessions").press("Enter")
        page.wait_for_url("**/search?q=missing")
        wait_until(lambda: bool(page.reload()) and page.locator(".hit").count() > 0, "indexed")
        window.follow(page.locator(".hit").first)
        assert page.locator(".prose h1", has_text="Heading").count() == 3
        page.locator(".call summary").first.click()
        page.locator(".raw summary").first.click()
        assert page.locator(".arguments").first.is_visible()
        for button in page.get_by_role("button").all():
            assert not button.is_visible() or button.evaluate("button => Boolean(button.form)")


def test_a_file_leads_to_the_prompt_of_each_change(
    browser: Browser, access: DashboardAccess
) -> None:
    """By keyboard, and without scripts; the call of a failure is a link away too."""
    with access.window(browser) as window:
        page = window.open("/files")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/files/file?*")
        window.follow(page.locator(".prompted .line").first)
        assert "/sessions/" in page.url
        assert "Why is it slow?" in page.locator(".entry.named").inner_text()
    with access.window(browser, java_script_enabled=False) as window:
        page = window.open("/errors?range=all")
        window.follow(page.locator(".failed-calls a").first)
        assert page.locator(".entry.named .outcome.bad").count() == 1


def test_keys_start_at_what_is_on_the_screen(browser: Browser, access: DashboardAccess) -> None:
    """After scrolling `j` does not return to the top; Enter unfolds, `n` goes to a prompt."""
    with access.window(browser, viewport=NARROW) as window:
        page = window.open(f"/sessions/{SESSION}")
        page.locator(".entry").nth(4).evaluate("entry => entry.scrollIntoView()")
        scrolled = page.evaluate("scrollY")
        page.keyboard.press("j")
        selected = page.locator(".entry[data-selected]")
        entries = "[...document.querySelectorAll('.entry')]"
        assert selected.evaluate(f"entry => {entries}.indexOf(entry)") > 2
        assert page.evaluate("scrollY") > scrolled / 2
        page.keyboard.press("n")
        assert "kind-prompt" in (selected.get_attribute("class") or "")
        page.keyboard.press("j")
        fold = selected.locator(".call").first
        assert not fold.evaluate("fold => fold.open")
        page.keyboard.press("Enter")
        assert fold.evaluate("fold => fold.open")


def test_keys_select_in_every_list(browser: Browser, access: DashboardAccess) -> None:
    """What `j` and `k` select, Enter opens."""
    with access.window(browser) as window:
        for name in ("sessions", "files", "file", "errors", "failed calls", "search"):
            page = window.open(PATHS[name])
            page.keyboard.press("j")
            selected = page.locator("a[data-selected]")
            first = selected.get_attribute("href")
            assert selected.evaluate("row => row === document.activeElement"), name
            page.keyboard.press("j")
            page.keyboard.press("k")
            assert selected.get_attribute("href") == first, name
            with page.expect_navigation():
                page.keyboard.press("Enter")
            assert page.url.endswith(first or "?"), name


def test_a_summary_begins_beside_its_sign(browser: Browser, access: DashboardAccess) -> None:
    """However long its first words are, on a phone too."""
    with access.window(browser, viewport=NARROW) as window:
        page = window.open(PATHS["session"])
        folds = page.locator(".call > summary:visible, .run > summary:visible")
        assert folds.count() > 3
        offsets = folds.evaluate_all(
            "folds => folds.map(fold => fold.firstElementChild.getBoundingClientRect().top"
            " - fold.getBoundingClientRect().top)"
        )
        assert max(offsets) < 20, offsets


def test_copies_are_markdown_and_paper_is_unfolded(
    browser: Browser, access: DashboardAccess
) -> None:
    """What is copied is what Claude wrote; what is printed has every call."""
    allowed = ["clipboard-read", "clipboard-write"]
    with access.window(browser, permissions=allowed) as window:
        page = window.open(f"/sessions/{SESSION}")
        answer = page.locator(".entry", has=page.locator(".prose h1")).first
        window.copy(answer.get_by_label("Copy this message"))
        assert "A **missing** index in `" in page.evaluate("navigator.clipboard.readText()")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator(".conversation details:not(.raw):not([open])").count() == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator(".conversation details:not(.raw):not([open])").count() > 0


def test_a_search_is_narrowed_and_widened_without_scripts(
    browser: Browser, access: DashboardAccess
) -> None:
    """By the parts that are shown; a session's own matches follow each other."""
    with access.window(browser, java_script_enabled=False) as window:
        page = window.open("/search?q=missing+kind:answer+-zebra")
        assert page.locator(".chips li").count() == 3
        assert "3 messages in 1 session" in page.locator(".counts").inner_text()
        window.follow(page.get_by_label("Remove kind:answer"))
        assert page.get_by_label("Search all sessions").input_value() == "missing -zebra"
        page = window.open(f"/sessions/{SESSION}")
        page.get_by_label("Find in this session").fill("missing")
        page.keyboard.press("Enter")
        page.wait_for_url("**?find=missing*")
        place = page.locator(".find .place")
        assert place.inner_text() == "1 of 3"
        window.follow(page.get_by_label("Next match"))
        assert place.inner_text() == "2 of 3"
        assert page.locator(".named").count() == 1
        page = window.open("/sessions?q=kind:sandwich")
        assert "write prompt, answer" in page.get_by_role("alert").inner_text().lower()


def test_a_match_in_a_session_is_unfolded_and_marked(
    browser: Browser, access: DashboardAccess
) -> None:
    """With scripts; and Ctrl+K searches from every page."""
    with access.window(browser) as window:
        page = window.open(f"/sessions/{SESSION}?find=missing&match=2")
        assert page.evaluate("CSS.highlights.get('found').size") > 0
        page.keyboard.press("Control+k")
        page.keyboard.type("zebra")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search?q=zebra")
        page.keyboard.press("Escape")
        page.keyboard.press("Control+k")
        assert page.evaluate("document.activeElement.id") == "search-input"


def test_selected_theme_is_kept(browser: Browser, access: DashboardAccess) -> None:
    """The switch turns the page dark, and the next page is dark as well."""
    with access.window(browser, color_scheme="light") as window:
        page = window.open("/sessions")
        page.get_by_label("Switch between light and dark").click()
        assert window.open("/sync").evaluate("document.documentElement.dataset.theme") == "dark"


def test_times_are_in_the_zone_of_the_browser(browser: Browser, access: DashboardAccess) -> None:
    """A moment is shown in the browser's time zone, and stays exact in the markup."""
    shown = []
    for zone in ("Asia/Tokyo", "America/New_York"):
        with access.window(browser, timezone_id=zone, locale="en-GB") as window:
            time = window.open(f"/sessions/{SESSION}").locator(".under time")
            shown.append((time.get_attribute("datetime"), time.inner_text()))
    assert shown[0][0] == shown[1][0] == "2026-09-21T14:13:20.000Z"
    assert "23:13" in shown[0][1]
    assert "10:13" in shown[1][1]


def test_empty_store_is_explained(browser: Browser, tmp_path: Path, axe: str) -> None:
    """Each page of an empty store says what to do, and is not an error."""
    with dashboard_program(tmp_path) as program:
        program.start()
        with DashboardAccess.request(program).window(browser) as window:
            for path, message in (
                ("/?range=all", "Waiting for Claude Code"),
                ("/sessions", "Waiting for Claude Code"),
                ("/search", "How to search"),
                ("/sync", "Nothing was sent from this machine"),
            ):
                page = window.open(path)
                page.locator("main").get_by_text(message).first.wait_for()
                assert serious_violations(page, axe) == [], path
