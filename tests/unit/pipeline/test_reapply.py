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
from ccsync_watch.store.status_figures import count_recalled_sessions
from support.opensync_double.faults import FaultPlan
from support.searching import search_for
from support.storing import OTHER, SESSION, World, message, usage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ccsync_watch.privacy import Redactor
    from ccsync_watch.privacy.known.tracker import TrackingRedactor

TOKEN = "ghp_" + "Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Have an empty store."""
    return World(tmp_path)


@pytest.fixture(scope="module")
def redactor(build_redactor: Callable[[], Redactor]) -> Redactor:
    """Return a redactor with the current rules."""
    return build_redactor()


def _repair(world: World, redactor: TrackingRedactor, **more: Any) -> RepairResult:  # noqa: ANN401 - any option
    return repair(world.database, redactor=redactor, clock=world.clock, is_released=True, **more)


def _apply(world: World, projects: Projects) -> bool:
    return apply_policies(world.database, projects, clock=world.clock, is_released=True)


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
    assert search_for(world.database, TOKEN.lower()).hits
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
    assert TOKEN not in world.backend.tables_text()


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
    session_policy.mark_sessions(
        world.database, excluded={OTHER}, metadata_only=set(), now_ms=0, is_released=True
    )
    _repair(world, redactor)
    rows = world.outbox.rows(SESSION, 1 << 50, 10).value
    assert [row.is_certain for row in rows] == [True, True]
    assert world.outbox.rows(OTHER, 1 << 50, 10).value == []
    assert TOKEN.encode() not in _bytes(world)


def test_rows_written_during_a_repair_are_not_overwritten(world: World, redactor: Redactor) -> None:
    """The daemon runs during a repair, and writes by the current rules."""

    class Overtaken:
        dropped_known = 0
        add_known = redactor.add_known
        take_known = redactor.take_known

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
    dropped_known = 0

    def __init__(self, shape: JsonValue) -> None:
        self.shape = shape

    def add_known(self, value: str, kind: str) -> None:
        """Know nothing."""

    def take_known(self) -> list[str]:
        """Know nothing."""
        return []

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


def _write_zebra(world: World) -> None:
    """Write a session that says Zebra wherever something can be said."""
    call = Part("tool-call", {"command": "echo Zebra"}, "toolu_1", "Zebra")
    world.ingest(
        message("u1", "Zebra one"),
        message("u2", parts=(call,), usage_id="m1"),
        message("u3", "Zebra of an agent", agent_id="a1"),
        usages=(usage("m1"),),
        facts={"custom_title": "Zebra title"},
        subagents=(Subagent("a1", SESSION, "Zebra", "Zebra", None, None, 1, None, None),),
        cwd="/home/user/zebra",
        git_branch="zebra",
    )


def _assert_gone(world: World, word: str) -> None:
    """Fail unless the backend has the word nowhere, as its own addresses tell."""
    assert word not in world.backend.tables_text().casefold()
    assert world.backend.get(f"/api/search?q={word}").json == {"results": []}
    for session in world.backend.get("/api/sessions").json["sessions"]:
        for path in ("/api/sessions/get", "/api/export"):
            answer = world.backend.get(f"{path}?id={session['id']}")
            assert answer.status == 200
            assert word.encode() not in answer.body.lower()


class TestSent:
    """A repair reaches everything that was sent."""

    def test_no_word_is_left_there(self, world: World, redactor: Redactor) -> None:
        """In messages, their parts, the title, the folder, and in what is searched."""
        _write_by_old_rules(world)
        world.drain()
        assert world.backend.get(f"/api/search?q={TOKEN}").json["results"]
        _repair(world, redactor)
        world.drain()
        _assert_gone(world, TOKEN.casefold())
        world.assert_complete()

    @pytest.mark.parametrize("seed", range(5))
    def test_no_word_is_left_whatever_fails(
        self, world: World, redactor: Redactor, seed: int
    ) -> None:
        """Thirty in a hundred requests fail, and the program is ended again and again."""
        _write_by_old_rules(world)
        world.transport.faults = FaultPlan.random(seed, retry_after_seconds=1, late_seconds=0)
        for _ in range(2 * seed):
            world.turn()
        _repair(world, redactor)
        for _ in range(20):
            world.turn()
            world.clock.advance(5)
            world.restart()
        world.transport.faults = FaultPlan.none()
        world.drain()
        _assert_gone(world, TOKEN.casefold())
        world.assert_complete()

    def test_it_is_gone_within_half_a_minute(self, world: World, redactor: Redactor) -> None:
        """A word in a message alone as well: what is searched does not wait for quiet."""
        world.ingest(message("u1", f"Use {TOKEN}"), facts={"custom_title": "Keys"})
        world.drain()
        _repair(world, redactor)
        seconds = 0
        assert world.outbox.count_sendable(None, world.clock.now_ms) == 0
        while world.outbox.count_pending(None, world.clock.now_ms):
            world.clock.advance(1)
            world.work()
            seconds += 1
        _assert_gone(world, TOKEN.casefold())
        assert seconds <= 12


