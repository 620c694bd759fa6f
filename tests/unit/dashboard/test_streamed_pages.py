"""A long page is sent in pieces: what is known at once does not wait for what takes longer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ccsync_watch.dashboard import session_turns
from ccsync_watch.dashboard.app import build_app
from ccsync_watch.dashboard.pages import session_page
from ccsync_watch.dashboard.session_turns import load_outline
from ccsync_watch.dashboard.versioned import Versioned
from ccsync_watch.model import Part
from support.dashboard_visitor import PORT, base_url, sign_in
from support.storing import SESSION, message, usage

if TYPE_CHECKING:
    from support.dashboard_visitor import Visitor
    from support.storing import World

ANSWER: dict[str, Any] = {
    "kind": "answer", "role": "assistant", "model": "claude-opus",
    "facts": {"stop_reason": "end_turn"},
}  # fmt: skip


def add_turns(world: World, count: int) -> None:
    """Add turns of a prompt and an answer."""
    for number in range(count):
        name = f"msg_{number}"
        said = message(f"a{number}", parts=(Part("text", "Yes."),), usage_id=name, **ANSWER)
        world.ingest(message(f"p{number}", f"Question {number}"), said, usages=(usage(name),))


def sent_pieces(visitor: Visitor, path: str) -> list[str]:
    """Return the pieces of a response's body, as the app sent them."""
    pieces: list[bytes] = []

    async def request() -> None:
        app = build_app(visitor.site, port=PORT)

        async def noting(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
            async def send_noted(event: Any) -> None:  # noqa: ANN401 - ASGI's
                pieces.append(event.get("body", b""))
                await send(event)

            await app(scope, receive, send_noted)

        cookies, here = sign_in(visitor.site.access), base_url(visitor.site.access)
        transport = httpx.ASGITransport(noting)
        async with httpx.AsyncClient(transport=transport, base_url=here, cookies=cookies) as client:
            assert (await client.get(path)).is_success

    asyncio.run(request())
    return [piece.decode() for piece in pieces if piece]


def test_title_is_sent_before_all_messages_are_read(visitor: Visitor, world: World) -> None:
    """Then the figures, then the turns with the conversation; together they are the page."""
    add_turns(world, 3)
    head, figures, rest = sent_pieces(visitor, f"/sessions/{SESSION}")
    assert "<h1>" in head
    assert "<dt>" not in head
    assert "<dt>Prompts</dt>" in figures
    assert "Question 2" not in head + figures
    assert rest.count("Question 2") == 2  # in the outline and in the conversation
    assert rest.rstrip().endswith("</html>")
    assert "<!-- send -->" not in head + figures + rest


def test_a_page_that_fails_on_the_way_says_so(
    visitor: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its beginning is shown already; one that fails before that is an error as ever."""
    add_turns(world, 2)

    def fail(_site: object, _session_id: str) -> None:
        raise RuntimeError

    monkeypatch.setattr(session_page, "load_outline", fail)
    *_begun, last = sent_pieces(visitor, f"/sessions/{SESSION}")
    assert "The rest of this page failed." in last
    assert visitor.get("/sessions/unknown").status_code == 404
    monkeypatch.setattr(session_page, "require_session", fail)
    assert visitor.get(f"/sessions/{SESSION}").status_code == 500


def test_outline_is_kept_while_the_messages_are_the_same(visitor: Visitor, world: World) -> None:
    """A new message, other tokens of a response, or a price makes another one."""
    add_turns(world, 2)
    first = load_outline(visitor.site, SESSION)
    assert load_outline(visitor.site, SESSION) is first
    with world.database.write() as connection:
        connection.execute("UPDATE compact_usage SET output_tokens = output_tokens + 1000000")
    second = load_outline(visitor.site, SESSION)
    assert second.last.turns[0].output_tokens == first.last.turns[0].output_tokens + 1_000_000
    assert (second.last.turns[0].cost.usd or 0) > (first.last.turns[0].cost.usd or 0)
    world.ingest(message("p9", "Another question"))
    third = load_outline(visitor.site, SESSION)
    assert len(third.last.turns) == 3


def test_costs_are_the_same_however_many_are_asked_for_at_once(
    visitor: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn's responses may be priced in several steps, and one without tokens has no price."""
    for number in range(4):
        name = f"msg_{number}"
        model = "claude-opus" if number else "an-unknown-model"
        said = message(
            f"a{number}", usage_id=name, **{**ANSWER, "facts": {"stop_reason": "tool_use"}}
        )
        world.ingest(
            *([message("p0", "A question")] if not number else []),
            said,
            usages=(replace(usage(name), model=model),),
        )
    (whole,) = session_turns.load_turns(visitor.site, SESSION).turns
    assert whole.cost.provenance == "partial"
    monkeypatch.setattr("ccsync_watch.dashboard.conversation._PRICED_AT_ONCE", 1)
    (stepwise,) = session_turns.load_turns(visitor.site, SESSION).turns
    assert stepwise.cost.provenance == "partial"
    assert stepwise.cost.usd == pytest.approx(whole.cost.usd)


def test_the_value_that_was_asked_for_longest_ago_is_dropped() -> None:
    """One that was asked for again is not."""
    cache: Versioned[int] = Versioned(2)
    assert [cache.get(key, 1, lambda: 1) for key in "abac"] == [1, 1, 1, 1]
    assert cache.get("a", 1, lambda: 2) == 1
    assert cache.get("b", 1, lambda: 3) == 3
