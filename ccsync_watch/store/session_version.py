"""Whether the messages of a session are still those of before, at a small part of reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ccsync_watch.store.id_keys import key_of

if TYPE_CHECKING:
    from ccsync_watch.store.database import Database

SessionVersion: TypeAlias = "tuple[object, ...]"

_QUERY = (
    "SELECT (SELECT count(*) || ' ' || total(seq) || ' ' || total(dated_ms % 999983)"  # noqa: S608 - constants
    "  || ' ' || total(length(kind) + length(facts) + coalesce(length(own_id), 0)"
    "  + is_inherited) FROM compact_messages"
    f" WHERE session_key = {key_of('?1')}),"
    " (SELECT count(*) || ' ' || total(output_tokens) || ' ' || total(input_tokens"
    "  + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens) || ' '"
    "  || total(is_final) || ' ' || total(carrier_seq) || ' ' || count(counted_in) || ' '"
    "  || total(cost_usd) || ' ' || count(iterations) || ' ' || total(web_searches)"
    f" FROM compact_usage WHERE session_key = {key_of('?1')}),"
    " EXISTS (SELECT 1 FROM session_facts f JOIN sessions s ON s.id = f.session_id"
    "  AND NOT s.is_excluded WHERE f.name = 'continued_in' AND f.value = '\"' || ?1 || '\"')"
)


def session_version(database: Database, session_id: str) -> SessionVersion:
    """Return a value that is another one once a message or a response was added or changed.

    Of texts it says nothing: what is kept by it must not contain any.
    """
    return tuple(database.read().execute(_QUERY, (session_id,)).fetchone())
