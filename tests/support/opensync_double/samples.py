"""Well-formed requests for tests to bend."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.opensync_double.records import Fields, Json

TEXT = {"type": "text", "content": "hello"}


def session(external_id: str = "s1", **fields: Json) -> Fields:
    """Return a session as a careful client sends it."""
    return {
        "externalId": external_id,
        "title": "Fix the parser",
        "projectPath": "/home/me/parser",
        "model": "claude-opus",
        "provider": "anthropic",
        "source": "claude-code",
        "promptTokens": 100,
        "completionTokens": 20,
        "cost": 1.5,
        **fields,
    }


def message(external_id: str = "m1", session_external_id: str = "s1", **fields: Json) -> Fields:
    """Return a user's message with one text part."""
    return {
        "sessionExternalId": session_external_id,
        "externalId": external_id,
        "role": "user",
        "textContent": "hello",
        "source": "claude-code",
        "parts": [TEXT],
        **fields,
    }
