"""Pages are found by listing their package; routes, navigation and titles follow from them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ccsync_watch import units
from ccsync_watch.dashboard.pages import load_pages
from ccsync_watch.dashboard.rendering import TEMPLATE_FOLDER
from ccsync_watch.model import Part, Subagent
from ccsync_watch.statusline.plan_limits import keep_limits
from ccsync_watch.store.egress_ledger import LedgerEntry, add_entry
from support.storing import OTHER, SESSION, message, usage
from support.waiting import wait_until

if TYPE_CHECKING:
    from ccsync_watch.dashboard.page import Page
    from ccsync_watch.model import JsonValue
    from support.dashboard_visitor import Visitor
    from support.fakes import FakeClock
    from support.storing import World

PAGES = load_pages()


def test_pages_have_names_and_paths_of_their_own() -> None:
    """And the links of the header have ranks of their own."""
    assert len(PAGES) >= 5
    assert len({page.name for page in PAGES}) == len(PAGES)
    assert len({page.path for page in PAGES}) == len(PAGES)
    ranks = [page.navigation for page in PAGES if page.navigation is not None]
    assert len(set(ranks)) == len(ranks)


def test_fixed_paths_come_before_those_with_parameters() -> None:
    """The first route that matches an address answers it."""
    has_parameter = ["{" in page.path for page in PAGES]
    assert has_parameter == sorted(has_parameter)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_declares_what_exists(page: Page) -> None:
    """Its template is a file, and its section is a page in the navigation."""
    assert (TEMPLATE_FOLDER / page.template).is_file()
    sections = {other.name for other in PAGES if other.navigation is not None}
    assert page.current_section in sections


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_has_its_title_and_marks_its_section(
    world: World, visitor: Visitor, page: Page
) -> None:
    """The header links every page of the navigation, and marks one as the current one."""
    world.say("u1", "Hello")
    response = visitor.get(page.path.format(session_id=SESSION))
    assert response.status_code == 200
    title = "Hello" if page.name == "session" else page.title
    assert f"<title>{title} · ccsync-watch</title>" in response.text
    assert f'<body class="page-{page.name}">' in response.text
    links = sorted(
        (other for other in PAGES if other.navigation is not None),
        key=lambda other: other.navigation or 0,
    )
    expected = [
        f'<a href="{link.path}"'
        + (' aria-current="page"' if link.name == page.current_section else "")
        + f">{link.title}</a>"
        for link in links
    ]
    places = [response.text.index(html) for html in expected]
    assert places == sorted(places)


@pytest.mark.parametrize(("severity", "label"), [("error", "Error"), ("warning", "Warning"),
                                                 ("info", "Information")])  # fmt: skip
def test_problems_look_like_their_severity(visitor: Visitor, severity: str, label: str) -> None:
    """Information is neither named nor coloured as an error."""
    visitor.daemon.answer["problems"] = [
        {
            "code": "disk-full",
            "title": "Disk",
            "detail": "<b> is full",
            "hint": "run `df & co`",
            "severity": severity,
        }
    ]
    text = visitor.get("/sync").text
    assert f'<p class="problem {severity}"><span class="severity">{label}</span>' in text
    assert "<b>Disk:</b> &lt;b&gt; is full" in text
    assert "→ run <code>df &amp; co</code>" in text


@pytest.mark.parametrize("path", ["/", "/?range=all", "/sessions", "/sessions?q=x"])
def test_empty_store_is_explained(visitor: Visitor, path: str) -> None:
    """Nothing was written yet, or what was written is being imported."""
    visitor.site.figures.expire()
    assert "Waiting for Claude Code" in visitor.get(path).text
    assert "/home/user/.claude/projects" in visitor.get(path).text
    visitor.daemon.answer["transcripts_found"] = 3
    visitor.site.figures.expire()
    visitor.daemon.answer["bytes_behind"] = 3 << 20
    visitor.daemon.answer["totals"] |= {"bytes_read": 1 << 20, "sessions": 0}  # type: ignore[operator]
    visitor.site.figures.expire()
    text = visitor.get(path).text
    assert "Your sessions are being imported" in text
    assert "3 transcripts of Claude Code were found" in text
    assert f'<progress max="{4 << 20}" value="{1 << 20}"' in text
    assert "Nothing leaves this machine until" in text
    assert "<svg" not in text.partition("<main")[2]


@pytest.mark.parametrize("path", ["/", "/sessions"])
def test_an_empty_store_names_the_folder_that_is_missing(visitor: Visitor, path: str) -> None:
    """Somebody who waits here would wait forever; what keeps nothing from working is on Sync."""
    missing: dict[str, JsonValue] = {
        "code": "folder-missing",
        "title": "Claude folder not read",
        "detail": "~/claud: the folder does not exist",
        "hint": "correct claude_dirs",
        "severity": "error",
    }
    visitor.daemon.answer["problems"] = [missing, missing | {"title": "Else", "severity": "info"}]
    text = visitor.get(path).text
    assert "<b>Claude folder not read:</b> ~/claud: the folder does not exist" in text
    assert "correct claude_dirs" in text
    assert "Else" not in text


@pytest.mark.parametrize("path", ["/?range=all", "/sessions"])
def test_an_import_shows_how_far_it_is_until_it_is_done(
    world: World, visitor: Visitor, path: str
) -> None:
    """What is read later is not an import: a page then asks for no status."""
    world.say("u1", "First")
    visitor.daemon.answer |= {
        "transcripts_found": 9,
        "bytes_behind": 90 << 20,
        "totals": {"bytes_read": 10 << 20, "sessions": 1},
    }
    text = visitor.get(path).text
    assert "being imported" in text
    assert "10.0 MiB of 100.0 MiB read · 1 session so far" in text
    visitor.daemon.answer["bytes_behind"] = 1000
    visitor.site.figures.expire()
    assert "being imported" not in visitor.get(path).text
    visitor.daemon.answer["bytes_behind"] = 90 << 20
    visitor.site.figures.expire()
    assert "being imported" not in visitor.get(path).text


def test_the_limits_of_the_plan_are_shown_while_they_hold(
    world: World, visitor: Visitor, clock: FakeClock
) -> None:
    """As the client reported them last; a window that has ended says nothing of now."""
    world.say("u1", "First prompt")
    now = clock.wall_ms() / 1000
    windows = {
        "five_hour": {"used_percentage": 34.4, "resets_at": now + 3600},
        "seven_day": {"used_percentage": 101.0},
    }
    keep_limits(str(visitor.site.state_dir), {"rate_limits": windows}, now - 120)
    wait_until(lambda: "Cost by" in visitor.get("/?range=all").text, "figures")
    text = visitor.get("/?range=all").text
    assert "5 hours: 34 % used, until" in text
    assert "7 days: 101 % used</li>" in text
    assert "reported to the status line 2 min ago" in text
    clock.advance(3601)
    text = visitor.get("/?range=all").text
    assert "5 hours:" not in text
    assert "7 days: 101 % used" in text
    clock.advance(8 * 86_400)
    assert "Limits of your plan" not in visitor.get("/?range=all").text


def test_sessions_that_are_not_read_lead_to_pages_that_are_there(
    world: World, visitor: Visitor
) -> None:
    """Of most of them nothing is stored yet: they are named, and counted."""
    world.say("u1", "First prompt")
    visitor.daemon.answer["sessions_behind"] = {
        **{f"{number:08}-1111-4111-8111-111111111111": 1 << 20 for number in range(49)},
        SESSION: 1 << 10,
        **{f"{number:08}-2222-4222-8222-222222222222": 1 << 20 for number in range(9)},
    }
    text = visitor.get("/sync").text
    rows = text.partition("Left to read")[2].partition("</table>")[0].split("<tr>")[1:]
    assert f'<a href="/sessions/{SESSION}">First prompt</a>' in rows[0]
    assert len(rows) == 50
    assert not any("href" in row for row in rows[1:])
    assert "And 9 other sessions." in text


def test_the_first_run_explains_itself_instead_of_charts(
    world: World, visitor: Visitor, clock: FakeClock
) -> None:
    """It shows what is read so far, how long the rest takes, and leads to the figures."""
    world.say("u1", "First prompt")
    visitor.daemon.answer |= {
        "transcripts_found": 9,
        "bytes_behind": 90 << 20,
        "totals": {"bytes_read": 10 << 20, "sessions": 1},
    }
    page = visitor.get("/").text
    assert "9 transcripts of Claude Code were found" in page
    assert "First prompt" in page
    assert " left</span>" not in page
    assert "<svg" not in page.partition("<main")[2]
    assert 'href="/?range=7&amp;partial=1"' in page
    clock.advance(10)
    visitor.site.figures.expire()
    visitor.daemon.answer |= {
        "bytes_behind": 80 << 20,
        "totals": {"bytes_read": 20 << 20, "sessions": 1},
    }
    assert f"{units.estimated_duration(80)} left" in visitor.get("/").text
    wait_until(lambda: "Cost by" in visitor.get("/?range=all&partial=1").text, "figures")


def test_a_range_without_activity_has_no_empty_charts(world: World, visitor: Visitor) -> None:
    """It leads to what there is."""
    world.say("u1", "Long ago", ago_ms=40 * 86_400_000)
    wait_until(lambda: "Counting" not in visitor.get("/?range=7").text, "figures")
    text = visitor.get("/?range=7").text
    assert "No activity in this range" in text
    assert "Tokens by day" not in text
    assert "Activity in the last year" in text
    assert "Tokens by day" in visitor.get("/?range=all").text


def test_nothing_unread_is_up_to_date(visitor: Visitor) -> None:
    """Instead of zero bytes."""
    assert "up to date" in visitor.get("/sync").text
    visitor.daemon.answer["bytes_behind"] = 2048
    visitor.site.figures.expire()
    text = visitor.get("/sync").text
    assert "2.0 KiB" in text
    assert "up to date" not in text


def test_sync_page_shows_everything_that_is_pending_rejected_and_sent(
    world: World, visitor: Visitor
) -> None:
    """With links to the sessions, and a notice of the flush that led to the page."""
    world.say("u1", "Pending")
    entry = LedgerEntry(
        world.clock.now_ms,
        "x.convex.cloud",
        SESSION,
        "messages",
        3,
        4096,
        {"jwt": 2},
        is_acked=False,
    )
    with world.database.write() as connection:
        add_entry(connection, entry)
        connection.execute(
            "INSERT INTO unreadable (transcript_id, start, end, reason)"
            " SELECT id, 5, 25, 'not JSON' FROM transcripts"
        )
    (visitor.site.state_dir / "log").write_text("the last line\n")
    visitor.daemon.answer |= {
        "destination": {"name": "OpenSync", "url": "https://x.convex.cloud"},
        "sessions_behind": {SESSION: 2048},
        "rejected": [{"session_id": SESSION, "id": f"{SESSION}:u0", "reason": "too large"}],
        "totals": {"rows_pending": 7, "rows_rejected": 1, "last_ack_ms": None},
    }
    text = visitor.get("/sync?flush=failed").text
    for expected in (
        "Not everything could be sent",
        "https://x.convex.cloud",
        f'<a href="/sessions/{SESSION}">Pending</a>',
        "2.0 KiB",
        "too large",
        "not JSON",
        "3 messages",
        "not confirmed",
        "4,096",
        '<span class="chip">jwt</span> 2',
        "the last line",
    ):
        assert expected in text, expected


def test_a_conversation_shows_notes_denials_and_what_was_rewound(
    world: World, visitor: Visitor
) -> None:
    """A denied call did not fail; what was taken back is folded."""
    denied: JsonValue = {"ok": False, "denied": "rejected by you", "said": "use <tabs>"}
    world.ingest(
        message("u1", parts=(Part("note", {"label": "pasted", "text": "a\nb"}),)),
        message("m1", kind="mention", parts=(Part("note", {"label": "agent", "text": "weeder"}),)),
        message("m2", kind="mention", parts=(Part("note", {"lines": 2}),)),
        message("m3", kind="mention", parts=(Part("file", {"path": "beds", "entries": 1}),)),
        message("a1", kind="answer", parts=(Part("tool-call", {}, "t1", "Edit"),)),
        message("r1", kind="tool_result", parts=(Part("tool-result", denied, "t1", "Edit"),)),
        message("u2", "Wrong", parent_uuid="a1"),
        message("u3", "Right", parent_uuid="a1"),
        message("a3", "Earlier", kind="answer", role="assistant"),
        message("a4", "Better", kind="answer", role="assistant", facts={"supersedes": ["a3"]}),
    )
    html = visitor.get(f"/sessions/{SESSION}").text
    assert '<summary>pasted</summary><pre class="output">a\nb</pre>' in html
    assert '<p class="note">agent: weeder</p>' in html
    assert "Note withheld" in html
    assert '<p class="attached">folder beds, 1 entry</p>' in html
    assert '<span class="outcome denied">rejected by you</span>' in html
    assert "<b>You:</b> use &lt;tabs&gt;" in html
    assert 'class="fold call failed"' not in html
    assert html.count(">rewound</span>") == 1
    assert "<summary>Rewound</summary>" in html
    assert html.count(">superseded</span>") == 1
    assert "<summary>Superseded</summary>" in html


def test_a_conversation_shows_the_colours_of_terminals(world: World, visitor: Visitor) -> None:
    """Of a command's output, of a result without its call, and of what was stored before."""
    arguments: JsonValue = {"command": "make"}
    results: list[JsonValue] = [{"ok": True, "output": f"{word} <b>"} for word in ("red", "cyan")]
    styles = ((0, 3, "bold red"), (0, 4, "cyan"))
    world.ingest(
        message("u1", "\x1b[33myellow\x1b[0m", kind="command_output", role="system"),
        message("a1", kind="answer", parts=(Part("tool-call", arguments, "t1", "Bash"),)),
        *(
            message(
                f"r{n}", parts=(Part("tool-result", result, f"t{n}", "Bash", (styles[n - 1],)),)
            )
            for n, result in enumerate(results, 1)
        ),
    )
    page = visitor.get(f"/sessions/{SESSION}").text
    assert '<span class="t-bold t-red">red</span> &lt;b&gt;' in page
    assert '<span class="t-cyan">cyan</span> &lt;b&gt;' in page
    assert '<span class="t-yellow">yellow</span>' in page
    assert "\x1b" not in page


