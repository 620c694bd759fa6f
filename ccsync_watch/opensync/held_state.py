"""What the backend holds of a session, and whether another machine's copy of it is newer; pure.

Two machines may have one session, as its transcript was copied. Each sends its own totals, and the
backend keeps the last: so before a machine sends them, it reads what is there. More tokens are of a
longer copy only if the backend has rows that ours lacks: else they are of a store that was lost, in
which other rules or prices counted more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from ccsync_watch.opensync.wire import Payload
    from ccsync_watch.store.remote_sessions import RemoteState

_TOTALS = ("promptTokens", "completionTokens", "cost", "durationMs")
# A title and folder may have words that must go, wherever the newer copy is.
_OF_NEWEST = (*_TOTALS, "model")
_OPENING = ("externalId", "provider", "source", "createdAt")


def opening(payload: Payload) -> Payload:
    """Return a state that creates a session, with its date, and changes nothing of one there."""
    return {name: payload[name] for name in _OPENING if name in payload}


def is_empty(held: Payload) -> bool:
    """Return whether the backend holds a session's existence only."""
    return not held.get("messageCount") and not held.get("title")


def knows_totals(state: RemoteState) -> bool:
    """Return whether this store knows totals that it sent last."""
    return bool(_sent_states(state))


def is_ours(held: Payload, state: RemoteState) -> bool:
    """Return whether the held totals are those of a state that this store sent last."""
    return any(all(_agrees(held, sent, name) for name in _TOTALS) for sent in _sent_states(state))


def is_of_another(held: Payload, state: RemoteState) -> bool:
    """Return whether another machine certainly wrote the held totals."""
    return knows_totals(state) and not is_ours(held, state)


def may_supersede(held: Payload, payload: Payload, state: RemoteState) -> bool:
    """Return whether the held totals may be of a longer copy of the session, on another machine."""
    return _has_totals(payload) and not is_ours(held, state) and is_newer(held, payload)


def is_newer(held: Payload, payload: Payload) -> bool:
    """Return whether the held totals are of more than ours."""
    return _progress(held) > _progress(payload)


def has_more_rows(held: Payload, sent_rows: int) -> bool:
    """Return whether the backend has rows of a session that our copy lacks.

    `sent_rows` is how many of ours it certainly has.
    """
    count = held.get("messageCount")
    return not isinstance(count, (int, float)) or count > sent_rows


def written(held: Payload) -> Payload:
    """Return of a held state what changes when somebody writes to the session."""
    return {name: held.get(name) for name in (*_OF_NEWEST, "title", "messageCount")}


def without_totals(payload: Payload) -> Payload:
    """Return a state that leaves totals and model as they are."""
    return {name: value for name, value in payload.items() if name not in _OF_NEWEST}


def _sent_states(state: RemoteState) -> list[Payload]:
    """Return what this store sent last, as far as it says something of the totals."""
    states = [orjson.loads(text) for text in {state.applied, state.sent} if text]
    return [sent for sent in states if _has_totals(sent)]


def _has_totals(payload: Payload) -> bool:
    """Return whether a state changes totals at the backend, unlike an excluded session's."""
    return any(_is_known(payload, name) for name in _TOTALS)


def _agrees(held: Payload, sent: Payload, name: str) -> bool:
    """Return whether the backend holds what was sent; what is not known overwrote nothing."""
    return not _is_known(sent, name) or (held.get(name) or 0) == sent[name]


def _is_known(sent: Payload, name: str) -> bool:
    """Return whether a state that was sent overwrote this total; tokens of 0 do not."""
    return name in sent and not (name.endswith("Tokens") and sent[name] == 0)


def _progress(state: Payload) -> tuple[float, float, float]:
    """Return how far a copy has come: its tokens, among equal ones its duration, then its cost."""
    prompt, completion, cost, duration = (
        value if isinstance(value := state.get(name), (int, float)) else 0 for name in _TOTALS
    )
    return prompt + completion, duration, cost
