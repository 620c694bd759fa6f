"""What the backend holds of a session, and whether another machine's copy of it is newer; pure.

Two machines may have one session, as its transcript was copied. Each sends its own totals, and the
backend keeps the last: so before a machine sends them, it reads what is there.
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


def is_ours(held: Payload, state: RemoteState) -> bool:
    """Return whether the held totals are those of a state that this store sent last."""
    return any(all(_agrees(held, sent, name) for name in _TOTALS) for sent in _sent_states(state))


def is_of_another(held: Payload, state: RemoteState) -> bool:
    """Return whether another machine certainly wrote the held totals."""
    return bool(_sent_states(state)) and not is_ours(held, state)


def is_newer(held: Payload, payload: Payload) -> bool:
    """Return whether the held totals are of a longer copy of the session than ours."""
    return _progress(held) > _progress(payload)


def without_totals(payload: Payload) -> Payload:
    """Return a state that leaves totals and model as they are."""
    return {name: value for name, value in payload.items() if name not in _OF_NEWEST}


def _sent_states(state: RemoteState) -> list[Payload]:
    """Return what this store sent last; not what it only knows to be something."""
    return [orjson.loads(text) for text in {state.applied, state.sent} - {None, "{}"} if text]


def _agrees(held: Payload, sent: Payload, name: str) -> bool:
    """Return whether the backend holds what was sent; what is not known overwrote nothing."""
    is_known = name in sent and not (name.endswith("Tokens") and sent[name] == 0)
    return not is_known or (held.get(name) or 0) == sent[name]


def _progress(state: Payload) -> tuple[float, float, float]:
    """Return how far a copy has come: its tokens, among equal ones its duration, then its cost."""
    prompt, completion, cost, duration = (
        value if isinstance(value := state.get(name), (int, float)) else 0 for name in _TOTALS
    )
    return prompt + completion, duration, cost
