"""The real program while somebody sets the machine's clock, by libfaketime."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.ccsync_program.transcript import Transcript
from support.lines import iso
from support.waiting import wait_until

if TYPE_CHECKING:
    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble

_LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
pytestmark = pytest.mark.skipif(_LIBRARY is None, reason="libfaketime is not installed")

HOUR, DAY = 3_600, 86_400
FRESH_MS = 6_000


@dataclass
class Machine:
    """A machine whose clock tests set; the backend's is right."""

    program: Program
    opensync: OpenSyncDouble
    transcript: Transcript
    file: Path
    wrong_by: int = 0

    def set_clock(self, wrong_by: int) -> None:
        """Have the clock differ from the right time by so many seconds."""
        self.wrong_by = wrong_by
        new = self.file.with_suffix(".new")
        new.write_text(f"{wrong_by:+d}\n")
        new.replace(self.file)

    def write(self, *names: str) -> dict[str, tuple[int, int]]:
        """Write prompts, as Claude Code dates them; return between which the backend's dates are.

        They are the rows' own, unless those are in the backend's future: then when they arrive.
        """
        own: dict[str, int] = {}
        rows: list[dict[str, Any]] = []
        for name in names:
            at_ms = int((time.time() + self.wrong_by) * 1000)
            row = self.transcript.writer.prompt(name)
            row["timestamp"] = iso(at_ms)
            rows.append(row)
            own[name] = at_ms
        written_ms = int(time.time() * 1000)
        self.transcript.append(*rows)
        wait_until(lambda: own.keys() <= self.dates().keys(), f"{names} arrive")
        arrived_ms = int(time.time() * 1000)
        return {
            name: (min(at_ms, written_ms), min(at_ms, arrived_ms)) for name, at_ms in own.items()
        }

    def dates(self) -> dict[str, int]:
        """Return the dates of all rows at the backend, by their texts."""
        messages = self.opensync.backend.messages(self.transcript.session_id)
        return {str(row.text_content): round(row.created_at_ms) for row in messages}


def test_rows_keep_their_dates_and_arrive_at_once(
    program: Program, opensync: OpenSyncDouble
) -> None:
    """The clock is behind at the start, is put right, and goes ahead, back a day and to 1970."""
    file = program.root / "clock"
    program.env = {
        "LD_PRELOAD": str(_LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    machine = Machine(program, opensync, Transcript(program.claude_dir), file)
    machine.set_clock(-HOUR)
    program.configure(convex_url=opensync.url, api_key=opensync.api_key)
    machine.transcript.append(machine.transcript.writer.prompt("the first"))
    program.start()
    right: dict[str, tuple[int, int]] = {}
    for name, wrong_by in {
        "behind": -HOUR,
        "right": 0,
        "ahead": HOUR,
        "right again": 0,
        "a day back": -DAY,
        "1970": -int(time.time()) + 10 * DAY,
        "right at last": 0,
    }.items():
        machine.set_clock(wrong_by)
        right |= machine.write(*(f"{name} {number}" for number in range(3)))
    dates = machine.dates()
    # A date before 2000 is none: such a row has the one before it.
    for number in range(3):
        right[f"1970 {number}"] = right["a day back 2"]
    wrong = {
        name: (dates[name] - first_ms, dates[name] - last_ms)
        for name, (first_ms, last_ms) in right.items()
        if not first_ms - FRESH_MS <= dates[name] <= last_ms + FRESH_MS
    }
    assert wrong == {}
    # A request a row is the price of a wrong clock only.
    paths = [call.path for call in opensync.backend.calls if call.message_rows]
    assert paths[-1] == "/sync/batch"
    assert program.stop() == 0
