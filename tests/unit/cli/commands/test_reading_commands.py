"""`sessions`, `search` and `show`: what they print of what is stored, and what they never print."""

from __future__ import annotations

import io
import json
import re
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ccsync_watch.cli import main
from ccsync_watch.cli.session_text import write_conversation
from ccsync_watch.cli.terminal_page import TerminalPage
from ccsync_watch.model import Part
from ccsync_watch.store.database import open_database, open_for_reading
from ccsync_watch.store.search_hits import MARKS
from support.storing import OTHER, SESSION, World, message

NEAR = f"{SESSION[:8]}-0000-4000-8000-000000000000"
EVIL = (
    "see \x1b]8;;http://evil.example\x07this\x1b]8;;\x07 \x1b[2J\x9b31mred\r\x07"
    " [a link](http://shown.example) `code`"
)
_OWN_STYLE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def filled(env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return an environment whose store has three sessions, two of them with ids alike."""
    world = World(tmp_path / "state")
    world.ingest(
        message("p1", "Please deploy the api"),
        message(
            "a1",
            role="assistant",
            kind="answer",
            parts=(
                Part("text", EVIL),
                Part("tool-call", {"command": "make \x1b[31mdeploy"}, "t1", "Bash"),
            ),
        ),
        message(
            "r1",
            kind="tool_result",
            parts=(Part("tool-result", {"ok": False, "output": "\x1b[2Jdenied"}, "t1", "Bash"),),
        ),
        message("s1", "The helper's task", agent_id="agent1"),
    )
    world.ingest(message("p2", "Write the notes", session_id=OTHER), session_id=OTHER)
    world.ingest(message("p3", "A third one", session_id=NEAR), session_id=NEAR)
    with world.database.write() as connection:
        connection.execute(
            "UPDATE sessions SET project_path = '/work/notes', cwd = '/work/notes',"
            " folder = '/work/notes' WHERE id = ?",
            (OTHER,),
        )
    world.close()
    return env


def _run(
    capsys: pytest.CaptureFixture[str], env: dict[str, str], *words: str, code: int = 0
) -> str:
    assert main(list(words), env) == code
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    return captured.out if code == 0 else captured.err


@pytest.mark.parametrize(
    ("columns", "heads"),
    [
        (80, ["Session", "Activity", "Prompts", "Cost", "Project", "Title"]),
        (56, ["Session", "Activity", "Cost", "Project", "Title"]),
        (30, ["Session", "Cost", "Title"]),
    ],
)
def test_the_list_of_sessions_fits_into_a_terminal(
    filled: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
    heads: list[str],
) -> None:
    """Columns are left out before titles are."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = _run(capsys, filled, "sessions").splitlines()
    assert lines[0].split() == heads
    assert max(map(len, lines[:4])) <= columns


def test_sessions_are_listed_with_how_to_continue_them(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each in a line; of a single one the command too."""
    lines = _run(capsys, filled, "sessions").splitlines()
    assert lines[0].split() == ["Session", "Activity", "Prompts", "Cost", "Project", "Title"]
    assert {line[:8] for line in lines[1:4]} == {SESSION[:8], OTHER[:8], NEAR[:8]}
    assert "3 sessions" in lines
    alone = _run(capsys, filled, "sessions", "project:notes")
    assert f"Continue it: cd /work/notes && claude --resume {OTHER}" in alone
    assert SESSION[:8] not in alone
    resume = _run(capsys, filled, "sessions", "--resume", "deploy").splitlines()
    assert resume == [f"cd /home/user/project && claude --resume {SESSION}"]


def test_sessions_as_json_have_what_a_script_needs(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids, times, costs, and whether there are more."""
    answer = json.loads(_run(capsys, filled, "sessions", "--json", "--limit", "2"))
    assert (answer["total"], answer["has_more"], len(answer["sessions"])) == (3, True, 2)
    assert answer["sessions"][0].keys() >= {"session_id", "title", "cost", "resume", "updated_ms"}


@pytest.mark.parametrize("order", ["cost", "tokens", "duration", "messages", "failed"])
def test_an_order_by_figures_needs_no_page_to_have_been_opened(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str], order: str
) -> None:
    """The command counts them itself; no session is missing."""
    lines = _run(capsys, filled, "sessions", "--sort", order).splitlines()
    assert {line[:8] for line in lines[1:4]} == {SESSION[:8], OTHER[:8], NEAR[:8]}
    if order in {"messages", "failed"}:
        assert lines[1][:8] == SESSION[:8]


def test_a_search_needs_no_page_to_have_been_opened(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The command brings the index up to date itself."""
    text = _run(capsys, filled, "search", "deploy kind:prompt")
    assert SESSION[:8] in text
    assert "Please deploy the api" in text
    assert "1 message in 1 session" in text
    assert _run(capsys, filled, "search", "zebra").strip() == "Nothing matches."


@pytest.mark.parametrize("columns", [60, 80])
def test_a_match_in_a_long_branch_takes_one_line_for_its_session(
    filled: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
) -> None:
    """The longest name is shortened, in its middle."""
    database = open_database(Path(filled["CCSYNC_WATCH_HOME"]), now_ms=0)
    with closing(database), database.write() as connection:
        connection.execute("UPDATE sessions SET git_branch = ?", (f"feature/{'long-' * 20}42",))
    filled |= {"NO_COLOR": "1", "PAGER": "cat"}
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = _run(capsys, filled, "search", "notes").splitlines()
    assert re.fullmatch(rf"{OTHER[:8]}  notes · feature/.*….*-42 · .*:\d\d", lines[1])
    assert len(lines[1]) == columns
    assert lines[3] == "    Write the notes"


def test_a_search_as_json_has_the_names_of_messages(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """As the pages' links have them."""
    answer = json.loads(_run(capsys, filled, "search", "--json", "deploy kind:prompt"))
    (session,) = answer["results"]
    assert (answer["messages"], answer["is_exact"], session["matches"]) == (1, True, 1)
    (hit,) = session["messages"]
    assert (hit["name"], hit["kind"], hit["snippet"]) == ("p1", "prompt", "Please deploy the api")


@pytest.mark.parametrize("words", [("sessions",), ("search", "deploy")])
@pytest.mark.parametrize("number", ["0", "-1", "1.5", "all"])
def test_no_sessions_are_a_wrong_limit(
    filled: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    number: str,
) -> None:
    """It is refused, instead of showing one."""
    with pytest.raises(SystemExit, match="2"):
        main([*words, f"--limit={number}"], filled)
    assert f"{number!r} is not a number, 1 or more" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("kind:sandwich", "kind:sandwich is not a kind of message: write prompt"),
        ('"open', 'the quote of "open is not closed'),
        ("?!", "this search has no words"),
    ],
)
def test_a_search_that_cannot_be_understood_is_explained(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str], query: str, said: str
) -> None:
    """On one line, with exit code 2."""
    assert said in _run(capsys, filled, "search", query, code=2)


