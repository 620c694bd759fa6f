"""One session's page: what it says of the session, its subagents, and which messages it shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.dashboard.local_time import date_and_time, day_name
from ccsync_watch.dashboard.resuming import is_running, resume_command
from ccsync_watch.model import Part, Subagent
from ccsync_watch.store.session_outline import SessionDetails
from ccsync_watch.units import UNKNOWN
from support.storing import SESSION, message, usage

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue, Message
    from support.dashboard_visitor import Visitor
    from support.fakes import FakeClock
    from support.storing import World

ADDRESS = f"/sessions/{SESSION}"
MINUTE_MS = 60_000


def ids_on(html: str) -> list[str]:
    """Return the names of the messages that a page shows."""
    return re.findall(r'<article [^>]*id="m-([^"]+)"', html)


def answer(uuid: str, *parts: Part, **more: Any) -> Message:  # noqa: ANN401 - any field
    """Return an answer of Claude's."""
    return message(uuid, parts=parts, kind="answer", role="assistant", **more)


def edit(number: int, path: str, added: int, *, is_ok: bool = True) -> tuple[Message, Message]:
    """Return a call that changes a file, and its result."""
    result: JsonValue = {"ok": is_ok, "path": path, "lines_added": added, "lines_removed": 1}
    return (
        answer(f"c{number}", Part("tool-call", {"file_path": path}, f"t{number}", "Edit")),
        message(
            f"r{number}",
            parts=(Part("tool-result", result, f"t{number}", "Edit"),),
            kind="tool_result",
        ),
    )


@pytest.fixture
def agents(world: World) -> World:
    """Have a session with a subagent that no call names, and one that a call started."""
    at_ms = world.clock.now_ms
    called = Subagent("a1", SESSION, "reviewer", "Look", "t1", None, None, None, None)
    world.ingest(
        message("u1", "Delegate", at_ms=at_ms),
        answer("c1", Part("text", "Now."), Part("tool-call", {}, "t1", "Task"), model="lead-model"),
        *(
            item
            for agent, minutes in (("a1", 3), ("a2", 5))
            for item in (
                message(f"{agent} task", agent_id=agent, kind="task", at_ms=at_ms + MINUTE_MS),
                answer(
                    f"{agent} end",
                    Part("text", f"{agent} says"),
                    agent_id=agent,
                    at_ms=at_ms + minutes * MINUTE_MS,
                    model=f"{agent}-model-20251101",
                ),
            )
        ),
        usages=(usage("m1"), usage("m2", agent_id="a2", tokens_in=1_000_000)),
        subagents=(called,),
    )
    return world


@pytest.mark.usefixtures("agents")
def test_a_subagent_that_no_call_names_is_reached_from_its_session(visitor: Visitor) -> None:
    """All are in the session's tree; one that a call on the page started is below the call too."""
    html = visitor.get(ADDRESS).text
    tree, conversation = html.split('class="reading')
    assert tree.count("?agent=a1") == tree.count("?agent=a2") == 1
    assert "<summary>2 subagents</summary>" in tree
    assert conversation.count("?agent=a1") == 1
    assert "?agent=a2" not in conversation


@pytest.mark.usefixtures("agents")
def test_a_subagents_page_is_about_the_subagent(visitor: Visitor) -> None:
    """Its model, time, duration, tokens, cost and exports are not those of its session."""
    html = visitor.get(f"{ADDRESS}?agent=a2").text
    assert 'title="a2-model-20251101">a2-model<' in html
    assert "lead-model" not in html
    assert "<dd>4 min</dd>" in html
    assert "$1.00" in html
    assert f'href="{ADDRESS}/export.md?agent=a2"' in html
    assert 'class="resume"' not in html
    document = visitor.get(f"{ADDRESS}/export.md?agent=a2")
    assert "a2 says" in document.text
    assert "a1 says" not in document.text
    assert "Delegate" not in document.text
    assert "- Cost: $1.00" in document.text
    assert "subagent.md" in document.headers["content-disposition"]
    exported = visitor.get(f"{ADDRESS}/export.json?agent=a2").json()
    assert [item["agent_id"] for item in exported["messages"]] == ["a2", "a2"]
    assert exported["session"]["subagent"]["models"] == ["a2-model-20251101"]
    assert visitor.get(f"{ADDRESS}/export.md?agent=unknown").status_code == 404


