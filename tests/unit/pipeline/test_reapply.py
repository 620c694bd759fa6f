"""A repair removes what new rules find from the store, and has the changes sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.errors import RedactorUnavailable
from ccsync_watch.model import JsonValue, Part, Subagent
from ccsync_watch.pipeline import reapply as repairing
from ccsync_watch.pipeline.reapply import RepairResult, apply_policies, repair
from ccsync_watch.privacy.policy.projects import Projects
from ccsync_watch.store import search, session_policy, stored_messages
from support.storing import OTHER, SESSION, World, message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ccsync_watch.privacy import Redactor
    from ccsync_watch.privacy.clean import Redacting

TOKEN = "ghp_" + "Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Have an empty store."""
    return World(tmp_path)


@pytest.fixture(scope="module")
def redactor(build_redactor: Callable[[], Redactor]) -> Redactor:
    """Return a redactor with the current rules."""
    return build_redactor()


def _repair(world: World, redactor: Redacting, **more: Any) -> RepairResult:  # noqa: ANN401 - any option
    return repair(world.database, redactor=redactor, clock=world.clock, is_released=True, **more)


def _bytes(world: World) -> bytes:
    """Return the database's files, its log included."""
    path = world.database.path
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def _write_by_old_rules(world: World) -> None:
    call = Part("tool-call", {"command": f"curl -H 'X: {TOKEN}'", TOKEN: 1}, "toolu_1", "Bash")
    world.ingest(
        message("u1", f"Use {TOKEN} for it"),
        message("u2", parts=(call,), facts={"stop_reason": f"{TOKEN}"}, model=f"m-{TOKEN}"),
        message("u3", "innocent"),
        facts={"custom_title": f"About {TOKEN}"},
        cwd=f"/home/{TOKEN}",
        git_branch=f"fix/{TOKEN}",
        subagents=(Subagent("a1", SESSION, "x", f"Look at {TOKEN}", None, None, 1, None, None),),
    )


def test_nothing_that_the_rules_find_is_left(world: World, redactor: Redactor) -> None:
    """In messages, titles, folders, names of tools; in no byte of the files."""
    _write_by_old_rules(world)
    world.drain()
    while search.catch_up(world.database, world.clock):
        pass
    assert TOKEN.encode() in _bytes(world)
    assert search.find_messages(world.database, TOKEN.lower(), limit=9)
    result = _repair(world, redactor)
    assert TOKEN.encode() not in _bytes(world)
    assert result.messages == 3, "two, and the line about the session"
    assert result.sessions == {SESSION}
    assert set(result.removed) == {"github-token"}
    assert result.removed["github-token"] >= 9
    rows = stored_messages.session_messages(world.database, SESSION)
    assert str(rows[1].parts[0].content).startswith("Use [REDACTED:github-token:")
    assert rows[3].parts[0].content == "innocent"


def test_what_was_sent_is_sent_again(world: World, redactor: Redactor) -> None:
    """Every changed message, once, and the session's state; the backend has no secret left."""
    _write_by_old_rules(world)
    world.drain()
    _repair(world, redactor)
    before = len(world.backend.calls)
    world.drain()
    world.assert_complete()
    bodies = b"".join(call.body for call in world.backend.calls[before:])
    assert TOKEN.encode() not in bodies
    assert sum(call.message_rows for call in world.backend.calls[before:]) == 3
    shown = repr(world.backend.shown(SESSION)) + repr(world.backend.sessions)
    assert TOKEN not in shown


def test_a_dry_run_changes_nothing(world: World, redactor: Redactor) -> None:
    """Its figures are those of the repair that follows."""
    _write_by_old_rules(world)
    world.drain()
    before = list(world.database.read().iterdump())
    dry_run = _repair(world, redactor, is_dry=True)
    assert list(world.database.read().iterdump()) == before
    assert _repair(world, redactor) == dry_run


def test_a_second_repair_finds_nothing(world: World, redactor: Redactor) -> None:
    """Redacting twice changes nothing."""
    _write_by_old_rules(world)
    _repair(world, redactor)
    assert _repair(world, redactor) == RepairResult()


