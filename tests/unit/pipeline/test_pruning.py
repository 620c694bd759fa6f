"""Pruned sessions lose their texts here and nothing else, anywhere."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.accounting import activity, session_accounts
from ccsync_watch.dashboard.session_document import iterate_document
from ccsync_watch.model import JsonValue, Part
from ccsync_watch.pipeline.files import RealFiles
from ccsync_watch.pipeline.pruning import (
    DAY_MS,
    IDLE_MS,
    PrunePlan,
    PruneRequest,
    growing_sessions,
    plan_pruning,
    prune,
    prune_steps,
)
from ccsync_watch.pipeline.pruning import PruneResult as Result
from ccsync_watch.pipeline.reapply import repair
from ccsync_watch.store import search, session_list, status_figures, stored_messages
from ccsync_watch.store.install_keys import install_key
from ccsync_watch.store.prompt_counts import OWN_MESSAGES
from support.lines import Writer
from support.pumping import IS_LIVE, Bench, PassingRedactor
from support.searching import search_for
from support.storing import OTHER, SESSION, World, message, usage

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.store.database import Database

WORD = "periwinkle"
ALL = PruneRequest()
OLD_MS = 100 * DAY_MS


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Have an empty store."""
    return World(tmp_path)


def plan_of(
    world: World,
    request: PruneRequest = ALL,
    *,
    growing: frozenset[str] = frozenset(),
    has_backend: bool = True,
) -> PrunePlan:
    """Return what would be pruned now."""
    return plan_pruning(
        world.database,
        request,
        growing=growing,
        has_backend=has_backend,
        now_ms=world.clock.wall_ms(),
    )


def prune_now(world: World, request: PruneRequest = ALL, **more: Any) -> PrunePlan:  # noqa: ANN401 - as above
    """Prune what can be pruned now; return what was planned."""
    plan = plan_of(world, request, **more)
    has_backend = more.get("has_backend", True)
    prune(world.database, plan, has_backend=has_backend, clock=world.clock)
    return plan


def chosen(plan: PrunePlan) -> list[str]:
    """Return the sessions of a plan, in their order."""
    return [item.session.session_id for item in plan.items]


def noise_words(count: int) -> list[str]:
    """Return words that cannot be packed well."""
    return [f"{n * 7919 % 100_003:x}" for n in range(count)]


def files_of(world: World) -> bytes:
    """Return the database's files, its log included."""
    path = world.database.path
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def write_session(world: World) -> None:
    """Store a session of the usual kinds, 100 days old, and upload it."""
    at_ms = world.clock.now_ms - OLD_MS
    edit = Part("tool-call", {"command": f"make {WORD}"}, "toolu_1", "Bash")
    task: dict[str, JsonValue] = {
        "subagent_type": "Explore",
        "description": "look",
        "prompt": f"find {WORD}",
    }
    start = Part("tool-call", task, "toolu_2", "Task")
    done: dict[str, JsonValue] = {
        "ok": True,
        "durationMs": 1200,
        "output": WORD,
        "lines_added": 3,
        "lines_removed": 1,
    }
    denied: dict[str, JsonValue] = {"ok": False, "denied": "denied by you", "said": WORD}
    world.ingest(
        message("u0", "/clear now", kind="command", at_ms=at_ms),
        message("u1", f"Plant it\n{WORD}", at_ms=at_ms),
        message(
            "u2",
            role="assistant",
            kind="answer",
            at_ms=at_ms + 1000,
            usage_id="msg_1",
            model="claude-opus",
            facts={"stop_reason": "tool_use"},
            parts=(Part("text", f"{WORD} it is"), edit, start),
        ),
        message("u3", kind="tool_result", at_ms=at_ms + 2000, parts=(
            Part("tool-result", done, "toolu_1", "Bash"),
            Part("tool-result", denied, "toolu_2", "Task"),
        )),
        message(
            "u4",
            role="assistant",
            kind="answer",
            at_ms=at_ms + 3000,
            facts={"stop_reason": "end_turn"},
            parts=(Part("thinking", WORD), Part("text", f"{WORD} done")),
        ),
        usages=(usage("msg_1", timestamp_ms=at_ms),),
        facts={"custom_title": "Flowers"},
    )  # fmt: skip
    world.drain()
    assert not plan_of(world).kept