@pytest.mark.parametrize(
    ("has_ended", "minutes", "expected"),
    [(False, 1, True), (False, 11, False), (True, 1, False), (False, None, False)],
)
def test_a_session_runs_while_it_writes(
    has_ended: bool,  # noqa: FBT001 - the case
    minutes: int | None,
    expected: bool,  # noqa: FBT001 - the case
) -> None:
    """Until a hook says that it ended, or for ten minutes."""
    details = SessionDetails("/a", "2.1", has_ended)
    updated_ms = None if minutes is None else -minutes * MINUTE_MS
    assert is_running(details, updated_ms, 0) is expected


def test_a_finished_session_is_not_live_and_opens_at_its_start(
    world: World, visitor: Visitor, clock: FakeClock
) -> None:
    """A running one is, and opens at its end."""
    said = [message(f"u{n}", f"Number {n}", at_ms=world.clock.now_ms + n) for n in range(250)]
    world.ingest(*said)
    running = visitor.get(ADDRESS).text
    assert '<span class="live" data-live>' in running
    assert ids_on(running)[-1] == "u249"
    clock.advance(3600)
    finished = visitor.get(ADDRESS).text
    assert '<span class="live" data-live hidden>' in finished
    assert ids_on(finished) == [f"u{n}" for n in range(100)]
    last = re.search(r'<a [^>]*href="([^"]+)"[^>]*>Last</a>', finished)
    assert last is not None
    assert ids_on(visitor.get(last[1].replace("&amp;", "&")).text)[-1] == "u249"


def test_a_link_names_a_message_whatever_the_number_of_its_row(
    world: World, visitor: Visitor
) -> None:
    """A store that is built again counts in another order; links of version 0.1 have numbers."""
    world.say("before", session_id="other")
    world.ingest(*(message(f"u{number}", f"Number {number}") for number in range(120)))
    html = visitor.get(f"{ADDRESS}?at=u90").text
    assert f'href="{ADDRESS}?at=u90#m-u90"' in html
    assert re.findall(r'class="entry[^"]* named" id="([^"]+)"', html) == ["m-u90"]
    assert ids_on(html)[50] == "u90"
    seq = re.search(r'id="m-u90" data-seq="(\d+)"', html)
    assert seq is not None
    assert ids_on(visitor.get(f"{ADDRESS}?at={seq[1]}").text)[50] == "u90"
    assert len(ids_on(visitor.get(f"{ADDRESS}?at=unknown").text)) == 100


def test_a_message_is_copied_as_it_was_written(world: World, visitor: Visitor) -> None:
    """As Markdown, with the results of its calls; the page shows what it is rendered to."""
    result: JsonValue = {"ok": True, "output": "42"}
    world.ingest(
        answer(
            "a1",
            Part("text", "**Bold**\n\n- one"),
            Part("tool-call", {"command": "x"}, "t1", "Bash"),
        ),
        message("r1", parts=(Part("tool-result", result, "t1", "Bash"),), kind="tool_result"),
    )
    assert f'data-copy="{ADDRESS}/message.md?at=a1"' in visitor.get(ADDRESS).text
    response = visitor.get(f"{ADDRESS}/message.md?at=a1")
    assert response.text.startswith("**Bold**\n\n- one\n\n**Bash**")
    assert "42" in response.text
    assert visitor.get(f"{ADDRESS}/message.md?at=a2").status_code == 404


def test_a_conversation_names_each_day_that_begins_in_it(world: World, visitor: Visitor) -> None:
    """Its head names the first and the last; what has no time begins none."""
    days_ms = [world.clock.now_ms + day * 24 * 60 * MINUTE_MS for day in (0, 1, 1, 9)]
    world.ingest(
        *(message(f"p{number}", "Next?", at_ms=at_ms) for number, at_ms in enumerate(days_ms)),
        message("timeless", "And this?", at_ms=None),
    )
    html = visitor.get(ADDRESS).text
    shown = re.findall(r'class="day-break"><time [^>]*>([^<]+)</time>', html)
    assert shown == [day_name(days_ms[1]), day_name(days_ms[3])]
    assert html.index(shown[0]) < html.index('id="m-p1"') < html.index('id="m-p2"')
    head = html.split('class="under"')[1].split("</div>")[0]
    assert [date_and_time(at_ms) in head for at_ms in (days_ms[0], days_ms[3])] == [True, True]
    later = visitor.get(f"{ADDRESS}?show=prompts&at=p3").text
    assert later.count("day-break") == html.count("day-break")
    assert visitor.get(f"{ADDRESS}/share.html?view=1").text.count('"day-break"') == len(shown)


