"""Stars, names, tags, notes and marks: changed by forms, and shown where sessions are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ccsync_watch.dashboard.session_document import iterate_document
from ccsync_watch.errors import StateError
from ccsync_watch.model import Part
from ccsync_watch.store import session_annotations, session_list
from support.storing import OTHER, SESSION, message, usage

if TYPE_CHECKING:
    from support.dashboard_visitor import Visitor
    from support.storing import World

PAGE = f"/sessions/{SESSION}"


def _text(visitor: Visitor, path: str) -> str:
    response = visitor.get(path)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))


def test_what_is_said_of_a_session_is_shown_on_its_page_and_in_the_list(
    world: World, visitor: Visitor
) -> None:
    """The name in the place of its title."""
    world.say("u1", "Why is it slow?")
    world.say("o1", "Another", session_id=OTHER)
    response = visitor.post(f"{PAGE}/annotations", {"starred": "1"})
    assert (response.status_code, response.headers["location"]) == (303, PAGE)
    fields = {"name": "The missing index", "tags": "slow, db", "note": "Look\r\nagain"}
    assert visitor.post(f"{PAGE}/annotations", fields).status_code == 303
    said = session_annotations.load_annotation(world.database, SESSION)
    assert (said.is_starred, said.note, said.tags) == (True, "Look\nagain", ("slow", "db"))
    page = visitor.get(PAGE).text
    assert "<h1>The missing index</h1>" in page
    assert "★ Starred" in page
    assert '<blockquote class="own-note">Look\nagain</blockquote>' in page
    listed = _text(visitor, "/sessions")
    assert "★ Starred: The missing index" in listed
    assert "Why is it slow?" not in listed
    assert "Another" not in _text(visitor, "/sessions?starred=1")
    assert "The missing index" in _text(visitor, "/sessions?tag=DB&q=slow")
    assert "No session matches" in _text(visitor, "/sessions?tag=db&q=zebra")
    visitor.post(f"{PAGE}/annotations", {"name": ""})
    assert "Why is it slow?" in _text(visitor, "/sessions")


def test_nothing_of_it_is_sent(world: World, visitor: Visitor) -> None:
    """The backend has the session's own title."""
    world.say("u1", "Why is it slow?")
    visitor.post(f"{PAGE}/annotations", {"name": "Private name", "tags": "secret-tag"})
    world.drain()
    bodies = b"".join(call.body for call in world.backend.calls)
    assert b"Why is it slow?" in bodies
    assert b"Private name" not in bodies
    assert b"secret-tag" not in bodies


def test_a_message_is_marked_and_the_page_returns_to_it(world: World, visitor: Visitor) -> None:
    """Another mark keeps its note; "none" removes it."""
    world.ingest(message("u1", "Why?"), message("u2", "Because.", role="assistant", kind="answer"))
    response = visitor.post(f"{PAGE}/marks", {"mark": "golden  u2"})
    assert response.headers["location"] == f"{PAGE}?at=u2#m-u2"
    visitor.post(f"{PAGE}/marks", {"mark": "golden  u2", "note": "Exactly so"})
    visitor.post(f"{PAGE}/marks", {"mark": "wrong  u2"})
    (mark,) = session_annotations.list_marks(world.database)
    assert (mark.message_id, mark.mark, mark.note) == (f"{SESSION}:u2", "wrong", "Exactly so")
    page = visitor.get(PAGE).text
    assert page.count('class="tag marked wrong" title="Exactly so"') == 1
    assert "1 marked message (JSONL)" in page
    visitor.post(f"{PAGE}/marks", {"mark": "none  u2"})
    assert session_annotations.list_marks(world.database) == []


def test_a_message_of_a_subagent_is_marked_on_its_page(world: World, visitor: Visitor) -> None:
    """By its own identity."""
    world.ingest(message("u1", "Find it"), message("u1", "Searching", agent_id="a1"))
    response = visitor.post(f"{PAGE}/marks", {"mark": "review a1 u1"})
    assert response.headers["location"] == f"{PAGE}?agent=a1&at=u1#m-u1"
    (mark,) = session_annotations.list_marks(world.database)
    assert (mark.message_id, mark.agent_id) == (f"{SESSION}:a1:u1", "a1")
    assert "marked review" in visitor.get(f"{PAGE}?agent=a1").text
    assert 'class="tag marked' not in visitor.get(PAGE).text


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        (f"{PAGE}/marks", {"mark": "golden  nobody"}, 404),
        (f"{PAGE}/marks", {"mark": "silver  u1"}, 400),
        (f"{PAGE}/marks", {}, 400),
        ("/sessions/unknown/marks", {"mark": "golden  u1"}, 404),
        ("/sessions/unknown/annotations", {"starred": "1"}, 404),
    ],
)
def test_what_does_not_exist_cannot_be_marked(
    world: World, visitor: Visitor, path: str, fields: dict[str, str], status: int
) -> None:
    """And nothing is stored."""
    world.say("u1")
    assert visitor.post(path, fields).status_code == status
    assert session_annotations.list_marks(world.database) == []
    assert session_annotations.every_annotation(world.database.read()) == []


