"""Measure the dashboard on a large store: every page over HTTP, from the real daemon.

    scripts/bench dashboard [--sessions 100000] [--messages 1000000] [--rounds 30] [--keep FOLDER]
    scripts/bench dashboard --memory

The store is made by SQL through the real schema: two years, 40 projects, 6 models, one session of
5,000 messages, half of the sessions with the client's own totals. Times are what a client on this
machine waits for a whole page, in milliseconds, one request at a time. `--memory` prints what the
pages cost the daemon on a small store instead.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
import re
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "tests")]

from ccsync_watch.clock import SystemClock  # noqa: E402 - as above
from ccsync_watch.store import search  # noqa: E402 - as above
from ccsync_watch.store.database import open_database  # noqa: E402 - as above
from support.ccsync_program.program import Program  # noqa: E402 - after the path
from support.waiting import wait_until  # noqa: E402 - as above

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

DAY_MS = 86_400_000
LONG = "00000000-0000-4000-8000-000000000000"
LONG_MESSAGES = 5000
PROJECTS = [f"/home/user/work/project-{number:02}" for number in range(40)]
BRANCHES = ["main", *(f"feature/{number}" for number in range(300))]
MODELS = [
    "claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001",
    "claude-opus-4-1-20250805", "claude-sonnet-4-20250514", "claude-3-7-sonnet-20250219",
]  # fmt: skip
TOOLS = ("Bash", "Read", "Edit", "Write", "Grep", "Glob", "Task", "WebFetch")
COMMON = "reader"
RARE = "zyzzyva"


class Writer:
    """Writes sessions one after the other, about `messages` rows in total."""

    def __init__(self, connection: sqlite3.Connection, sessions: int, messages: int) -> None:
        self._connection = connection
        self._rng = random.Random(7)  # noqa: S311 - repeatable, not secret
        self._sessions = sessions
        self._mean = max(2.0, (messages - LONG_MESSAGES) / max(1, sessions - 1))
        self._seq = 0
        self._now_ms = time.time_ns() // 1_000_000
        self._rows: dict[str, list[tuple[object, ...]]] = {}
        syllables = [a + b for a in "bdfgklmn" for b in "aeiou"]
        self._vocabulary = [
            "".join(self._rng.choices(syllables, k=self._rng.randint(2, 5))) for _ in range(30_000)
        ]
        self._vocabulary[0] = COMMON
        self._weights = list(_running(1 / (rank + 3) for rank in range(len(self._vocabulary))))

    def _text(self, words: int) -> str:
        return " ".join(self._rng.choices(self._vocabulary, cum_weights=self._weights, k=words))

    def write(self) -> int:
        """Write everything; return how many messages there are."""
        for number in range(self._sessions):
            self._session(number)
            if number % 500 == 0:
                self._flush()
        self._flush()
        return self._seq

    def _session(self, number: int) -> None:
        rng, is_long = self._rng, number == 0
        name = LONG if is_long else f"{rng.getrandbits(128):032x}"
        count = LONG_MESSAGES if is_long else max(2, int(rng.expovariate(1 / self._mean)))
        start_ms = self._now_ms - (DAY_MS if is_long else int(rng.random() * 730 * DAY_MS))
        model, at_ms = rng.choice(MODELS), start_ms
        used = [0, 0, 0, 0]
        for row in range(count):
            at_ms = min(at_ms + rng.randint(500, 15_000), self._now_ms)
            self._message(name, row, at_ms, model, used, is_rare=is_long and row == count // 2)
        self._add(
            "sessions", name, rng.choice(PROJECTS), None, rng.choice(BRANCHES), "laptop", "2.1.330",
            "cli", model, None, self._text(9), start_ms, at_ms, 0, 0, None, 0,
        )  # fmt: skip
        if rng.random() < 0.7:  # noqa: PLR2004 - a share
            self._add("session_facts", name, "generated_title", json.dumps(self._text(5)))
        if rng.random() < 0.5:  # noqa: PLR2004 - a share
            state = _client_total(model, used)
            self._add("cost_states", name, json.dumps(state), 1 << 40)

    def _message(
        self, name: str, row: int, at_ms: int, model: str, used: list[int], *, is_rare: bool
    ) -> None:
        self._seq += 1
        uuid = f"{self._seq:08x}-0000"
        kind = "prompt" if row % 10 == 0 else ("answer" if row % 2 else "tool_result")
        response = f"msg_{self._seq:010}" if kind == "answer" else None
        self._add(
            "messages", self._seq, f"{name}:{uuid}", name, None, uuid, None, 1, row * 900,
            "assistant" if response else "user", kind, at_ms, at_ms, model, response, 0,
            '{"stop_reason":"tool_use"}' if response else "{}", b"0123456789abcdef",
        )  # fmt: skip
        words = self._text(45) + (f" {RARE}" if is_rare else "")
        tool = TOOLS[self._seq // 2 % len(TOOLS)]
        if response:
            tokens = [self._rng.randint(1, top) for top in (50, 900, 4000, 90_000)]
            used[:] = [a + b for a, b in zip(used, tokens, strict=True)]
            prompt, output, written, read = tokens
            self._add(
                "usage", response, name, None, model, at_ms, prompt, output, written, 0, read, 0,
                None, 0, f"{name}:{uuid}", 1, 0, 0, None,
            )  # fmt: skip
            self._part(0, "text", None, None, words)
            called = {"command": self._text(8)} if tool == "Bash" else {"file_path": self._text(1)}
            self._part(1, "tool-call", f"toolu_{self._seq}", tool, called)
        elif kind == "tool_result":
            tool = TOOLS[(self._seq - 1) // 2 % len(TOOLS)]
            told = {"ok": self._seq % 19 > 0, "output": words, "durationMs": self._seq % 4000}
            self._part(0, "tool-result", f"toolu_{self._seq - 1}", tool, told)
        else:
            self._part(0, "text", None, None, words)

    def _part(self, position: int, kind: str, used: str | None, tool: str | None, it: Any) -> None:  # noqa: ANN401 - JSON
        self._add("parts", self._seq, position, kind, used, tool, json.dumps(it))

    def _add(self, table: str, *values: object) -> None:
        self._rows.setdefault(table, []).append(values)

    def _flush(self) -> None:
        for table, rows in self._rows.items():
            marks = ",".join("?" * len(rows[0]))
            self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - tables of ours
        self._rows.clear()


def _running(values: Iterator[float]) -> Iterator[float]:
    total = 0.0
    for value in values:
        total += value
        yield total


def _client_total(model: str, used: list[int]) -> dict[str, Any]:
    prompt, output, written, read = used
    usd = (prompt * 5 + output * 25 + written * 6.25 + read * 0.5) / 1e6
    one = {
        "inputTokens": prompt, "outputTokens": output, "cacheCreationInputTokens": written,
        "cacheReadInputTokens": read, "costUSD": usd,
    }  # fmt: skip
    return {"totalCostUSD": usd, "modelUsage": {model: one}, "totalAPIDuration": 1000}


def make_store(folder: Path, sessions: int, messages: int) -> None:
    """Make a store, and print how long the search takes to be made."""
    database = open_database(folder, now_ms=0)
    began = time.monotonic()
    with database.write() as connection:
        count = Writer(connection, sessions, messages).write()
    print(f"{sessions} sessions, {count} messages: written in {time.monotonic() - began:.0f} s")
    database.checkpoint()
    before = database.path.stat().st_size
    index(folder)
    database.checkpoint()
    after = database.path.stat().st_size
    print(f"store {before >> 20} MiB, with the search {after >> 20} MiB")
    database.close()


def index(folder: Path) -> None:
    """Make the search, and print how long others had to wait for their turn to write."""
    database = open_database(folder, now_ms=0)
    began, holds, count = time.monotonic(), [], 0
    write = database.write

    @contextlib.contextmanager
    def measured() -> Iterator[sqlite3.Connection]:
        with write() as connection:
            start = time.monotonic()
            yield connection
        holds.append((time.monotonic() - start) * 1000)

    database.write = measured  # type: ignore[method-assign] # it is measured here
    while indexed := search.catch_up(database, SystemClock()):
        count += indexed
    took = time.monotonic() - began
    print(f"indexed {count} messages in {took:.0f} s ({count / max(took, 0.001):.0f}/s)")
    if holds:
        print("write transactions while indexing:", _format_times(holds))
    database.close()


class Browser:
    """One connection to the dashboard, let in by its link."""

    def __init__(self, link: str) -> None:
        at = urlsplit(link)
        self._host = f"127.0.0.1:{at.port}"
        self._connection = http.client.HTTPConnection(self._host, timeout=60)
        self._cookie = ""
        self._connection.request("GET", f"{at.path}?{at.query}", headers={"Host": self._host})
        answer = self._connection.getresponse()
        answer.read()
        self._cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]

    def get(self, path: str) -> tuple[str, float]:
        """Return a page and the milliseconds it took; an error is one."""
        began = time.perf_counter()
        headers = {"Host": self._host, "Cookie": self._cookie}
        self._connection.request("GET", path, headers=headers)
        try:
            answer = self._connection.getresponse()
        except http.client.RemoteDisconnected:  # it was idle for long
            self._connection.request("GET", path, headers=headers)
            answer = self._connection.getresponse()
        text = answer.read().decode()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200:  # noqa: PLR2004 - HTTP's
            raise RuntimeError(f"{path}: {answer.status} {text[:300]}")
        return text, took


def _format_times(times: list[float]) -> str:
    ordered = sorted(times)
    high = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return f"median {statistics.median(ordered):7.1f}  p95 {high:7.1f}  max {ordered[-1]:7.1f} ms"


def pages(browser: Browser, depth: int) -> dict[str, str]:
    """Return the paths to request, by their names in the report."""
    path = "/sessions"
    for _ in range(depth - 1):
        link = re.search(r'rel="next" href="([^"]+)"', browser.get(path)[0])
        if not link:
            break
        path = link[1].replace("&amp;", "&")
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 400 * 86_400))
    return {
        **{f"overview {name}": f"/?range={name}" for name in ("today", "7", "30", "all")},
        "sessions, first page": "/sessions",
        f"sessions, page {depth}": path,
        "sessions, oldest": "/sessions?sort=oldest",
        "sessions, by start": "/sessions?sort=started",
        "sessions of a project": f"/sessions?project={quote(PROJECTS[3])}",
        "sessions of a project, by start": f"/sessions?sort=started&project={quote(PROJECTS[3])}",
        "sessions of a branch": "/sessions?branch=feature/7",
        "sessions of a model": f"/sessions?model={MODELS[2]}",
        "sessions of all three": f"/sessions?branch=feature/7&model={MODELS[2]}&project="
        + quote(PROJECTS[3]),
        "sessions since": f"/sessions?since={day}&sort=oldest",
        "sessions until": f"/sessions?until={day}",
        "sessions with a common word": f"/sessions?q={COMMON}+",
        "sessions with a rare word": f"/sessions?q={RARE}+",
        "sessions of a project with a word": f"/sessions?q={COMMON}+&project={quote(PROJECTS[3])}",
        "5,000 messages, end": f"/sessions/{LONG}",
        "5,000 messages, middle": f"/sessions/{LONG}?at={LONG_MESSAGES // 2}",
        "5,000 messages, start": f"/sessions/{LONG}?after=0",
        "sync": "/sync",
        "export of 5,000 messages": f"/sessions/{LONG}/export.md",
        "search, rare": f"/search?q={RARE}+",
        "search, common": f"/search?q={COMMON}+",
        "search, two words": f"/search?q={COMMON}+bade+",
        "search, no hit": "/search?q=qqqqqq+",
        "search, prefix": "/search?q=bade",
        "search, one letter": "/search?q=b",
    }


def measure(browser: Browser, targets: dict[str, str], rounds: int, title: str) -> None:
    """Open every page, in turns, and print the times."""
    print(f"\n{title}")
    for name, path in targets.items():
        browser.get(path)
        count = max(3, rounds // 6) if name.startswith("export") else rounds
        times = [browser.get(path)[1] for _ in range(count)]
        print(f"  {name:36} {_format_times(times)}")


@contextlib.contextmanager
def daemon(folder: Path) -> Iterator[tuple[Program, str]]:
    """Run the real one on a store; give it and a link to its pages."""
    program = Program(folder, folder / "claude")
    (folder / "claude" / "projects").mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program.configure(dashboard={"enabled": True, "port": port})
    began = time.monotonic()
    program.start()
    print(f"the daemon answers after {time.monotonic() - began:.1f} s")
    try:
        yield program, program.call("dashboard", "--print-only").out.split()[-1]
    finally:
        program.stop()


def counted(browser: Browser) -> None:
    """Wait for the figures, and print how long they take."""
    for name in ("today", "7", "30", "all"):
        began = time.monotonic()
        wait_until(lambda: "Counting" not in browser.get(f"/?range={name}")[0], "figures", 300)  # noqa: B023 - called at once
        print(f"figures of {name}: counted in {time.monotonic() - began:.2f} s")


@contextlib.contextmanager
def counting(link: Callable[[], str], folder: Path) -> Iterator[None]:
    """Have the daemon count all the time: another thread commits, and asks for overviews."""
    ended = threading.Event()
    database = open_database(folder, now_ms=0)

    def work() -> None:
        browser = Browser(link())
        while not ended.wait(0.3):
            with database.write() as connection:
                connection.execute("UPDATE sessions SET host = host WHERE id = ?", (LONG,))
            browser.get("/?range=all")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        database.close()


def _rss(pid: int) -> float:
    match = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) / 1024 if match else 0.0


def memory(folder: Path) -> None:
    """Print the daemon's memory before the first page and after all of them, on a small store."""
    make_store(folder / "state", 200, LONG_MESSAGES + 2000)
    with daemon(folder) as (program, link):
        pid = program.status()["daemon"]["pid"]
        print(f"before the first page {_rss(pid):6.1f} MiB")
        browser = Browser(link)
        browser.get("/sync")
        print(f"after the first one   {_rss(pid):6.1f} MiB")
        targets = pages(browser, 3)
        for name, path in targets.items():
            before = _rss(pid)
            browser.get(path)
            if _rss(pid) - before > 1:
                print(f"  {name:36} + {_rss(pid) - before:.1f} MiB")
        for _ in range(5):
            for path in targets.values():
                browser.get(path)
        print(f"after all, six times  {_rss(pid):6.1f} MiB")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--keep", type=Path, help="make the store here, or take the one there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ccsync-bench-") as temporary:
        folder = options.keep or Path(temporary)
        if options.memory:
            memory(folder)
            return
        if not (folder / "state").exists():
            make_store(folder / "state", options.sessions, options.messages)
        with daemon(folder) as (program, link):
            browser = Browser(link)
            counted(browser)
            targets = pages(browser, 500)
            measure(browser, targets, options.rounds, "With an idle daemon")
            with counting(
                lambda: program.call("dashboard", "--print-only").out.split()[-1], folder / "state"
            ):
                measure(browser, targets, options.rounds, "While figures are counted")


if __name__ == "__main__":
    main()