def test_the_files_that_a_session_changed_are_listed_with_their_edits(
    world: World, visitor: Visitor
) -> None:
    """Lines are those of its results; what failed changed nothing."""
    world.ingest(
        message("u1", "Change them"),
        *edit(1, "/home/user/project/src/a.py", 3),
        *edit(2, "/home/user/project/b.py", 1),
        *edit(3, "/home/user/project/src/a.py", 4),
        *edit(4, "/home/user/project/c.py", 9, is_ok=False),
    )
    html = visitor.get(ADDRESS).text
    assert "2 files changed" in html
    rows = re.findall(r"<tr><td><code title=.*?</tr>", html)
    assert ">src/a.py</code>" in rows[0]
    assert "+7</span>" in rows[0]
    assert re.findall(r"at=([^#]+)#", rows[0]) == ["c1", "c3"]
    assert ">b.py</code>" in rows[1]


def test_the_outline_has_each_prompt_with_its_cost_and_errors(
    world: World, visitor: Visitor
) -> None:
    """It links to the message on the page, or to the page that it is on."""
    world.ingest(
        message("u1", "First **thing**\nand more"),
        *edit(1, "a.py", 1, is_ok=False),
        answer("a1", Part("text", "Done"), usage_id="m1"),
        message("u2", "Second"),
        answer("a2", Part("text", "Done"), usage_id="m2"),
        usages=(usage("m1", tokens_in=1_000_000, uuid="a1"), usage("m2", uuid="a2")),
    )
    html = visitor.get(ADDRESS).text
    lines = re.findall(r'<li value="(\d)"><a href="([^"]+)"><span class="line">([^<]+)', html)
    assert lines == [("1", "#m-u1", "First **thing** and more"), ("2", "#m-u2", "Second")]
    assert "✕ 1</span> $1.00" in html
    far = visitor.get(f"{ADDRESS}?after=999").text
    assert f'<a href="{ADDRESS}?at=u1#m-u1"><span class="line">' in far


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("", ["u1", "a1", "c1", "c2", "e1"]),
        ("conversation", ["u1", "a1", "e1"]),
        ("prompts", ["u1"]),
        ("errors", ["c1", "e1"]),
        ("unknown", ["u1", "a1", "c1", "c2", "e1"]),
    ],
)
def test_messages_are_selected(
    world: World, visitor: Visitor, selection: str, expected: list[str]
) -> None:
    """What was said, what was asked, or what went wrong."""
    first, second = edit(1, "a.py", 1, is_ok=False), edit(2, "b.py", 1)
    world.ingest(
        message("u1", "Change it"),
        answer("a1", Part("text", "I will.")),
        *first,
        *second,
        message("e1", "Overloaded", kind="api_error", role="assistant"),
    )
    html = visitor.get(f"{ADDRESS}?show={selection}").text
    assert ids_on(html) == expected
    is_known = selection in {"conversation", "prompts", "errors"}
    assert f'?show={selection}" aria-current="true"' in html or not is_known


def test_an_unfinished_response_is_a_lower_bound(world: World, visitor: Visitor) -> None:
    """It was written before it had ended: the message, its turn and the session say so."""
    world.ingest(
        message("u1"),
        answer("a1", Part("text", "Cut"), usage_id="m1"),
        message("u2"),
        answer("a2", Part("text", "Whole"), usage_id="m2"),
        usages=(
            usage("m1", tokens_out=7, is_final=False, uuid="a1"),
            usage("m2", tokens_out=5, uuid="a2"),
        ),
    )
    html = visitor.get(ADDRESS).text
    assert "≥ 7 output" in html
    assert "· 5 output" in html
    assert '<dd title="≥ 12">≥ 12</dd>' in html


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("/home/ana/my shop", "cd '/home/ana/my shop' && claude --resume s1"),
        ("/home/ana/two\nlines", "cd '/home/ana/two\nlines' && claude --resume s1"),
        ("-shop", "cd -- -shop && claude --resume s1"),
        ("C:\\my shop", "cd 'C:\\my shop'; claude --resume s1"),
        ("C:\\Ana's $(date)", "cd 'C:\\Ana''s $(date)'; claude --resume s1"),
        ("C:\\Ana\u2019s", "cd 'C:\\Ana\u2019\u2019s'; claude --resume s1"),
        # Stored without the bytes or the sequences that were in them.
        ("/home/ana/beds\ufffd", "claude --resume s1"),
        ("/home/ana/\x1b[31mred\x07", "claude --resume s1"),
        (None, "claude --resume s1"),
    ],
)
def test_a_session_is_resumed_where_it_began(folder: str | None, expected: str) -> None:
    """The client looks for its sessions below the folder that it is started in."""
    assert resume_command("s1", folder) == expected


