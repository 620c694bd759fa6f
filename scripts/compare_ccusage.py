"""Compare `stats` by day, week, month and model with ccusage, where ccusage counts a case right.

    uv run --group dev python scripts/compare_ccusage.py [--case TEXT]

The cases are those of `scripts/bench accounting`. ccusage is right in a case if its tokens of each
day are those that are known by construction. There its weeks, months and models must be ours, to
the last token; models by one name, as it writes a provider's prefix or a date with some, and
the fast mode as `-fast`: that is the same model at another price.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from ccsync_watch.accounting.breakdowns import model_key  # noqa: E402 - after the path
from support.accounting_cases.catalogue import cases  # noqa: E402 - as above
from support.ccsync_program.program import Program  # noqa: E402 - as above
from support.usage_programs import ccusage, offline  # noqa: E402 - as above

if TYPE_CHECKING:
    from support.accounting_cases.case import Case

_SECONDS = 120
_PREPARE_SECONDS = 600
_NAMES = ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens")
_PERIODS = ("day", "week", "month")
_COMMANDS = {
    "day": "daily",
    "week": "weekly",
    "month": "monthly",
}
Sums = dict[str, tuple[int, ...]]


def theirs(program: Path, home: Path, zone: str) -> dict[str, Sums]:
    """Return ccusage's tokens by period, and by model over all days."""
    sums: dict[str, Sums] = {}
    models: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for period, command in _COMMANDS.items():
        output = subprocess.run(  # noqa: S603 - a program that this script installed
            [program, command, "--json", "--offline", "--breakdown", "--timezone", zone],
            env=offline(home, zone),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        ).stdout
        rows = json.loads(output[output.find("{") :])[command]
        sums[period] = _nonzero({row["period"]: tuple(row[n] for n in _NAMES) for row in rows})
        for row in rows if period == "day" else ():
            for part in row["modelBreakdowns"]:
                name = (model_key(part["modelName"]) or "").removesuffix("-fast")
                models[name].update({n: part[n] for n in _NAMES})
    sums["model"] = _nonzero({name: tuple(c[n] for n in _NAMES) for name, c in models.items()})
    return sums


def ours(home: Path, zone: str, cache: Path) -> dict[str, Sums]:
    """Return our tokens by period and model; what is prepared once is in `cache`."""
    more = {"TZ": zone, "XDG_CACHE_HOME": os.fspath(cache)}
    program = Program(home, home / ".claude", more)
    program.call("sync-now")
    sums: dict[str, Sums] = {}
    for by in (*_PERIODS, "model"):
        lines = json.loads(program.call("stats", "--json", "--by", by).out)["lines"]
        sums[by] = _nonzero({str(line["key"]): _tokens(line["tokens"]) for line in lines})
    return sums


def prepare(cache: Path) -> None:
    """Compile the rules of the redactor, which every case would else do for itself at first."""
    with tempfile.TemporaryDirectory(prefix="ccsync-compare-") as folder:
        program = Program(Path(folder), Path(folder), {"XDG_CACHE_HOME": os.fspath(cache)})
        program.call("redact", stdin="nothing\n", seconds=_PREPARE_SECONDS)


def _tokens(tokens: dict[str, Any]) -> tuple[int, ...]:
    write = tokens["cache_write_5m"] + tokens["cache_write_1h"]
    return tokens["input"], tokens["output"], write, tokens["cache_read"]


def _nonzero(sums: Sums) -> Sums:
    return {name: tokens for name, tokens in sums.items() if any(tokens)}


def compare(program: Path, cache: Path, case: Case) -> dict[str, bool] | None:
    """Return what is equal in a case; None where ccusage does not count it right."""
    with tempfile.TemporaryDirectory(prefix="ccsync-compare-") as folder:
        home = Path(folder)
        case.write(home / ".claude" / "projects")
        try:
            other = theirs(program, home, case.zone)
        except (subprocess.SubprocessError, ValueError, KeyError, StopIteration):
            return None
        if other["day"] != _nonzero(dict(case.days)):
            return None
        mine = ours(home, case.zone, cache)
        return {by: mine[by] == other[by] for by in mine}


def _said(result: dict[str, bool] | None) -> str:
    if result is None:
        return "ccusage counts otherwise"
    return ", ".join(by if is_equal else f"{by} DIFFERS" for by, is_equal in result.items())


def main() -> None:
    """Print each case; the exit code is 1 if anything differs."""
    parser = argparse.ArgumentParser(description="Compare `stats` with ccusage.")
    parser.add_argument("--case", default="", help="only cases with this text in their names")
    options = parser.parse_args()
    selected = [case for case in cases() if options.case in case.name]
    other = ccusage()
    results = []
    with (
        tempfile.TemporaryDirectory(prefix="ccsync-compare-") as cache,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        prepare(Path(cache))
        for case, result in zip(
            selected, pool.map(partial(compare, other.program, Path(cache)), selected), strict=True
        ):
            results.append(result)
            print(f"{case.name}: {_said(result)}", flush=True)
    right = [result for result in results if result is not None]
    equal = sum(all(result.values()) for result in right)
    print(f"{equal} of {len(right)} cases equal; {len(results) - len(right)} are counted otherwise")
    sys.exit(equal != len(right))


if __name__ == "__main__":
    main()
