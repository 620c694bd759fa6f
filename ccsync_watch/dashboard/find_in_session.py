"""The matches of a search in one conversation: how many, and which one is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.dashboard.query_params import number_param, text_param
from ccsync_watch.dashboard.typed_query import TypedQuery, read_query
from ccsync_watch.store.search_hits import shown_name
from ccsync_watch.store.search_queries import find_in_conversation

if TYPE_CHECKING:
    from starlette.requests import Request

    from ccsync_watch.dashboard.site import Site


@dataclass(frozen=True, slots=True)
class ConversationMatch:
    """One of the matches: its number from 1 on, and the name of the message that shows it."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class FoundInSession:
    """What was searched for in a conversation; `shown` is None without a match.

    After the last match comes the first one again.
    """

    typed: TypedQuery
    total: int = 0
    shown: ConversationMatch | None = None
    before: ConversationMatch | None = None
    after: ConversationMatch | None = None

    @property
    def words_json(self) -> str:
        """What the page's script marks, as a JSON list."""
        return orjson.dumps(self.typed.query.marked if self.typed.query else ()).decode()


def find_in_session(
    site: Site, request: Request, session_id: str, agent_id: str | None
) -> FoundInSession | None:
    """Return the match that an address asks for, None where it does not search.

    `find` is the query, `match` the number of the match.
    """
    text = text_param(request, "find")
    if not text:
        return None
    typed = read_query(site, text)
    if typed.query is None:
        return FoundInSession(typed)
    seqs = find_in_conversation(site.database, typed.query, session_id, agent_id)
    if not seqs:
        return FoundInSession(typed)
    number = min(max(number_param(request, "match") or 1, 1), len(seqs))
    read = site.database.read()

    def match(at: int) -> ConversationMatch:
        place = at % len(seqs)
        return ConversationMatch(place + 1, shown_name(read, seqs[place]))

    return FoundInSession(typed, len(seqs), match(number - 1), match(number - 2), match(number))
