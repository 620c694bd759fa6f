"""Carry out a schedule of chaos on real processes, let everything work again, and compare."""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import sqlite3
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.canaries import Canaries
from support.chaos import oracle
from support.chaos.conversations import DAY_MS, Conversation, World, session_id_of
from support.chaos.damage import damage
from support.chaos.machine import SECOND_START, Abilities, Machine
from support.chaos.oracle import Oracle, Verdict
from support.chaos.relay import ChaosProxy
from support.chaos.schedule import ENDS, Event, draw_schedule
from support.opensync_double.faults import FaultPlan
from support.opensync_double.server import OpenSyncDouble
from support.waiting import wait_until

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from pathlib import Path

_OLD_MS = 100 * DAY_MS
_SETTLE_SECONDS = 600.0
_POLL_SECONDS = 4.0
_OFFSETS = (3600, -3600, 90, -90, 5, -5, 2 * 86_400, -86_400)
# While the rest is sent, until so many faults more.
_LAST_RATE = 0.15
_LAST_FAULTS = 100
_RATES = (0.0, 0.1, 0.3, 0.6)
_COMMANDS = (
    ("sync-now", "--timeout", "20"),
    ("status", "--json"),
    ("status",),
    ("export", "SESSION", "--format", "json"),
    ("export", "SESSION", "--format", "md"),
    ("prune", "--older-than", "30d"),
    ("prune", "--older-than", "30d", "--dry-run"),
    ("stats",),
    ("doctor",),
    ("repair",),
)
_EXIT_CODES = {0, 1, 2, 3, 4}
_RUNNING = ("Already running", "is at work in")  # 0.1.0 says the latter
# It ends within seconds, whatever its threads wait for: on a busy machine by force.
_FORCED = "stopping took too long"
# Who sent a request. The earlier version has rules of its own, and fewer of them.
_THIS = "this version"
_THE_EARLIER = "the earlier version"
_TABLES = "tables of the backend"
# That of version 0.1.0.
_EARLIER_SCHEMA = 6


def _is_other_running(printed: str) -> bool:
    """Return whether a program ended as another one was at work on its store."""
    return any(text in printed for text in _RUNNING)


