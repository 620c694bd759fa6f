"""A shared file is complete in itself, has nothing that it should not have, and is announced."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from ccsync_watch.accounting.session_accounts import load_account
from ccsync_watch.dashboard import sharing
from ccsync_watch.dashboard.subagent_tree import build_tree
from ccsync_watch.model import Part, Subagent
from ccsync_watch.store import session_list
from support.storing import SESSION, message, usage

if TYPE_CHECKING:
    from support.dashboard_visitor import Visitor
    from support.storing import World

PAGE = f"/sessions/{SESSION}"
TOKEN = "[REDACTED:github-token:0123abcd]"


@pytest.fixture(autouse=True)
def _session(world: World) -> None:
    call = Part("tool-call", {"command": f"curl -H {TOKEN}"}, "t1", "Bash")
    agent_call = Part("tool-call", {"prompt": "Find it"}, "t2", "Agent")
    answer: dict[str, Any] = {"role": "assistant", "kind": "answer"}
    world.ingest(
        message("u1", f"Why is it <b>slow</b>?\nSee [x](https://example.com/a) {TOKEN}"),
        message("u2", "I look.", usage_id="m1", **answer),
        message("u3", parts=(call, Part("thinking", "Let me think")), **answer),
        message(
            "u4",
            parts=(
                Part("tool-result", {"ok": True, "output": f"{TOKEN} output of it"}, "t1", "Bash"),
            ),
            kind="tool_result",
        ),
        message("u5", parts=(agent_call,), **answer),
        message("a1", "Found by the subagent", agent_id="a1", **answer),
        usages=(usage("m1", uuid="u2"),),
        subagents=(Subagent("a1", SESSION, "Explore", "look", "t2", None, 1, None, None),),
    )


def test_a_file_loads_nothing_and_links_nowhere_of_ours(visitor: Visitor) -> None:
    """Its policy allows its own style alone, and that is the style that it has."""
    text = visitor.get(f"{PAGE}/share.html?all=1").text
    assert "<script" not in text
    assert "<form" not in text
    assert "<button" not in text
    assert re.findall(r"""\b(?:src|srcset|action|poster|data)=["'][^"']*""", text) == []
    links = set(re.findall(r'\bhref="([^"]*)"', text))
    assert {link for link in links if not link.startswith("#")} == {
        "data:,",
        "https://example.com/a",
    }
    assert "&lt;b&gt;slow&lt;/b&gt;" in text
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    digest = b64encode(sha256(style.encode()).digest()).decode()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    policy = policy.replace("&#39;", "'")
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    # Every link within it has its place.
    places = set(re.findall(r'\bid="([^"]*)"', text))
    assert {link[1:] for link in links if link.startswith("#")} <= places


def test_prompts_and_answers_are_without_calls(visitor: Visitor) -> None:
    """And everything has calls, results, thinking and subagents."""
    short = visitor.get(f"{PAGE}/share.html").text
    whole = visitor.get(f"{PAGE}/share.html?all=1").text
    for word in ("curl -H", "output of it", "Let me think", "Found by the subagent"):
        assert word not in short
        assert word in whole
    assert "I look." in short
    assert whole.count('id="agent-a1"') == 1


def test_what_a_person_said_of_it_is_not_in_it(visitor: Visitor) -> None:
    """But for the name, which is its title."""
    visitor.post(f"{PAGE}/annotations", {"name": "The index", "tags": "private", "note": "hush"})
    visitor.post(f"{PAGE}/marks", {"mark": "wrong  u2"})
    text = visitor.get(f"{PAGE}/share.html?all=1").text
    body = text.partition("</style>")[2]
    assert "<h1>The index</h1>" in body
    for word in ("private", "hush", "wrong", "/w/shop"):
        assert word not in body


def test_the_page_before_says_what_is_in_the_file(visitor: Visitor) -> None:
    """Its size is the file's, and what was removed is counted where it is shown."""
    page = ""
    for query, removed in (("", 1), ("?all=1", 3)):
        page = re.sub(
            r"\s+", " ", re.sub(r"<[^>]+>", " ", visitor.get(f"{PAGE}/share{query}").text)
        )
        size = len(visitor.get(f"{PAGE}/share.html{query}").content)
        assert f"Size {size / 1024:.1f} KiB" in page
        assert f"Secrets removed {removed} " in page
        assert f"github-token {removed} " in page
    assert "Prompts 1 Answers 2 Tool calls 2 Subagents 1" in page


def test_it_is_saved_or_looked_at(visitor: Visitor) -> None:
    """What is looked at in the browser has the file's own policy."""
    saved = visitor.get(f"{PAGE}/share.html")
    assert saved.headers["content-disposition"] == 'attachment; filename="session.html"'
    shown = visitor.get(f"{PAGE}/share.html?view=1")
    assert "content-disposition" not in shown.headers
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy
    assert visitor.get("/sessions/unknown/share.html").status_code == 404


def test_the_size_of_a_long_session_is_estimated(world: World) -> None:
    """From its first messages; everything else is counted, and the estimate is near."""
    world.ingest(*(message(f"p{number}", f"Prompt {number} {TOKEN}") for number in range(450)))
    session = session_list.load_session(world.database, SESSION)
    assert session is not None
    account = load_account(world.database, SESSION, world.prices)
    source = sharing.SharedSource(world.database, session, account, {}, is_whole=False)
    content = sharing.SharedContent()
    written = "".join(sharing.iterate_shared(source, content))
    exact, estimated = (sharing.count_shared(source, max_written=most) for most in (900, 1))
    assert (exact.size, exact.is_size_estimated) == (len(written.encode()), False)
    assert exact.size == content.size
    assert estimated.is_size_estimated
    assert 0.95 < estimated.size / exact.size < 1.05
    assert estimated.removed == exact.removed == content.removed
    assert estimated.prompts == exact.prompts


def test_what_subagents_did_is_read_once(
    world: World, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each subagent again, a session with hundreds of them would take minutes."""
    world.ingest(
        *(message("x", "Said", agent_id=f"a{number}", kind="answer") for number in range(2, 5))
    )
    reading = Mock(wraps=build_tree)
    monkeypatch.setattr(sharing, "build_tree", reading)
    assert visitor.get(f"{PAGE}/share.html?all=1").text.count('class="agent-heading"') == 4
    assert reading.call_count == 1


def test_tokens_of_responses_that_had_not_ended_are_a_lower_bound(
    world: World, visitor: Visitor
) -> None:
    """As on the session's own page."""
    assert "Output tokens</dt><dd>5<" in visitor.get(f"{PAGE}/share.html").text
    world.ingest(
        message("u9", "More", usage_id="m9", role="assistant", kind="answer"),
        usages=(usage("m9", uuid="u9", is_final=False),),
    )
    for address in (PAGE, f"{PAGE}/share.html"):
        assert re.search(r"Output tokens</dt><dd[^>]*>≥ 10<", visitor.get(address).text)
