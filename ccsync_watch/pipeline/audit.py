"""Reads everything that is stored by the rules and known values of today, and changes nothing.

The answer says what a repair would change, and what of that has left this machine: by session, host
and kind, with dates, never with a value.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ccsync_watch.pipeline.reapply import RepairResult, repair
from ccsync_watch.privacy.clean import clean_text
from ccsync_watch.store import rewriting, sent_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.clock import Clock
    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy.clean import Redacting
    from ccsync_watch.privacy.known.tracker import TrackingRedactor
    from ccsync_watch.store.database import Database
    from ccsync_watch.store.rewriting import RewritableMessage, RewritableRow


@dataclass(slots=True)
class AuditedHost:
    """A host that got a session with what would be changed now; when, and by how many requests."""

    host: str
    requests: int
    first_ms: int
    last_ms: int

    def add(self, requests: int, first_ms: int, last_ms: int) -> None:
        """Add further requests to it."""
        self.requests += requests
        self.first_ms = min(self.first_ms, first_ms)
        self.last_ms = max(self.last_ms, last_ms)


@dataclass(slots=True)
class AuditedSession:
    """What would be changed of one session; `kinds` counts the placeholders that it would get.

    `messages_sent` of its `messages` have left, and with `is_state_sent` its title or folder.
    `first_ms` and `last_ms` are the dates of those messages.
    """

    session_id: str
    messages: int = 0
    rows: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    first_ms: int | None = None
    last_ms: int | None = None
    messages_sent: int = 0
    is_state_sent: bool = False
    hosts: list[AuditedHost] = field(default_factory=list)

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as the program writes it."""
        return {
            "session_id": self.session_id,
            "messages": self.messages,
            "rows": self.rows,
            "kinds": dict(self.kinds),
            "first_ms": self.first_ms,
            "last_ms": self.last_ms,
            "messages_sent": self.messages_sent,
            "is_state_sent": self.is_state_sent,
            "hosts": [
                {
                    "host": host.host,
                    "requests": host.requests,
                    "first_ms": host.first_ms,
                    "last_ms": host.last_ms,
                }
                for host in self.hosts
            ],
        }


class AuditResult(RepairResult):
    """Counts what a repair would change by session; sessions hold counts, never texts."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self.audited: dict[str, AuditedSession] = {}
        self.messages_read = 0

    def add_message(self, old: RewritableMessage, removed: Counter[str]) -> None:
        """Count a message that would be changed."""
        RepairResult.add_message(self, old, removed)
        session = self._session(old.message.session_id)
        session.messages += 1
        session.kinds += removed
        at_ms = old.message.timestamp_ms
        if at_ms is not None:
            session.first_ms = min(at_ms, session.first_ms or at_ms)
            session.last_ms = max(at_ms, session.last_ms or at_ms)
        if sent_rows.may_have_left(self._database, old.message.seq):
            session.messages_sent += 1

    def add_row(self, old: RewritableRow, removed: Counter[str]) -> None:
        """Count another row that would be changed; those without a session are in none."""
        RepairResult.add_row(self, old, removed)
        session_id = rewriting.session_of(old)
        if session_id is not None:
            session = self._session(session_id)
            session.rows += 1
            session.kinds += removed
            session.is_state_sent = session.is_state_sent or rewriting.was_sent(old)

    def _session(self, session_id: str) -> AuditedSession:
        return self.audited.setdefault(session_id, AuditedSession(session_id))


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of an audit: by which `rules`, and up to which message."""

    at_ms: int
    rules: str
    newest_seq: int
    messages_read: int
    messages: int
    rows: int
    kinds: Counter[str]
    sessions: list[AuditedSession]

    @property
    def is_clean(self) -> bool:
        """Whether a repair would change nothing."""
        return not (self.messages or self.rows)

    def as_json(self) -> dict[str, Any]:
        """Return it as `audit --json` prints it."""
        sent = [session for session in self.sessions if session.hosts]
        hosts: dict[str, dict[str, Any]] = {}
        for session in sent:
            for host in session.hosts:
                sums = hosts.setdefault(
                    host.host,
                    {
                        "host": host.host,
                        "sessions": 0,
                        "messages": 0,
                        "requests": 0,
                        "first_ms": host.first_ms,
                        "last_ms": host.last_ms,
                    },
                )
                sums["sessions"] += 1
                sums["messages"] += session.messages_sent
                sums["requests"] += host.requests
                sums["first_ms"] = min(sums["first_ms"], host.first_ms)
                sums["last_ms"] = max(sums["last_ms"], host.last_ms)
        return {
            "at_ms": self.at_ms,
            "rules": self.rules,
            "newest_seq": self.newest_seq,
            "messages_read": self.messages_read,
            "would_change": {
                "messages": self.messages,
                "rows": self.rows,
                "sessions": len(self.sessions),
                "kinds": dict(self.kinds.most_common()),
            },
            "has_left": {
                "messages": sum(session.messages_sent for session in sent),
                "sessions": len(sent),
                "hosts": list(hosts.values()),
            },
            "sessions": [session.as_json() for session in self.sessions],
        }


def audit(
    database: Database,
    *,
    redactor: TrackingRedactor,
    rules: str,
    clock: Clock,
    on_progress: Callable[[int], None] = lambda _messages: None,
) -> Audit:
    """Read everything that is stored again; return what would be changed.

    `on_progress` is called with the number of messages in each chunk. Raises RedactorUnavailable.
    """
    result = AuditResult(database)
    newest_seq = rewriting.newest_seq(database)

    def count(messages: int) -> None:
        result.messages_read += messages
        on_progress(messages)

    repair(
        database,
        redactor=redactor,
        clock=clock,
        is_released=False,
        is_dry=True,
        on_progress=count,
        result=result,
    )
    for session in result.audited.values():
        _add_hosts(session, database, redactor)
    latest_first = sorted(
        result.audited.values(), key=lambda session: session.last_ms or 0, reverse=True
    )
    return Audit(
        clock.wall_ms(),
        rules,
        newest_seq,
        result.messages_read,
        result.messages,
        result.other_rows,
        result.removed,
        latest_first,
    )


def _add_hosts(session: AuditedSession, database: Database, redactor: Redacting) -> None:
    """Add the hosts that got what would be changed of a session; nothing left without any."""
    hosts: dict[str, AuditedHost] = {}
    has_messages = False
    for sent in sent_rows.sent_to(database, session.session_id):
        has_messages = has_messages or sent.kind == "messages"
        if not (session.messages_sent if sent.kind == "messages" else session.is_state_sent):
            continue
        name = clean_text(sent.host, redactor).value
        host = hosts.setdefault(name, AuditedHost(name, 0, sent.first_ms, sent.last_ms))
        host.add(sent.requests, sent.first_ms, sent.last_ms)
    session.hosts = list(hosts.values())
    if not has_messages:
        session.messages_sent = 0
