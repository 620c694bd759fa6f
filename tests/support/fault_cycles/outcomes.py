"""How a cycle ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.fault_cycles.preload import Calls


@dataclass(frozen=True, slots=True)
class Outcome:
    """`violations` are the properties that do not hold, one line each; `code` is an exit code.

    `is_met`: the fault came up. `requests` is how many the backend received until the restart,
    -1 where none is called.
    """

    calls: Calls
    requests: int
    is_met: bool
    code: int | None
    seconds: float
    violations: list[str] = field(default_factory=list)
    output: str = ""
    has_started: bool = True
    has_flushed: bool = True
