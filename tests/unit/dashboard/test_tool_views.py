"""Each tool of the client's is shown in its own way, from what is stored of its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.dashboard.tool_blocks import Choice, Item, ToolView
from ccsync_watch.dashboard.tool_views import ARROW, VIEWS, build_view
from ccsync_watch.transcripts.call_outcome import read_outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccsync_watch.model import JsonValue

FOLDER = "/home/ana/shop"


def view(
    name: str,
    result: dict[str, Any] | None = None,
    /,
    **arguments: Any,  # noqa: ANN401 - JSON
) -> ToolView:
    """Return how a call is shown, with a stored result if it has one."""
    outcome = None if result is None else read_outcome({"ok": True, **result})
    return build_view(name, arguments, outcome, FOLDER)


def blocks(shown: ToolView, kind: str) -> Sequence[Any]:
    """Return the blocks of one kind."""
    return [block for block in shown.blocks if block.kind == kind]


def test_a_command_stands_behind_a_dollar_with_its_description() -> None:
    """In one line, and whole below."""
    shown = view("Bash", command="make\ntest", description="Run all", run_in_background=True)
    assert shown.summary == "$ make test"
    assert shown.notes == ["in the background"]
    assert [block.text for block in shown.blocks] == ["Run all", "make\ntest"]


def test_an_edit_has_its_lines_and_sizes() -> None:
    """Of a file's content nothing is stored."""
    size = {"lines": 3, "bytes": 57}
    shown = view(
        "Edit",
        {"lines_added": 2, "lines_removed": 3, "userModified": True},
        file_path=f"{FOLDER}/src/a.py",
        old_string=size,
        new_string={"lines": 1, "bytes": 1},
        replace_all=True,
    )
    assert (shown.summary, shown.title) == ("src/a.py", f"{FOLDER}/src/a.py")
    assert (shown.added, shown.removed, shown.bar) == (2, 3, "++---")
    assert shown.notes == ["changed by you", "all occurrences"]
    assert shown.blocks[0].items == [Item("3 lines (57 bytes) replaced by 1 line (1 byte)")]


@pytest.mark.parametrize(
    ("added", "removed", "bar"),
    [(0, 0, ""), (1, 0, "+++++"), (0, 7, "-----"), (1, 900, "+----"), (900, 1, "++++-")],
)
def test_the_bar_shows_even_little(added: int, removed: int, bar: str) -> None:
    """One sign of five at least for what there is, none for what there is not."""
    assert ToolView("", added=added, removed=removed).bar == bar


def test_several_edits_are_listed_and_a_new_file_is_called_so() -> None:
    """A call before its result has no lines."""
    edits = [
        {"old_string": {"lines": 2, "bytes": 3}, "new_string": {"lines": 0, "bytes": 0}},
        {"new_string": {"lines": 1, "bytes": 5}},
    ]
    shown = view("MultiEdit", file_path="/etc/x", edits=edits)
    assert [item.text for item in shown.blocks[0].items] == [
        "2 lines (3 bytes) replaced by 0 lines (0 bytes)",
        "1 line (5 bytes) written",
    ]
    assert shown.added is None
    new = view("Write", {"type": "create", "lines_added": 1, "lines_removed": 0}, file_path="a")
    assert new.notes == ["new file"]


def test_reading_says_which_lines() -> None:
    """Or how many there are, if all were read."""
    facts = {"numLines": 180, "startLine": 11, "totalLines": 412}
    assert view("Read", facts, file_path=f"{FOLDER}/a").notes == ["lines 11 to 190 of 412"]
    assert view("Read", {"numLines": 1, "totalLines": 1}, file_path="a").notes == ["1 line"]


def test_searching_says_where_and_how_much() -> None:
    """Matches rather than files, files rather than lines."""
    shown = view("Grep", {"numFiles": 3, "numMatches": 1}, pattern="a+", path=f"{FOLDER}/x")
    assert (shown.summary, shown.notes) == ("a+  in x", ["1 match"])
    assert view("Glob", {"numFiles": 2}, pattern="**/*.py", path=FOLDER).summary == "**/*.py"


def test_todos_are_a_list_with_what_is_being_done() -> None:
    """As a fraction, and the first that is in progress."""
    todos = [
        {"content": "Sow", "status": "completed"},
        {"content": "Water", "status": "in_progress", "activeForm": "Watering"},
        {"content": "Weed", "status": "whatever"},
        "not a task",
    ]
    shown = view("TodoWrite", todos=todos)
    assert shown.summary == "1/4 · Watering"
    items = [(item.text, item.mark) for item in shown.blocks[0].items]
    assert items[1:] == [("Water", "active"), ("Weed", "open"), ("not a task", "open")]
    assert view("TaskUpdate", taskId="3", status="in_progress").summary == "#3 · in progress"
    assert view("TaskCreate", subject="Sow").summary == "Sow"


