"""What a conversation's page shows beside its messages: how each is marked, and whether it left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccsync_watch.store import session_annotations, upload_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ccsync_watch.dashboard.conversation import Entry
    from ccsync_watch.dashboard.page import Context
    from ccsync_watch.dashboard.response_cards import Card
    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.session_annotations import MessageMark
    from ccsync_watch.store.upload_states import UploadState

_ORDER = ("rejected", "unconfirmed", "waiting", "held", "local", "sent")
NO_FACTS: Context = {"marks": {}, "uploads": {}}
"""Of messages that were written while their page was open: both may change at any moment."""


def entry_facts(site: Site, session_id: str, messages: Sequence[StoredMessage]) -> Context:
    """Return the marks of messages by their id, and the states of their uploads by number."""
    marks = session_annotations.list_marks(site.database, session_id=session_id)
    return {
        "marks": {mark.message_id: mark for mark in marks},
        "uploads": upload_states.upload_states(site.database, session_id, messages)
        if is_sent(site, session_id)
        else {},
    }


def marked_entry(card: Card, marks: Mapping[str, MessageMark]) -> Entry:
    """Return the entry of a card that is marked, else its first one, which would be."""
    return next((entry for entry in card.entries if entry.message.id in marks), card.first)


def upload_of(card: Card, uploads: Mapping[int, UploadState]) -> UploadState | None:
    """Return the state of the message of a card that is farthest from having been sent."""
    states = [uploads.get(entry.message.seq) for entry in card.entries]
    known = [state for state in states if state is not None]
    return min(known, key=lambda state: _ORDER.index(state.kind), default=None)


def local_facts(site: Site, session_id: str) -> Context:
    """Return what a person said of a session, and how much of it has left this machine."""
    return {
        "annotation": session_annotations.load_annotation(site.database, session_id),
        "upload": upload_states.session_upload(site.database, session_id)
        if is_sent(site, session_id)
        else None,
        "app_link": _app_link(site, session_id),
    }


def _app_link(site: Site, session_id: str) -> str | None:
    """Return where the backend's web app shows a session, None where that is not known."""
    destination = site.settings().destination
    if destination is None or destination.app_url is None:
        return None
    return destination.session_url(upload_states.document_id(site.database, session_id))


def is_sent(site: Site, session_id: str) -> bool:
    """Return whether a session is, or was, sent anywhere."""
    return site.figures.has_destination() or upload_states.was_sent(site.database, session_id)
