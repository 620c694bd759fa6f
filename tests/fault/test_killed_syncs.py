"""A thousand times kill -9 at any moment of a sync, between appends that tear lines."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.config import Secret, Settings
from ccsync_watch.store.database import open_for_reading
from support.killed_syncs import KilledSyncs
from support.lines import Writer, line, text
from support.redaction_corpus.shared import cache_folder

if TYPE_CHECKING:
    from pathlib import Path

    from support.opensync_double.server import OpenSyncDouble

pytestmark = pytest.mark.timeout(1800)

ROUNDS = 1000
SEED = 20261129
_SESSIONS = [f"{number}0000000-2222-4333-8444-555555555555" for number in range(1, 9)]


class _Client:
    """Writes rows of several sessions, each torn anywhere between two writes."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._folder = folder
        self._chance = chance
        self._writers = [Writer(session_id) for session_id in _SESSIONS]
        self._torn = dict.fromkeys(_SESSIONS, b"")
        self.ids: list[str] = [f"{session_id}:session" for session_id in _SESSIONS]

    def write(self, number: int) -> None:
        """Finish the torn line of a session, and begin another."""
        writer = self._chance.choice(self._writers)
        if number % 2:
            row = writer.prompt(f"Question {number}?")
        else:
            name = f"msg_{number}"
            row = writer.answer(text(f"Answer {number}."), usage_id=name)
        self.ids.append(f"{writer.session_id}:{row['uuid']}")
        whole = line(row)
        cut = self._chance.randrange(len(whole) + 1)
        self._append(writer.session_id, self._torn[writer.session_id] + whole[:cut])
        self._torn[writer.session_id] = whole[cut:]

    def finish(self) -> None:
        """Finish all lines."""
        for session_id, rest in self._torn.items():
            self._append(session_id, rest)

    def _append(self, session_id: str, data: bytes) -> None:
        with (self._folder / f"{session_id}.jsonl").open("ab") as file:
            file.write(data)


@pytest.mark.tailing_case("36")
def test_a_thousand_kills_lose_and_double_nothing(tmp_path: Path, opensync: OpenSyncDouble) -> None:
    """Every complete line is in the store once, and at the backend once."""
    claude = tmp_path / "claude"
    folder = claude / "projects" / "p"
    folder.mkdir(parents=True)
    settings = Settings(
        claude_dirs=(claude,),
        state_dir=tmp_path / "state",
        cache_dir=cache_folder(),
        file=tmp_path / "settings.json",
        convex_url=opensync.url,
        api_key=Secret(opensync.api_key),
    )
    chance = random.Random(SEED)  # noqa: S311 - moments, not secrets
    client, syncs = _Client(folder, chance), KilledSyncs(settings)
    client.write(0)
    assert syncs.run(None)
    whole, kills = 60.0, 0
    for number in range(1, ROUNDS + 1):
        client.write(number)
        before = time.monotonic()
        # The shortest of all so far: a machine that was busy at first must not let most syncs end.
        if syncs.run(chance.uniform(0.0, whole)):
            whole = min(whole, time.monotonic() - before)
        else:
            kills += 1
    assert kills > ROUNDS / 5
    client.finish()
    assert syncs.run(None)
    arrived = [row.external_id for row in opensync.backend.all_messages()]
    assert sorted(arrived) == sorted(client.ids)
    database = open_for_reading(settings.state_dir)
    assert database is not None
    read = database.read()
    assert sorted(row[0] for row in read.execute("SELECT id FROM messages")) == sorted(client.ids)
    assert read.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0
    assert read.execute("SELECT count(*) FROM unreadable").fetchone()[0] == 0
    database.close()
