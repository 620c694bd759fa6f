"""The contexts of a session's responses, and where its conversation was compacted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store.context_sizes import context_sizes
from support.storing import SESSION, message, usage

if TYPE_CHECKING:
    from ccsync_watch.model import Message
    from support.storing import World


def _respond(world: World, name: str, tokens: int, **more: object) -> None:
    answer = message(name, kind="answer", role="assistant", usage_id=f"m{name}", **more)  # type: ignore[arg-type]
    used = usage(f"m{name}", tokens_in=tokens, uuid=name, **more)  # type: ignore[arg-type]
    world.ingest(answer, usages=(used,))


def _compaction(name: str, kind: str = "compaction") -> Message:
    return message(name, kind=kind, role="system")


def test_each_response_has_its_context(world: World) -> None:
    """A row that repeats a response adds none, and subagents have contexts of their own."""
    _respond(world, "a1", 100)
    world.ingest(message("a1b", kind="answer", role="assistant", usage_id="ma1"))
    _respond(world, "s1", 900, agent_id="agent")
    world.ingest(_compaction("c1"), _compaction("c2", "summary"))
    _respond(world, "a2", 30)
    sizes = context_sizes(world.database, SESSION, most=10)
    assert [(size.name, size.tokens, size.is_after_compaction) for size in sizes] == [
        ("a1", 100, False),
        ("a2", 30, True),
    ]


def test_many_responses_are_shown_by_their_largest(world: World) -> None:
    """None of them stands for responses on both sides of a compaction."""
    for number in range(5):
        _respond(world, f"a{number}", 10 * number + 10)
    world.ingest(_compaction("c1"))
    _respond(world, "b1", 5)
    sizes = context_sizes(world.database, SESSION, most=3)
    assert [(size.name, size.tokens, size.responses) for size in sizes] == [
        ("a1", 20, 2),
        ("a3", 40, 2),
        ("a4", 50, 1),
        ("b1", 5, 1),
    ]
    assert [size.is_after_compaction for size in sizes] == [False, False, False, True]
    assert context_sizes(world.database, "unknown", most=3) == []
