"""How many secrets were removed from the messages that were stored last, by kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.placeholders import count_kinds
from ccsync_watch.store import rewriting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ccsync_watch.store.database import Database

MAX_MESSAGES = 20_000
"""Counting more would take longer than anybody waits for."""
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class RemovedSecrets:
    """The placeholders in `messages`, by kind; `changed` of those messages have any.

    `are_all`: these are all messages.
    """

    messages: int
    changed: int
    kinds: Mapping[str, int]
    are_all: bool


def count_removed_secrets(
    database: Database,
    *,
    pace: Callable[[], None] = lambda: None,
    max_messages: int = MAX_MESSAGES,
) -> RemovedSecrets:
    """Count them; `pace` is called every few hundred messages."""
    row = (
        database.read()
        .execute("SELECT seq FROM messages ORDER BY seq DESC LIMIT 1 OFFSET ?", (max_messages,))
        .fetchone()
    )
    seq = row[0] if row is not None else 0
    kinds: Counter[str] = Counter()
    messages = changed = 0
    while texts := rewriting.raw_texts_after(database, seq, _CHUNK_BYTES):
        seq = texts[-1][0]
        messages += len(texts)
        for _seq, text in texts:
            own = count_kinds([text])
            changed += bool(own)
            kinds += own
        pace()
    return RemovedSecrets(messages, changed, dict(kinds.most_common()), are_all=row is None)
