"""What an earlier version sends by its own rules is known; whatever else it sends is a leak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.chaos.machine import Abilities, Machine
from support.chaos.relay import ChaosProxy
from support.chaos.run import ChaosRun

if TYPE_CHECKING:
    from pathlib import Path

# Its rules: it knows passwords, and no keys.
_PROGRAM = """#!/bin/sh
[ "$1" = redact ] && exec sed 's/PASSWORD=[^ ]*/PASSWORD=[REDACTED]/'
"""


def test_only_what_the_earlier_version_leaves_in_every_text_is_excused(tmp_path: Path) -> None:
    """A secret that it removes from one text has no reason to leave the machine."""
    program = tmp_path / "earlier"
    program.write_text(_PROGRAM)
    program.chmod(0o700)
    run = ChaosRun(tmp_path, 1, [], earlier=program)
    run.machines = [Machine(tmp_path, at, Abilities(), earlier=program) for at in range(2)]
    run.world.texts = [
        "amber STRIPE_KEY=first amber",
        "birch DB_PASSWORD=second birch",
        "cedar STRIPE_KEY=third cedar",
        "delta DB_PASSWORD=third delta",
    ]
    with run._log:
        assert run._passed_by_earlier({"first", "second", "third", "unsaid"}) == {"first"}


def test_a_request_belongs_to_the_program_that_ran_when_it_arrived() -> None:
    """Also one that never reaches the backend."""
    proxy = ChaosProxy("http://127.0.0.1:1", "1", sender="one")
    proxy.decide(b"first")
    proxy.sender = "another"
    proxy.decide(b"second")
    assert proxy.bodies == {"one": [b"first"], "another": [b"second"]}
