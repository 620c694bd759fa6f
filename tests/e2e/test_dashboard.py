"""The dashboard in a real browser, on what the real client wrote."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from support.browser import Door
from support.ccsync_program.program import Program
from support.ccsync_program.transcript import Transcript
from support.claude_client.api import ScriptedMessagesApi
from support.claude_client.client import SKIP_PERMISSIONS, ClaudeHome
from support.claude_client.script import prompt, reply, say, subagent, tool, usage
from support.lines import text
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from support.browser import Reader

pytestmark = pytest.mark.client

LIVE_SECONDS = 5.0
"""Generous, as other tests take their share of the machine: it is a fraction of a second."""
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
class Shown:
    """The program with a session of the client's, its fork, and a long one of our own."""

    program: Program
    first: str
    fork: str
    own: Transcript
    door: Door


@pytest.fixture(scope="module")
def shown(client_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """Let the client work beside the program, once for all these tests."""
    root = tmp_path_factory.mktemp("dashboard")
    with ScriptedMessagesApi() as api:
        home = ClaudeHome(root / "claude", api.url, binary=client_binary)
        program = Program(root / "ccsync", home.config_dir)
        program.configure(dashboard={"enabled": True, "port": 0})
        program.start()
        own = Transcript(home.config_dir, OWN, project="-home-user-other")
        own.writer.cwd = "/home/user/other"
        for number in range(30):
            own.turn(number)
        try:
            first = home.run(_TURN, SKIP_PERMISSIONS).session_id
            again = prompt("Elsewhere", say("Forked."))
            fork = home.run(again, "--resume", first, "--fork-session").session_id
            for each, count in ((first, 8), (fork, 9), (OWN, 60)):
                wait_until(
                    lambda each=each, count=count: (  # type: ignore[misc]  # bound for this round
                        (program.session(each) or {}).get("messages", 0) >= count
                    ),
                    f"{each} is stored",
                )
            yield Shown(program, first, fork, own, Door.of(program))
        finally:
            home.close()
            program.kill()


@pytest.fixture
def reader(browser: Browser, shown: Shown) -> Iterator[Reader]:
    """Return a window that was let in; its pages must not have done anything wrong."""
    with shown.door.reader(browser) as made:
        yield made


def test_the_overview_says_what_stats_says(reader: Reader, shown: Shown) -> None:
    """Sessions, prompts and tokens are those of `ccsync-watch stats`, to the token."""
    days = json.loads(shown.program.call("stats", "--by", "day", "--json").out)
    sessions = json.loads(shown.program.call("stats", "--by", "session", "--json").out)
    tokens = Counter[str]()
    for line in days:
        tokens.update(line["tokens"])
    page = reader.open("/?range=all")
    page.get_by_text("Tokens by day").wait_for()
    figures = {
        row.locator("dt").inner_text(): row.locator("dd")
        for row in page.locator(".figures.big > div").all()
    }
    prompt_tokens = sum(tokens.values()) - tokens["output"]
    assert prompt_tokens > 30_000
    assert figures["Sessions"].inner_text() == f"{len(sessions):,}"
    assert figures["Input"].get_attribute("title") == f"{prompt_tokens:,}"
    assert figures["Output"].get_attribute("title") == f"{tokens['output']:,}"
    assert page.locator("svg").count() > 3


def test_a_search_leads_to_the_message(reader: Reader) -> None:
    """A word of a prompt is found, and its link shows that message."""
    page = reader.open("/")
    page.keyboard.press("/")
    page.keyboard.type("xylopho")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=xylopho")
    hits = page.locator(".hit")
    wait_until(lambda: bool(page.reload()) and hits.count() >= 1, "it is indexed")
    assert page.locator(".hit mark").first.inner_text().startswith("xylo")
    hits.last.click()
    page.wait_for_url("**/sessions/*at=*")
    assert "xylophone" in page.locator(".entry:target").inner_text()


def test_a_conversation_shows_calls_and_subagents(reader: Reader, shown: Shown) -> None:
    """A call stands with its outcome, and its subagent has a page of its own."""
    page = reader.open(f"/sessions/{shown.first}")
    bash = page.locator(".call", has_text="Bash").first
    assert "ok" in bash.locator(".outcome").inner_text()
    page.keyboard.press("o")
    assert "out-of-bash" in bash.locator(".output").inner_text()
    assert page.locator(".kind-answer .prose strong", has_text="done").count() == 1
    page.locator(".subagent a").first.click()
    page.wait_for_url("**agent=*")
    assert "Seen from below." in page.locator(".conversation").inner_text()
    page.locator(".crumbs a").last.click()
    page.wait_for_url(f"**/sessions/{shown.first}")


def test_forks_are_linked_both_ways(reader: Reader, shown: Shown) -> None:
    """A fork names where it is from, and that session names the fork."""
    page = reader.open(f"/sessions/{shown.fork}")
    page.locator(".note a").first.click()
    page.wait_for_url(f"**/sessions/{shown.first}")
    page.locator(".note a", has_text="").first.click()
    page.wait_for_url(f"**/sessions/{shown.fork}")
    assert page.locator(".inherited").count() > 0


def test_an_open_page_grows_while_the_session_runs(reader: Reader, shown: Shown) -> None:
    """A new line appears by itself; the page moves only for a reader who is at its end."""
    page = reader.open(f"/sessions/{OWN}")
    page.locator("[data-live]").wait_for()
    page.evaluate("window.isSamePage = true; scrollTo({ top: 200 })")
    began = time.monotonic()
    shown.own.append(shown.own.writer.prompt("A fresh heliotrope"))
    page.locator(".entry", has_text="heliotrope").wait_for(timeout=LIVE_SECONDS * 1000)
    print(f"visible after {time.monotonic() - began:.2f} s")  # noqa: T201 - a measurement
    assert page.evaluate("scrollY") == 200
    page.locator("[data-newer]").click()
    page.wait_for_function("innerHeight + scrollY >= document.documentElement.scrollHeight - 5")
    shown.own.append(shown.own.writer.answer(text("And mauve"), usage_id="msg_live"))
    page.locator(".entry", has_text="And mauve").wait_for(timeout=LIVE_SECONDS * 1000)
    page.wait_for_function("innerHeight + scrollY >= document.documentElement.scrollHeight - 5")
    assert page.evaluate("window.isSamePage")
    assert page.locator(".entry", has_text="heliotrope").count() == 1


def test_a_page_that_was_hidden_catches_up(reader: Reader, shown: Shown) -> None:
    """A stream that broke goes on after the last message that is shown, and repeats none."""
    page = reader.open(f"/sessions/{OWN}")
    page.locator("[data-live]").wait_for()
    count = page.locator(".entry").count()
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert not page.locator("[data-live]").is_visible()
    shown.own.append(shown.own.writer.prompt("Said behind its back"))
    page.evaluate("dispatchEvent(new Event('pageshow'))")
    page.locator(".entry", has_text="behind its back").wait_for(timeout=LIVE_SECONDS * 1000)
    assert page.locator(".entry").count() == count + 1


@pytest.mark.parametrize(
    ("asked", "count"),
    [("", 3), ("project=/home/user/other", 1), ("branch=main", 1), ("branch=none", 0),
     ("model=claude-opus-5-5&branch=main", 1), ("since=2999-01-01", 0), ("q=heard+of+nothing", 0)],
)  # fmt: skip
def test_the_list_is_filtered(shown: Shown, asked: str, count: int) -> None:
    """By project, branch, model, day and text; where nothing is left the page says so."""
    with shown.door.client() as client:
        page = client.get(f"/sessions?{asked}").text
    assert page.count('class="row"') == count
    assert ("No session matches" in page) == (count == 0)


def test_filters_are_chosen_on_the_page(reader: Reader) -> None:
    """The form leads to the address that lists what was chosen."""
    page = reader.open("/sessions")
    page.get_by_label("Project").select_option("/home/user/other")
    page.get_by_label("Text").fill("question")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**project=*")
    rows = page.locator(".list .row")
    wait_until(lambda: bool(page.reload()) and rows.count() == 1, "it is indexed")
    assert page.get_by_label("Project").input_value() == "/home/user/other"
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url("**/sessions")
    assert rows.count() == 3


def test_keys_go_through_a_list_and_help_tells_of_them(reader: Reader) -> None:
    """`j` and `k` choose, Enter opens, `?` shows the help and Escape closes it."""
    page = reader.open("/sessions")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    chosen = page.locator(".row[data-chosen]")
    assert chosen.get_attribute("href") == page.locator(".row").first.get_attribute("href")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keyboard").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog", name="Keyboard").is_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/sessions/*")


def test_a_session_can_be_taken_away(shown: Shown) -> None:
    """As Markdown and as JSON, its subagents included."""
    with shown.door.client() as client:
        markdown = client.get(f"/sessions/{shown.first}/export.md")
        assert "All **done**." in markdown.text
        assert "# Subagent" in markdown.text
        assert "Seen from below." in markdown.text
        assert "attachment" in markdown.headers["content-disposition"]
        made = client.get(f"/sessions/{shown.first}/export.json").json()
        assert made["session"]["session_id"] == shown.first
        assert len(made["messages"]) > 7
        assert client.get(f"/sessions/{shown.first}/export.html").status_code == 404
