"""Messages, tool calls and results, as they are read back."""

from __future__ import annotations

from ccsync_watch.model import Part
from ccsync_watch.store import stored_messages
from ccsync_watch.store.conversations import timeline_steps
from ccsync_watch.store.stored_messages import StoredCall
from support.storing import SESSION, World, message


def test_calls_and_results_are_found_by_id(world: World) -> None:
    """Wherever they are in the conversation."""
    call = Part("tool-call", {"command": "ls"}, tool_use_id="t1", tool_name="Bash")
    result = Part("tool-result", {"ok": True}, tool_use_id="t1", tool_name="Bash")
    world.ingest(
        message("a1", kind="answer", role="assistant", parts=(call,)),
        message("u2", kind="tool_result", parts=(result,)),
    )
    assert stored_messages.known_tool_calls(world.database, ["t1", "t2"]) == {"t1"}
    assert stored_messages.tool_results(world.database, ["t1", "t2"])["t1"].content == {"ok": True}
    assert [step.calls for step in timeline_steps(world.database, SESSION)] == [
        1,
        0,
    ]


def test_tool_calls_are_found_by_id(world: World) -> None:
    """More of them than SQLite takes variables in one statement; results are left out."""
    calls = tuple(Part("tool-call", {}, f"toolu_{number}", "Bash") for number in range(3))
    result = Part("tool-result", {}, "toolu_9", "Read")
    world.ingest(message("a1", parts=calls, at_ms=5), message("r1", parts=(result,)))
    asked = [f"toolu_{number}" for number in range(1200)]
    calls_by_id = stored_messages.tool_calls(world.database, asked)
    assert calls_by_id == {
        f"toolu_{number}": StoredCall(call, 5) for number, call in enumerate(calls)
    }
    assert stored_messages.tool_calls(world.database, []) == {}


def test_of_copies_of_a_call_the_first_messages_counts(world: World) -> None:
    """Also when its parts were written last: it was read again, and has changed."""

    def say(uuid: str, words: str) -> None:
        call = Part("tool-call", {"command": words}, "t1", "Bash")
        result = Part("tool-result", {"output": words}, "t1")
        world.ingest(message(uuid, parts=(call, result)))

    say("u1", "first")
    say("u2", "second")
    say("u1", "first, changed")
    database = world.database
    stored = stored_messages.find_call(database.read(), SESSION, "t1")
    assert stored is not None
    assert stored.content == {"command": "first, changed"}
    assert stored_messages.tool_results(database, ["t1"])["t1"].content == {
        "output": "first, changed"
    }
    assert stored_messages.tool_calls(database, ["t1"])["t1"].part.content == {"command": "second"}
