"""Measure the dashboard on a large store: every page over HTTP, from the real daemon.

    scripts/bench dashboard [--sessions 100000] [--messages 1000000] [--rounds 30] [--keep FOLDER]
    scripts/bench dashboard --memory
    scripts/bench dashboard --paint

The store is that of tests/support/large_store. Times are what a client on this machine waits for
a whole page, in milliseconds, one request at a time; `cpu` is the daemon's processor time for one,
on which other work of the machine has no effect. `--memory` prints instead what the pages cost
the daemon on a small store; `--paint` when a browser first paints the session of 5,000 messages and
the processor time that the daemon needs for it, on which other work of the machine has no effect.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "tests")]

from ccsync_watch.clock import SystemClock  # noqa: E402 - as above
from ccsync_watch.store import call_index, search  # noqa: E402 - as above
from ccsync_watch.store.database import open_database  # noqa: E402 - as above
from support.ccsync_program.program import Program  # noqa: E402 - as above
from support.large_store import (  # noqa: E402 - as above
    COMMON,
    FILES,
    LONG,
    LONG_MESSAGES,
    MODELS,
    PROJECTS,
    RARE,
    LargeStoreWriter,
)
from support.page_client import PageClient  # noqa: E402 - as above
from support.process_memory import Memory  # noqa: E402 - as above
from support.waiting import wait_until  # noqa: E402 - as above

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator


def fill_store(folder: Path, sessions: int, messages: int) -> None:
    """Fill a store, and print how long that and indexing it take."""
    database = open_database(folder, now_ms=0)
    began = time.monotonic()
    with database.write() as connection:
        count = LargeStoreWriter(connection, sessions, messages).write()
    print(f"{sessions} sessions, {count} messages: written in {time.monotonic() - began:.0f} s")
    database.checkpoint()
    before = database.path.stat().st_size
    index(folder)
    database.checkpoint()
    after = database.path.stat().st_size
    print(f"store {before >> 20} MiB, with the search index {after >> 20} MiB")
    database.close()


def index(folder: Path) -> None:
    """Index a store for the search, and print how long it kept others from writing."""
    database = open_database(folder, now_ms=0)
    began, holds, count = time.monotonic(), [], 0
    write = database.write

    @contextlib.contextmanager
    def measured() -> Iterator[sqlite3.Connection]:
        with write() as connection:
            start = time.monotonic()
            yield connection
        holds.append((time.monotonic() - start) * 1000)

    database.write = measured  # type: ignore[method-assign] # measured here
    while indexed := search.catch_up(database, SystemClock()):
        count += indexed
    took = time.monotonic() - began
    print(f"indexed {count} messages in {took:.0f} s ({count / max(took, 0.001):.0f}/s)")
    if holds:
        print("write transactions while indexing:", _summary(holds))
    holds.clear()
    began = time.process_time()
    while call_index.catch_up(database, SystemClock()):
        pass
    print(f"index of calls: {time.process_time() - began:.1f} s of a processor")
    if holds:
        print("write transactions of it:", _summary(holds))
    database.close()


def _summary(times: list[float]) -> str:
    ordered = sorted(times)
    high = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return f"median {statistics.median(ordered):7.1f}  p95 {high:7.1f}  max {ordered[-1]:7.1f} ms"


def pages(browser: PageClient, depth: int) -> dict[str, str]:
    """Return the addresses to open, by the name to print."""
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
        "sessions, by cost": "/sessions?sort=cost",
        "sessions of a project, by cost": f"/sessions?sort=cost&project={quote(PROJECTS[3])}",
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
        "files, first page": "/files",
        "files, by path": "/files?sort=path",
        "files of a project": f"/files?project={quote(PROJECTS[3])}",
        "files with a word": "/files?q=module_77",
        "files without a match": "/files?q=nothing",
        "a file": f"/files/file?project={quote(PROJECTS[3])}&path={quote(FILES[3])}",
        "errors, 30 days": "/errors",
        "errors, all": "/errors?range=all",
        "errors of a project": f"/errors?range=all&project={quote(PROJECTS[3])}",
        "errors of one kind": "/errors?range=all&tool=Bash&kind=other",
        "export of 5,000 messages": f"/sessions/{LONG}/export.md",
        "search, rare": f"/search?q={RARE}+",
        "search, common": f"/search?q={COMMON}+",
        "search, two words": f"/search?q={COMMON}+bade+",
        "search, no hit": "/search?q=qqqqqq+",
        "search, prefix": "/search?q=bade",
        "search, one letter": "/search?q=b",
        "search, best first": "/search?q=%22reader+bade%22&sort=best",
        "search, without a word": f"/search?q={COMMON}+-bade",
        "search, one of two words": f"/search?q={COMMON}+OR+{RARE}",
        "search, in a project": f"/search?q={COMMON}+project:project-03",
        "search, of a tool": f"/search?q={COMMON}+tool:Bash",
        "search, errors with a word": f"/search?q={COMMON}+is:error",
        "search, of a month": f"/search?q={COMMON}+since:30d",
        "sessions of an unknown host": "/sessions?host=nowhere",
        "search, of a file": "/search?q=file:module_7",
        "search, of a frequent folder": "/search?q=file:package",
        "search, inside of words": "/search?q=*eade",
        "search, inside of many words": "/search?q=*adeb",
        "find in 5,000 messages": f"/sessions/{LONG}?find={COMMON}",
    }


def measure(browser: PageClient, paths: dict[str, str], rounds: int, title: str, pid: int) -> None:
    """Open each page several times, and print the times, and the processor time of the daemon."""
    print(f"\n{title}")
    for name, path in paths.items():
        browser.get(path)
        count = max(3, rounds // 6) if name.startswith("export") else rounds
        before = _cpu_ms(pid)
        times = [browser.get(path)[1] for _ in range(count)]
        used = (_cpu_ms(pid) - before) / count
        print(f"  {name:36} {_summary(times)}  cpu {used:7.1f} ms", flush=True)


@contextlib.contextmanager
def daemon(folder: Path) -> Iterator[tuple[Program, str]]:
    """Run the real daemon on a store; return it and a link to its pages."""
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


def wait_for_figures(browser: PageClient) -> None:
    """Wait for the figures, and print how long they take."""
    for name in ("today", "7", "30", "all"):
        began = time.monotonic()
        wait_until(lambda: "Counting" not in browser.get(f"/?range={name}")[0], "figures", 300)  # noqa: B023 - called at once
        print(f"figures of {name}: counted in {time.monotonic() - began:.2f} s")


def wait_for_rest(pid: int) -> None:
    """Wait until what sessions are sorted by is counted, which the first page starts."""
    began = time.monotonic()

    def rests() -> bool:
        before = _cpu_ms(pid)
        time.sleep(2)
        return _cpu_ms(pid) - before < _RESTING_CPU_MS

    wait_until(rests, "the daemon's rest", 1200)
    print(f"the daemon rests after {time.monotonic() - began:.0f} s")


@contextlib.contextmanager
def counting(link: Callable[[], str], folder: Path) -> Iterator[None]:
    """Have the daemon count all the time: another thread commits, and opens overviews."""
    ended = threading.Event()
    database = open_database(folder, now_ms=0)

    def work() -> None:
        browser = PageClient(link())
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


def memory(folder: Path) -> None:
    """Print the daemon's memory before the first page and after all of them, on a small store."""
    fill_store(folder / "state", 200, LONG_MESSAGES + 2000)
    with daemon(folder) as (program, link):
        pid = program.pid
        print(f"before the first page {Memory.of(pid)}")
        browser = PageClient(link)
        browser.get("/sync")
        print(f"after the first one   {Memory.of(pid)}")
        paths = pages(browser, 3)
        for name, path in paths.items():
            before = Memory.of(pid).pss_bytes
            browser.get(path)
            more = (Memory.of(pid).pss_bytes - before) / 1e6
            if more > 1:
                print(f"  {name:36} + {more:.1f} MB")
        for _ in range(5):
            for path in paths.values():
                browser.get(path)
        print(f"after all, six times  {Memory.of(pid)}")