@dataclass
class Report:
    """What was done, and what is wrong."""

    seed: int
    verdict: Verdict = field(default_factory=Verdict)
    faults: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return the report."""
        return [
            f"seed {self.seed}",
            *self.left_out,
            f"figures: {json.dumps(self.figures, sort_keys=True)}",
            f"done: {json.dumps(dict(sorted(self.faults.items())))}",
            *(self.verdict.lines() or ["nothing is wrong"]),
        ]


class ChaosRun:
    """One run in `folder`; its log there has the schedule, and then what was done when."""

    def __init__(
        self, folder: Path, seed: int, events: list[Event], *, earlier: Path | None
    ) -> None:
        self.folder = folder
        self.seed = seed
        self.events = events
        self.earlier = earlier
        self.report = Report(seed)
        self.world = World(Canaries(seed))
        self.conversations: dict[int, list[Conversation]] = {0: [], 1: []}
        self.old: set[str] = set()
        self.shared: set[str] = set()
        self.required: dict[int, set[str]] = {0: set(), 1: set()}
        self._numbers = itertools.count(seed * 10_000 + 1)
        self._last = Verdict()
        self._log = (folder / "events.log").open("w")
        self._actions: dict[str, Callable[[Machine, random.Random], object]] = {
            **{name: self._write(name) for name in _WRITERS},
            "new-session": self._new_session,
            "old-session": self._old_session,
            "fork": self._fork,
            "delete": self._delete,
            "copy-to-other": self._copy_to_other,
            "resume": self._write("turn"),
            "kill": self._kill,
            "terminate": self._terminate,
            "start": self._start,
            "update": self._update,
            "damage": self._damage,
            "second-start": self._second_start,
            "earlier-program": self._earlier_program,
            "command": self._command,
            "pause": lambda machine, _chance: machine.send(signal.SIGSTOP),
            f"{ENDS}pause": lambda machine, _chance: machine.send(signal.SIGCONT),
            "fill-disk": self._fill_disk,
            f"{ENDS}fill-disk": self._free_disk,
            "read-only-disk": self._make_read_only,
            f"{ENDS}read-only-disk": self._make_writable,
            "clock": self._set_clock,
            f"{ENDS}clock": self._reset_clock,
            "descriptors": self._limit_descriptors,
            f"{ENDS}descriptors": self._unlimit_descriptors,
            "watches": self._limit_watches,
            f"{ENDS}watches": self._unlimit_watches,
            "backend-offline": lambda _machine, _chance: self.opensync.offline(),
            f"{ENDS}backend-offline": lambda _machine, _chance: self.opensync.online(),
            "backend-mood": self._set_mood,
            f"{ENDS}backend-mood": lambda _machine, _chance: self._plan(0.05),
            "proxy-mood": lambda _machine, chance: self._set_proxies(chance.choice(_RATES)),
            f"{ENDS}proxy-mood": lambda _machine, _chance: self._set_proxies(0.02),
        }

    # The run ----------------------------------------------------------------------------------

    def run(self) -> Report:
        """Carry out all events, settle, and compare."""
        with self._log, OpenSyncDouble() as self.opensync, self._surroundings():
            for event in self.events:
                print(f"planned  {event}", file=self._log)
            self._live()
            try:
                self._settle()
            except (TimeoutError, AssertionError) as error:
                self.report.verdict.add("not settled", f"{type(error).__name__}: {error}")
            self._conclude()
            self._log.writelines(f"{line}\n" for line in self.report.lines())
        return self.report

    @contextlib.contextmanager
    def _surroundings(self) -> Iterator[None]:
        abilities = Abilities.find(self.folder)
        self.report.left_out = abilities.missing()
        if self.earlier is None:
            self.report.left_out.append("left out: an earlier version takes no turns")
        with contextlib.ExitStack() as stack:
            self.machines: list[Machine] = []
            self.proxies: list[ChaosProxy] = []
            for number in range(2):
                proxy = ChaosProxy(self.opensync.url, f"{self.seed} {number}")
                self.proxies.append(stack.enter_context(proxy))
                machine = Machine(self.folder, number, abilities, earlier=self.earlier)
                stack.callback(machine.close)
                self.machines.append(machine)
                proxy.sender = _THIS if machine.is_updated else _THE_EARLIER
                machine.program.configure(
                    convex_url=proxy.url,
                    api_key=self.opensync.api_key,
                    dashboard={"enabled": number == 0, "port": 0},
                )
            yield

    def _live(self) -> None:
        for machine in self.machines:
            machine.start()
        for machine in self.machines:
            machine.wait_until_ready()
        began = time.monotonic()
        for event in self.events:
            time.sleep(max(0.0, began + event.at_seconds - time.monotonic()))
            machine = self.machines[event.machine]
            self._supervise()
            done = self._actions[event.kind](machine, event.chance())
            is_done = done is not False
            if is_done:
                self.report.faults[event.kind] += 1
            spent = time.monotonic() - began
            print(
                f"{spent:8.2f} s  {'did' if is_done else 'left'}  {event}",
                file=self._log,
                flush=True,
            )

    def _supervise(self) -> None:
        """Start a daemon again that has ended by itself, as a service manager does."""
        for machine in self.machines:
            machine.collect()
            if machine.is_wanted and not machine.is_running():
                self._compare_end(machine)
                machine.end_second_starts()
                machine.start()

    def _compare_end(self, machine: Machine) -> None:
        printed = machine.program.output()[-2000:]
        is_excused = machine.is_excused() or _is_other_running(printed[-400:])
        what = f"machine {machine.number}, excuses {sorted(machine.excuses)}: {printed[-400:]!r}"
        print(f"the daemon ended: {what}", file=self._log, flush=True)
        self.report.faults["ended by itself"] += 1
        if not is_excused:
            self.report.verdict.add("the daemon ended by itself", what)

    # Writers ----------------------------------------------------------------------------------

    def _write(self, name: str) -> Callable[[Machine, random.Random], object]:
        def act(machine: Machine, chance: random.Random) -> object:
            # The earlier version does not notice it, and so stores nothing that would tell later.
            if name == "rewrite" and not machine.is_updated:
                return False
            conversation = self._choose(machine, chance)
            return conversation is not None and _WRITERS[name](conversation, chance)

        return act

    def _choose(self, machine: Machine, chance: random.Random) -> Conversation | None:
        """Return a conversation, mostly a recent one."""
        candidates = [
            conversation
            for conversation in self.conversations[machine.number]
            if conversation.session_id not in self.old and conversation.main.lines
        ]
        if not candidates:
            return None
        return candidates[-3:][0] if chance.random() < 0.5 else chance.choice(candidates)

    def _begin(self, machine: Machine) -> Conversation:
        session_id = session_id_of(next(self._numbers))
        conversation = Conversation(
            self.world, machine.claude_dir, session_id, now_ms=machine.now_ms
        )
        self.conversations[machine.number].append(conversation)
        return conversation

    def _new_session(self, machine: Machine, chance: random.Random) -> None:
        self._begin(machine).turn(chance)

    def _old_session(self, machine: Machine, chance: random.Random) -> None:
        conversation = self._begin(machine)
        self.old.add(conversation.session_id)
        conversation.write_old(chance, _OLD_MS)

    def _fork(self, machine: Machine, chance: random.Random) -> bool:
        source = self._choose(machine, chance)
        if source is None:
            return False
        source.copy_into(self._begin(machine), chance)
        return True

    def _delete(self, machine: Machine, chance: random.Random) -> bool:
        own = self.conversations[machine.number]
        if len(own) < 8:
            return False
        conversation = chance.choice(own[:4])
        # What is stored by now stays, whatever becomes of the file. Not in a store that is damaged,
        # which the daemon may not have noticed yet: a new one is made from the files.
        state = machine.program.state
        with contextlib.suppress(sqlite3.Error):
            if oracle.sound_version(state):
                names = {message.id for message in oracle.stored(state)}
                self.required[machine.number] |= {
                    name for name in names if name.startswith(conversation.session_id)
                }
        own.remove(conversation)
        conversation.delete()
        return True

    def _copy_to_other(self, machine: Machine, chance: random.Random) -> bool:
        source, other = self._choose(machine, chance), self.machines[1 - machine.number]
        if source is None or source.session_id in self.shared:
            return False
        self.shared.add(source.session_id)
        copy = source.copy_to(other.claude_dir, other.now_ms)
        self.conversations[other.number].append(copy)
        return True

    # Faults -----------------------------------------------------------------------------------

    def _kill(self, machine: Machine, _chance: random.Random) -> None:
        machine.kill()

    def _terminate(self, machine: Machine, _chance: random.Random) -> bool:
        if not machine.is_running():
            return False
        self._stop(machine)
        return True

    def _stop(self, machine: Machine) -> None:
        code = machine.terminate()
        last = machine.program.output()[-300:]
        # One that was about to say that another process holds the state folder ends so as well.
        is_excused = machine.is_excused() or _FORCED in last or _is_other_running(last)
        if code not in {None, 0, -signal.SIGTERM} and not is_excused:
            self.report.verdict.add("exit code", f"{code} after SIGTERM: {last!r}")

    def _start(self, machine: Machine, _chance: random.Random) -> None:
        machine.start()

    def _update(self, machine: Machine, _chance: random.Random) -> bool:
        """Replace the earlier version, as an update does."""
        if machine.is_updated:
            return False
        machine.terminate()
        machine.program.path = self.machines[0].program.path
        machine.is_updated = True
        self.proxies[machine.number].sender = _THIS
        machine.start()
        return True

    def _damage(self, machine: Machine, chance: random.Random) -> object:
        if not machine.is_updated:
            return False
        try:
            name = damage(machine.program.state, chance)
        except OSError:
            return False  # its disk is read-only now
        if name is None:
            return False
        self.required[machine.number].clear()
        self.report.faults[f"damage: {name}"] += 1
        return True

    def _second_start(self, machine: Machine, _chance: random.Random) -> bool:
        return machine.is_running() and machine.command(*SECOND_START)

    def _earlier_program(self, machine: Machine, _chance: random.Random) -> bool:
        """Let the earlier version have a turn on a store that a newer one has updated."""
        if self.earlier is None or not machine.is_updated or machine.excuses:
            return False
        # The earlier version would make another store of one that is gone or damaged.
        if oracle.sound_version(machine.program.state) <= _EARLIER_SCHEMA:
            return False
        machine.kill()
        code, printed = machine.run_earlier()
        if code in {0, None} or "Traceback" in printed:
            self.report.verdict.add("earlier program", f"code {code}: {printed[-2000:]!r}")
        machine.start()
        return True

    def _command(self, machine: Machine, chance: random.Random) -> bool:
        words = chance.choice(_COMMANDS)
        own = self.conversations[machine.number]
        session_id = chance.choice(own).session_id if own else ""
        if not machine.is_updated and words[0] not in {"sync-now", "status", "export"}:
            return False
        return machine.command(*(session_id if word == "SESSION" else word for word in words))

    def _fill_disk(self, machine: Machine, _chance: random.Random) -> bool:
        if machine.has_disk:
            machine.excuses.add("full disk")
            machine.fill_disk()
        return machine.has_disk

    def _free_disk(self, machine: Machine, _chance: random.Random) -> bool:
        # Nothing can be deleted on a read-only disk: it is freed when it is writable again.
        if machine.has_disk and "read-only disk" not in machine.excuses:
            machine.free_disk()
            machine.end_excuse("full disk")
        return machine.has_disk

    def _make_read_only(self, machine: Machine, _chance: random.Random) -> bool:
        if not machine.has_disk or machine.commands:
            return False
        machine.kill()
        machine.excuses.add("read-only disk")
        is_done = machine.remount("ro")
        machine.start()
        return is_done

    def _make_writable(self, machine: Machine, chance: random.Random) -> bool:
        is_done = machine.has_disk and machine.remount("rw")
        machine.end_excuse("read-only disk")
        self._free_disk(machine, chance)
        return is_done

    def _set_clock(self, machine: Machine, chance: random.Random) -> bool:
        if machine.has_clock:
            machine.set_clock(chance.choice(_OFFSETS))
            time.sleep(1.2)  # until then the library has the time of before
        return machine.has_clock

    def _reset_clock(self, machine: Machine, _chance: random.Random) -> bool:
        if machine.has_clock:
            machine.set_clock(0)
        return machine.has_clock

    def _limit_descriptors(self, machine: Machine, chance: random.Random) -> None:
        machine.excuses.add("descriptors")
        machine.limit_descriptors(spare=chance.randrange(3))

    def _unlimit_descriptors(self, machine: Machine, _chance: random.Random) -> None:
        machine.limit_descriptors(spare=None)
        machine.end_excuse("descriptors")

    def _limit_watches(self, machine: Machine, chance: random.Random) -> bool:
        if machine.has_limits:
            machine.limit_watches(chance.randrange(5))
        return machine.has_limits

    def _unlimit_watches(self, machine: Machine, _chance: random.Random) -> bool:
        if machine.has_limits:
            machine.limit_watches(1 << 20)
        return machine.has_limits

    def _set_mood(self, _machine: Machine, chance: random.Random) -> None:
        self._plan(chance.choice(_RATES))

    def _plan(self, rate: float) -> None:
        self.opensync.faults = FaultPlan.random(self.seed, rate=rate, retry_after_seconds=1)

    def _set_proxies(self, rate: float) -> None:
        for proxy in self.proxies:
            proxy.rate = rate

    # The end ----------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Let everything work, and wait until all is stored and acknowledged."""
        for conversations in self.conversations.values():
            for conversation in conversations:
                for file in conversation.files:
                    file.finish()
        self.opensync.online()
        self._plan(_LAST_RATE)
        self._set_proxies(_LAST_RATE)
        for machine in self.machines:
            machine.restore()
            machine.collect(is_last=True)
            if not machine.is_updated:
                self._update(machine, self.events[0].chance())
            # A start also finds damage that nothing has come across.
            machine.terminate()
            machine.start()
            machine.wait_until_ready()
        enough = self._fault_count() + _LAST_FAULTS
        self._wait_for(lambda: self._is_settled() or self._fault_count() >= enough, "most is sent")
        self.opensync.faults = FaultPlan.none()
        self._set_proxies(0.0)
        self._wait_for(self._is_settled, "all is stored and acknowledged")
        for machine in self.machines:
            completed = machine.program.call("sync-now", "--timeout", "300", seconds=600)
            if completed.code:
                self.report.verdict.add("sync-now", f"{completed.out} {completed.err}")
            self._visit(machine)
            self._stop(machine)

    def _wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Wait as long as fewer rows are pending each time: an hour leaves much to send."""
        while True:
            before = self._count_pending()
            try:
                wait_until(condition, what, _SETTLE_SECONDS)
            except TimeoutError:
                if self._count_pending() >= before:
                    raise
            else:
                return

    def _count_pending(self) -> int:
        """Return how many rows are to be sent, as far as the stores can be read."""
        query, count = "SELECT count(*) FROM outbox", 0
        for machine in self.machines:
            with contextlib.suppress(sqlite3.Error):
                count += oracle.read_store(machine.program.state, query)[0][0]
        return count

    def _fault_count(self) -> int:
        return sum(call.fault is not None for call in self.opensync.backend.calls)

    def _is_settled(self) -> bool:
        time.sleep(_POLL_SECONDS)
        self._supervise()
        verdict = Verdict()
        # To compare all takes the processor that the double needs, long before it is worth it.
        if pending := self._count_pending():
            verdict.add("outboxes", f"{pending} rows are pending")
        try:
            if not pending:
                self._compare(verdict)
        except sqlite3.Error as error:
            verdict.add("store", f"cannot be read: {error}")
        if verdict.counts != self._last.counts:
            print("\nnot yet settled:", *verdict.lines(), sep="\n", file=self._log, flush=True)
        self._last = verdict
        return not verdict.counts

    def _compare(self, verdict: Verdict) -> None:
        rows = []
        for machine in self.machines:
            own = oracle.rows_on_disk(machine.claude_dir)
            rows += own
            where = f"store of machine {machine.number}"
            held = oracle.stored(machine.program.state)
            comparison = Oracle(self.world.sayings, own)
            comparison.check(
                verdict,
                where,
                held,
                without_texts=frozenset(self.old),
                required=frozenset(self.required[machine.number]),
            )
            comparison.check_order(verdict, where, held)
            query = "SELECT count(*), count(rejected) FROM outbox"
            ((pending, rejected),) = oracle.read_store(machine.program.state, query)
            if pending:
                verdict.add(f"{where}: outbox", f"{pending} rows, {rejected} of them rejected")
        self._compare_backend(verdict, rows)

    def _compare_backend(self, verdict: Verdict, rows: list[oracle.Row]) -> None:
        # What a session was copied from may hold its rows.
        optional = frozenset(name for name, saying in self.world.sayings.items() if saying.is_copy)
        comparison = Oracle(self.world.sayings, rows)
        held = oracle.sent(self.opensync.backend)
        everything = [message for messages in held.values() for message in messages]
        comparison.check(verdict, "backend", everything, optional=optional)
        for messages in held.values():
            comparison.check_dates(verdict, "backend", messages)

    def _visit(self, machine: Machine) -> None:
        """Read pages of the dashboard, to search them for secrets."""
        if machine.number:
            return
        from support.browser import DashboardAccess  # noqa: PLC0415 - it needs a browser's package

        with DashboardAccess.request(machine.program).client() as client:
            paths = ["/?range=all", "/sessions", "/sync", "/search?q=amber"]
            paths += [f"/sessions/{row.session_id}" for row in self.conversations[0][-3:]]
            self._pages = {path: client.get(path).content for path in paths}

    def _conclude(self) -> None:
        verdict = self.report.verdict
        try:
            self._compare(verdict)
        except (sqlite3.Error, OSError) as error:
            verdict.add("store", f"cannot be read: {error}")
        for machine in self.machines:
            machine.collect(is_last=True)
            for words, code, text in machine.finished:
                if code not in _EXIT_CODES or "Traceback" in text:
                    verdict.add("command", f"{' '.join(words)}: code {code}: {text[-600:]!r}")
        self._search_secrets()
        self.report.figures |= {
            "messages written": len(self.world.sayings),
            "messages at the backend": len(self.opensync.backend.all_messages()),
            "faults of the backend": self._fault_count(),
            "requests": len(self.opensync.backend.calls),
            "secrets": len(self.world.canaries.planted),
            "commands": sum(len(machine.finished) for machine in self.machines),
        }
        for proxy in self.proxies:
            self.report.faults.update({f"proxy: {way}": n for way, n in proxy.counts.items()})

    def _places(self) -> Iterator[tuple[str, bytes]]:
        """Yield everything that the program wrote, printed, showed and sent."""
        for machine in self.machines:
            name = f"machine {machine.number}"
            yield f"{name}: output", machine.program.output().encode()
            for words, _code, text in machine.finished:
                yield f"{name}: {' '.join(words)}", text.encode()
            for path in machine.program.state.rglob("*"):
                if path.is_file() and path.name != "filling":
                    yield f"{name}: {path.name}", path.read_bytes()
            with contextlib.suppress(sqlite3.Error):
                texts = oracle.read_store(
                    machine.program.state, "SELECT unpacked(content) FROM parts"
                )
                yield f"{name}: texts", "\n".join(str(text) for (text,) in texts).encode()
        for machine, proxy in zip(self.machines, self.proxies, strict=True):
            for sender, bodies in proxy.bodies.items():
                yield f"machine {machine.number}: requests of {sender}", b"\n".join(bodies)
        yield _TABLES, self.opensync.backend.tables_text().encode()
        yield from getattr(self, "_pages", {}).items()

    def _search_secrets(self) -> None:
        planted = set(self.world.canaries.planted)
        others = [secret.encode() for secret in planted if not Canaries.find_all(secret.encode())]
        passed: set[str] = set()
        for place, data in self._places():
            leaked = Canaries.find_all(data) & planted
            leaked |= {secret.decode() for secret in others if secret in data}
            if place.endswith(_THE_EARLIER):
                passed |= self._passed_by_earlier(leaked)
                self.report.figures["secrets that the earlier version leaves"] = len(passed)
            # What it sent stays in the tables; requests of this version are searched by themselves.
            if place.endswith((_THE_EARLIER, _TABLES)):
                leaked -= passed
            for secret in sorted(leaked):
                self.report.verdict.add("leaked", f"{secret[:12]}… in {place}")
            if b"Traceback (most recent call last)" in data and "texts" not in place:
                start = data.index(b"Traceback (most recent call last)")
                text = data[start : start + 3000].decode(errors="replace")
                self.report.verdict.add("traceback", f"in {place}: {text}")

    def _passed_by_earlier(self, secrets: set[str]) -> set[str]:
        """Return those that the earlier version's own rules leave in every text they were in."""
        texts = [text for text in self.world.texts if any(secret in text for secret in secrets)]
        cleaned = list(zip(texts, self.machines[1].redact_by_earlier(texts), strict=True))
        return {
            secret
            for secret in secrets
            if (results := [result for text, result in cleaned if secret in text])
            and all(secret in result for result in results)
        }


