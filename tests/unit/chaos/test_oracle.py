"""The oracle of the chaos runs finds each kind of mistake, and nothing where there is none."""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from support.canaries import Canaries
from support.chaos import oracle
from support.chaos.conversations import Conversation, World, session_id_of
from support.chaos.oracle import Held, Oracle, Verdict
from support.lines import START_MS
from support.storing import World as Store

if TYPE_CHECKING:
    from pathlib import Path

HOUR_MS = 3_600_000


@pytest.fixture
def world() -> World:
    """Return a world in which nothing was said yet."""
    return World(Canaries(seed=1))


@pytest.fixture
def conversation(world: World, tmp_path: Path) -> Conversation:
    """Return a session of a few turns, an hour apart."""
    now = iter(range(START_MS, START_MS + 1000 * HOUR_MS, HOUR_MS))
    session = Conversation(world, tmp_path, session_id_of(1), now_ms=lambda: next(now))
    session.turn(Random(1), turns=4)  # noqa: S311 - repeatable, not secret
    for saying in world.sayings.values():
        saying.written_ms = saying.at_ms
    return session


def held_rightly(world: World, folder: Path) -> list[Held]:
    """Return every message as it must be held."""
    return [
        Held(row.id, row.session_id, row.kinds, {row.mark}, world.sayings[row.id].at_ms)
        for row in oracle.rows_on_disk(folder)
    ]


def mistakes_of(world: World, folder: Path, held: list[Held]) -> set[str]:
    """Return the kinds of mistakes that the oracle finds."""
    verdict = Verdict()
    comparison = Oracle(world.sayings, oracle.rows_on_disk(folder))
    comparison.check(verdict, "store", held)
    comparison.check_order(verdict, "store", held)
    comparison.check_dates(verdict, "store", held)
    return set(verdict.counts)


@pytest.mark.usefixtures("conversation")
def test_what_is_right_is_not_a_mistake(world: World, tmp_path: Path) -> None:
    """Each message once, in order, with its text, parts and date."""
    held = held_rightly(world, tmp_path)
    assert len(held) > 8
    assert mistakes_of(world, tmp_path, held) == set()


@pytest.mark.usefixtures("conversation")
def test_each_kind_of_mistake_is_found(world: World, tmp_path: Path) -> None:
    """And called by its name."""
    held = held_rightly(world, tmp_path)
    first, second, *rest = held
    mistakes = {
        "lost": [first, *rest],
        "doubled": [first, second, second, *rest],
        "invented": [*held, replace(first, id="other")],
        "misordered": [second, first, *rest],
        "wrong text": [replace(first, marks={"row999999v00"}), second, *rest],
        "wrong parts": [replace(first, kinds=()), second, *rest],
        "misdated": [replace(first, at_ms=first.at_ms - HOUR_MS), second, *rest],
    }
    for kind, mistaken in mistakes.items():
        assert mistakes_of(world, tmp_path, mistaken) == {f"store: {kind}"}


def test_a_rewritten_text_has_to_be_the_last_one(
    world: World, conversation: Conversation, tmp_path: Path
) -> None:
    """Until then the old one is wrong."""
    held = held_rightly(world, tmp_path)
    assert conversation.rewrite(Random(2))  # noqa: S311 - repeatable, not secret
    assert mistakes_of(world, tmp_path, held) == {"store: wrong text"}
    assert mistakes_of(world, tmp_path, held_rightly(world, tmp_path)) == set()


def test_what_is_no_longer_on_the_disk_may_be_missing(
    world: World, conversation: Conversation, tmp_path: Path
) -> None:
    """It may also be held, but not with a text that it never had."""
    held = held_rightly(world, tmp_path)
    conversation.tombstone(Random(0))  # noqa: S311 - repeatable, not secret
    on_disk = held_rightly(world, tmp_path)
    gone = [message for message in held if message not in on_disk]
    assert gone
    assert mistakes_of(world, tmp_path, on_disk) == set()
    assert mistakes_of(world, tmp_path, [*on_disk, *gone]) == set()
    wrong = [replace(gone[0], marks={"row999999v00"}, kinds=("text",))]
    assert mistakes_of(world, tmp_path, [*on_disk, *wrong]) == {"store: wrong text"}


def test_a_fork_has_the_text_of_the_copy_that_it_was_made_of(
    world: World, conversation: Conversation, tmp_path: Path
) -> None:
    """The session may have been rewritten on the other machine only."""
    other = tmp_path / "other"
    copy = conversation.copy_to(other, conversation.now_ms)
    assert conversation.rewrite(Random(2))  # noqa: S311 - repeatable, not secret
    fork = Conversation(world, other, session_id_of(2), now_ms=conversation.now_ms)
    copy.copy_into(fork, Random(3))  # noqa: S311 - repeatable, not secret
    gone = [one for one in held_rightly(world, other) if one.session_id == fork.session_id]
    assert gone
    fork.delete()
    assert "store: wrong text" not in mistakes_of(world, other, gone)


def test_lines_are_where_the_writer_believes(conversation: Conversation) -> None:
    """After everything that it can do to a file."""
    chance = Random(5)  # noqa: S311 - repeatable, not secret
    for _ in range(30):
        conversation.half_line(chance)
        conversation.torn_line(chance)
        conversation.rewrite(chance)
        conversation.tombstone(chance)
        conversation.replace_by_copy()
        conversation.move(chance)
        conversation.collect_garbage(chance)
        conversation.subagent(chance)
    for file in conversation.files:
        file.finish()
        assert file.path.read_bytes() == b"".join(file.lines)


def test_the_rows_of_a_damaged_store_count_for_nothing(tmp_path: Path) -> None:
    """The daemon makes a new one, and may not have noticed that it has to."""
    store = Store(tmp_path)
    for number in range(50):
        store.say(f"u{number}", f"{number} " * 400)
    store.close()
    path = tmp_path / "ccsync.db"
    assert oracle.sound_version(tmp_path) > 0
    os.truncate(path, path.stat().st_size // 2)
    assert oracle.sound_version(tmp_path) == 0
    path.unlink()
    assert oracle.sound_version(tmp_path) == 0
