"""What the client notes of a session as a whole; written by ingest, shown by pages and exports.

Titles and costs are read where they count; the others are listed as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import orjson

from ccsync_watch.transcripts.fields import mapping, text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ccsync_watch.model import Fact, JsonValue

LISTED = {
    "agent": "Agent",
    "agent_name": "Agent name",
    "effort": "Effort",
    "tag": "Tag",
    "pull_requests": "Pull requests",
    "artifacts": "Artifacts",
}
"""The facts that are shown as they are, by the name under which."""


def save_facts(connection: sqlite3.Connection, facts: Iterable[Fact]) -> None:
    """Save the last value of each fact, and all of a list's; for summaries see `summary_titles`."""
    for fact in facts:
        if fact.name == "summary":
            continue
        value = _grown(connection, fact) if isinstance(fact.value, list) else fact.value
        connection.execute(
            "INSERT INTO session_facts VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET value = excluded.value",
            (fact.session_id, fact.name, orjson.dumps(value).decode()),
        )


def _grown(connection: sqlite3.Connection, fact: Fact) -> list[JsonValue]:
    """Return a stored list with what a row adds; what has its address already is replaced."""
    row = connection.execute(
        "SELECT value FROM session_facts WHERE session_id = ? AND name = ?",
        (fact.session_id, fact.name),
    ).fetchone()
    items = [*(orjson.loads(row[0]) if row else []), *cast("list[JsonValue]", fact.value)]
    return list({text(mapping(item).get("url")): item for item in items}.values())


class LinkedPage(NamedTuple):
    """A page that a session worked on or published; `kind` is the name of the fact."""

    kind: str
    name: str
    url: str


def linked_pages(read: sqlite3.Connection, session_id: str) -> list[LinkedPage]:
    """Return the pull requests and published pages of a session that have a web address."""
    rows = read.execute(
        "SELECT name, value FROM session_facts WHERE session_id = ?"
        " AND name IN ('pull_requests', 'artifacts') ORDER BY name DESC",
        (session_id,),
    )
    items = ((name, mapping(item)) for name, value in rows for item in orjson.loads(value))
    pages = (LinkedPage(kind, text(item.get("name")) or "", text(item.get("url")) or "")
             for kind, item in items)  # fmt: skip
    return [page for page in pages if _is_linked(page.url)]


def _is_linked(url: str | None) -> bool:
    """Return whether a page may link to an address."""
    return bool(url) and str(url).startswith(("https://", "http://"))


def shown_facts(
    read: sqlite3.Connection, session_id: str, *, with_links: bool = True
) -> dict[str, str]:
    """Return the listed facts of a session as texts, by the name under which they are shown.

    Without `with_links` what `linked_pages` returns is left out.
    """
    rows = read.execute("SELECT name, value FROM session_facts WHERE session_id = ?", (session_id,))
    values = {name: orjson.loads(value) for name, value in rows}
    if values.get("agent_name") == values.get("custom_title"):
        values.pop("agent_name", None)  # /rename gives both
    if not with_links:
        values = {name: _without_links(value) for name, value in values.items()}
    shown = {label: _as_text(values[name]) for name, label in LISTED.items() if name in values}
    return {label: value for label, value in shown.items() if value}


def _without_links(value: JsonValue) -> JsonValue:
    if not isinstance(value, list):
        return value
    return [item for item in value if not _is_linked(text(mapping(item).get("url")))]


def _as_text(value: JsonValue) -> str:
    if isinstance(value, list):
        items = [mapping(item) for item in value]
        # Without addresses there is only their number.
        addressed = [item for item in items if item.get("url")] or items
        return ", ".join(
            " ".join(filter(None, (text(item.get("name")), text(item.get("url")))))
            for item in addressed
        )
    return value if isinstance(value, str) else ""
