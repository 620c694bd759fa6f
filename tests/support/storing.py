"""A store as the pump fills it, an uploader on it, and the double that it uploads to."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ccsync_watch.accounting import session_accounts
from ccsync_watch.accounting.priced_summaries import PricedSummaries
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.config import Secret
from ccsync_watch.errors import DestinationError
from ccsync_watch.model import (
    Batch,
    Checkpoint,
    Fact,
    Fingerprint,
    JsonValue,
    Message,
    Part,
    Redacted,
    SessionObservation,
    Subagent,
    Usage,
)
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.http_client import OpenSyncClient
from ccsync_watch.opensync.opensync_destination import OpenSyncDestination
from ccsync_watch.store import status_figures, stored_messages
from ccsync_watch.store.database import open_database
from ccsync_watch.store.ingest import IngestContext, Ingested, ingest
from ccsync_watch.store.outbox import Outbox
from ccsync_watch.store.sendable_messages import sendable_messages, sendable_summary
from ccsync_watch.stream import Stream
from ccsync_watch.uploader import Uploader
from support.cleanup import close_after_test
from support.double_transport import DoubleTransport
from support.fakes import FakeClock
from support.opensync_double.backend import API_KEY, Backend
from support.search_texts import right_search_text

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.store.database import Database
    from ccsync_watch.uploader import Destination

SESSION = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-8888-4777-8666-555555555555"
URL = "http://127.0.0.1:3211"
MARK = Fingerprint(device=1, inode=2, head=b"head", marker=b"marker")


def message(
    uuid: str = "u1",
    text: str = "Hello",
    *,
    session_id: str = SESSION,
    at_ms: int | None = 1_790_000_000_000,
    parts: tuple[Part, ...] | None = None,
    **more: Any,  # noqa: ANN401 - any field
) -> Message:
    """Return a message of a session, by default a prompt with one text."""
    agent = more.get("agent_id")
    fields: dict[str, Any] = {
        "id": f"{session_id}:{agent}:{uuid}" if agent else f"{session_id}:{uuid}",
        "session_id": session_id,
        "agent_id": None,
        "uuid": uuid,
        "parent_uuid": None,
        "start": 0,
        "end": 10,
        "role": "user",
        "kind": "prompt",
        "timestamp_ms": at_ms,
        "model": None,
        "usage_id": None,
        "parts": (Part("text", text),) if parts is None else parts,
        **more,
    }
    return Message(**fields)


def usage(
    name: str = "msg_1",
    *,
    session_id: str = SESSION,
    tokens_in: int = 10,
    tokens_out: int = 5,
    **more: Any,  # noqa: ANN401 - any field
) -> Usage:
    """Return the tokens of a response."""
    fields: dict[str, Any] = {
        "id": name,
        "session_id": session_id,
        "agent_id": None,
        "model": "claude-opus",
        "timestamp_ms": None,
        "input_tokens": tokens_in,
        "output_tokens": tokens_out,
        "cache_write_5m_tokens": 0,
        "cache_write_1h_tokens": 0,
        "cache_read_tokens": 0,
        "web_searches": 0,
        "tier": None,
        "is_marked": False,
        "row_session_id": session_id,
        "uuid": name,
        "is_final": True,
        **more,
    }
    return Usage(**fields)


def observation(
    session_id: str = SESSION,
    at_ms: int | None = 1_790_000_000_000,
    **more: Any,  # noqa: ANN401 - any field
) -> SessionObservation:
    """Return what a row says of its session."""
    fields: dict[str, Any] = {
        "session_id": session_id,
        "timestamp_ms": at_ms,
        "cwd": "/home/user/project",
        "git_branch": "main",
        "client_version": "2.1.330",
        "entrypoint": "cli",
        "forked_from": None,
        **more,
    }
    return SessionObservation(**fields)


def checkpoint(name: str = SESSION, offset: int = 100) -> Checkpoint:
    """Return a transcript's checkpoint."""
    return Checkpoint(
        path_key=name.encode(),
        stream=Stream(name, name, None),
        shown_path=f"~/.claude/projects/p/{name}.jsonl",
        offset=offset,
        fingerprint=MARK,
        size=offset,
        mtime_ns=1,
    )


def price_list(folder: Path, *, input_usd: str = "1") -> PriceList:
    """Return prices of an invented list, looked up from memory; every other model is unknown.

    A million of each kind of token costs 1, 2, 4, 8 and 16 USD; 32 USD a thousand searches.
    """
    prices = {
        "input_mtok": [input_usd],
        "output_mtok": ["2"],
        "cache_write_mtok": ["4"],
        "cache_write_1h_mtok": ["8"],
        "cache_read_mtok": ["16"],
        "web_searches_kcount": ["32"],
    }
    periods = [{"since": "", "mode": mode, "prices": prices} for mode in ("standard", "fast")]
    known = dict.fromkeys(("claude-opus", "claude-opus-5-5", "claude-late"), periods)
    price_list = PriceList(
        folder / "prices.json",
        look_up=lambda models: {name: known.get(name) for name in models},
    )
    # But for one, as in a program that has run for a while.
    price_list.ensure_known(["claude-opus", "claude-opus-5-5"])
    return price_list


