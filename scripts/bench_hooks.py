"""Measure the plugin: its hook alone, and a turn of nine tool calls in the real client.

Samples of each variant are interleaved in random order, so that other load on the machine affects
all of them equally. The variants: without a plugin, with this plugin, and with the five hooks of
the backend's npm client, where npm can install it. Only that installation uses the network.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.ccsync_program.plugin_home import (  # noqa: E402 - found by the line above
    PLUGIN,
    PluginHome,
    hook_commands,
    program_path,
)
from support.claude_client.api import ScriptedMessagesApi  # noqa: E402 - as above
from support.claude_client.client import SKIP_PERMISSIONS, ClaudeHome  # noqa: E402 - as above
from support.claude_client.script import prompt, say, tool  # noqa: E402 - as above
from support.opensync_double.apart import served_apart  # noqa: E402 - as above
from support.process_times import HEADER, ProcessTimes  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from support.opensync_double.apart import Served

CALLS = 9
NPM_CLIENT = "claude-code-sync@0.1.15"
_NPM_EVENTS = ("SessionStart", "SessionEnd", "UserPromptSubmit", "PostToolUse", "Stop")


@dataclass(frozen=True)
class Sample:
    """One run, in seconds: launch to first request, the nine calls, last request to the end."""

    start: float
    turn: float
    exit: float


# The hook alone --------------------------------------------------------------------------


def bench_hook(runs: int) -> None:
    """Time each hook and a shell that does nothing; a daemon runs, as it usually does."""
    with tempfile.TemporaryDirectory(prefix="ccsync-bench-") as folder:
        state = Path(folder)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "CCSYNC_WATCH_HOME": folder,
            "CLAUDE_PLUGIN_ROOT": str(PLUGIN),
            "CLAUDE_CODE_SESSION_ID": "11111111-2222-4333-8444-555555555555",
        }
        (state / "daemon.json").write_text(_pidfile_of(os.getpid()))
        commands = {"a shell alone": "exit 0", **hook_commands()}
        del commands["UserPromptExpansion"]  # see bench_report
        times = {name: ProcessTimes() for name in commands}
        for _ in range(runs):
            for name in random.sample(list(commands), len(commands)):
                line = {
                    "session_id": env["CLAUDE_CODE_SESSION_ID"],
                    "transcript_path": f"{folder}/projects/p/x.jsonl",
                    "cwd": folder,
                    "hook_event_name": name,
                    "reason": "other",
                }
                data = f"{json.dumps(line, separators=(',', ':'))}\n".encode()
                times[name].run(["/bin/sh", "-c", commands[name]], env=env, data=data)
            # As the daemon does.
            for path in (state / "signals").glob("*"):
                path.unlink()
    print(f"{f'the hook script, {runs} runs, ms':<40} {HEADER}")
    for name, shown in times.items():
        print(f"  {name:<38} {shown}")


def _pidfile_of(pid: int) -> str:
    from ccsync_watch import __version__  # noqa: PLC0415 - not needed otherwise
    from ccsync_watch.processes import start_time  # noqa: PLC0415 - as above

    content = {"pid": pid, "version": __version__, "socket": "x", "started": start_time(pid)}
    return json.dumps(content, separators=(",", ":"))


# In the client ---------------------------------------------------------------------------


def turn() -> str:
    """Return a prompt for nine tool calls, one after the other."""
    return prompt(
        "Read", *[tool("Read", file_path="notes.txt") for _ in range(CALLS)], say("Done.")
    )


def measure(home: ClaudeHome, api: ScriptedMessagesApi, args: Sequence[str]) -> Sample:
    """Run the turn once."""
    before = len(api.messages_requests)
    since = time.time()
    run = home.start(turn(), *args, SKIP_PERMISSIONS)
    run.process.wait(60)
    ended = time.time()
    completed = run.wait()
    if completed.returncode:
        raise SystemExit(f"the client failed: {completed.stdout} {completed.stderr}")
    requests = [
        request.at for request in api.messages_requests[before:] if request.step is not None
    ]
    return Sample(requests[0] - since, requests[-1] - requests[0], ended - requests[-1])


def npm_home(home: ClaudeHome, folder: Path, opensync: Served) -> ClaudeHome | None:
    """Return a home with the npm client's five hooks, None when it cannot be installed."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    words = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
    completed = subprocess.run([*words, NPM_CLIENT], capture_output=True, text=True, check=False)  # noqa: S603 - as above
    if completed.returncode:
        print(completed.stderr, file=sys.stderr)
        return None
    command = "claude-code-sync hook"
    hooks = {
        event: [{"hooks": [{"type": "command", "command": f"{command} {event}"}]}]
        for event in _NPM_EVENTS
    }
    settings = home.config_dir / "settings.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "hooks": hooks}))
    return home.with_env(
        PATH=f"{folder / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}",
        CLAUDE_SYNC_CONVEX_URL=opensync.url,
        CLAUDE_SYNC_API_KEY=opensync.api_key,
    )