def figures_of(database: Database) -> dict[str, Any]:
    """Return every figure that is made of stored rows."""
    read = database.read()
    usage_rows = read.execute("SELECT * FROM usage ORDER BY id").fetchall()
    prompts = read.execute(
        f"SELECT count(*) FROM messages m WHERE kind = 'prompt' AND {OWN_MESSAGES}"  # noqa: S608 - a constant
    ).fetchone()
    return {
        "tools": activity.by_tool(database),
        "sessions": activity.by_session_id(database),
        "usage": [tuple(row) for row in usage_rows],
        "prompts": tuple(prompts),
        "totals": dict(status_figures.totals(database)),
        "table": [dict(row) for row in status_figures.session_table(database, None)],
    }


class TestWhatGoes:
    """The texts of a session."""

    def test_no_text_is_left_in_the_file(self, world: World) -> None:
        """Not in free pages, in the log, or in the search index."""
        write_session(world)
        while search.catch_up(world.database, world.clock):
            pass
        assert search_for(world.database, WORD).hits
        prune_now(world)
        while search.catch_up(world.database, world.clock):
            pass
        assert not search_for(world.database, WORD).hits
        assert WORD.encode() not in files_of(world)

    def test_every_figure_stays(self, world: World) -> None:
        """Costs by day, calls, errors, denials, times, lines, prompts and turns."""
        write_session(world)
        before = figures_of(world.database)
        assert before["tools"][0].calls
        prune_now(world)
        assert figures_of(world.database) == before

    def test_pruning_twice_removes_nothing_more(self, world: World) -> None:
        """It is not chosen again."""
        write_session(world)
        assert chosen(prune_now(world)) == [SESSION]
        assert not plan_of(world).items

    def test_the_session_says_what_it_lacks(self, world: World) -> None:
        """Its title stays."""
        write_session(world)
        prune_now(world)
        session = session_list.load_session(world.database, SESSION)
        assert session is not None
        assert session.pruned is not None
        assert session.pruned.messages == 5
        assert session.pruned.at_ms == world.clock.wall_ms()
        assert session.title == "Flowers"

    def test_many_messages_go_in_steps_that_survive_an_interruption(self, world: World) -> None:
        """What is left is chosen the next time."""
        at_ms = world.clock.now_ms - OLD_MS
        world.ingest(*(message(f"u{n}", f"Row\n{WORD} {n}", at_ms=at_ms + n) for n in range(450)))
        world.drain()
        result = Result()
        steps = prune_steps(
            world.database, plan_of(world), has_backend=True, clock=world.clock, result=result
        )
        assert next(steps) == 200
        assert plan_of(world).messages == 250
        world.restart()
        prune_now(world)
        assert WORD.encode() not in files_of(world)
        session = session_list.load_session(world.database, SESSION)
        assert session is not None
        assert session.pruned is not None
        assert session.pruned.messages == 450

    def test_pages_and_exports_say_what_is_missing(self, world: World) -> None:
        """A JSON export has when, and of how many messages."""
        write_session(world)
        account = session_accounts.load_account(world.database, SESSION, world.prices)
        session = session_list.load_session(world.database, SESSION)
        assert session is not None
        before = "".join(iterate_document(world.database, session, account, "json"))
        assert "pruned" not in before
        prune_now(world)
        session = session_list.load_session(world.database, SESSION)
        assert session is not None
        after = "".join(iterate_document(world.database, session, account, "json"))
        assert json.loads(after)["session"]["pruned"] == {
            "at_ms": world.clock.wall_ms(),
            "messages": 5,
        }
        text = "".join(iterate_document(world.database, session, account, "md"))
        assert "- Texts removed: of 5 messages, " in text

    def test_the_sizes_said_before_are_those_removed(self, world: World) -> None:
        """A dry run does not promise more, of long texts and short ones, indexed or not."""
        world.say("u1", " ".join(noise_words(5000)), ago_ms=OLD_MS)
        for number in range(250):
            world.say(f"v{number}", f"Question {number}", ago_ms=OLD_MS)
        result_part = Part("tool-result", {"ok": False, "output": "no"}, "t1", "Bash")
        world.ingest(
            message(
                "a1",
                parts=(
                    Part("text", "\x1b[1mBold\x1b[0m", styles=((0, 4, "bold"),)),
                    Part("tool-call", {"command": "make beds"}, "t1", "Bash"),
                    result_part,
                ),
                at_ms=world.clock.now_ms - OLD_MS,
            )
        )
        world.drain()
        while search.catch_up(world.database, world.clock):
            pass
        used = _bytes_of_parts(world)
        plan = plan_of(world)
        assert plan.index_bytes > 1000
        result = prune(world.database, plan, has_backend=True, clock=world.clock)
        assert result.messages == plan.messages == 252
        assert result.texts_bytes == plan.texts_bytes == used - _bytes_of_parts(world)
        assert plan_of(world).items == []

    def test_the_file_shrinks_where_the_disk_has_room_for_a_copy(self, world: World) -> None:
        """Else it says how much is missing, and the space is used again."""
        world.say("u1", hashlib.shake_256(b"noise").hexdigest(6 << 20), ago_ms=OLD_MS)
        world.drain()
        result = prune(world.database, plan_of(world), has_backend=True, clock=world.clock)
        removed = result.texts_bytes
        assert removed > 4 << 20
        kept = world.database.shrink(removed_bytes=removed, free=lambda _folder: 1000)
        assert not kept.is_done
        assert kept.before_bytes == kept.after_bytes
        assert 0 < kept.missing_bytes < 2 * kept.before_bytes
        done = world.database.shrink(removed_bytes=removed)
        assert done.is_done
        assert done.before_bytes - done.after_bytes > removed / 2
        assert world.database.path.stat().st_size == done.after_bytes
        again = world.database.shrink(removed_bytes=0)
        assert (again.is_done, again.missing_bytes) == (False, 0)