def test_a_session_shows_its_facts(world: World, visitor: Visitor) -> None:
    """A pull request is a link; an address of any other kind is text."""
    link: JsonValue = [
        {"url": "https://git/p/1", "name": "<o>/p#1"},
        {"url": "javascript:alert(1)", "name": "<o>/p#2"},
    ]
    world.ingest(message("u1"), facts={"effort": "high", "pull_requests": link})
    html = visitor.get(f"/sessions/{SESSION}").text
    assert "<span>Effort: high</span>" in html
    assert re.search(r'<a [^>]*href="https://git/p/1"[^>]*>⇡ &lt;o&gt;/p#1</a>', html)
    assert "<span>Pull requests: &lt;o&gt;/p#2 javascript:alert(1)</span>" in html
    assert 'href="javascript:' not in html


def test_sessions_without_a_conversation_are_listed_only_when_asked_for(
    world: World, visitor: Visitor
) -> None:
    """Such as a client that was opened and closed."""
    world.ingest(message("u1", "/exit", kind="command"))
    assert SESSION not in visitor.get("/sessions").text
    assert SESSION in visitor.get("/sessions?all=1").text


def test_a_session_says_its_worktree_and_when_a_wrong_clock_dated_it(
    world: World, visitor: Visitor
) -> None:
    """In the list, and the worktree on its own page and in its export too."""
    world.ingest(message("u1", at_ms=world.clock.now_ms + 3_700_000 * 3))
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET worktree = 'fix <b>'")
    for path in ("/sessions", f"/sessions/{SESSION}"):
        assert "worktree fix &lt;b&gt;" in visitor.get(path).text
    assert "just now" not in visitor.get("/sessions").text
    assert ">in 3 h<" in visitor.get("/sessions").text
    assert "- Worktree: fix" in visitor.get(f"/sessions/{SESSION}/export.md").text