def test_it_reads_all_messages_a_chunk_at_a_time(
    world: World, redactor: Redactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reports its progress."""
    monkeypatch.setattr(repairing, "CHUNK_MESSAGES", 3)
    world.ingest(*(message(f"u{number}", f"{TOKEN}") for number in range(7)))
    chunks: list[int] = []
    assert _repair(world, redactor, on_progress=chunks.append).messages == 7
    assert chunks == [3, 3, 2]


def test_unsent_rows_stay_certain_and_excluded_ones_unsent(
    world: World, redactor: Redactor
) -> None:
    """A repair makes no row uncertain, and releases no excluded one."""
    world.ingest(message("u1", TOKEN))
    world.ingest(message("u2", TOKEN, session_id=OTHER), session_id=OTHER)
    session_policy.mark_sessions(world.database, excluded={OTHER}, metadata_only=set())
    _repair(world, redactor)
    rows = world.outbox.rows(SESSION, 1 << 50, 10).value
    assert [row.is_certain for row in rows] == [True, True]
    assert world.outbox.rows(OTHER, 1 << 50, 10).value == []
    assert TOKEN.encode() not in _bytes(world)


def test_rows_written_during_a_repair_are_not_overwritten(world: World, redactor: Redactor) -> None:
    """The daemon runs during a repair, and writes by the current rules."""

    class Overtaken:
        def redact_value(self, obj: JsonValue) -> JsonValue:
            """Have the daemon write while the redactor works."""
            value = redactor.redact_value(obj)
            world.ingest(message("u1", "written again"), cwd="/home/elsewhere")
            return value

    world.ingest(message("u1", f"old {TOKEN}"), cwd=f"/home/{TOKEN}")
    _repair(world, Overtaken())
    rows = stored_messages.session_messages(world.database, SESSION)
    assert rows[1].parts[0].content == "written again"
    _repair(world, redactor)
    assert TOKEN.encode() not in _bytes(world)


class _Misshaping:
    def __init__(self, shape: JsonValue) -> None:
        self.shape = shape

    def redact_value(self, obj: JsonValue) -> JsonValue:
        """Return as many values as were given, none of them of the right shape."""
        assert isinstance(obj, list)
        return [self.shape for _ in obj]


@pytest.mark.parametrize("shape", [None, [], [[], ["m", {}, []]], "x"])
def test_a_redactor_that_changes_shapes_changes_nothing(world: World, shape: JsonValue) -> None:
    """It fails closed."""
    _write_by_old_rules(world)
    before = list(world.database.read().iterdump())
    with pytest.raises(RedactorUnavailable):
        _repair(world, _Misshaping(shape))
    assert list(world.database.read().iterdump()) == before


class TestPolicies:
    """Policies that came after the sessions."""

    def test_a_session_becomes_metadata_only(self, world: World, redactor: Redactor) -> None:
        """Its texts are removed, here and at the backend; no new ones are stored."""
        call = Part("tool-call", {"command": "echo Zebra"}, "toolu_1", "Bash")
        world.ingest(
            message("u1", "Zebra one"),
            message("u2", parts=(call,)),
            facts={"custom_title": "Zebra title"},
            subagents=(Subagent("a1", SESSION, "x", "Zebra", None, None, 1, None, None),),
        )
        world.drain()
        projects = Projects(policies=[("/home/user/project", "metadata")])
        assert apply_policies(world.database, projects) is True
        _repair(world, redactor)
        assert b"Zebra" not in _bytes(world)
        world.drain()
        world.assert_complete()
        texts = [row.text_content for row in world.backend.shown(SESSION)]
        assert texts[1] == "[withheld: lines 1, bytes 9]"
        assert "Folder: /home/user/project" in str(texts[0])
        assert apply_policies(world.database, projects) is False, "it is so already"

    def test_a_session_becomes_excluded(self, world: World) -> None:
        """Its pending rows are not sent."""
        world.ingest(message("u1"))
        assert apply_policies(world.database, Projects(exclude=["/home"])) is False
        world.drain()
        assert not [call for call in world.backend.calls if call.rows]

    def test_other_sessions_are_left_alone(self, world: World) -> None:
        """Also sessions without a known folder."""
        world.ingest(message("u1"), cwd=None)
        assert apply_policies(world.database, Projects(exclude=["/elsewhere"])) is False
        assert len(world.outbox.rows(SESSION, 1 << 50, 10).value) == 2


def test_a_text_that_changes_loses_its_styles(world: World, redactor: Redactor) -> None:
    """They are no longer at their places; other texts keep theirs."""
    styles = ((0, 3, "red"),)
    parts = (Part("text", f"use {TOKEN}", styles=styles), Part("text", "red", styles=styles))
    world.ingest(message("u1", parts=parts))
    _repair(world, redactor)
    stored = stored_messages.session_messages(world.database, SESSION)
    assert [part.styles for row in stored for part in row.parts if row.uuid == "u1"] == [(), styles]