def paint(folder: Path, rounds: int) -> None:
    """Print the first paint of the long session in Chromium, and the daemon's processor time."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only this needs it

    from support.browser import BROWSER_NAMES, BROWSER_SWITCHES  # noqa: PLC0415 - as above

    fill_store(folder / "state", 200, LONG_MESSAGES + 2000)
    path = next(filter(None, map(shutil.which, BROWSER_NAMES)))
    with daemon(folder) as (program, link), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(BROWSER_SWITCHES))
        page = browser.new_page()
        page.set_default_timeout(_BUSY_MS)
        page.goto(link)
        base = link.split("/enter?")[0]
        for name, query in (("start", "?after=0"), ("end", "?before=99999999"), ("list", None)):
            address = f"{base}/sessions" + (f"/{LONG}{query}" if query else "")
            page.goto(address)
            paints, answers, used = [], [], []
            for _ in range(rounds):
                before = _cpu_ms(program.pid)
                page.goto(address, wait_until="load")
                used.append(_cpu_ms(program.pid) - before)
                first, answer = page.evaluate(_FIRST_PAINT)
                paints.append(first)
                answers.append(answer)
            print(f"\n{name}: first contentful paint {_summary(paints)}")
            print(f"  answered after           {_summary(answers)}")
            print(f"  processor of the daemon  {_summary(used)}")
        browser.close()


_BUSY_MS = 300_000
_RESTING_CPU_MS = 100
_FIRST_PAINT = """async () => {
  const named = () => performance.getEntriesByName("first-contentful-paint")[0];
  while (!named()) await new Promise((done) => setTimeout(done, 5));
  return [named().startTime, performance.getEntriesByType("navigation")[0].responseEnd];
}"""


def _cpu_ms(pid: int) -> float:
    """Return the processor time that a process used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--idle", action="store_true", help="only while nothing is counted")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--paint", action="store_true")
    parser.add_argument(
        "--keep", type=Path, help="keep the store in this folder, and use the one that is there"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ccsync-bench-") as temporary:
        folder = options.keep or Path(temporary)
        if options.memory:
            memory(folder)
            return
        if options.paint:
            paint(folder, options.rounds)
            return
        if not (folder / "state").exists():
            fill_store(folder / "state", options.sessions, options.messages)
        with daemon(folder) as (program, link):
            browser = PageClient(link)
            # What a first page starts is stored: figures from before that are counted again, and
            # pages would be measured meanwhile.
            browser.get("/sessions")
            wait_for_rest(program.pid)
            wait_for_figures(browser)
            wait_for_rest(program.pid)
            paths = pages(browser, 500)
            measure(browser, paths, options.rounds, "Idle otherwise", program.pid)
            if options.idle:
                return
            with counting(
                lambda: program.call("dashboard", "--print-only").out.split()[-1], folder / "state"
            ):
                measure(browser, paths, options.rounds, "While figures are counted", program.pid)


if __name__ == "__main__":
    main()