def _bytes_of_parts(world: World) -> int:
    """Return what the contents and styles of all parts take, as they are stored."""
    query = "SELECT sum(length(content) + coalesce(length(styles), 0)) FROM parts"
    return int(world.database.read().execute(query).fetchone()[0])


class TestWhatIsChosen:
    """By age, project and size; never what is pending or grows."""

    def test_by_age(self, world: World) -> None:
        """Of its last message."""
        world.say("u1", ago_ms=10 * DAY_MS)
        world.say("u2", ago_ms=9 * DAY_MS, session_id=OTHER)
        world.drain()
        assert chosen(plan_of(world, PruneRequest(max_age_days=10))) == []
        assert chosen(plan_of(world, PruneRequest(max_age_days=9))) == [SESSION]
        assert chosen(plan_of(world, PruneRequest(max_age_days=1))) == [SESSION, OTHER]

    def test_by_project(self, world: World) -> None:
        """The same sessions as `stats` selects: by a folder and all below it, a name or a glob."""
        old: dict[str, Any] = {"at_ms": world.clock.now_ms - OLD_MS}
        world.ingest(message("u1", **old), cwd="/home/user/work/app")
        world.ingest(message("u2", session_id=OTHER, **old), session_id=OTHER, cwd="/srv/app")
        world.drain()
        assert chosen(plan_of(world, PruneRequest(projects=("/home/user/work/*",)))) == [SESSION]
        assert chosen(plan_of(world, PruneRequest(projects=("/srv",)))) == [OTHER]
        assert chosen(plan_of(world, PruneRequest(projects=("app",)))) == [SESSION, OTHER]
        assert chosen(plan_of(world, PruneRequest(projects=("work",)))) == []
        request = PruneRequest(max_age_days=365, projects=("/srv/**",))
        assert chosen(plan_of(world, request)) == []

    def test_by_size_the_oldest_first(self, world: World) -> None:
        """Only as many as are too much."""
        noise = noise_words(60_000)
        for number, session_id in enumerate((SESSION, OTHER)):
            text = " ".join(noise[number * 30_000 : (number + 1) * 30_000])
            world.say(f"u{number}", text, session_id=session_id, ago_ms=OLD_MS - number)
        world.drain()
        used = plan_of(world).used_bytes
        assert chosen(plan_of(world, PruneRequest(max_bytes=used))) == []
        assert chosen(plan_of(world, PruneRequest(max_bytes=used - 1))) == [SESSION]
        assert chosen(plan_of(world, PruneRequest(max_bytes=1))) == [SESSION, OTHER]

    def test_what_is_pending_is_left_alone(self, world: World) -> None:
        """Rows, rejected ones included, and the session's own state."""
        world.say("u1", ago_ms=OLD_MS)
        world.say("u2", ago_ms=OLD_MS, session_id=OTHER, is_released=False)
        plan = plan_of(world)
        assert (chosen(plan), plan.kept) == ([], {"pending": 2})
        world.drain()
        plan = plan_of(world)
        assert (chosen(plan), plan.kept) == ([SESSION], {"pending": 1})

    def test_what_becomes_pending_meanwhile_is_left_alone(self, world: World) -> None:
        """A session may be continued between the choice and its turn."""
        write_session(world)
        plan = plan_of(world)
        world.say("u9")
        result = prune(world.database, plan, has_backend=True, clock=world.clock)
        assert result.messages == 0
        assert plan.kept == {"growing": 1}
        assert WORD in str(stored_messages.session_messages(world.database, SESSION))

    def test_what_was_just_written_is_left_alone(self, world: World) -> None:
        """For an hour, and counted as that."""
        world.say("u1", ago_ms=IDLE_MS - 1)
        world.drain()
        plan = plan_of(world)
        assert (chosen(plan), plan.kept) == ([], {"growing": 1})
        assert not plan_of(world, PruneRequest(1, None, ())).kept, "it is not old enough anyway"
        world.clock.advance(2)
        assert chosen(plan_of(world)) == [SESSION]

    def test_a_growing_transcript_is_left_alone(self, world: World) -> None:
        """What it has now is dated later, or not read yet."""
        write_session(world)
        plan = plan_of(world, growing=frozenset({SESSION}))
        assert (chosen(plan), plan.kept) == ([], {"growing": 1})

    def test_without_a_backend_nothing_is_pending(self, world: World) -> None:
        """A backend that is configured later does not get it."""
        world.say("u1", f"Plant it\n{WORD}", ago_ms=OLD_MS)
        prune_now(world, has_backend=False)
        assert WORD.encode() not in files_of(world)
        world.drain()
        assert not world.backend.calls

    def test_growing_are_those_written_to_and_those_not_read(self, bench: Bench) -> None:
        """By the files as they are now."""
        key, roots = install_key(bench.state), (str(bench.root),)
        bench.append(bench.path(), Writer().prompt("one"))
        bench.catch_up()

        def growing(later_ms: int) -> frozenset[str]:
            now_ms = bench.path().stat().st_mtime_ns // 1_000_000 + later_ms
            return growing_sessions(bench.database, RealFiles(), roots, key=key, now_ms=now_ms)

        name = bench.path().stem
        assert growing(IDLE_MS - 1000) == {name}
        assert growing(IDLE_MS + 1000) == frozenset()
        bench.append(bench.path(), Writer().prompt("two"))
        assert growing(IDLE_MS + 1000) == {name}