def calls_to(backend: Backend, *paths: str) -> list[str]:
    """Return the paths of the recorded calls, all or those to some paths, in order."""
    return [call.path for call in backend.calls if not paths or call.path in paths]


class World:
    """One installation and its backend on one clock, which tests move; see `FakeClock.set_wall`.

    `skew_ms` is the backend's clock less ours; `gather_seconds` and `backlog_workers` are the
    uploader's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        skew_ms: int = 0,
        accepts_dates: bool = False,
        gather_seconds: float = 0.0,
        backlog_workers: int | None = None,
    ) -> None:
        self.folder = folder
        self.backlog_workers = backlog_workers
        self.gather_seconds = gather_seconds
        self.clock = FakeClock()
        self.backend = Backend(
            clock=lambda: (self.clock.now_ms + skew_ms) / 1000,
            accepts_batch_created_at=accepts_dates,
        )
        self.transport = DoubleTransport(self.backend)
        self.stop = threading.Event()
        self.api_key = API_KEY
        self.ends: Counter[str] = Counter()
        self.database: Database
        self.prices = price_list(folder)
        self.outbox: Outbox
        self.destination: Destination
        self.uploader: Uploader
        self.open()
        close_after_test(self)

    def open(self) -> None:
        """Start the program, so far as this part of it goes."""
        self.database = open_database(self.folder, now_ms=self.clock.wall_ms())
        self.outbox = Outbox(self.database)
        self.connect()

    def connect(self, destination: Destination | None = None) -> None:
        """Make a new uploader on the open store, by default for the double."""
        self.destination = destination or self.opensync()
        self.outbox.set_resend_delay(self.destination.resend_delay_ms)
        self.uploader = Uploader(
            self.destination,
            outbox=self.outbox,
            clock=self.clock,
            stop=self.stop,
            gather_seconds=self.gather_seconds,
            backlog_workers=self.backlog_workers,
        )

    def opensync(self, url: str = URL) -> OpenSyncDestination:
        """Return the real destination, whose requests go to the double; without sockets."""
        client = OpenSyncClient(
            wire.endpoint(url), Secret(self.api_key), clock=self.clock, transport=self.transport
        )
        summaries = PricedSummaries(self.database, self.prices)
        return OpenSyncDestination(
            client, outbox=self.outbox, clock=self.clock, summaries=summaries
        )

    def close(self) -> None:
        """End it: what is not committed is lost."""
        self.database.close()

    def restart(self) -> None:
        """End the program and start it again."""
        self.close()
        self.open()

    def lose_the_store(self) -> None:
        """End the program, delete its database and start it with an empty one."""
        self.close()
        for path in self.folder.iterdir():
            if path.is_file():
                path.unlink()
        self.ends.clear()
        self.open()

    def other_machine(self) -> World:
        """Return a machine with an empty store that uploads to the same backend."""
        other = World(self.folder / "other")
        other.clock, other.backend, other.transport = self.clock, self.backend, self.transport
        other.connect()
        return other

    def ingest(
        self,
        *messages: Message,
        usages: tuple[Usage, ...] = (),
        facts: dict[str, JsonValue] | None = None,
        session_id: str = SESSION,
        is_released: bool = True,
        excluded: frozenset[str] = frozenset(),
        subagents: tuple[Subagent, ...] = (),
        **observed: Any,  # noqa: ANN401 - any field of an observation
    ) -> Ingested:
        """Commit what lines of one session's transcript came to."""
        start = self.ends[session_id]
        end = self.ends[session_id] = start + 100
        times = [(start + item.start, item.timestamp_ms) for item in messages]
        times = times or [(start, self.clock.wall_ms())]
        batch = Batch(
            start=start,
            end=end,
            lines=len(messages),
            messages=[replace(item, start=start + item.start) for item in messages],
            usages=list(usages),
            observations=[
                observation(session_id, at_ms, **{"start": at, **observed}) for at, at_ms in times
            ],
            facts=[Fact(session_id, name, value) for name, value in (facts or {}).items()],
            subagents=list(subagents),
        )
        context = IngestContext(
            now_ms=self.clock.now_ms,
            host=Redacted("laptop"),
            is_released=is_released,
            excluded=excluded,
        )
        return ingest(self.database, Redacted(batch), checkpoint(session_id, end), context)

    def say(self, uuid: str, text: str = "Hello", *, ago_ms: int = 0, **more: Any) -> Ingested:  # noqa: ANN401 - any field
        """Commit one prompt, written `ago_ms` ago."""
        session_id = more.pop("session_id", SESSION)
        is_released = more.pop("is_released", True)
        at_ms = self.clock.wall_ms() - ago_ms
        prompt = message(uuid, text, session_id=session_id, at_ms=at_ms, **more)
        return self.ingest(prompt, session_id=session_id, is_released=is_released)

    def make_unacceptable(self, uuid: str) -> None:
        """Give a stored row a role that the backend does not know: it fails on that row."""
        with self.database.write() as connection:
            connection.execute(
                "UPDATE compact_messages SET role = 'alien' WHERE seq ="
                " (SELECT seq FROM messages WHERE session_id = ? AND uuid = ?)",
                (SESSION, uuid),
            )

    def turn(self) -> bool | DestinationError:
        """Take one turn; return the failure instead of raising it."""
        try:
            return self.uploader.turn()
        except DestinationError as error:
            return error

    def work(self) -> None:
        """Take turns until nothing is due now; a failure ends it."""
        for _ in range(1000):
            if not self.uploader.turn():
                return
        raise AssertionError("turns without end")

    def drain(self, limit: int = 500) -> int:
        """Take turns, and let time pass, until nothing is due any more; return the turns."""
        for count in range(limit):
            result = self.turn()
            if isinstance(result, DestinationError):
                self.clock.advance(getattr(result, "retry_after", None) or 1)
            elif not result:
                if self.outbox.next_due_ms() is None:
                    return count
                self.clock.advance(max(self.uploader._idle_seconds(), 0.001))
        raise AssertionError(f"still not settled after {limit} turns")

    def ids(self, session_id: str = SESSION) -> list[str]:
        """Return the uuids that the backend's viewer shows, in its order, our header left out."""
        shown = [row.external_id.rsplit(":", 1)[1] for row in self.backend.shown(session_id)]
        return [uuid for uuid in shown if uuid != "session"]

    def texts(self, session_id: str = SESSION) -> dict[str, str | None]:
        """Return the texts that the backend holds by uuid, our header left out."""
        return {
            uuid: row.text_content
            for row in self.backend.messages(session_id)
            if (uuid := row.external_id.rsplit(":", 1)[1]) != "session"
        }

    def expected_parts(self, session_id: str = SESSION) -> dict[str, list[JsonValue]]:
        """Return by id the parts that the backend must hold in the end."""
        parts_by_id: dict[str, list[JsonValue]] = {}
        for row in sendable_messages(self.database, session_id, is_host_sent=False):
            parts = wire.message_payload(Redacted(row), None).value["parts"]
            parts_by_id[row.id] = parts if isinstance(parts, list) else []
        return parts_by_id

    def held_parts(self, session_id: str = SESSION) -> dict[str, list[JsonValue]]:
        """Return by id the parts that the backend holds."""
        return {
            row.external_id: [{"type": part.type, "content": part.content} for part in row.parts]
            for row in self.backend.messages(session_id)
        }

    def assert_complete(self, session_id: str = SESSION) -> None:
        """Fail unless the backend holds exactly the store's rows of a session, and its state."""
        rows = stored_messages.session_messages(self.database, session_id)
        held = [row.external_id for row in self.backend.messages(session_id)]
        assert Counter(held) == Counter(row.id for row in rows)
        assert self.held_parts(session_id) == self.expected_parts(session_id)
        summary = session_accounts.load_summary(self.database, session_id, self.prices)
        assert summary is not None
        wanted = sendable_summary(summary, is_host_sent=False).value
        session = self.backend.session(session_id)
        # A title cannot be taken away again: where there is none, it is what the viewer shows.
        assert session.title in {wanted.title, wanted.title or "Untitled Session"}
        assert session.project_path == wanted.project_path
        assert session.model == wanted.model
        assert session.prompt_tokens == wanted.prompt_tokens
        assert session.completion_tokens == wanted.output_tokens
        assert session.cost == (wanted.cost_usd or 0)
        assert session.duration_ms == wanted.duration_ms
        assert session.message_count == len(rows)
        if self.outbox.next_due_ms() is None:  # a text that was spoiled is written on settling
            there = {row.external_id: row for row in self.backend.messages(session_id)}
            in_order = [there[row.id] for row in rows]
            right = right_search_text(session.title, in_order)
            # Where half a character would be is a blank.
            assert (session.searchable_text or "").rstrip(" ") == right.rstrip(" ")

    def figures(self) -> dict[str, int]:
        """Return the store's figures."""
        return {
            name: value
            for name, value in status_figures.totals(self.database).items()
            if isinstance(value, int)
        }
