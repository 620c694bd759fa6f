"""Once: kill -9 at random moments, a backend that fails in every way, and nothing is lost."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.store.views import create_views
from support.claude_client.client import SKIP_PERMISSIONS
from support.claude_client.script import delay, prompt, reply, say, think, tool
from support.expected_messages import expected_messages
from support.opensync_double.faults import FaultPlan
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program
    from support.claude_client.client import ClaudeHome
    from support.opensync_double.server import OpenSyncDouble

pytestmark = [pytest.mark.client, pytest.mark.timeout(900)]

ROUNDS = 50
SEED = 20261122
_STEPS = [
    reply(
        think("Hm."),
        say(f"Step {number}."),
        delay(0.05),
        tool("Bash", command=f"echo step {number}", description="Count"),
    )
    for number in range(8)
]


def _listens(program: Program) -> bool:
    """Return whether the daemon that was just started, and not an earlier one, is ready."""
    try:
        pidfile = json.loads((program.state / "daemon.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    return bool(pidfile["pid"] == program.pid and pidfile["socket"])


def _keep_writing(home: ClaudeHome, stopping: threading.Event, sessions: list[str]) -> None:
    """Run turn after turn, every third one in the last session."""
    number = 0
    while not stopping.is_set():
        number += 1
        more = ["--continue"] if number % 3 == 0 else []
        run = home.run(prompt(f"Turn {number}", *_STEPS, say("Done.")), SKIP_PERMISSIONS, *more)
        if run.session_id not in sessions:
            sessions.append(run.session_id)


@pytest.mark.tailing_case("34")
def test_fifty_crashes_lose_and_double_nothing(
    claude_home: ClaudeHome, watching_program: Program, opensync: OpenSyncDouble
) -> None:
    """After any crash every complete line is in the store once, and at the backend once."""
    chance = random.Random(SEED)  # noqa: S311 - moments, not secrets
    watching_program.configure(convex_url=opensync.url, api_key=opensync.api_key)
    opensync.faults = FaultPlan.random(SEED, rate=0.3, retry_after_seconds=1)
    stopping, sessions = threading.Event(), list[str]()
    writer = threading.Thread(target=_keep_writing, args=(claude_home, stopping, sessions))
    writer.start()
    try:
        for number in range(ROUNDS):
            watching_program.start_unready()
            if number % 5:  # every fifth is killed during its start
                wait_until(lambda: _listens(watching_program), "the daemon is ready")
            time.sleep(chance.uniform(0.0, 1.5))  # a crash comes at any moment
            watching_program.kill()
    finally:
        stopping.set()
        writer.join()
    opensync.faults = FaultPlan.none()
    watching_program.start()
    wanted = {row.id: row for path in claude_home.transcripts() for row in expected_messages(path)}
    assert len(wanted) > 100, "the client wrote too little"
    headers = {f"{session_id}:session" for session_id in sessions}
    count = len(wanted) + len(headers)

    def arrived_count() -> int:
        return len({row.external_id for row in opensync.backend.all_messages()})

    wait_until(lambda: arrived_count() >= count, f"{count} messages are at the backend")
    wait_until(lambda: not watching_program.status()["totals"]["rows_pending"], "all is acked")
    faults = [call.fault for call in opensync.backend.calls if call.fault]
    assert len(faults) > ROUNDS, "too few faults"
    assert len(set(faults)) > 10, "too few kinds of faults"
    arrived = opensync.backend.all_messages()
    assert len(arrived) == count, "a message arrived twice"
    assert {row.external_id for row in arrived} == set(wanted) | headers
    for row in arrived:
        if row.external_id in wanted:
            kinds = tuple(part.type for part in row.parts)
            assert kinds == wanted[row.external_id].kinds, row
    assert not [call for call in opensync.backend.calls if call.path.startswith("/elsewhere")]
    assert watching_program.stop() == 0
    _assert_stored_once(watching_program, set(wanted) | headers)


def _assert_stored_once(program: Program, ids: set[str]) -> None:
    with closing(sqlite3.connect(program.state / "ccsync.db")) as database:
        create_views(database)
        stored = [row[0] for row in database.execute("SELECT id FROM messages")]
        assert len(stored) == len(set(stored))
        assert set(stored) == ids
        behind = "SELECT count(*) FROM transcripts WHERE offset <> size"
        assert database.execute(behind).fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
        empty = "SELECT count(*) FROM messages WHERE seq NOT IN (SELECT message_seq FROM parts)"
        assert database.execute(empty).fetchone() == (0,)
