"""What a person took back by rewinding the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.store.rewound import is_rewound, rewound_ranges
from support.storing import SESSION, World, message

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

Step = tuple[str, str, "str | None"]


def _rewound(world: World, *steps: Step) -> list[str]:
    """Store rows, each a uuid, its kind and its parent; return those that were taken back."""
    world.ingest(
        *(message(uuid, uuid, kind=kind, parent_uuid=parent) for uuid, kind, parent in steps)
    )
    ranges = rewound_ranges(world.database, SESSION)
    rows = world.database.read().execute(
        "SELECT uuid, seq FROM messages WHERE kind <> 'session' ORDER BY seq"
    )
    return [row["uuid"] for row in rows if is_rewound(ranges, row["seq"])]


BASE: list[Step] = [("u1", "prompt", None), ("a1", "answer", "u1")]


@pytest.mark.parametrize(
    ("steps", "rewound"),
    [
        ([*BASE, ("u2", "prompt", "a1"), ("a2", "answer", "u2")], []),
        (
            [*BASE, ("u2", "prompt", "a1"), ("a2", "answer", "u2"), ("u3", "prompt", "a1")],
            ["u2", "a2"],
        ),
        # The row that both follow is not stored.
        (
            [*BASE, ("u2", "prompt", "gone"), ("a2", "answer", "u2"), ("u3", "prompt", "gone")],
            ["u2", "a2"],
        ),
        # The row that the first follows is not stored.
        (
            [*BASE, ("u2", "prompt", "gone"), ("a2", "answer", "u2"), ("u3", "prompt", "a1")],
            ["u2", "a2"],
        ),
        # Twice, the second time further back.
        (
            [
                *BASE, ("u2", "prompt", "a1"), ("a2", "answer", "u2"), ("u3", "prompt", "a2"),
                ("u4", "prompt", "a2"), ("u5", "prompt", "a1"), ("a5", "answer", "u5"),
            ],
            ["u2", "a2", "u3", "u4"],
        ),
        # After it a command of the client, which begins with a caveat.
        (
            [
                *BASE, ("u2", "prompt", "a1"), ("a2", "answer", "u2"), ("i1", "injected", "a1"),
                ("c1", "command", "i1"), ("u3", "prompt", "c1"),
            ],
            ["u2", "a2"],
        ),
        # Results and reports may follow an earlier row than the last.
        (
            [
                *BASE, ("a2", "answer", "a1"), ("r1", "tool_result", "a1"),
                ("n1", "notification", "a1"), ("c1", "command", "r1"), ("u2", "prompt", "c1"),
            ],
            [],
        ),
    ],
)  # fmt: skip
def test_what_lies_between_a_prompt_and_its_parent_was_taken_back(
    world: World, steps: list[Step], rewound: list[str]
) -> None:
    """A prompt that follows an earlier row than the last replaces what came after that row."""
    assert _rewound(world, *steps) == rewound


@pytest.mark.parametrize(
    ("source", "rewound"), [("typed", ["u1", "a1", "u2", "a2"]), ("sdk", ["u2", "a2"]), (None, [])]
)
def test_a_typed_prompt_that_follows_nothing_replaces_all_before_it(
    world: World, source: str | None, rewound: list[str]
) -> None:
    """Somebody went back before the first prompt; other programs write no parents at all."""
    facts: dict[str, JsonValue] = {"promptSource": source} if source else {}
    parent = "a1" if source else None
    world.ingest(
        message("u1", facts=facts),
        message("a1", kind="answer", parent_uuid="u1"),
        message("u2", facts=facts, parent_uuid=parent),
        message("a2", kind="answer", parent_uuid="u2"),
        message("u3", facts=facts, parent_uuid=parent if source == "sdk" else None),
        message("u4", facts=facts, parent_uuid="u3"),
    )
    ranges = rewound_ranges(world.database, SESSION)
    rows = world.database.read().execute("SELECT uuid, seq FROM messages WHERE kind <> 'session'")
    assert [row["uuid"] for row in rows if is_rewound(ranges, row["seq"])] == rewound


def test_prompts_typed_meanwhile_take_nothing_back(world: World) -> None:
    """They are delivered where Claude is, whatever row they follow."""
    world.ingest(
        message("u1"),
        message("q1", parent_uuid="u1", facts={"queued": True}),
        message("q2", parent_uuid="u1", facts={"queued": True}),
    )
    assert rewound_ranges(world.database, SESSION) == []
