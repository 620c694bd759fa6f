"""Sessions as people have them, in a real browser: long, deep, wide, in every script, growing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from support.axe import serious_violations
from support.browser import NARROW, DashboardAccess, dashboard_program, wait_for_messages
from support.lines import text
from support.reading_gallery import LONG_TURNS, Story, write_gallery
from support.strange_sessions import CONTROLS, HOSTILE, write_strange
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from support.ccsync_program.program import Program

_SETTINGS = [(390, "dark"), (1024, "light"), (1440, "dark")]
_BOX = "box => [box.scrollWidth > box.clientWidth, getComputedStyle(box).overflowX]"


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, dict[str, str]]]:
    """Serve the sessions to look at; return their ids too."""
    with dashboard_program(tmp_path_factory.mktemp("reading")) as program:
        sessions = write_gallery(program.claude_dir)
        program.start()
        wait_for_messages(program, sessions["long"], LONG_TURNS * 10)
        for session_id in sessions.values():
            wait_for_messages(program, session_id, 3)
        yield program, sessions


@pytest.fixture(scope="module")
def sessions(gallery: tuple[Program, dict[str, str]]) -> dict[str, str]:
    """Return the ids of the sessions by their names."""
    return gallery[1]


@pytest.fixture(scope="module")
def access(gallery: tuple[Program, dict[str, str]]) -> DashboardAccess:
    """Let browsers in."""
    return DashboardAccess.request(gallery[0])


@pytest.mark.parametrize(("width", "scheme"), _SETTINGS)
def test_every_session_fits_into_its_window(
    browser: Browser,
    access: DashboardAccess,
    sessions: dict[str, str],
    axe: str,
    width: int,
    scheme: str,
) -> None:
    """In any script and however wide its tables are; axe finds nothing serious."""
    viewport = {"width": width, "height": 900}
    with access.window(browser, viewport=viewport, color_scheme=scheme) as window:
        for name, session_id in sessions.items():
            page = window.open(f"/sessions/{session_id}")
            assert window.overflow <= 0, name
            if name in {"showcase", "deep"}:
                assert serious_violations(page, axe) == [], name
            if name == "wide":
                box = page.locator(".prose .scroll.table")
                assert box.evaluate(_BOX) == [True, "auto"]
        page = window.open("/sessions")
        assert window.overflow <= 0
        assert serious_violations(page, axe) == []


def test_strange_sessions_fit_and_say_what_they_are(browser: Browser, tmp_path: Path) -> None:
    """Markup in every name, a megabyte in one prompt or line, no times, costs of any size."""
    with dashboard_program(tmp_path) as program:
        strange = write_strange(program.claude_dir)
        titled = strange.pop("only-summary")  # nothing of it is a message
        program.start()
        for session_id in strange.values():
            wait_for_messages(program, session_id, 1)
        with DashboardAccess.request(program).window(browser, viewport=NARROW) as window:
            for name, session_id in strange.items():
                page = window.open(f"/sessions/{session_id}")
                assert window.overflow <= 0, name
                days = 9 if name == "nine-days" else 0
                assert page.locator(".day-break").count() == days, name
                if name == "huge-prompt":
                    rest = page.locator("details.long > .prose")
                    assert not rest.is_visible()
                    page.get_by_text("Show all").click()
                    assert rest.is_visible()
                if name == "tasks":
                    page.locator("#plans > summary", has_text="To do 1/3").click()
                    signs = page.locator("#plans .checklist li").all_inner_texts()
                    assert [sign[0] for sign in signs] == ["☑", "◐", "☐"]
                if name == "controls":
                    shown = set(page.locator("main").inner_text())
                    assert not shown & (set(CONTROLS) - set("\t\n end"))
                if name == "hostile":
                    assert page.locator("main > h1").inner_text() == HOSTILE.split("\n")[0]
            page = window.open("/sessions")
            assert window.overflow <= 0
            assert page.get_by_text("5 API errors", exact=True).is_visible()
            assert not page.get_by_label("Model").is_visible()
            page.get_by_text("Filters and order").click()
            assert page.get_by_label("Model").is_visible()
            page = window.open(f"/sessions/{titled}", 404)
            assert page.get_by_text("Nothing was said in this session").is_visible()
            window.faults.clear()  # the browser itself says that it is not there


def test_a_response_is_a_card_and_its_code_is_in_colours(
    browser: Browser, access: DashboardAccess, sessions: dict[str, str]
) -> None:
    """The policy of the page lets no inline style in; a copied block is the code itself."""
    allowed = ["clipboard-read", "clipboard-write"]
    with access.window(browser, permissions=allowed) as window:
        page = window.open(f"/sessions/{sessions['showcase']}")
        first = page.locator(".entry.kind-answer").first
        assert first.locator(".part").count() == 1
        assert first.locator(".tool").inner_text() == "Glob"
        assert page.locator("[style]").count() == 0
        code = page.locator("pre[data-language=python]")
        ink = "element => getComputedStyle(element).color"
        assert code.locator(".h-keyword").first.evaluate(ink) != code.evaluate(ink)
        lines = page.locator("pre[data-language=diff]")
        assert lines.locator(".h-added").count() == lines.locator(".h-removed").count() == 2
        block = page.locator(".code-block", has=code)
        block.hover()
        window.copy(block.get_by_label("Copy this block"))
        copied = page.evaluate("navigator.clipboard.readText()")
        assert "def newest(connection: sqlite3.Connection, limit: int = 20)" in copied
        first.hover()
        window.copy(first.get_by_label("Copy this message"))
        copied = page.evaluate("navigator.clipboard.readText()")
        assert "I look at the query" in copied
        assert "shop/**/*.py" in copied


def test_everything_can_be_copied_by_touch(
    browser: Browser, access: DashboardAccess, sessions: dict[str, str]
) -> None:
    """Where nothing hovers, the buttons that copy are always visible."""
    opacity = "button => getComputedStyle(button).opacity"
    for is_touched in (True, False):
        options = {"has_touch": is_touched, "is_mobile": is_touched, "viewport": NARROW}
        with access.window(browser, **options) as window:
            page = window.open(f"/sessions/{sessions['showcase']}")
            for label in ("Copy this block", "Copy this message"):
                button = page.get_by_label(label, exact=True).first
                assert button.evaluate(opacity) == ("1" if is_touched else "0"), label
            assert window.overflow <= 0


def test_subagents_are_a_tree_with_pages_of_their_own(
    browser: Browser, access: DashboardAccess, sessions: dict[str, str]
) -> None:
    """From the call down to the deepest one, and back up; without scripts too."""
    address = f"/sessions/{sessions['deep']}"
    with access.window(browser, java_script_enabled=False) as window:
        page = window.open(address)
        card = page.locator(".conversation .subagent")
        assert card.locator("a").count() == 6
        assert "Level 1 is understood." in card.inner_text()
        window.follow(card.get_by_role("link", name="reviewer").last)
        assert page.locator("nav.crumbs a.name").count() == 5
        assert page.locator(".figures", has_text="Tool calls").count() == 1
        window.follow(page.get_by_role("link", name="The call that started it"))
        assert page.locator(".subagent").count() == 1
        window.open(f"{address}?agent=unknown", 404)
        # The browser itself says that a page was not there.
        window.faults[:] = [fault for fault in window.faults if "status of 404" not in fault]


def test_a_long_session_is_read_by_keys(
    browser: Browser, access: DashboardAccess, sessions: dict[str, str]
) -> None:
    """To an error, to the next prompt, to the last page and back to the first."""
    with access.window(browser) as window:
        page = window.open(f"/sessions/{sessions['long']}")
        assert page.locator(".outline a").count() == LONG_TURNS
        strip = page.locator(".turns .chart").first
        assert strip.evaluate("strip => strip.scrollWidth <= strip.clientWidth")
        page.keyboard.press("e")
        selected = page.locator(".entry[data-selected]")
        assert selected.locator(".call.failed[open]").count() == 1
        page.keyboard.press("n")
        assert "Step 2:" in selected.inner_text()
        for key, there in (("G", f"Handler {LONG_TURNS} is moved"), ("g", "Handler 1 is moved")):
            page.keyboard.press(key)
            with page.expect_navigation():
                page.keyboard.press(key)
            page.get_by_text(there).wait_for()


def test_a_long_run_of_calls_is_one_line_until_it_is_opened(
    browser: Browser, gallery: tuple[Program, dict[str, str]], access: DashboardAccess
) -> None:
    """By Enter, by the key that unfolds all, or by a link to a message in it."""
    program, _sessions = gallery
    story = Story(program.claude_dir, "run")
    story.prompt("Read them all")
    for number in range(9):
        story.run("Read", "…", file_path=f"/home/mira/shop/f{number}.py")
    story.respond(text("Read."))
    wait_for_messages(program, story.session_id, 20)
    with access.window(browser, viewport=NARROW) as window:
        page = window.open(f"/sessions/{story.session_id}")
        run = page.locator(".run")
        assert "9 calls: Read 9" in run.locator("summary").first.inner_text()
        inner = run.locator(".entry").nth(4)
        assert not inner.is_visible()
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        assert inner.is_visible()
        name = inner.get_attribute("id")
        page = window.open(f"/sessions/{story.session_id}?after=0#{name}")
        assert page.locator(".run .entry").nth(4).is_visible()
        page = window.open(f"/sessions/{story.session_id}?at={(name or '').removeprefix('m-')}")
        assert page.locator(".run").count() == 0


def test_a_response_grows_in_its_card(
    browser: Browser, gallery: tuple[Program, dict[str, str]], access: DashboardAccess
) -> None:
    """The client writes it block by block."""
    program, _sessions = gallery
    story = Story(program.claude_dir, "growing", start_ms=int(time.time() * 1000))
    story.prompt("Tell me")
    rows = [story.writer.answer(text(words), usage_id="msg_grown") for words in ("One.", "Two.")]
    story.transcript.append(rows[0])
    wait_for_messages(program, story.session_id, 2)
    with access.window(browser) as window:
        page = window.open(f"/sessions/{story.session_id}")
        page.locator("[data-following]").wait_for()
        story.transcript.append(rows[1])
        page.get_by_text("Two.").wait_for()
        card = page.locator(".entry.kind-answer")
        assert card.count() == 1
        assert card.locator(".part").inner_text() == "Two."
        assert card.locator(f"#m-{rows[1]['uuid']}").count() == 1
        page.reload()
        assert card.count() == card.locator(".part").count() == 1


def test_a_session_that_starts_appears_in_the_open_list(
    browser: Browser, gallery: tuple[Program, dict[str, str]], access: DashboardAccess
) -> None:
    """With the dot of one that is running; the selected row stays selected."""
    program, _sessions = gallery
    with access.window(browser) as window:
        page = window.open("/sessions")
        page.keyboard.press("j")
        selected = page.locator(".row[data-selected]")
        address = selected.get_attribute("href")
        story = Story(program.claude_dir, "now", start_ms=int(time.time() * 1000))
        story.prompt("A session that has just begun")
        story.respond(text("Yes."))
        row = page.locator(".row", has_text="A session that has just begun")
        row.wait_for()
        assert row.locator(".running").count() == 1
        assert selected.get_attribute("href") == address


def test_the_list_is_sorted_by_what_it_shows(
    browser: Browser, access: DashboardAccess, sessions: dict[str, str]
) -> None:
    """By a click on a column, which names the order for those who do not see it."""
    with access.window(browser) as window:
        page = window.open("/sessions")
        wait_until(
            lambda: window.open("/sessions?sort=cost").locator("text=not counted yet").count() == 0,
            "all are counted",
        )
        window.follow(page.get_by_role("link", name="Cost"))
        first = page.locator(".row").first
        assert first.get_attribute("href") == f"/sessions/{sessions['long']}"
        assert page.get_by_role("link", name="Cost").get_attribute("aria-current") == "true"


def test_a_page_prints_all_that_it_has(
    browser: Browser, access: DashboardAccess, sessions: dict[str, str], tmp_path: Path
) -> None:
    """Calls and runs unfolded, excerpts whole, without buttons."""
    with access.window(browser) as window:
        page = window.open(f"/sessions/{sessions['showcase']}")
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("button:visible").count() == 0
        assert page.locator(".conversation details:not(.raw):not([open])").count() == 0
        page.pdf(path=tmp_path / "page.pdf")
        page.emulate_media(media="screen")
        page = window.open(f"/sessions/{sessions['wide']}")
        page.emulate_media(media="print")
        assert window.overflow <= 0
        assert (tmp_path / "page.pdf").stat().st_size > 10_000
