"""How a conversation is laid out: a card for each response, long runs of calls folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.dashboard.conversation import build_entries
from ccsync_watch.dashboard.response_cards import MAX_OPEN_CALLS, build_cards, group_cards
from ccsync_watch.model import Part
from ccsync_watch.outgoing import StoredMessage
from support.storing import SESSION, message

if TYPE_CHECKING:
    from ccsync_watch.dashboard.response_cards import CardGroup
    from support.dashboard_visitor import Visitor
    from support.storing import World


def said(seq: int, *parts: Part, kind: str = "answer", **facts: str) -> StoredMessage:
    """Return a stored message, by default one of Claude's."""
    role = "assistant" if kind == "answer" else "user"
    return StoredMessage(
        seq=seq,
        id=f"{SESSION}:u{seq}",
        session_id=SESSION,
        agent_id=None,
        agent_type=None,
        uuid=f"u{seq}",
        role=role,
        kind=kind,
        timestamp_ms=None,
        model=None,
        is_inherited=False,
        prompt_tokens=None,
        output_tokens=None,
        facts=dict(facts),
        parts=parts,
    )


def call(number: int, tool: str = "Bash") -> Part:
    """Return a call; `done` has its result."""
    return Part("tool-call", {}, f"t{number}", tool)


def done(number: int, *, ok: bool = True) -> dict[str, Part]:
    """Return the result of a call, by the call's id."""
    return {f"t{number}": Part("tool-result", {"ok": ok, "durationMs": 500}, f"t{number}", "Bash")}


def grouped(count: int, **options: object) -> list[CardGroup]:
    """Return the groups of a prompt, so many calls of responses of their own, and an answer."""
    messages = [
        said(1, Part("text", "Go"), kind="prompt"),
        *(said(10 + number, call(number)) for number in range(count)),
        said(90, Part("text", "Done")),
    ]
    results = {name: part for number in range(count) for name, part in done(number).items()}
    responses = {message.seq: message.seq for message in messages[1:]}
    entries = build_entries(messages, results=results, subagents=[], responses=responses)
    return group_cards(build_cards(entries), **options)  # type: ignore[arg-type]  # as named


def test_the_rows_of_one_response_are_one_card() -> None:
    """Also with a result between two of its calls, which is shown with its call."""
    messages = [
        said(1, Part("text", "Go"), kind="prompt"),
        said(2, Part("text", "I look.")),
        said(3, call(1)),
        said(4, Part("tool-result", {"ok": True}, "t1", "Bash"), kind="tool_result"),
        said(5, call(2)),
        said(6, Part("text", "Next response")),
    ]
    responses = {2: 70, 3: 70, 5: 70, 6: 71}
    entries = build_entries(
        messages, results={**done(1), **done(2)}, subagents=[], responses=responses
    )
    cards = build_cards(entries)
    assert [[entry.message.seq for entry in card.entries] for card in cards] == [
        [1],
        [2, 3, 5],
        [6],
    ]
    assert [card.is_of_calls for card in cards] == [False, False, False]


def test_a_withdrawn_row_has_a_card_of_its_own() -> None:
    """It says what became of it."""
    messages = [said(2, Part("text", "a")), said(3, Part("text", "b"), withdrawn="retracted")]
    entries = build_entries(messages, results={}, subagents=[], responses={2: 7, 3: 7})
    assert [len(card.entries) for card in build_cards(entries)] == [1, 1]


def test_a_long_run_of_calls_is_a_line_that_counts_them() -> None:
    """A short one is not, and neither is one with the message that a link names."""
    few = grouped(MAX_OPEN_CALLS)
    assert not any(group.is_folded for group in few)
    many = grouped(MAX_OPEN_CALLS + 1)
    (run,) = [group for group in many if group.is_folded]
    assert run.summary == f"{MAX_OPEN_CALLS + 1} calls: Bash {MAX_OPEN_CALLS + 1}"
    assert run.duration_ms == 500 * (MAX_OPEN_CALLS + 1)
    assert not any(group.is_folded for group in grouped(MAX_OPEN_CALLS + 1, named="u12"))


@pytest.mark.parametrize("tool", ["AskUserQuestion", "Agent", "Bash"])
def test_what_a_reader_looks_for_is_not_folded(tool: str) -> None:
    """A call that failed, a question, a subagent: what is around them is."""
    count = MAX_OPEN_CALLS + 1
    numbers = range(2 * count + 1)
    messages = [said(number + 1, call(number, tool if number == count else "Read"))
                for number in numbers]  # fmt: skip
    results: dict[str, Part] = {}
    for number in numbers:
        results |= done(number, ok=not (number == count and tool == "Bash"))
    responses = {message.seq: message.seq for message in messages}
    entries = build_entries(messages, results=results, subagents=[], responses=responses)
    groups = group_cards(build_cards(entries))
    assert [(group.is_folded, len(group.cards)) for group in groups] == [
        (True, count),
        (False, 1),
        (True, count),
    ]


def test_the_last_run_of_a_growing_conversation_is_open() -> None:
    """It is what the reader follows."""
    messages = [said(number + 1, call(number)) for number in range(20)]
    results = {name: part for number in range(20) for name, part in done(number).items()}
    entries = build_entries(messages, results=results, subagents=[])
    (group,) = group_cards(build_cards(entries), is_growing=True)
    assert not group.is_folded


def test_a_page_shows_a_response_as_one_article(world: World, visitor: Visitor) -> None:
    """Each row of it keeps its own place for links, and one button copies them all."""
    parts = (Part("text", "I look."), Part("tool-call", {"command": "ls"}, "t1", "Bash"))
    world.ingest(
        message("u1", "Go"),
        *(
            message(f"a{number}", parts=(part,), kind="answer", role="assistant", usage_id="m1")
            for number, part in enumerate(parts)
        ),
    )
    html = visitor.get(f"/sessions/{SESSION}").text
    assert html.count("<article ") == 2
    assert html.count('id="m-a0"') == html.count('id="m-a1"') == 1
    assert "message.md?at=a0 /sessions" in html
