"""The backend holds the truth in the end, whatever happens to the program on the way.

`CHAOS_SESSIONS` and `CHAOS_KILLS` in the environment make it larger.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from ccsync_watch.store.views import create_views
from support.opensync_double.faults import FaultPlan
from support.true_sessions import TrueSession
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble

SESSIONS = int(os.environ.get("CHAOS_SESSIONS", "16"))
KILLS = int(os.environ.get("CHAOS_KILLS", "8"))
SEED = int(os.environ.get("CHAOS_SEED", "20261128"))
DAY_MS = 86_400_000
_TITLES = (None, None, "late", "late with {secret}")


class Chaos:
    """Sessions, their user, and the program that is killed again and again."""

    def __init__(self, program: Program, opensync: OpenSyncDouble) -> None:
        self.program = program
        self.opensync = opensync
        self.chance = random.Random(SEED)  # noqa: S311 - repeatable, not secret
        self.patterns: list[str] = []
        self.configure()
        start_ms = int(time.time() * 1000) - 2 * DAY_MS
        self.sessions = [
            TrueSession(program.claude_dir, number, start_ms + number * 60_000)
            for number in range(SESSIONS)
        ]
        for session in self.sessions:
            title = self.chance.choice(_TITLES)
            session.write_history(
                length=self.chance.randrange(1, 6),
                has_long_text=self.chance.random() < 0.2,
                title=title and title.format(secret=session.secret),
            )
        # Each happens to sessions of its own, in the end.
        victims = self.chance.sample(self.sessions, len(self.sessions))
        part = max(1, len(victims) // 8)
        self.coming = [
            *(("pattern", session) for session in victims[:part]),
            *(("disclose", session) for session in victims[part : 2 * part]),
            *(("off", session) for session in victims[2 * part : 3 * part]),
            *(("exclude", session) for session in victims[3 * part : 4 * part]),
            *(("metadata", session) for session in victims[4 * part : 5 * part]),
        ]
        self.chance.shuffle(self.coming)

    def configure(self) -> None:
        """Write the settings as the user has them now."""
        sessions = getattr(self, "sessions", [])
        self.program.configure(
            convex_url=self.opensync.url,
            api_key=self.opensync.api_key,
            dashboard={"enabled": False},
            redact={"patterns": self.patterns},
            exclude_projects=[row.folder for row in sessions if row.is_excluded],
            projects={
                row.folder: row.policy for row in sessions if row.policy and not row.is_excluded
            },
        )

    def happen(self, events: int) -> None:
        """Let Claude Code write lines, and the user rename sessions."""
        for _ in range(events):
            session = self.chance.choice(self.sessions)
            if self.chance.random() < 0.7:
                said = f"live {self.chance.randrange(10_000)}"
                session.say(int(time.time() * 1000), said)
            else:
                session.rename(f"renamed {self.chance.randrange(10_000)}")
            time.sleep(self.chance.uniform(0, 0.1))

    def correct(self, count: int) -> None:
        """Let the user remove words."""
        is_repaired = False
        for _ in range(min(count, len(self.coming))):
            what, session = self.coming.pop()
            if what == "disclose":
                session.disclose(int(time.time() * 1000))
                is_repaired = True
            elif what == "pattern":
                self.patterns.append(session.secret)
                session.removed.add(session.secret)
                is_repaired = True
            else:
                session.is_excluded = what == "exclude"
                session.restrict("metadata" if what == "metadata" else "off")
        self.configure()
        if is_repaired and self.chance.random() < 0.5:
            completed = self.program.call("repair")
            assert completed.code == 0, completed.err

    def live(self) -> None:
        """Start and kill the program at any moment while all that happens.

        Words are removed once most of what was said is at the backend.
        """
        corrections = -(-len(self.coming) // (KILLS - KILLS // 2))
        for number in range(KILLS):
            self.program.start_unready()
            if number == KILLS // 2:
                wait_until(self._has_sent_most, "most is at the backend")
            if number % 5:  # every fifth is killed during its start
                wait_until(self._listens, "the daemon is ready")
            self.happen(self.chance.randrange(1, 8))
            if number >= KILLS // 2:
                self.correct(corrections)
            time.sleep(self.chance.uniform(0, 1.5))
            self.program.kill()

    def _has_sent_most(self) -> bool:
        held = len(self.opensync.backend.all_messages())
        return held > 0.6 * sum(session.length for session in self.sessions)

    def _listens(self) -> bool:
        path = self.program.state / "daemon.json"
        return path.exists() and f'"pid":{self.program.pid}' in path.read_text().replace(" ", "")

    def finish(self) -> None:
        """Let everything work again, and be settled."""
        self.program.start()
        self.happen(5)
        # A value is known as a secret once the line that read it is stored.
        wait_until(self._has_read_all, "all lines are read")
        completed = self.program.call("repair")
        assert completed.code == 0, completed.err
        self.opensync.faults = FaultPlan.none()
        completed = self.program.call("sync-now", seconds=600)
        assert completed.code == 0, completed.err
        self.program.stop()
        # Without the daemon it also waits until every session's state is settled.
        completed = self.program.call("sync-now", seconds=600)
        assert completed.code == 0, completed.err
        assert self._stored("SELECT count(*) FROM remote WHERE is_due") == [(0,)]

    def stored_ids(self, session: TrueSession) -> list[str]:
        """Return the ids of a session's messages in the store's order."""
        query = "SELECT id FROM messages WHERE session_id = ? ORDER BY seq"
        return [str(row[0]) for row in self._stored(query, session.session_id)]

    def _has_read_all(self) -> bool:
        sizes = [path.stat().st_size for path in self.program.claude_dir.rglob("*.jsonl")]
        read = self._stored("SELECT count(*), sum(offset) FROM transcripts")
        return read == [(len(sizes), sum(sizes))]

    def _stored(self, query: str, *values: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.program.state / "ccsync.db")) as database:
            create_views(database)
            return database.execute(query, values).fetchall()


def test_the_backend_holds_the_truth_after_any_chaos(
    program: Program, opensync: OpenSyncDouble
) -> None:
    """Sessions are exact there in each respect, and no word that was removed is in any table."""
    opensync.faults = FaultPlan.random(SEED)
    chaos = Chaos(program, opensync)
    chaos.live()
    chaos.finish()
    faults = {call.fault for call in opensync.backend.calls} - {None}
    assert len(faults) > 10, "too few kinds of faults"
    differences = [
        line
        for session in chaos.sessions
        for line in session.differences(opensync.backend, chaos.stored_ids(session))
    ]
    assert not differences, "\n".join(differences)
    tables = opensync.backend.tables_text()
    removed = {word for session in chaos.sessions for word in session.removed}
    bodies = b"".join(call.body for call in opensync.backend.calls)
    assert any(word.encode() in bodies for word in removed), "no removed word had been sent"
    assert sorted(word for word in removed if word in tables) == []