@pytest.mark.parametrize(("is_stored", "shown"), [(True, "0"), (False, UNKNOWN)])
def test_calls_that_are_not_stored_are_not_counted_as_none(
    request: pytest.FixtureRequest, world: World, *, is_stored: bool, shown: str
) -> None:
    """There may have been many."""
    settings = f'{{"sync_tool_calls": {str(is_stored).lower()}}}'
    (world.folder / ".claude-code-sync.json").write_text(settings)
    world.ingest(
        message("u1"), message("a1", agent_id="a"),
        subagents=(Subagent("a", SESSION, "worker", None, None, None, None, None, None),),
    )  # fmt: skip
    visitor: Visitor = request.getfixturevalue("visitor")
    for address in (ADDRESS, "/?range=all", f"{ADDRESS}/share?all=1", f"{ADDRESS}?agent=a"):
        page = visitor.get(address).text
        assert f"<dt>Tool calls</dt><dd>{shown}<" in page
        assert "0 calls" not in page


@pytest.mark.parametrize("path", ["", "/live", "/export.md"])
def test_an_unknown_subagent_has_no_page(world: World, visitor: Visitor, path: str) -> None:
    """Such as one in an address that was typed."""
    world.ingest(message("u1"))
    response = visitor.get(f"{ADDRESS}{path}?agent=unknown")
    assert response.status_code == 404
    assert "This subagent is not stored here" in response.text


def test_every_response_of_a_long_session_has_its_cost(world: World, visitor: Visitor) -> None:
    """The first turn's too, after more responses than one query asks for."""
    rows = [message("u0", "First")]
    usages = []
    for number in range(1, 620):
        rows.append(answer(f"a{number}", Part("text", "."), usage_id=f"m{number}"))
        usages.append(usage(f"m{number}", tokens_in=1_000_000, uuid=f"a{number}"))
    world.ingest(*rows, message("u1", "Second"), usages=tuple(usages))
    assert "$619.01</small>" in visitor.get(ADDRESS).text


def test_subagents_are_shown_however_deep_they_are(world: World, visitor: Visitor) -> None:
    """Each once, also where each started the next hundreds of times, or is below itself."""
    parents = {f"deep{number}": f"deep{number - 1}" for number in range(400)}
    parents.update(x="y", y="x", below="x", itself="itself")
    world.ingest(
        message("p1", "Go"),
        *(message(f"m{name}", "Said", agent_id=name, kind="answer") for name in parents),
        subagents=tuple(
            Subagent(name, SESSION, "worker", None, None, parent, None, None, None)
            for name, parent in parents.items()
        ),
    )
    page = visitor.get(f"/sessions/{SESSION}")
    assert page.status_code == 200
    assert sorted(re.findall(r'class="subagent-line"><a href="[^"]+agent=(\w+)"', page.text)) == (
        sorted(parents)
    )
    assert visitor.get(f"/sessions/{SESSION}?agent=deep399").status_code == 200


def test_the_duration_of_one_moment_is_not_known(visitor: Visitor, world: World) -> None:
    """As in the list: a prompt alone took no time that anybody measured."""
    world.ingest(message("u1", "Hello?"))
    page = visitor.get(f"/sessions/{SESSION}").text
    assert re.search(f"<dt>Duration</dt><dd[^>]*>{UNKNOWN}</dd>", page)


def test_a_session_without_a_message_says_so(visitor: Visitor, world: World) -> None:
    """Its transcript has a summary alone; one that was never read, or is excluded, is another."""
    with world.database.write() as connection:
        connection.execute(
            "INSERT INTO transcripts (path_key, stream, session_id, shown_path, offset, device,"
            " inode, head, marker, size, mtime_ns)"
            " VALUES (x'00', 'titled', 'titled', '', 90, 1, 1, x'', x'', 90, 1)"
        )
    page = visitor.get("/sessions/titled")
    assert page.status_code == 404
    assert "Nothing was said in this session" in page.text
    assert "is not stored here" in visitor.get("/sessions/unknown").text