class TestPolicies:
    """Policies that came after the sessions."""

    def test_a_session_becomes_metadata_only(self, world: World, redactor: Redactor) -> None:
        """Its texts are removed, here and at the backend; no new ones are stored."""
        call = Part("tool-call", {"command": "echo Zebra"}, "toolu_1", "Bash")
        world.ingest(
            message("u1", "Zebra one"),
            message("u2", parts=(call,)),
            message("u3", parts=(Part("tool-result", {"ok": True}, "toolu_1", "Bash"),)),
            facts={"custom_title": "Zebra title"},
            subagents=(Subagent("a1", SESSION, "x", "Zebra", None, None, 1, None, None),),
        )
        world.drain()
        projects = Projects(policies=[("/home/user/project", "metadata")])
        assert _apply(world, projects) is True
        _repair(world, redactor)
        assert b"Zebra" not in _bytes(world)
        world.drain()
        world.assert_complete()
        assert "Zebra" not in str(world.held_parts()), "a result names its call"
        texts = [row.text_content for row in world.backend.shown(SESSION)]
        assert texts[1] == "[withheld: 1 line, 9 bytes]"
        assert "Branch: main" in str(texts[0])
        assert _apply(world, projects) is False, "it is so already"

    def test_the_machine_of_a_metadata_session_is_removed(
        self, world: World, redactor: Redactor
    ) -> None:
        """As of one that had the policy from its beginning; also from its own first line."""
        world.ingest(message("u1", "words"))
        assert b"laptop" in _bytes(world)
        assert _apply(world, Projects(policies=[("/home/user/project", "metadata")]))
        _repair(world, redactor)
        assert b"laptop" not in _bytes(world)
        world.ingest(message("u2", "words"))
        assert b"laptop" not in _bytes(world)

    def test_a_session_becomes_excluded(self, world: World) -> None:
        """Its pending rows are not sent."""
        world.ingest(message("u1"))
        assert _apply(world, Projects(exclude=["/home"])) is False
        world.drain()
        assert not [call for call in world.backend.calls if call.rows]

    @pytest.mark.parametrize("before", ["full", "metadata"])
    def test_what_an_excluded_session_had_sent_is_taken_back(
        self, world: World, redactor: Redactor, before: str
    ) -> None:
        """Its words, its title and its folder, in messages and in what is searched."""
        _write_zebra(world)
        world.drain()
        if before == "metadata":
            assert _apply(world, Projects(policies=[("/home", "metadata")]))
            _repair(world, redactor)
            world.drain()
        sent = world.backend.session(SESSION)
        assert _apply(world, Projects(exclude=["/home/user/zebra"])) is False
        world.drain()
        _assert_gone(world, "zebra")
        left = world.backend.session(SESSION)
        assert (left.title, left.project_path) == ("Excluded session", "excluded")
        assert (left.total_tokens, left.created_at_ms) == (sent.total_tokens, sent.created_at_ms)
        assert {row.text_content for row in world.backend.messages(SESSION)} == {"[removed]"}
        calls = len(world.backend.calls)
        world.say("u9", "Zebra again")
        world.clock.advance(60)
        world.drain()
        assert len(world.backend.calls) == calls

    @pytest.mark.parametrize("seed", range(5))
    def test_it_is_taken_back_whatever_fails(self, world: World, seed: int) -> None:
        """Thirty in a hundred requests fail, and the program is ended again and again."""
        _write_zebra(world)
        world.transport.faults = FaultPlan.random(seed, retry_after_seconds=1, late_seconds=0)
        for _ in range(seed):
            world.turn()
        _apply(world, Projects(exclude=["/home/user/zebra"]))
        for _ in range(20):
            world.turn()
            world.clock.advance(5)
            world.restart()
        world.transport.faults = FaultPlan.none()
        world.drain()
        _assert_gone(world, "zebra")

    def test_rows_that_were_never_sent_stay_here(self, world: World) -> None:
        """Only what the backend may have is taken back."""
        world.say("u1", "Zebra")
        world.drain()
        world.say("u2", "Zebra")
        _apply(world, Projects(exclude=["/home"]))
        world.drain()
        assert [row.external_id for row in world.backend.messages(SESSION)] == [
            f"{SESSION}:session",
            f"{SESSION}:u1",
        ]

    def test_nothing_is_taken_back_until_it_is_released(self, world: World) -> None:
        """With auto_sync off, a sync-now does it."""
        world.say("u1", "Zebra")
        world.drain()
        before = len(world.backend.calls)
        projects = Projects(exclude=["/home"])
        apply_policies(world.database, projects, clock=world.clock, is_released=False)
        world.clock.advance(60)
        world.drain()
        assert len(world.backend.calls) == before
        world.outbox.release(None)
        world.drain()
        _assert_gone(world, "zebra")

    def test_a_session_that_was_deleted_there_is_not_sent_again(self, world: World) -> None:
        """That is how its owner removes what cannot be taken back."""
        world.say("u1", "Zebra")
        world.drain()
        _apply(world, Projects(exclude=["/home"]))
        assert count_recalled_sessions(world.database) == 1
        world.backend.delete_session(SESSION)
        world.restart()
        other = message("o1", session_id=OTHER)
        world.ingest(other, session_id=OTHER, cwd="/elsewhere")
        world.drain()
        assert [row.external_id for row in world.backend.sessions()] == [OTHER]
        assert count_recalled_sessions(world.database) == 0

    def test_other_sessions_are_left_alone(self, world: World) -> None:
        """Also sessions without a known folder."""
        world.ingest(message("u1"), cwd=None)
        assert _apply(world, Projects(exclude=["/elsewhere"])) is False
        assert len(world.outbox.rows(SESSION, 1 << 50, 10).value) == 2


