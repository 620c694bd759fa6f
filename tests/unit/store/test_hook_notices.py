"""What a hook said when Claude stopped is shown once, however often the client wrote it."""

from __future__ import annotations

import pytest

from ccsync_watch.model import JsonValue, Message, Part
from ccsync_watch.store.stored_messages import session_messages
from support.lines import AGENT
from support.storing import SESSION, World, message


def said(uuid: str, *words: str, form: str = "", hook: str = "Stop", **more: str) -> Message:
    """Return a notice of a hook."""
    facts: dict[str, JsonValue] = {"hook": hook, **({"hook_row": form} if form else {})}
    parts = tuple(Part("note", {"label": "hook", "text": text}) for text in words)
    return message(uuid, kind="notice", role="system", parts=parts, facts=facts, **more)  # type: ignore[arg-type]  # other fields


def shown(world: World) -> dict[str, list[str]]:
    """Return the words of each notice."""
    return {
        row.uuid: [
            str(part.content["text"]) for part in row.parts if isinstance(part.content, dict)
        ]
        for row in session_messages(world.database, SESSION)
        if row.kind == "notice"
    }


FEEDBACK = said("f1", "Water the beds.", form="feedback")
ATTACHMENT = said("h1", "Water the beds.")
SUMMARY = said("s1", "Water the beds.", form="summary")


@pytest.mark.parametrize("rows", [(FEEDBACK, ATTACHMENT, SUMMARY), (ATTACHMENT, FEEDBACK, SUMMARY)])
@pytest.mark.parametrize("is_split", [False, True])
def test_one_of_three_rows_is_shown(
    world: World, rows: tuple[Message, ...], *, is_split: bool
) -> None:
    """The first; read again, nothing changes."""
    for batch in [[row] for row in rows] if is_split else [list(rows), list(rows)]:
        world.ingest(*batch)
    assert shown(world) == {rows[0].uuid: ["Water the beds."]}
    world.ingest(*rows)
    assert shown(world) == {rows[0].uuid: ["Water the beds."]}


def test_the_summary_says_what_no_other_row_says(world: World) -> None:
    """Older clients have no attachments."""
    world.ingest(said("h1", "a\nb"), said("s1", "a", "c", form="summary"))
    assert shown(world) == {"h1": ["a\nb"], "s1": ["c"]}


def test_the_same_words_after_the_next_stop_are_shown(world: World) -> None:
    """The summary ends what belongs together."""
    world.ingest(SUMMARY)
    world.ingest(said("s2", "Water the beds.", form="summary"))
    world.ingest(said("h3", "Water the beds."))
    assert list(shown(world)) == ["s1", "s2", "h3"]


@pytest.mark.parametrize(
    "other",
    [
        said("h2", "Water the beds."),
        said("f2", "Weed them.", form="feedback"),
        said("f2", "Water the beds.", form="feedback", hook="TaskCompleted"),
        said("f2", "Water the beds.", form="feedback", agent_id=AGENT),
    ],
)
def test_other_hooks_words_are_kept(world: World, other: Message) -> None:
    """Two hooks may say the same, and so may those of a subagent."""
    world.ingest(ATTACHMENT, other)
    assert len(shown(world)) == 2


def test_a_hook_of_a_subagents_stop_is_the_same(world: World) -> None:
    """The feedback to the subagent names it like the session's."""
    world.ingest(
        said("f1", "Continue.", form="feedback", agent_id=AGENT),
        said("h1", "Continue.", hook="SubagentStop", agent_id=AGENT),
    )
    assert list(shown(world)) == ["f1"]
