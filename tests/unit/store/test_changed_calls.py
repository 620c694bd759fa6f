"""A call whose arguments a hook changed is shown as it ran."""

from __future__ import annotations

from ccsync_watch.model import JsonValue, Message, Part
from ccsync_watch.store.stored_messages import session_messages, tool_calls
from support.storing import OTHER, SESSION, World, message


def call(arguments: JsonValue, *, session_id: str = SESSION) -> Message:
    """Return the call as Claude wrote it."""
    part = Part("tool-call", arguments, "t1", "Bash")
    return message("a1", kind="answer", role="assistant", parts=(part,), session_id=session_id)


def change(arguments: JsonValue, uuid: str = "h1", hook: str = "PreToolUse:Bash") -> Message:
    """Return the notice of the hook that changed it."""
    label = Part("note", {"label": "hook changed the call", "text": ""})
    ran = Part("tool-call", arguments, "t1", "Bash")
    return message(uuid, kind="notice", role="system", parts=(label, ran), facts={"hook": hook})


def contents(world: World, session_id: str = SESSION) -> dict[str, list[JsonValue]]:
    """Return what the parts of each message hold."""
    return {
        row.uuid: [part.content for part in row.parts]
        for row in session_messages(world.database, session_id)
        if row.kind != "session"
    }


ASKED: dict[str, JsonValue] = {"command": "rm a"}
NOTE: dict[str, JsonValue] = {
    "label": "changed by hook PreToolUse:Bash; Claude asked for",
    "text": '{"command":"rm a"}',
}
SHOWN: dict[str, list[JsonValue]] = {
    "a1": [{"command": "rm -i a"}, NOTE],
}


def test_the_call_that_ran_is_shown_with_what_claude_asked_for(world: World) -> None:
    """Whether both rows are read together or not, and when they are read again."""
    world.ingest(call(ASKED), change({"command": "rm -i a"}))
    assert contents(world) == SHOWN
    world.ingest(call(ASKED))
    assert contents(world) == SHOWN
    world.ingest(change({"command": "rm -i a"}))
    assert contents(world) == SHOWN
    assert tool_calls(world.database, ["t1"])["t1"].part.content == {"command": "rm -i a"}


def test_a_call_that_was_sent_before_is_sent_again(world: World) -> None:
    """As it ran."""
    world.ingest(call(ASKED))
    world.drain()
    world.ingest(change({"command": "rm -i a"}))
    world.drain()
    world.assert_complete()
    assert contents(world) == SHOWN


def test_the_notice_is_kept_if_it_says_more_or_the_call_is_missing(world: World) -> None:
    """Otherwise the call says it."""
    wordy = Part("note", {"label": "hook changed the call", "text": "safer"})
    ran = Part("tool-call", {"command": "rm -i a"}, "t1", "Bash")
    facts: dict[str, JsonValue] = {"hook": "PreToolUse:Bash"}
    world.ingest(change({"command": "x"}, "h0"))
    world.ingest(call(ASKED), message("h1", kind="notice", parts=(wordy, ran), facts=facts))
    assert list(contents(world)) == ["h0", "a1", "h1"]


def test_of_two_changes_the_last_one_counts(world: World) -> None:
    """The note says what Claude asked for, not what the first hook made of it."""
    world.ingest(call(ASKED), change({"command": "x"}), change({"command": "rm -i a"}, "h2"))
    assert contents(world)["a1"] == SHOWN["a1"]


def test_the_call_of_another_session_is_left_alone(world: World) -> None:
    """Gateways give one id to several calls."""
    world.ingest(call(ASKED, session_id=OTHER), session_id=OTHER)
    world.ingest(call(ASKED), change({"command": "rm -i a"}))
    assert contents(world, OTHER)["a1"] == [ASKED]
