"""The dashboard in a real browser, on what the real client wrote."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from ccsync_watch import units
from support.browser import DashboardAccess, dashboard_program, wait_for_messages
from support.ccsync_program.transcript import Transcript
from support.claude_client.api import ScriptedMessagesApi
from support.claude_client.client import SKIP_PERMISSIONS, ClaudeHome
from support.claude_client.script import prompt, reply, say, subagent, tool, usage
from support.lines import text
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from support.browser import Window
    from support.ccsync_program.program import Program

pytestmark = pytest.mark.client

OWN = "22222222-2222-4333-8444-555555555555"
_TURN = prompt(
    "Delegate the xylophone question",
    reply(
        say("Looking."),
        tool("Bash", command="echo out-of-bash", description="Say it"),
        usage(input=1203, output=911, cache_read=30_007, cache_creation_5m=701),
    ),
    reply(subagent("Look around", prompt("Look", say("Seen from below.")))),
    reply(say("All **done**."), usage(input=120, output=9, cache_read=30)),
)


@dataclass
class StoredSessions:
    """The program with a session of the client's, its fork, and a long one of our own."""

    program: Program
    first: str
    fork: str
    own: Transcript


@pytest.fixture(scope="module")
def stored(
    client_binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StoredSessions]:
    """Let the client work next to the program, once for all these tests."""
    root = tmp_path_factory.mktemp("dashboard")
    with ScriptedMessagesApi() as api:
        home = ClaudeHome(root / "claude", api.url, binary=client_binary)
        with dashboard_program(root, home.config_dir) as program:
            yield _fill(program, home)


def _fill(program: Program, home: ClaudeHome) -> StoredSessions:
    """Start the program, write all sessions, and wait until they are stored."""
    try:
        program.start()
        own = Transcript(home.config_dir, OWN, project="-home-user-other")
        own.writer.cwd = "/home/user/other"
        for number in range(30):
            own.turn(number)
        first = home.run(_TURN, SKIP_PERMISSIONS).session_id
        again = prompt("Elsewhere", say("Forked."))
        fork = home.run(again, "--resume", first, "--fork-session").session_id
    finally:
        home.close()
    for session_id, count in ((first, 8), (fork, 9), (OWN, 60)):
        wait_for_messages(program, session_id, count)
    return StoredSessions(program, first, fork, own)


@pytest.fixture(scope="module")
def access(stored: StoredSessions) -> DashboardAccess:
    """Let in to the program above."""
    return DashboardAccess.request(stored.program)


def test_overview_has_the_figures_of_stats(window: Window, stored: StoredSessions) -> None:
    """Sessions, prompts and tokens are those of `ccsync-watch stats`, to the token."""
    days = json.loads(stored.program.call("stats", "--by", "day", "--json").out)["lines"]
    sessions = json.loads(stored.program.call("stats", "--by", "session", "--json").out)["lines"]
    tokens = Counter[str]()
    for line in days:
        tokens.update(line["tokens"])
    page = window.open("/?range=all")
    page.get_by_text("Tokens by day").wait_for()
    figures = {
        row.locator("dt").inner_text(): row.locator("dd")
        for row in page.locator(".figures.big > div").all()
    }
    prompt_tokens = sum(tokens.values()) - tokens["output"]
    assert prompt_tokens > 30_000
    assert figures["Sessions"].inner_text() == f"{len(sessions):,}"
    cached = units.percent(tokens["cache_read"] / prompt_tokens)
    title = f"{prompt_tokens:,}, {cached} of them from the cache"
    assert figures["Prompt tokens"].get_attribute("title") == title
    assert figures["Output tokens"].get_attribute("title") == f"{tokens['output']:,}"
    assert page.locator("svg").count() > 3


def test_search_hit_links_to_the_message(window: Window) -> None:
    """A word of a prompt matches, and the link of the hit shows that message."""
    page = window.open("/")
    page.keyboard.press("/")
    page.keyboard.type("xylopho")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=xylopho")
    hits = page.locator(".hit")
    wait_until(lambda: bool(page.reload()) and hits.count() >= 1, "it is indexed")
    assert page.locator(".hit mark").first.inner_text().startswith("xylo")
    window.follow(hits.last)
    assert "at=" in page.url
    assert "xylophone" in page.locator(".entry:target").inner_text()


def test_conversation_shows_calls_and_subagents(window: Window, stored: StoredSessions) -> None:
    """A call is shown with its outcome, and its subagent has a page of its own."""
    page = window.open(f"/sessions/{stored.first}")
    bash = page.locator(".call", has_text="Bash").first
    assert "ok" in bash.locator(".outcome").inner_text()
    page.keyboard.press("o")
    assert "out-of-bash" in bash.locator(".output").inner_text()
    assert page.locator(".kind-answer .prose strong", has_text="done").count() == 1
    window.follow(page.locator(".subagent a").first)
    assert "agent=" in page.url
    assert "Seen from below." in page.locator(".conversation").inner_text()
    window.follow(page.locator(".crumbs a").last)
    assert page.url.endswith(f"/sessions/{stored.first}")


