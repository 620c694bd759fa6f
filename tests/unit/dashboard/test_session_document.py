"""A session as one file: complete, and readable by what reads Markdown and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ccsync_watch.accounting.session_accounts import load_account
from ccsync_watch.dashboard.session_document import iterate_document
from ccsync_watch.model import Part, Subagent
from ccsync_watch.store import session_list
from support.storing import SESSION, World, message, usage

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


def read_document(world: World, document_format: str) -> str:
    """Return the whole file."""
    row = session_list.load_session(world.database, SESSION)
    assert row is not None
    account = load_account(world.database, SESSION, world.prices)
    return "".join(iterate_document(world.database, row, account, document_format))


def test_every_message_is_in_both_formats(world: World) -> None:
    """More than are read at once, each once and in order, a subagent's after the session's own."""
    world.ingest(
        *(message(f"u{number}", f"message-{number}.") for number in range(401)),
        message("below", "message-below.", agent_id="a1", kind="answer"),
    )
    markdown = read_document(world, "md")
    document = json.loads(read_document(world, "json"))
    places = [markdown.index(f"message-{number}.") for number in range(401)]
    assert places == sorted(places)
    assert markdown.count("message-7.") == 1
    assert markdown.index("# Subagent a1") < markdown.index("message-below.")
    assert document["session"]["session_id"] == SESSION
    assert [row["uuid"] for row in document["messages"]] == [
        *(f"u{number}" for number in range(401)),
        "below",
    ]


def test_empty_session_has_a_document(world: World) -> None:
    """With its facts, and no message."""
    world.ingest(message("u1", parts=()))
    assert json.loads(read_document(world, "json"))["session"]["session_id"] == SESSION
    assert read_document(world, "md").startswith("# ")


def test_calls_and_results_are_code_blocks(world: World) -> None:
    """A fence is longer than any in the text, so that no text ends the block early."""
    arguments: JsonValue = {"command": "ls"}
    result: JsonValue = {"ok": False, "exit_code": 2, "output": "a\n```\nb"}
    world.ingest(
        message("a1", kind="answer", parts=(Part("tool-call", arguments, "t1", "Bash"),)),
        message("r1", kind="tool_result", parts=(Part("tool-result", result, "t1", "Bash"),)),
        message("a2", kind="answer", parts=(Part("thinking", "Hm."), Part("text", "So."))),
    )
    markdown = read_document(world, "md")
    assert "**Bash**\n\n```json\n{\n" in markdown
    assert "_error, exit code 2_\n\n````\na\n```\nb\n````" in markdown
    assert "_Thinking_\n\nHm.\n\nSo." in markdown


def test_what_a_prompt_has_beside_its_words_is_named(world: World) -> None:
    """Notes, mentions and senders; a short note in one line."""
    paste: JsonValue = {"label": "pasted", "text": "row 1\nrow 2"}
    sender: JsonValue = {"label": "from lee", "text": ""}
    agent: JsonValue = {"label": "agent", "text": "weeder"}
    beds: JsonValue = {"path": "beds", "entries": 2}
    image: JsonValue = {"media_type": "image/png", "bytes": 825}
    world.ingest(
        message("u1", parts=(Part("note", paste), Part("text", "Which?"))),
        message("m1", kind="mention", parts=(Part("note", agent),)),
        message(
            "t1", kind="teammate", facts={"from": "lee"},
            parts=(Part("note", sender), Part("text", "Done")),
        ),
        message("m2", kind="mention", parts=(Part("file", beds), Part("image", image))),
        message("x1", kind="cross_session", parts=(Part("note", {"lines": 2}),)),
    )  # fmt: skip
    markdown = read_document(world, "md")
    assert "_pasted_\n\n```\nrow 1\nrow 2\n```\n\nWhich?" in markdown
    assert "## Mentioned · " in markdown
    assert "_agent: weeder_" in markdown
    assert "## Teammate lee · " in markdown
    assert "_from lee_\n\nDone" in markdown
    assert "_note withheld: 2 lines_" in markdown
    assert "_folder beds, 2 entries_\n\n_image, image/png, 825 bytes_" in markdown


def test_a_denial_is_named(world: World) -> None:
    """With the words of the person as theirs."""
    denied: JsonValue = {"ok": False, "denied": "rejected by you", "said": "use tabs"}
    allowed: JsonValue = {"ok": True, "said": "and no spaces"}
    blocked: JsonValue = {"ok": False, "denied": "denied by a hook", "output": "no"}
    world.ingest(
        message("r1", kind="tool_result", parts=(Part("tool-result", denied, "t1", "Bash"),)),
        message("r3", kind="tool_result", parts=(Part("tool-result", allowed, "t3", "Edit"),)),
        message("r2", kind="tool_result", parts=(Part("tool-result", blocked, "t2", "Bash"),)),
    )
    markdown = read_document(world, "md")
    assert "_rejected by you_: use tabs" in markdown
    assert "_ok_, you said: and no spaces" in markdown
    assert "_denied by a hook_\n\n```\nno\n```" in markdown
    assert "error" not in markdown


def test_what_was_rewound_is_marked(world: World) -> None:
    """In both formats."""
    world.ingest(
        message("u1", "Base"),
        message("u2", "Wrong", parent_uuid="u1"),
        message("u3", "Right", parent_uuid="u1"),
    )
    markdown = read_document(world, "md")
    assert markdown.count("## Prompt · rewound · ") == 1
    rows = json.loads(read_document(world, "json"))["messages"]
    assert [row["is_rewound"] for row in rows] == [False, True, False]


def test_the_facts_of_a_session_are_listed(world: World) -> None:
    """In both formats."""
    world.ingest(message("u1", "Plan"), facts={"effort": "high", "agent": "reviewer"})
    assert "- Agent: reviewer\n- Effort: high\n" in read_document(world, "md")
    session = json.loads(read_document(world, "json"))["session"]
    assert session["facts"] == {"Agent": "reviewer", "Effort": "high"}


def test_a_background_task_is_named(world: World) -> None:
    """By its id, where it starts and where it ends."""
    started: JsonValue = {"ok": True, "backgroundTaskId": "b1"}
    world.ingest(
        message("r1", kind="tool_result", parts=(Part("tool-result", started, "t1", "Bash"),)),
        message("n1", "Built", kind="notification", facts={"task_id": "b1", "status": "completed"}),
    )
    markdown = read_document(world, "md")
    assert "_ok · background task b1_" in markdown
    assert "## Notification of task b1: completed · " in markdown


def test_what_was_withdrawn_is_marked(world: World) -> None:
    """In both formats."""
    world.ingest(message("a1", "Wrong", kind="answer", role="assistant"))
    world.ingest(message("n1", "Other model", kind="notice", facts={"retracts": ["a1"]}))
    assert "## Claude · retracted · " in read_document(world, "md")
    rows = json.loads(read_document(world, "json"))["messages"]
    assert [row["withdrawn"] for row in rows] == ["retracted", None]


def test_colours_are_in_neither_format(world: World) -> None:
    """They are for pages only; what an older version stored with its sequences loses them too."""
    output: JsonValue = {"ok": True, "output": "red"}
    world.ingest(
        message("r1", kind="tool_result", parts=(Part("tool-result", output, "t1", "Bash"),)),
        message("p1", parts=(Part("text", "green", styles=((0, 5, "green"),)),)),
        message("p2", "\x1b[34mblue\x1b[0m \u202eover"),
    )
    markdown, document = read_document(world, "md"), read_document(world, "json")
    assert "style" not in markdown + document
    assert "\x1b" not in markdown
    assert "\\u00" not in document
    assert "\u202e" not in markdown + document
    assert json.loads(document)["messages"][2]["parts"][0]["content"] == "blue \ufffdover"


def test_subagents_are_named_and_helpers_only_counted(world: World) -> None:
    """With the phase and the label of a workflow's agent."""
    subagents = (
        Subagent("a1", SESSION, "workflow-subagent", "count the beds", None, None, None, None, None,
                 phase="Count"),
        Subagent("acompact-1", SESSION, "compaction", None, None, None, None, None, None,
                 is_helper=True),
    )  # fmt: skip
    world.ingest(
        message("u1"),
        message("below", agent_id="a1", kind="task"),
        usages=(usage("m1", agent_id="acompact-1", tokens_out=1_234),),
        subagents=subagents,
    )
    markdown = read_document(world, "md")
    assert "# Subagent workflow-subagent\n\nCount: count the beds\n" in markdown
    assert "- Claude Code's own helpers: compaction (1 response, 1,234 output)\n" in markdown