def test_a_session_is_shown_for_reading(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What was said, calls in a line, what failed with its output; Markdown as it is in a pipe."""
    text = _run(capsys, filled, "show", SESSION)
    assert "Please deploy the api" in text
    assert "[a link](http://shown.example) `code`" in text
    assert "● Bash $ make deploy  failed" in text
    assert "  denied" in text
    assert f"claude --resume {SESSION}" in text
    assert "The helper's task" not in text
    of_agent = _run(capsys, filled, "show", SESSION, "--agent", "agent")
    assert "The helper's task" in of_agent
    assert "no subagent zz" in _run(capsys, filled, "show", SESSION, "--agent", "zz", code=1)
    assert json.loads(_run(capsys, filled, "show", OTHER[:6], "--json"))["messages"]


def test_an_ambiguous_id_names_those_that_it_may_be(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With their titles, to choose from."""
    said = _run(capsys, filled, "show", SESSION[:8], code=1)
    assert f"several sessions begin with '{SESSION[:8]}'" in said
    assert f"{SESSION}  Please deploy the api" in said
    assert f"{NEAR}  A third one" in said
    assert OTHER not in said


@pytest.mark.parametrize("words", [(), (SESSION[:12],), ("--mark", "golden")])
def test_an_export_without_a_marked_message_says_so(
    filled: dict[str, str], capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """An empty answer would look like a fault."""
    assert main(["export", "--format", "jsonl", *words], filled) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "is marked" in captured.err
    assert "in the dashboard" in captured.err


@pytest.mark.parametrize("is_styled", [True, False])
def test_lines_that_nobody_copies_are_wrapped_between_words(*, is_styled: bool) -> None:
    """What follows is indented; a pipe gets the whole line."""
    stream = io.StringIO()
    page = TerminalPage(stream, columns=24, is_styled=is_styled)
    branch = "日本語のブランチ"
    page.wrapped("1b2c3d4e", "cyan", rest=f"  shop · {branch} · 2026-01-31", rest_style="dim")
    lines = _OWN_STYLE.sub("", stream.getvalue()).splitlines()
    assert lines == ["1b2c3d4e  shop ·", f"    {branch} ·", "    2026-01-31"]
    page = TerminalPage(stream := io.StringIO(), columns=9, is_styled=is_styled)
    page.wrapped("one two three")  # the blank before the last word is where the line ends
    page.marked("four five six", MARKS, indent="  ")
    lines = _OWN_STYLE.sub("", stream.getvalue()).splitlines()
    assert lines == ["one two", "    three", "  four", "  five", "  six"]
    piped = io.StringIO()
    TerminalPage(piped, columns=None, is_styled=False).wrapped("a " * 60, rest="b")
    assert piped.getvalue() == "a " * 60 + "b\n"


def test_a_terminal_without_styles_gets_the_same_lines() -> None:
    """With `NO_COLOR`, or a dumb one: all of the form that is not style."""
    shown: list[list[str]] = []
    for is_styled in (True, False):
        stream = io.StringIO()
        page = TerminalPage(stream, columns=24, is_styled=is_styled)
        page.markdown("Some **words** " * 8)
        page.marked(f"{'of many ' * 8}{MARKS[0]}words{MARKS[1]}", MARKS, indent="  ")
        assert is_styled == ("\x1b" in stream.getvalue())
        shown.append(_OWN_STYLE.sub("", stream.getvalue()).splitlines())
    assert shown[0] == shown[1]
    assert max(map(len, shown[0])) <= 24


@pytest.mark.parametrize("columns", [60, 80])
def test_a_terminal_gets_no_sequences_but_our_own_styles(
    filled: dict[str, str], columns: int
) -> None:
    """Whatever a transcript contains; lines of prose fit, and a link shows where it leads."""
    database = open_for_reading(Path(filled["CCSYNC_WATCH_HOME"]))
    assert database is not None
    stream = io.StringIO()
    page = TerminalPage(stream, columns=columns, is_styled=True)
    write_conversation(page, database, SESSION, has_outputs=True)
    page.marked(f"{EVIL} {MARKS[0]}\x1b[31mword{MARKS[1]}", MARKS, indent="  ")
    database.close()
    styled = stream.getvalue()
    plain = _OWN_STYLE.sub("", styled)
    assert plain != styled
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", plain)
    assert "http://shown.example" in plain
    assert "evil.example" not in plain
    assert max(map(len, plain.splitlines())) <= columns
