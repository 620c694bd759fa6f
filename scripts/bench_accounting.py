"""Compare our tokens, days and costs with those of ccusage, tokscale and agentsview, by case.

    scripts/bench accounting [--json] [--full] [--case TEXT] [--only PROGRAM ...]

The cases are `tests/support/accounting_cases`: small sets of transcripts whose right figures are
known by construction. They are our own, which favours the first column; each stands for something
that clients, gateways or clouds were reported to write.

The other programs are installed once from npm and PyPI, into the cache folder of the tests, and
then run without network: with their switches for that, and behind a proxy that nobody serves. So
they use the prices that they bring along, which may be older than ours. Therefore the first step is
to measure what a program charges for a plain response of each model: its cost of a case is right if
it is the right cost times that factor. That compares the rules (long prompts, modes, regions, whose
response it is), not the age of a list. Where a program has no price for a model, or reports no
cost, its money is "none", not wrong. Where nobody knows a price, reporting none is right.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.accounting_cases.case import LIST_PRICES, Case, reference  # noqa: E402 - after the path
from support.accounting_cases.catalogue import cases  # noqa: E402 - as above
from support.usage_programs import OTHERS, Ours, installed  # noqa: E402 - as above

if TYPE_CHECKING:
    from support.usage_programs import Figures, Measured

RIGHT, WRONG, NONE = "right", "wrong", "none"
KINDS = ("tokens", "days", "money")
MARKS = {RIGHT: "+", WRONG: "x", NONE: "."}
# Some programs round every row to a millionth of a dollar.
_SMALLEST_USD = 5e-6


def figures_of(program: Measured, case: Case) -> Figures | None:
    """Return a program's figures of a case in a home of its own; None when it fails."""
    with tempfile.TemporaryDirectory(prefix="ccsync-bench-") as folder:
        home = Path(folder)
        case.write(home / ".claude" / "projects")
        try:
            return program.measure(home, case.zone)
        except (ValueError, KeyError, TypeError, OSError, subprocess.SubprocessError):
            return None


def factors_of(program: Measured) -> dict[str, float]:
    """Return what a program charges for each model it knows, as a factor of the right price."""
    factors = {}
    for model in LIST_PRICES:
        plain = reference(model)
        figures, right = figures_of(program, plain), plain.usd()
        if figures and figures.usd and right:
            factor = figures.usd / right
            factors[model] = 1.0 if math.isclose(factor, 1, rel_tol=1e-4) else factor
    return factors


def evaluate(case: Case, figures: Figures | None, factors: dict[str, float]) -> dict[str, str]:
    """Return the verdict of each kind."""
    if figures is None:
        return dict.fromkeys(KINDS, WRONG)
    days = {day: tokens for day, tokens in figures.days.items() if any(tokens)}
    right = tuple(map(sum, zip(*case.days.values(), strict=True)))
    return {
        "tokens": RIGHT if figures.tokens == right else WRONG,
        "days": RIGHT if days == case.days else WRONG,
        "money": _evaluate_money(case, figures.usd, factors),
    }


def _evaluate_money(case: Case, usd: float | None, factors: dict[str, float]) -> str:
    if case.usd() is None:
        return WRONG if usd else RIGHT
    if not usd or not case.models <= factors.keys():
        return NONE
    right = case.usd(factors)
    is_right = right is not None and math.isclose(usd, right, rel_tol=1e-5, abs_tol=_SMALLEST_USD)
    return RIGHT if is_right else WRONG


@dataclass(frozen=True, slots=True)
class Row:
    """A case, and what each program reports and deserves for it, in the programs' order."""

    case: Case
    figures: tuple[Figures | None, ...]
    verdicts: tuple[dict[str, str], ...]


def compare(programs: list[Measured], selected: list[Case]) -> list[Row]:
    """Run every program over every case."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        factors = list(pool.map(factors_of, programs))
        columns = [list(pool.map(partial(figures_of, program), selected)) for program in programs]
    return [
        Row(case, row, tuple(evaluate(case, *pair) for pair in zip(row, factors, strict=True)))
        for case, row in zip(selected, zip(*columns, strict=True), strict=True)
    ]


def show(programs: list[Measured], rows: list[Row], *, full: bool) -> None:
    """Print the table."""
    width = max(len(row.case.name) for row in rows)
    print(f"{len(rows)} cases; tokens, days, money: + right, x wrong, . none reported")
    print("".join([" " * width, *(f"  {program.name:<20}" for program in programs)]))
    for row in rows:
        cells = ("   ".join(MARKS[v[kind]] for kind in KINDS) for v in row.verdicts)
        print("".join([f"{row.case.name:<{width}}", *(f"  {cell:<20}" for cell in cells)]).rstrip())
        if full:
            _show_figures(programs, row)
    for title, kinds in (*((kind, (kind,)) for kind in KINDS), ("all three", KINDS)):
        counts = [
            sum(all(row.verdicts[at][kind] == RIGHT for kind in kinds) for row in rows)
            for at in range(len(programs))
        ]
        print("".join([f"{title:<{width}}", *(f"  {count:<20}" for count in counts)]).rstrip())


def _show_figures(programs: list[Measured], row: Row) -> None:
    """Print the right figures and the wrong ones."""
    wrong = [at for at, verdicts in enumerate(row.verdicts) if WRONG in verdicts.values()]
    if wrong:
        print(f"    {'right':<20} {row.case.days} {row.case.usd()}")
    for at in wrong:
        figures = row.figures[at]
        said = f"{figures.days} {figures.usd}" if figures else "failed"
        print(f"    {programs[at].name:<20} {said}")


def as_json(programs: list[Measured], rows: list[Row]) -> str:
    """Return the table as JSON: by case the right figures, and by program its own and verdicts."""
    table = [
        {
            "case": row.case.name,
            "zone": row.case.zone,
            "right": {"days": row.case.days, "usd": row.case.usd()},
            "programs": {
                program.name: {
                    **verdicts,
                    "figures": figures and {"days": figures.days, "usd": figures.usd},
                }
                for program, figures, verdicts in zip(
                    programs, row.figures, row.verdicts, strict=True
                )
            },
        }
        for row in rows
    ]
    return json.dumps(table, indent=2)


def main() -> None:
    """Run the comparison; the exit code is 1 if we are wrong anywhere."""
    parser = argparse.ArgumentParser(description="Compare our accounting with other programs'.")
    parser.add_argument("--case", default="", help="only cases with this text in their names")
    parser.add_argument(
        "--only", nargs="*", choices=list(OTHERS), default=list(OTHERS), help="other programs"
    )
    parser.add_argument("--full", action="store_true", help="show what the wrong ones reported")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    options = parser.parse_args()
    selected = [case for case in cases() if options.case in case.name]
    if not selected:
        parser.error(f"no case has {options.case!r} in its name")
    others = installed(options.only, partial(print, file=sys.stderr))
    with tempfile.TemporaryDirectory(prefix="ccsync-bench-") as cache:
        programs = [Ours(Path(cache)), *others]
        rows = compare(programs, selected)
    if options.json:
        print(as_json(programs, rows))
    else:
        show(programs, rows, full=options.full)
    sys.exit(any(set(row.verdicts[0].values()) != {RIGHT} for row in rows))


if __name__ == "__main__":
    main()
