"""Remove what was stored before it became known as a secret, from the store and what was sent.

A value is known from the line on that discloses it, or from the start on that finds it in the
environment. What was stored until then is searched for it, a bounded piece at a time, and only the
rows that hold it are redacted again and sent again. The store remembers by keyed digests which
values it was searched for: a search that was interrupted begins again at the next start.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.pipeline.reapply import RepairResult, StoredTexts
from ccsync_watch.privacy.known.occurrences import Occurrences
from ccsync_watch.store import rewriting
from ccsync_watch.store.meta import get_meta, set_meta

if TYPE_CHECKING:
    from ccsync_watch.clock import Clock
    from ccsync_watch.privacy.known.tracker import TrackingRedactor
    from ccsync_watch.store.database import Database

CHUNK_BYTES = 1 << 20
CHUNK_ROWS = 500
MAX_DIGESTS = 10_000
_META = "known"


@dataclass(slots=True)
class _Progress:
    """How far a search of everything that is stored has come, and what it changed."""

    digests: list[str]
    occurrences: Occurrences
    seq: int = 0
    has_messages: bool = True
    table: int = 0
    key: tuple[object, ...] | None = None
    result: RepairResult = field(default_factory=RepairResult)


class LateSecrets:
    """Searches the store for the values that became known since; used by the thread that reads."""

    def __init__(
        self,
        database: Database,
        *,
        redactor: TrackingRedactor,
        install_key: bytes,
        clock: Clock,
        is_released: bool,
    ) -> None:
        self._database = database
        self._redactor = redactor
        self._install_key = install_key
        self._texts = StoredTexts(database, redactor=redactor, clock=clock, is_released=is_released)
        self._due: list[str] = []
        self._progress: _Progress | None = None

    def step(self) -> bool:
        """Search a bounded piece for what became known; return whether there was anything to do.

        Raises StateError and RedactorUnavailable; the piece is then searched again.
        """
        self._due += self._redactor.take_known()
        if self._progress is None:
            self._progress = self._begin()
            self._due = []
        progress = self._progress
        if progress is None:
            return False
        if progress.has_messages:
            self._search_messages(progress)
        elif progress.table < rewriting.TABLES:
            self._search_rows(progress)
        else:
            self._finish(progress)
            self._progress = None
        return True

    def _begin(self) -> _Progress | None:
        """Return the search for those of the values due that the store was not searched for."""
        if not self._due:
            return None
        done = set(self._searched())
        new = {self._digest(value): value for value in self._due}
        new = {digest: value for digest, value in new.items() if digest not in done}
        return _Progress(list(new), Occurrences(new.values())) if new else None

    def _search_messages(self, progress: _Progress) -> None:
        """Search the next messages, as far as they were stored before the search came there."""
        texts = rewriting.raw_texts_after(self._database, progress.seq, CHUNK_BYTES)
        hits = progress.occurrences.among([text for _seq, text in texts])
        seqs = [texts[index][0] for index in sorted(hits)]
        for start in range(0, len(seqs), CHUNK_ROWS):
            messages = rewriting.messages_among(self._database, seqs[start : start + CHUNK_ROWS])
            self._texts.redact_messages(messages, progress.result)
        progress.seq = texts[-1][0] if texts else progress.seq
        progress.has_messages = bool(texts)

    def _search_rows(self, progress: _Progress) -> None:
        rows = rewriting.rows_after(self._database, progress.table, progress.key, CHUNK_ROWS)
        texts = [
            "\n".join(str(text) for text in row.before if text is not None).encode(
                "utf-8", "surrogatepass"
            )
            for row in rows
        ]
        hits = progress.occurrences.among(texts)
        self._texts.redact_rows([rows[index] for index in sorted(hits)], progress.result)
        if len(rows) == CHUNK_ROWS:
            progress.key = rows[-1].key
        else:
            progress.table, progress.key = progress.table + 1, None

    def _finish(self, progress: _Progress) -> None:
        """Remember which values the store was searched for, the latest last."""
        if progress.result.messages or progress.result.other_rows:
            self._database.checkpoint()  # SQLite's log may still hold what was just removed
        digests = [*self._searched(), *progress.digests][-MAX_DIGESTS:]
        with self._database.write() as connection:
            set_meta(connection, _META, orjson.dumps(digests).decode())

    def _searched(self) -> list[str]:
        stored = get_meta(self._database.read(), _META)
        return [] if stored is None else list(map(str, orjson.loads(stored)))

    def _digest(self, value: str) -> str:
        return hashlib.blake2b(
            value.encode("utf-8", "surrogatepass"),
            key=self._install_key,
            digest_size=8,
            person=b"known",
        ).hexdigest()