@pytest.mark.parametrize("name", ["annotations", "marks"])
def test_a_form_of_nobody_changes_nothing(world: World, visitor: Visitor, name: str) -> None:
    """Without its session's token it is rejected, and so is a link."""
    world.say("u1")
    fields = {"starred": "1", "mark": "golden  u1"}
    assert visitor.post(f"{PAGE}/{name}", fields, has_token=False).status_code == 403
    assert visitor.get(f"{PAGE}/{name}").status_code == 405
    assert session_annotations.every_annotation(world.database.read()) == []


def test_a_change_that_cannot_be_stored_says_why(world: World, visitor: Visitor) -> None:
    """With what to do about it."""
    world.say("u1")
    visitor.daemon.failure = StateError("the disk is full", hint="free some space")
    response = visitor.post(f"{PAGE}/annotations", {"starred": "1"})
    assert response.status_code == 503
    assert "the disk is full: free some space." in response.text


def test_marked_messages_are_exported_for_evaluations(world: World, visitor: Visitor) -> None:
    """With what was asked, all rows of the response, its calls and their results."""
    call = Part("tool-call", {"command": "ls"}, "t1", "Bash")
    answer: dict[str, Any] = {
        "role": "assistant", "kind": "answer", "usage_id": "m1", "model": "claude-opus",
    }  # fmt: skip
    world.ingest(
        message("u1", "Why is it slow?"),
        message("u2", "The index is missing.", **answer),
        message("u3", parts=(call,), **answer),
        message("u4", parts=(Part("tool-result", {"ok": True}, "t1", "Bash"),), kind="tool_result"),
        message("u5", "Done.", role="assistant", kind="answer", usage_id="m2"),
        usages=(usage("m1", uuid="u2"), usage("m2", uuid="u5")),
    )
    visitor.post(f"{PAGE}/annotations", {"tags": "eval"})
    visitor.post(f"{PAGE}/marks", {"mark": "golden  u2", "note": "Right"})
    visitor.post(f"{PAGE}/marks", {"mark": "wrong  u1"})
    response = visitor.get("/marks.jsonl?mark=golden")
    assert response.headers["content-type"].startswith("application/jsonl")
    (line,) = map(orjson.loads, response.text.splitlines())
    session = line.pop("session")
    assert (session["title"], session["tags"]) == ("Why is it slow?", ["eval"])
    assert line.pop("marked_at")
    assert line.pop("at") == "2026-09-21T14:13:20.000Z"
    assert line == {
        "mark": "golden",
        "note": "Right",
        "session_id": SESSION,
        "agent_id": None,
        "uuid": "u2",
        "is_stored": True,
        "role": "assistant",
        "kind": "answer",
        "model": "claude-opus",
        "prompt": "Why is it slow?",
        "text": "The index is missing.",
        "tool_calls": [{"name": "Bash", "arguments": {"command": "ls"}, "result": {"ok": True}}],
    }
    lines = visitor.get(f"/marks.jsonl?session={SESSION}").text.splitlines()
    assert [orjson.loads(line)["mark"] for line in lines] == ["wrong", "golden"]
    assert orjson.loads(lines[0])["prompt"] is None
    assert visitor.get(f"/marks.jsonl?session={OTHER}").text == ""


def test_a_mark_outlives_its_message(world: World, visitor: Visitor) -> None:
    """A store that is built again has the session before it has read all of it."""
    world.say("u1")
    visitor.post(f"{PAGE}/marks", {"mark": "review  u1"})
    with world.database.write() as connection:
        connection.execute("DELETE FROM compact_messages WHERE kind = 'prompt'")
    (line,) = map(orjson.loads, visitor.get("/marks.jsonl").text.splitlines())
    assert (line["uuid"], line["is_stored"]) == ("u1", False)


def test_an_export_has_what_was_said(world: World, visitor: Visitor) -> None:
    """In JSON and in Markdown."""
    world.ingest(message("u1", "Why?"))
    visitor.post(
        f"{PAGE}/annotations", {"starred": "1", "name": "Name", "tags": "a,b", "note": "No\nway"}
    )
    visitor.post(f"{PAGE}/marks", {"mark": "golden  u1"})
    document = orjson.loads(visitor.get(f"{PAGE}/export.json").text)
    assert document["session"]["title"] == "Name"
    assert document["session"]["annotation"] == {
        "is_starred": True, "name": "Name", "note": "No\nway", "tags": ["a", "b"],
    }  # fmt: skip
    assert document["messages"][0]["mark"]["mark"] == "golden"
    row = session_list.load_session(world.database, SESSION)
    assert row is not None
    text = "".join(iterate_document(world.database, row, None, "md"))
    assert text.startswith("# Name\n")
    assert "- Starred: yes\n- Tags: a, b\n- Note: No way\n" in text
    assert re.search(r"^## Prompt · golden · ", text, re.MULTILINE)