def test_a_text_that_changes_loses_its_styles(world: World, redactor: Redactor) -> None:
    """They are no longer at their places; other texts keep theirs."""
    styles = ((0, 3, "red"),)
    parts = (Part("text", f"use {TOKEN}", styles=styles), Part("text", "red", styles=styles))
    world.ingest(message("u1", parts=parts))
    _repair(world, redactor)
    stored = stored_messages.session_messages(world.database, SESSION)
    assert [part.styles for row in stored for part in row.parts if row.uuid == "u1"] == [(), styles]


def test_what_a_command_printed_is_reduced_to_its_size(
    world: World, build_redactor: Callable[[], Redactor]
) -> None:
    """The rules of then did not know the command; its values are removed everywhere."""
    value = "plum-giraffe-lake"
    world.ingest(
        message("u0", f"Is it {value}?"),
        message("u1", parts=(Part("tool-call", {"command": "pass show db"}, "t1", "Bash"),)),
        message("u2", parts=(_printed("t1", f"{value}\nnote: daily"),)),
        message("u3", parts=(Part("tool-call", {"command": "env"}, "t2", "Bash"),)),
        message("u4", parts=(_printed("t2", f"LANG=C\nDB_PASSWORD={value}-2"),)),
        message("u5", parts=(Part("tool-call", {"command": "ls"}, "t3", "Bash"),)),
        message("u6", parts=(_printed("t3", "README.md"),)),
        facts={"custom_title": f"About {value}-2"},
    )
    _repair(world, build_redactor())
    assert value.encode() not in _bytes(world)
    rows = stored_messages.session_messages(world.database, SESSION)
    assert rows[3].parts[0].content == {"ok": True, "lines": 2, "bytes": 9}
    assert "LANG=C" in str(rows[5].parts[0].content)
    assert "README.md" in str(rows[7].parts[0].content)
    assert _repair(world, build_redactor()) == RepairResult()


def _printed(call_id: str, output: str) -> Part:
    content: JsonValue = {"ok": True, "lines": 2, "bytes": 9, "output": output}
    return Part("tool-result", content, call_id, "Bash")