class TestWhatStaysAway:
    """Nothing that was removed comes back, and nothing changes at the backend."""

    def test_the_backend_is_not_touched(self, world: World) -> None:
        """Not even in the days after."""
        write_session(world)
        before, calls = world.texts(), len(world.backend.calls)
        prune_now(world)
        world.restart()
        world.drain()
        assert world.texts() == before
        assert len(world.backend.calls) == calls

    def test_a_session_that_is_continued_keeps_its_texts_at_the_backend(self, world: World) -> None:
        """What is new is sent and stored; the search text there keeps what was removed here."""
        write_session(world)
        before = world.texts()
        searched = world.backend.session(SESSION).searchable_text or ""
        prune_now(world)
        world.say("u9", "more of it")
        world.drain()
        assert world.texts() == {**before, "u9": "more of it"}
        text = world.backend.session(SESSION).searchable_text or ""
        assert text.startswith(searched)
        stored = stored_messages.session_messages(world.database, SESSION)
        assert [row.is_pruned for row in stored if row.kind != "session"] == [True] * 5 + [False]

    def test_a_repair_does_not_send_it_again(self, world: World) -> None:
        """There is nothing to send; the rules find something in what else is kept."""
        write_session(world)
        before = world.texts()
        prune_now(world)

        class Changing(PassingRedactor):
            def redact_value(self, obj: JsonValue) -> JsonValue:
                if isinstance(obj, dict):
                    return {key: self.redact_value(value) for key, value in obj.items()}
                if isinstance(obj, list):
                    return [self.redact_value(value) for value in obj]
                return "stopped" if obj == "end_turn" else obj

        result = repair(world.database, redactor=Changing(), clock=world.clock, is_released=True)
        assert result.messages == 1
        world.drain()
        assert world.texts() == before

    def test_another_backend_gets_nothing_of_it(self, world: World) -> None:
        """Neither a new one, nor the same one after it lost the session."""
        write_session(world)
        world.say("u1", session_id=OTHER, ago_ms=OLD_MS)
        world.drain()
        prune_now(world, PruneRequest(projects=("/nowhere",)))
        plan = plan_of(world)
        plan.items = [item for item in plan.items if item.session.session_id == SESSION]
        prune(world.database, plan, has_backend=True, clock=world.clock)
        world.outbox.set_destination("first", now_ms=world.clock.wall_ms())
        world.outbox.set_destination("second", now_ms=world.clock.wall_ms())
        queued = world.database.read().execute(
            "SELECT DISTINCT session_id FROM outbox JOIN messages USING (seq)"
        )
        assert [row[0] for row in queued] == [OTHER]
        assert world.outbox.queue_missing(frozenset({OTHER})) == 0

    @IS_LIVE
    def test_a_rewritten_transcript_brings_nothing_back(
        self,
        bench: Bench,
        is_live: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """Read again from its start, also where a row's words are others now."""
        writer = Writer()
        rows = [writer.prompt(f"{WORD} {number}") for number in range(5)]
        bench.append(bench.path(), *rows)
        bench.catch_up()
        bench.clock.advance(10**7)
        plan = plan_pruning(
            bench.database,
            ALL,
            growing=frozenset(),
            has_backend=False,
            now_ms=bench.clock.wall_ms(),
        )
        prune(bench.database, plan, has_backend=False, clock=bench.clock)
        rows[2]["message"]["content"] = f"another {WORD}"
        more = writer.prompt("more")
        bench.rewrite(bench.path(), rows[3], *rows[:3], rows[4], more)
        assert bench.catch_up_again(is_live=is_live)
        assert WORD not in str(bench.texts())
        assert [text for text in bench.texts() if "more" in str(text)]
        assert len(bench.uuids()) == 6
