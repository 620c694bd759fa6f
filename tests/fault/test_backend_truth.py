"""The backend holds the truth: whatever fails while sessions are imported, renamed and corrected.

Sessions with subagents whose transcripts are newer, late titles, lines written live, repairs and
policies, while requests fail in every way and the program is killed at requests: afterwards each
session's title, dates, order, tokens, cost, search text and rows are exact, and no word that was
removed is in any table.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ccsync_watch.errors import DestinationError
from ccsync_watch.pipeline.reapply import apply_policies, repair
from ccsync_watch.privacy.policy.projects import Projects
from ccsync_watch.store import stored_messages
from support.lines import START_MS, Writer, text
from support.opensync_double.faults import FaultPlan
from support.pumping import Bench
from support.search_texts import right_search_text
from support.storing import World

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.config import ProjectPolicy
    from ccsync_watch.model import JsonValue

DAY_MS = 86_400_000


class Killed(BaseException):
    """The process ends here."""


@dataclass
class WordRedactor:
    """Removes the words of `words`, which a repair may add to."""

    words: set[str] = field(default_factory=set)

    dropped_known = 0

    def add_known(self, value: str, kind: str) -> None:
        """Do nothing."""

    def take_known(self) -> list[str]:
        """Return nothing: no value is known."""
        return []

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return the value without the words."""
        encoded = orjson.dumps(obj).decode()
        for word in self.words:
            encoded = encoded.replace(word, "[REDACTED:custom:1]")
        value: JsonValue = orjson.loads(encoded)
        return value


