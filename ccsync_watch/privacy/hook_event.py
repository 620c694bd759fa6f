"""Redacts the details of a hook event, as of everything else that is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ccsync_watch.model import Redacted
from ccsync_watch.privacy.clean import Redacting, clean_text
from ccsync_watch.transcripts.fields import hashed_id, identity

if TYPE_CHECKING:
    from ccsync_watch.hook_events import HookEvent


def clean_hook_event(event: HookEvent, redactor: Redacting) -> Redacted[HookEvent]:
    """Return the event without secrets. Raises RedactorUnavailable."""
    detail = {name: clean_text(text, redactor).value for name, text in event.detail.items()}
    session_id = identity(event.session_id) or hashed_id(event.session_id)
    return Redacted(replace(event, session_id=session_id, detail=detail))
