"""Messages as they may be sent: results with their calls, headers without the host."""

from __future__ import annotations

import pytest

from ccsync_watch.model import Part
from ccsync_watch.store.outbox import Outbox
from ccsync_watch.store.sendable_messages import sendable_messages
from ccsync_watch.store.stored_messages import session_messages
from support.storing import OTHER, SESSION, World, message

RESULT = Part("tool-result", {"ok": True}, "toolu_1", "Edit")


def _call(path: str) -> Part:
    return Part("tool-call", {"file_path": path}, "toolu_1", "Edit")


def _line(world: World) -> object:
    """Return the call that the only result of the session is sent with."""
    for row in sendable_messages(world.database, SESSION, is_host_sent=False):
        for part in row.parts:
            if part.kind == "tool-result" and isinstance(part.content, dict):
                return part.content.get("call")
    raise AssertionError("no result")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/home/user/project/src/a.py", "Edit src/a.py"),
        ("/home/user/projects/a.py", "Edit ~/projects/a.py"),
        ("/srv/a.py", "Edit /srv/a.py"),
    ],
)
def test_a_result_names_its_call(world: World, path: str, line: str) -> None:
    """Files of the project by their path in it."""
    world.ingest(message("u1", parts=(_call(path),)))
    world.ingest(message("u2", parts=(RESULT,)))
    assert _line(world) == line
    world.drain()
    world.assert_complete()
    held = {row.external_id: row for row in world.backend.messages(SESSION)}
    assert held[f"{SESSION}:u2"].parts[0].content["result"] == f"{line}\nok"


def test_a_result_without_its_call_stays_as_it_is(world: World) -> None:
    """Another session may have the same call under another policy."""
    world.ingest(message("u1", session_id=OTHER, parts=(_call("/secret"),)), session_id=OTHER)
    world.ingest(message("u2", parts=(RESULT,)))
    assert _line(world) is None


def test_the_store_keeps_results_as_they_are(world: World) -> None:
    """Pages and exports show a result with its call."""
    world.ingest(message("u1", parts=(_call("/a"),)))
    world.ingest(message("u2", parts=(RESULT, Part("text", "Hello"))))
    rows = session_messages(world.database, SESSION)
    assert rows[-1].parts == (RESULT, Part("text", "Hello"))


def test_the_header_names_the_host_only_where_it_may(world: World) -> None:
    """A public link to a session shows all of its messages."""
    world.say("u1")
    texts = []
    for is_host_sent in (False, True):
        outbox = Outbox(world.database, is_host_sent=is_host_sent)
        header = outbox.rows(SESSION, 1 << 50, 9).value[0].message
        assert header == next(
            iter(sendable_messages(world.database, SESSION, is_host_sent=is_host_sent))
        )
        texts.append(str(header.parts[0].content))
    assert texts[0] == "Branch: main\nClaude Code: 2.1.330\nStarted from: cli"
    assert texts[1].startswith("Folder: /home/user/project\nBranch: main\nHost: laptop\n")
    world.drain()
    assert texts[0] in {row.text_content for row in world.backend.messages(SESSION)}
    assert "laptop" not in str(world.backend.messages(SESSION))
    assert "laptop" not in str(world.backend.session(SESSION).searchable_text)


@pytest.mark.parametrize(
    ("folder", "shown"),
    [
        ("/home/lee/dev/pots", "~/dev/pots"),
        ("/Users/lee/pots", "~/pots"),
        ("/home/lee", "~"),
        ("/root/pots", "~/pots"),
        ("C:\\Users\\lee\\dev\\pots", "~/dev/pots"),
        ("D:\\dev\\pots", "pots"),
        ("/srv/www/pots", "pots"),
        (None, None),
    ],
)
def test_the_state_has_no_absolute_folder_unless_it_may(
    world: World, folder: str | None, shown: str | None
) -> None:
    """A public link to a session has its state, too."""
    world.say("u1")
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET project_path = ?", (folder,))
    world.outbox.update_headers(now_ms=world.clock.now_ms, is_released=True)
    world.drain()
    held = world.backend.session(SESSION)
    assert held.project_path == shown
    world.outbox = Outbox(world.database, is_host_sent=True)
    world.connect()
    world.outbox.update_headers(now_ms=world.clock.now_ms, is_released=True)
    world.drain()
    assert world.backend.session(SESSION).project_path == folder


def test_mentioned_files_are_named_by_their_path_in_the_project(world: World) -> None:
    """Others by the one below their home."""
    paths = ("/home/user/project/pots/a.txt", "/home/user/b.txt", "/srv/c.txt")
    files = tuple(Part("file", {"path": path, "bytes": 5}) for path in paths)
    world.ingest(message("u1", parts=files, kind="mention"))
    world.drain()
    (row,) = [row for row in world.backend.messages(SESSION) if row.external_id.endswith(":u1")]
    assert [part.content for part in row.parts] == [
        "[file pots/a.txt, 5 bytes]",
        "[file ~/b.txt, 5 bytes]",
        "[file /srv/c.txt, 5 bytes]",
    ]


def test_a_folder_with_line_ends_is_left_out_whole(world: World) -> None:
    """None of its lines may stay."""
    world.say("u1")
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET project_path = ?", ("/home/a\nb",))
    world.say("u2")
    texts = [
        part.content
        for row in sendable_messages(world.database, SESSION, is_host_sent=False)
        if row.kind == "session"
        for part in row.parts
    ]
    assert texts == ["Branch: main\nClaude Code: 2.1.330\nStarted from: cli"]


def test_headers_that_were_sent_follow_the_setting(world: World) -> None:
    """They are sent again as often as it changes, also for what is searched."""
    world.say("u1")
    world.drain()
    for is_host_sent in (False, True, True, False):
        world.outbox = Outbox(world.database, is_host_sent=is_host_sent)
        world.connect()
        world.outbox.update_headers(now_ms=world.clock.now_ms, is_released=True)
        world.drain()
        assert ("laptop" in str(world.backend.messages(SESSION))) == is_host_sent
        assert ("laptop" in str(world.backend.session(SESSION).searchable_text)) == is_host_sent
    calls = len(world.backend.calls)
    world.outbox.update_headers(now_ms=world.clock.now_ms, is_released=True)
    world.drain()
    assert len(world.backend.calls) == calls, "nothing changed"