_WRITERS: dict[str, Callable[[Conversation, random.Random], object]] = {
    "turn": lambda conversation, chance: conversation.turn(chance),
    "burst": lambda conversation, chance: conversation.burst(chance),
    "subagent": lambda conversation, chance: conversation.subagent(chance),
    "title": lambda conversation, _chance: conversation.title(),
    "noise": lambda conversation, chance: conversation.noise(chance),
    "half-line": lambda conversation, chance: conversation.half_line(chance),
    "torn-line": lambda conversation, chance: conversation.torn_line(chance),
    "rewrite": lambda conversation, chance: conversation.rewrite(chance),
    "tombstone": lambda conversation, chance: conversation.tombstone(chance),
    "collect-garbage": lambda conversation, chance: conversation.collect_garbage(chance),
    "replace-by-copy": lambda conversation, _chance: conversation.replace_by_copy(),
    "move": lambda conversation, chance: conversation.move(chance),
    "touch": lambda conversation, _chance: conversation.main.path.touch(),
}


def run_chaos(
    folder: Path,
    seed: int,
    seconds: float,
    *,
    earlier: Path | None = None,
    faults: frozenset[str] | None = None,
) -> Report:
    """Run the schedule of a seed in an empty folder, and return what was done and what is wrong."""
    return ChaosRun(
        folder, seed, draw_schedule(seed, seconds, faults=faults), earlier=earlier
    ).run()