def test_subagents_of_one_call_stand_under_it(world: World, visitor: Visitor) -> None:
    """Agents of a workflow by label and phase, a team's member by name; all in order."""
    agents = (
        Subagent("a2", SESSION, "workflow-subagent", "water", "t1", None, None, None, None,
                 phase="Water", run_id="wf_1", position=2),
        Subagent("a1", SESSION, "workflow-subagent", "count", "t1", None, None, None, None,
                 phase="Count", run_id="wf_1", position=1),
        Subagent("arosé@cov", SESSION, "general-purpose", None, "t1", None, None, None, None,
                 teammate_id="rosé@cov"),
    )  # fmt: skip
    call = Part("tool-call", {"script": "…"}, "t1", "Workflow")
    world.ingest(
        message("u1"),
        message("a1", kind="answer", parts=(call,)),
        *(message(f"of {item.agent_id}", agent_id=item.agent_id, kind="task") for item in agents),
        subagents=agents,
    )
    html = " ".join(visitor.get(f"/sessions/{SESSION}").text.split())
    html = html[html.index('aria-label="Subagent') :]
    places = [html.index(text) for text in (">rosé</a>", "Count: count<", "Water: water<")]
    assert places == sorted(places)
    address = f"/sessions/{SESSION}?agent=aros%C3%A9%40cov"
    assert address in html
    assert "rosé</h1>" in visitor.get(address).text


