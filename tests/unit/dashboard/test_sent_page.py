"""What left this machine: on the session's page, on a page of its own, and on the page Privacy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.dashboard.removed_kinds import count_removed_secrets
from ccsync_watch.errors import NotRunning
from support.storing import SESSION, message

if TYPE_CHECKING:
    from support.dashboard_visitor import Visitor
    from support.storing import World

PAGE = f"/sessions/{SESSION}"
TOKEN = "[REDACTED:github-token:0123abcd]"
FAR_MS = 1 << 50


def _text(visitor: Visitor, path: str) -> str:
    response = visitor.get(path)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))


def test_a_session_that_is_not_sent_says_so_once(world: World, visitor: Visitor) -> None:
    """No message repeats it, and no page claims anything."""
    world.say("u1")
    assert "Upload this machine only" in _text(visitor, PAGE)
    assert 'class="upload' not in visitor.get(PAGE).text
    assert "Nothing of this session has left this machine" in _text(visitor, f"{PAGE}/sent")


def test_each_message_shows_its_upload(world: World, visitor: Visitor) -> None:
    """And the page of what left has requests, hosts, what was removed, and what was rejected."""
    world.ingest(message("u1", f"Use {TOKEN}"))
    world.drain()
    assert "Upload all sent" in _text(visitor, PAGE)
    world.say("u2", "Waiting")
    assert "Upload 1 waiting" in _text(visitor, PAGE)
    world.say("u3", "Rejected")
    *_, rejected = world.outbox.rows(SESSION, FAR_MS, 9).value
    world.outbox.reject(rejected, "too odd")
    page = visitor.get(PAGE).text
    assert "1 rejected</span></a>" in page
    kinds = re.findall(r'class="upload (\w+)" title="([^"]*)"', page)
    assert [kind for kind, _title in kinds] == ["sent", "waiting", "rejected"]
    assert kinds[0][1].startswith("Sent to 127.0.0.1:3211, 2026-")
    assert kinds[2][1] == "Rejected by the backend: too odd"
    text = _text(visitor, f"{PAGE}/sent")
    assert "Messages sent 1 Waiting 1 Rejected 1" in text
    assert "too odd" in text
    assert "127.0.0.1:3211 messages" in text
    assert "github-token" in text
    assert f'href="{PAGE}?at=u3#m-u3"' in visitor.get(f"{PAGE}/sent").text


def test_long_ledgers_are_cut_with_the_way_to_the_rest(world: World, visitor: Visitor) -> None:
    """The page stays short."""
    world.say("u1")
    world.drain()
    with world.database.write() as connection:
        connection.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)"
            " INSERT INTO ledger (at_ms, host, session_id, kind, rows, bytes)"
            " SELECT i, 'h', ?, 'messages', 1, 1 FROM n",
            (SESSION,),
        )
    page = visitor.get(f"{PAGE}/sent").text
    assert f"<code>ccsync-watch ledger {SESSION}</code>" in page
    assert page.count("<td>h</td><td>1 message</td>") == 200


def test_privacy_counts_what_was_removed_and_what_is_known(world: World, visitor: Visitor) -> None:
    """By kind and by source; what nobody can say is unknown."""
    world.ingest(message("u1", f"{TOKEN} {TOKEN}"), message("u2", "innocent"))
    visitor.daemon.known = {"file": 3, "api-key": 1}
    text = _text(visitor, "/privacy")
    assert "Known secrets 4 Removed 2 Messages with a removed secret 1" in text
    assert "github-token 2" in text
    assert "file 3 api key 1" in text
    visitor.daemon.failure = NotRunning("it is stopping", hint="wait")
    assert "Unknown at this moment" in _text(visitor, "/privacy")


def test_only_the_newest_messages_are_counted_in_a_large_store(world: World) -> None:
    """And that is said."""
    for number in range(5):
        world.ingest(message(f"u{number}", TOKEN))
    part = count_removed_secrets(world.database, max_messages=3)
    assert (part.messages, part.changed, part.are_all) == (3, 3, False)
    assert part.kinds == {"github-token": 3}
    everything = count_removed_secrets(world.database)
    assert everything.are_all
    assert everything.changed == 5