class Story:
    """Some sessions on a machine and its backend, and everything that happens to them."""

    def __init__(self, folder: Path, seed: int, sessions: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.redactor = WordRedactor()
        self.bench = Bench(folder, redactor=self.redactor)
        self.bench.clock.now_ms = START_MS + DAY_MS
        self.world = World(self.bench.state)
        self.world.clock = self.bench.clock
        self.world.connect()
        self.policies: list[tuple[str, ProjectPolicy]] = []
        self.numbers = range(sessions)
        self.writers = [Writer(_id(number), cwd=f"/home/jo/p{number}") for number in self.numbers]
        self.removed: set[str] = set()
        self.kills = 0

    def write_history(self) -> None:
        """Write what happened a day ago: a subagent's file is the newer one, titles come late."""
        for number, main in zip(self.numbers, self.writers, strict=True):
            path = self.bench.path(main.session_id)
            rows = [
                main.prompt(f"prompt{number} secret{number} {'x' * self.chance.choice([9, 4000])}")
            ]
            for turn in range(self.chance.randrange(1, 5)):
                said = text(f"answer{number} {turn}")
                rows.append(main.answer(said, usage_id=f"m{number}-{turn}", output_tokens=turn))
                rows.append(main.prompt(f"more{number} {turn}"))
            if self.chance.random() < 0.5:
                rows.append(_title(number, f"title{number} secret{number}"))
            self.bench.append(path, *rows)
            agent = Writer(
                main.session_id, agent_id=f"a{number:06}", cwd=main.cwd, at_ms=START_MS + 18_000_000
            )
            agent_path = self.bench.path(
                f"agent-a{number:06}", f"-home-user-project/{main.session_id}/subagents"
            )
            self.bench.append(agent_path, *[agent.prompt(f"task{number} {n}") for n in range(3)])

    def happen(self) -> None:
        """Let one thing happen."""
        number = self.chance.choice(self.numbers)
        main = self.writers[number]
        path = self.bench.path(main.session_id)
        roll = self.chance.random()
        if roll < 0.4:
            main.at_ms = self.bench.clock.now_ms - self.chance.choice([50, 50, 3_600_000])
            self.bench.append(path, main.prompt(f"live{number} {self.bench.clock.now_ms}"))
        elif roll < 0.6:
            self.bench.append(path, _title(number, f"title{number} {self.bench.clock.now_ms}"))
        elif roll < 0.7:
            self.redactor.words.add(f"secret{number}")
            self.removed.add(f"secret{number}")
            self.repair()
        elif roll < 0.8 and main.cwd not in dict(self.policies):
            policy = self.chance.choice(_POLICIES)
            self.policies.append((main.cwd, policy))
            self.removed.update(
                f"{word}{number}" for word in ("prompt", "answer", "more", "title", "secret")
            )
            self.restart()
        self.bench.clock.advance(self.chance.choice([0.3, 3, 12, 70]))

    def repair(self) -> None:
        """Remove new words from the store."""
        repair(
            self.world.database, redactor=self.redactor, clock=self.bench.clock, is_released=True
        )

    def restart(self) -> None:
        """End the program, wherever it is, and start it again with the present policies."""
        projects = Projects(policies=self.policies)
        self.bench.restart(projects=projects)
        self.world.restart()
        clock = self.bench.clock
        if apply_policies(self.world.database, projects, clock=clock, is_released=True):
            self.repair()

    def work(self) -> None:
        """Read and upload for a while; a kill restarts the program."""
        try:
            self.bench.pump.reconcile()
            for _ in range(self.chance.randrange(6)):
                self.bench.pump.step()
                self._turn()
        except Killed:
            self.kills += 1
            self.restart()

    def _turn(self) -> None:
        try:
            self.world.uploader.turn()
        except DestinationError:
            self.bench.clock.advance(1)

    def fail_at(self, share: float) -> None:
        """Kill the program at a share of the requests, before or after they are carried out."""

        def kill(_path: str) -> None:
            if self.chance.random() < share:
                raise Killed

        self.world.transport.on_arrival = self.world.transport.on_answer = kill

    def finish(self) -> None:
        """Let everything work again, and come to its end."""
        self.world.transport.faults = FaultPlan.none()
        self.fail_at(0)
        self.bench.catch_up()
        self.world.drain(limit=100_000)

    def assert_true(self) -> None:
        """Fail unless the backend has exactly what it must have."""
        backend = self.world.backend
        policies = dict(self.policies)
        for main in self.writers:
            if policies.get(main.cwd) == "off":
                self._assert_recalled(main.session_id)
                continue
            self.world.assert_complete(main.session_id)
            session = backend.session(main.session_id)
            assert session.created_at_ms == START_MS
            shown = backend.shown(main.session_id)
            assert shown[0].role == "system"
            rows = stored_messages.session_messages(self.world.database, main.session_id)
            own = [row for row in rows if row.agent_id is None]
            own.sort(key=lambda row: (row.timestamp_ms, row.seq))
            ids = [row.id for row in own]
            assert [row.external_id for row in shown if row.external_id in ids] == ids
        tables = backend.tables_text()
        # A word may begin like that of a session with a longer number.
        assert [word for word in self.removed if f"{word} " in tables] == []

    def _assert_recalled(self, session_id: str) -> None:
        backend = self.world.backend
        messages = backend.messages(session_id)
        if not messages:
            return
        session = backend.session(session_id)
        assert session.title == "Excluded session"
        assert session.searchable_text == right_search_text(session.title, messages)
        assert {row.text_content for row in messages} == {"[removed]"}


_POLICIES: tuple[ProjectPolicy, ...] = ("metadata", "off")


def _id(number: int) -> str:
    return f"{number:08}-2222-4333-8444-555555555555"


def _title(number: int, title: str) -> dict[str, Any]:
    return {"type": "custom-title", "customTitle": title, "sessionId": _id(number)}


def tell(folder: Path, *, seed: int, sessions: int, events: int, kills: float) -> Story:
    """Let a whole story happen, and check its end."""
    story = Story(folder, seed, sessions)
    story.write_history()
    story.world.transport.faults = FaultPlan.random(seed, retry_after_seconds=1, late_seconds=0)
    story.fail_at(kills)
    for _ in range(events):
        story.work()
        story.happen()
    story.finish()
    story.assert_true()
    return story


@pytest.mark.parametrize("seed", range(4))
def test_the_backend_holds_the_truth_in_the_end(tmp_path: Path, seed: int) -> None:
    """Thirty in a hundred requests fail, and one in twenty kills the program."""
    story = tell(tmp_path, seed=seed, sessions=6, events=40, kills=0.05)
    assert story.kills > 0