def bench_client(samples: int, *, has_npm: bool) -> None:
    """Time the same turn with every variant, interleaved."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ccsync-bench-")))
        api = stack.enter_context(ScriptedMessagesApi())
        opensync = stack.enter_context(served_apart())
        variants: dict[str, Callable[[], Sample]] = {}

        def add(name: str, home: ClaudeHome, *args: str) -> None:
            (home.workdir / "notes.txt").write_text("one line\n")
            variants[name] = lambda: measure(home, api, args)

        add("no plugin", ClaudeHome(folder / "none", api.url))
        with_plugin = ClaudeHome(folder / "plugin", api.url).with_env(PATH=program_path())
        plugin_home = PluginHome(with_plugin)
        stack.callback(plugin_home.close)
        plugin_home.configure(convex_url=opensync.url, api_key=opensync.api_key)
        if plugin_home.call("start").returncode:
            raise SystemExit("the daemon does not start")
        add("this plugin", with_plugin, "--plugin-dir", str(PLUGIN))
        npm = None
        if has_npm:
            npm = npm_home(ClaudeHome(folder / "npm", api.url), folder / "npm-client", opensync)
        if npm is None:
            print(f"{NPM_CLIENT} is not installed here: left out")
        else:
            add(NPM_CLIENT, npm)
        samples_of: dict[str, list[Sample]] = {name: [] for name in variants}
        for number in range(samples + 1):
            for name in random.sample(list(variants), len(variants)):
                sample = variants[name]()
                if number:  # the first warms caches
                    samples_of[name].append(sample)
        show(samples_of)
        bench_report(plugin_home)


def bench_report(plugin_home: PluginHome, runs: int = 20) -> None:
    """Time sync-status from the client's call of the hook to its answer."""
    env = {**plugin_home.claude.env, "CLAUDE_PLUGIN_ROOT": str(PLUGIN)}
    command = hook_commands()["UserPromptExpansion"]
    data = json.dumps({"command_name": "claude-code-sync:sync-status", "session_id": "x"}).encode()
    times = ProcessTimes()
    for _ in range(runs):
        completed = times.run(["/bin/sh", "-c", command], env=env, data=data)
        if b"connection    ok" not in completed.stdout:
            raise SystemExit(f"no report: {completed.stdout.decode()}")
    print(f"\n{f'sync-status, {runs} runs, ms':<40} {HEADER}")
    print(f"  {'with daemon and backend':<38} {times}")


def show(samples_of: dict[str, list[Sample]]) -> None:
    """Print medians, and what each variant adds to the first.

    What a variant adds is the median of the differences within a round, with its 95 % interval:
    the load on the machine was the same for the runs of a round.
    """
    base = next(iter(samples_of.values()))
    print(f"\nthe real client, {len(base)} interleaved samples each, ms")
    print(f"  {'':<26}{'start':>26}{f'{CALLS} tool calls':>26}{'exit':>26}")
    for name, samples in samples_of.items():
        cells = []
        for part in ("start", "turn", "exit"):
            values = [getattr(sample, part) * 1000 for sample in samples]
            before = [getattr(sample, part) * 1000 for sample in base]
            cells.append(f"{statistics.median(values):.0f} {_added(values, before)}")
        print(f"  {name:<26}" + "".join(f"{cell:>26}" for cell in cells))


def _added(values: list[float], before: list[float]) -> str:
    if values == before:
        return ""
    differences = sorted(value - other for value, other in zip(values, before, strict=True))
    # The median's interval by order statistics, without assumptions about the distribution.
    reach = round(0.98 * len(differences) ** 0.5)
    middle = len(differences) // 2
    low = differences[max(0, middle - reach)]
    high = differences[min(len(differences) - 1, middle + reach)]
    return f"{statistics.median(differences):+.0f} ({low:+.0f}..{high:+.0f})"


def main() -> None:
    """Run both benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300, help="of the hook alone")
    parser.add_argument("--samples", type=int, default=50, help="of the client, per variant")
    parser.add_argument("--no-npm", action="store_true", help="leave the npm client out")
    options = parser.parse_args()
    bench_hook(options.runs)
    if options.samples:
        bench_client(options.samples, has_npm=not options.no_npm)


if __name__ == "__main__":
    main()