def test_forks_are_linked_both_ways(window: Window, stored: StoredSessions) -> None:
    """A fork links to its origin, and that session links to the fork."""
    page = window.open(f"/sessions/{stored.fork}")
    window.follow(page.locator(".note a").first)
    assert page.url.endswith(f"/sessions/{stored.first}")
    window.follow(page.locator(".note a", has_text="").first)
    assert page.url.endswith(f"/sessions/{stored.fork}")
    assert page.locator(".inherited").count() > 0


def test_open_page_grows_while_the_session_runs(window: Window, stored: StoredSessions) -> None:
    """A new message appears by itself; the page scrolls only if it is at its end."""
    page = window.open(f"/sessions/{OWN}")
    page.locator("[data-following]").wait_for()
    page.evaluate("window.isSamePage = true; scrollTo({ top: 200 })")
    began = time.monotonic()
    stored.own.append(stored.own.writer.prompt("A fresh heliotrope"))
    page.locator(".entry", has_text="heliotrope").wait_for()
    print(f"visible after {time.monotonic() - began:.2f} s")  # noqa: T201 - a measurement
    assert page.evaluate("scrollY") == 200
    page.locator("[data-newer]").click()
    window.wait_for("innerHeight + scrollY >= document.documentElement.scrollHeight - 5")
    stored.own.append(stored.own.writer.answer(text("And mauve"), usage_id="msg_live"))
    page.locator(".entry", has_text="And mauve").wait_for()
    window.wait_for("innerHeight + scrollY >= document.documentElement.scrollHeight - 5")
    assert page.evaluate("window.isSamePage")
    assert page.locator(".entry", has_text="heliotrope").count() == 1


def test_page_that_was_hidden_catches_up(window: Window, stored: StoredSessions) -> None:
    """A stream that broke continues after the last message that is shown, and repeats none."""
    page = window.open(f"/sessions/{OWN}")
    page.locator("[data-following]").wait_for()
    count = page.locator(".entry").count()
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert not page.locator("[data-live]").is_visible()
    stored.own.append(stored.own.writer.prompt("Written while it was hidden"))
    page.evaluate("dispatchEvent(new Event('pageshow'))")
    page.locator(".entry", has_text="while it was hidden").wait_for()
    assert page.locator(".entry").count() == count + 1


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 3), ("project=/home/user/other", 1), ("branch=main", 1), ("branch=none", 0),
     ("model=claude-opus-5-5&branch=main", 1), ("since=2999-01-01", 0), ("q=heard+of+nothing", 0)],
)  # fmt: skip
def test_list_is_filtered(client: httpx.Client, query: str, count: int) -> None:
    """By project, branch, model, day and text; the page says so when nothing matches."""
    page = client.get(f"/sessions?{query}").text
    assert page.count('class="row"') == count
    assert ("No session matches" in page) == (count == 0)


def test_filters_are_selected_on_the_page(window: Window) -> None:
    """The form leads to the address that lists what was selected."""
    page = window.open("/sessions")
    page.get_by_label("Project").select_option("/home/user/other")
    page.get_by_placeholder("words, is:error").fill("question")
    window.follow(page.get_by_role("button", name="Show"))
    assert "project=" in page.url
    rows = page.locator(".list .row")
    wait_until(lambda: bool(page.reload()) and rows.count() == 1, "it is indexed")
    assert page.get_by_label("Project").input_value() == "/home/user/other"
    window.follow(page.get_by_role("link", name="Clear"))
    assert page.url.endswith("/sessions")
    assert rows.count() == 3


def test_keys_select_in_a_list_and_help_lists_them(window: Window) -> None:
    """`j` and `k` select, Enter opens, `?` shows the help and Escape closes it."""
    page = window.open("/sessions")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    selected = page.locator(".row[data-selected]")
    assert selected.get_attribute("href") == page.locator(".row").first.get_attribute("href")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keyboard shortcuts").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog", name="Keyboard shortcuts").is_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/sessions/*")


def test_session_is_exported(client: httpx.Client, stored: StoredSessions) -> None:
    """As Markdown and as JSON, its subagents included."""
    markdown = client.get(f"/sessions/{stored.first}/export.md")
    assert "All **done**." in markdown.text
    assert "# Subagent" in markdown.text
    assert "Seen from below." in markdown.text
    assert "attachment" in markdown.headers["content-disposition"]
    document = client.get(f"/sessions/{stored.first}/export.json").json()
    assert document["session"]["session_id"] == stored.first
    assert len(document["messages"]) > 7
    assert client.get(f"/sessions/{stored.first}/export.html").status_code == 404