def test_a_plan_is_open_and_says_that_it_was_approved() -> None:
    """A rejected one did not fail, so its label says who rejected it."""
    shown = view("ExitPlanMode", {"output": "User has approved your plan."}, plan="# Plan")
    assert shown.notes == ["approved"]
    assert shown.is_open
    assert shown.output is None
    rejected = view("ExitPlanMode", {"ok": False, "denied": "rejected by you"}, plan="# Plan")
    assert rejected.notes == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Red", [True, False]),
        ("Red, Blue", [True, True]),
        ("Green", [False, False, True]),
    ],
)
def test_a_question_shows_what_was_chosen(answer: str, expected: list[bool]) -> None:
    """One or several of its options, or what was typed."""
    options = [{"label": "Red", "description": "warm"}, {"label": "Blue"}]
    question = {"question": "Which?", "header": "Colour", "options": options}
    output = f'Your questions have been answered: "Which?"="{answer}". You can continue.'
    shown = view("AskUserQuestion", {"output": output}, questions=[question])
    choices: Sequence[Choice] = shown.blocks[0].choices
    assert [choice.is_chosen for choice in choices] == expected
    assert shown.summary == f"Colour: {answer}"
    open_question = view("AskUserQuestion", questions=[question])
    assert not any(choice.is_chosen for choice in open_question.blocks[0].choices)


def test_a_web_search_lists_its_links() -> None:
    """As the store keeps them: a title, a dash and an address a line."""
    output = "A title — https://a.example/x\nno link\njavascript:alert(1)"
    shown = view("WebSearch", {"output": output}, query="beds")
    assert shown.blocks[0].items == [Item("A title", url="https://a.example/x")]
    assert blocks(shown, "prose")[0].text == "no link\njavascript:alert(1)"
    assert shown.notes == ["1 link"]


def test_only_addresses_of_the_web_are_links() -> None:
    """A page's link must not be a script."""
    shown = view("WebFetch", {"output": "text"}, url="javascript:alert(1)", prompt="What?")
    assert blocks(shown, "links") == []
    assert blocks(view("WebFetch", url="https://a.example"), "links")


def test_an_agent_has_its_type_its_figures_and_its_answer() -> None:
    """The figures are the client's."""
    facts = {"totalToolUseCount": 1, "totalTokens": 31_000, "totalDurationMs": 61_000}
    shown = view(
        "Task", {**facts, "output": "**Fine**"}, subagent_type="reviewer", description="Look",
        prompt="Look closely",
    )  # fmt: skip
    assert shown.label == f"Agent {ARROW} reviewer"
    assert shown.summary == "Look"
    assert shown.notes == ["1 call", "31,000 tokens", "1 min 1 s"]
    assert [block.text for block in shown.blocks] == ["Look closely", "**Fine**"]


def test_a_server_s_tool_has_its_server_and_its_values() -> None:
    """Whatever they are."""
    shown = view("mcp__linear__create", title="Slow", labels=["a", "b"], priority=2, x=None)
    assert shown.label == f"linear {ARROW} create"
    assert shown.summary == "Slow"
    (fields,) = shown.blocks
    values = {item.mark: item.text for item in fields.items}
    assert values == {"title": "Slow", "labels": '["a","b"]', "priority": "2", "x": "null"}
    assert shown.output == "json"


def test_skills_and_workflows_have_their_names() -> None:
    """And what they were given."""
    assert view("Skill", skill="changelog", args="api").summary == "/changelog api"
    shown = view("Workflow", name="beds", script="await water()", dry=True)
    assert shown.summary == "beds"
    assert blocks(shown, "code")[0].text == "await water()"


def test_what_was_too_long_to_be_kept_has_its_size() -> None:
    """Rather than an empty command, or a list without tasks."""
    shown = view("Bash", command={"lines": 2, "bytes": 70_000})
    assert (shown.summary, shown.blocks) == ("command of 2 lines and 70,000 bytes", [])
    assert view("TodoWrite", todos={"bytes": 70_000}).summary == "todos of 70,000 bytes"


@pytest.mark.parametrize("name", VIEWS)
def test_a_call_without_arguments_claims_none(name: str) -> None:
    """A project's policy may keep no text of calls: `$` and `0/0` would say that there was none."""
    assert view(name).summary in {"", "Plan"}


@pytest.mark.parametrize(
    ("name", "label"), [("mcp__", "mcp__"), ("mcp____", "mcp____"), ("mcp__x__", "x")]
)
def test_half_a_name_of_a_server_s_tool_is_a_label(name: str, label: str) -> None:
    """A line without any would look like a fault of the page."""
    assert view(name).label == label


@pytest.mark.parametrize("name", [*VIEWS, "Unknown", "mcp__", "mcp__x", ""])
@pytest.mark.parametrize(
    "arguments",
    [None, [], "text", {}, {"file_path": 1, "todos": {}, "questions": [1, {"options": [None]}]},
     {"edits": [None, {"new_string": {"lines": None}}], "command": ["ls", 1], "prompt": {}}],
)  # fmt: skip
def test_no_arguments_are_too_strange(name: str, arguments: Any) -> None:  # noqa: ANN401 - JSON
    """A model may write any; results may have any values too."""
    strange: JsonValue = {
        "ok": False, "numLines": True, "totalLines": "x", "lines_added": None, "output": 3,
    }  # fmt: skip
    shown = build_view(name, arguments, read_outcome(strange))
    assert shown.is_open
    assert isinstance(shown.summary, str)
