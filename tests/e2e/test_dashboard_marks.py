"""What a person says of a session, in a browser without scripts; the file that others get of it."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from support.axe import serious_violations
from support.browser import (
    NARROW,
    WIDE,
    DashboardAccess,
    Window,
    dashboard_program,
    new_context,
    wait_for_messages,
)
from support.ccsync_program.transcript import Transcript
from support.lines import SESSION, call, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, ViewportSize

    from support.ccsync_program.program import Program

TOKEN = "ghp_Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL"
PAGE = f"/sessions/{SESSION}"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Serve one session."""
    with dashboard_program(tmp_path_factory.mktemp("marks")) as program:
        writer = (transcript := Transcript(program.claude_dir)).writer
        transcript.append(
            writer.prompt("Why is it slow?"),
            writer.answer(text("I look."), call("toolu_1", "Bash", command="ls"), usage_id="m1"),
            writer.result("toolu_1", f"token {TOKEN}\n"),
            writer.answer(text("The index is missing."), usage_id="m2"),
        )
        program.start()
        wait_for_messages(program, SESSION, 4)
        yield program


@pytest.fixture(scope="module")
def access(program: Program) -> DashboardAccess:
    """Let in."""
    return DashboardAccess.request(program)


def test_all_of_it_works_without_scripts(
    browser: Browser, access: DashboardAccess, program: Program
) -> None:
    """Star, name, tag, note and mark: shown again, redacted, exported, and there after a loss."""
    with access.window(browser, java_script_enabled=False) as window:
        page = window.open(PAGE)
        window.follow(page.get_by_role("button", name="☆ Star"))
        page.locator(".annotate summary").click()
        page.get_by_label("Name").fill("The missing index")
        page.get_by_label("Tags").fill("slow, database")
        page.get_by_label("Note", exact=True).fill(f"First\nthen {TOKEN}")
        window.follow(page.get_by_role("button", name="Save"))
        assert page.locator("h1").inner_text() == "The missing index"
        assert "github-token" in page.locator(".own-note .chip").inner_text()
        answer = page.locator(".entry", has_text="The index is missing.")
        answer.hover()
        answer.locator(".marking summary").click()
        window.follow(answer.get_by_role("button", name="golden"))
        assert "#m-" in page.url
        assert answer.locator(".marked").inner_text() == "golden"
        answer.locator(".marking summary").click()
        answer.get_by_label("Note").fill("Short and right")
        window.follow(answer.get_by_role("button", name="Save"))
        assert answer.locator(".marked").get_attribute("title") == "Short and right"
        page = window.open("/sessions?starred=1&tag=slow")
        assert page.locator(".row .title").inner_text().endswith("The missing index")

    (line,) = program.call("export", "--mark", "golden").out.splitlines()
    marked = json.loads(line)
    assert (marked["text"], marked["note"]) == ("The index is missing.", "Short and right")
    assert marked["prompt"] == "Why is it slow?"
    assert TOKEN not in program.call("export", SESSION, "--format", "json").out
    file = program.state / "annotations.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 or os.name == "nt"
    assert TOKEN not in file.read_text()

    program.stop()
    for path in program.state.glob("ccsync.db*"):
        path.unlink()
    program.start()
    wait_for_messages(program, SESSION, 4)
    document = json.loads(program.call("export", SESSION, "--format", "json").out)
    assert document["session"]["annotation"]["tags"] == ["slow", "database"]
    assert [message["mark"] for message in document["messages"]][-1]["mark"] == "golden"


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_menus_fit_and_are_accessible(
    browser: Browser, program: Program, axe: str, viewport: ViewportSize
) -> None:
    """Unfolded, in both widths; so are the pages about sharing and sending."""
    access = DashboardAccess.request(program)
    with access.window(browser, viewport=viewport) as window:
        page = window.open(PAGE)
        page.locator(".annotate summary").click()
        first = page.locator(".entry").first
        first.hover()
        first.locator(".marking summary").click()
        box = first.locator(".choices").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= viewport["width"]
        assert window.overflow <= 0
        assert serious_violations(page, axe) == []
        for path in (f"{PAGE}/share?all=1", f"{PAGE}/sent"):
            page = window.open(path)
            assert window.overflow <= 0, path
            assert serious_violations(page, axe) == [], path


def test_a_shared_file_opens_anywhere(
    browser: Browser, program: Program, tmp_path: Path, axe: str
) -> None:
    """From a folder, without a request, in both colours; its style applies by its own policy."""
    path = tmp_path / "shared.html"
    assert program.call("share", SESSION, "--everything", "-o", str(path)).code == 0
    grounds = set()
    for scheme in ("light", "dark"):
        page = new_context(browser, color_scheme=scheme, viewport=NARROW).new_page()
        window = Window(page, path.as_uri())
        page.goto(path.as_uri())
        assert window.faults == []
        assert window.overflow <= 0
        assert page.locator(".entry").count() >= 3
        assert "github-token" in (page.locator(".chip").first.text_content() or "")
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        if scheme == "dark":
            assert serious_violations(page, axe) == []
        page.context.close()
    assert len(grounds) == 2
    assert TOKEN not in path.read_text(encoding="utf-8")
