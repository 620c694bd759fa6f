"""What left this machine: on the session's page, on a page of its own, and on the page Privacy."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.config import Settings
from ccsync_watch.dashboard.removed_kinds import count_removed_secrets
from ccsync_watch.errors import NotRunning
from ccsync_watch.opensync.web_app import document_ids
from support.storing import SESSION, message

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue
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


def test_a_sent_session_leads_to_the_web_app_where_its_address_is_known(
    world: World, visitor: Visitor
) -> None:
    """By the id that the backend answered; never before it did, nor to a guessed address."""
    settings = replace(
        visitor.site.settings(),
        convex_url="https://shop-123.convex.cloud",
        app_url="https://app.example",
    )
    there = replace(visitor, site=replace(visitor.site, settings=lambda: settings))
    world.say("u1")
    assert "Open in OpenSync" not in there.get(PAGE).text
    world.drain()
    (row,) = world.backend.sessions()
    link = f'href="https://app.example/dashboard?session={row.id}"'
    assert link in there.get(PAGE).text
    assert "Open in OpenSync" not in visitor.get(PAGE).text
    with world.database.write() as connection:
        connection.execute("UPDATE remote SET ack_ms = NULL")
    assert "Open in OpenSync" not in there.get(PAGE).text


@pytest.mark.parametrize(
    ("convex_url", "app_url", "address"),
    [
        (None, None, None),
        (None, "https://app.example", None),
        ("https://shop-123.convex.cloud", None, None),
        ("https://shop-123.convex.cloud", "https://app.example", "https://app.example"),
        ("https://api.opensync.dev", None, "https://www.opensync.dev"),
        ("https://api.opensync.dev", "https://app.example", "https://app.example"),
    ],
)
def test_the_address_of_the_web_app_is_known_or_none(
    convex_url: str | None, app_url: str | None, address: str | None
) -> None:
    """A deployment does not say where its app is: only that of the public one is known."""
    destination = Settings(convex_url=convex_url, app_url=app_url).destination
    assert (destination and destination.app_url) == address


@pytest.mark.parametrize("name", [None, 7, "", "short", "a b c d e f g", "x/../../y" * 3, "j" * 99])
def test_an_id_that_is_none_is_not_kept(name: JsonValue) -> None:
    """It would be a part of an address."""
    assert document_ids({"externalId": SESSION}, {"ok": True, "sessionId": name}) == {}


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