def test_helpers_of_the_client_are_named_with_their_cost(world: World, visitor: Visitor) -> None:
    """They have no conversation."""
    helper = Subagent("acompact-1", SESSION, "compaction", None, None, None, None, None, None,
                      is_helper=True)  # fmt: skip
    counted = usage("m1", agent_id="acompact-1", tokens_in=1_000_000)
    world.ingest(message("u1"), usages=(counted,), subagents=(helper,))
    html = visitor.get(f"/sessions/{SESSION}").text
    assert "Claude Code's own helpers: compaction $1.00" in html
    assert "?agent=" not in html


def test_a_team_links_its_lead_and_its_members(world: World, visitor: Visitor) -> None:
    """A team's name can be used again: the last lead before a member is its lead."""
    early, late = "early-lead", "late-lead"
    for number, (session_id, member) in enumerate(((early, None), (late, None), (OTHER, "lily"))):
        said = message("u1", session_id, session_id=session_id, at_ms=1_790_000_000_000 + number)
        world.ingest(said, session_id=session_id, team="cov", member=member)
    assert (
        f'Led by the session: <a href="/sessions/{late}"' in visitor.get(f"/sessions/{OTHER}").text
    )
    html = visitor.get(f"/sessions/{late}").text
    assert f'Member lily of its team of agents: <a href="/sessions/{OTHER}"' in html
    assert "team of agents" not in visitor.get(f"/sessions/{early}").text


def test_a_hand_off_links_both_ways(world: World, visitor: Visitor) -> None:
    """It is not called a fork."""
    world.ingest(message("u1", "Begun"), facts={"continued_in": OTHER})
    world.ingest(message("u2", "Continued", session_id=OTHER), session_id=OTHER)
    first = visitor.get(f"/sessions/{SESSION}").text
    second = visitor.get(f"/sessions/{OTHER}").text
    assert f'Continued in the background in <a href="/sessions/{OTHER}">' in first
    assert f'Continues in the background what was said in <a href="/sessions/{SESSION}">' in second
    assert "fork" not in first + second
