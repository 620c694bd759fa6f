"""What happens in a run of chaos, and when: drawn from the seed alone, to be replayed."""

from __future__ import annotations

import random
from dataclasses import dataclass

# What writers do, per machine; how often, relative to each other.
_WRITES = {
    "turn": 30, "new-session": 5, "burst": 3, "subagent": 8, "resume": 6, "fork": 3, "title": 4,
    "noise": 5, "half-line": 5, "torn-line": 2, "rewrite": 6, "tombstone": 4, "collect-garbage": 2,
    "replace-by-copy": 2, "move": 4, "delete": 2, "touch": 2, "copy-to-other": 1, "old-session": 2,
}  # fmt: skip
# What ends by itself after so many seconds, from and to.
_LASTING = {
    "pause": (0.3, 4.0),
    "fill-disk": (1.0, 6.0),
    "read-only-disk": (1.0, 4.0),
    "clock": (3.0, 12.0),
    "descriptors": (1.0, 5.0),
    "watches": (3.0, 10.0),
    "backend-offline": (0.5, 5.0),
    "backend-mood": (2.0, 12.0),
    "proxy-mood": (2.0, 12.0),
}
_FAULTS = {
    "kill": 24, "terminate": 8, "damage": 7, "second-start": 3, "earlier-program": 3, "command": 24,
    "pause": 6, "fill-disk": 4, "read-only-disk": 2, "clock": 6, "descriptors": 4, "watches": 3,
    "backend-offline": 4, "backend-mood": 8, "proxy-mood": 8,
}  # fmt: skip
# Machine 0 alone has a disk, a clock and a namespace of its own.
_OF_MACHINE_0 = {"fill-disk", "read-only-disk", "clock", "watches"}
_WRITES_PER_SECOND = 4.0
_FAULTS_PER_SECOND = 0.8
# Machine 1 has an earlier version of the program until it is updated; a quarter of the time.
_UPDATE_SHARE = 0.25
ENDS = "end of "


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens on a machine `at_seconds` after the start; `draw` decides how."""

    at_seconds: float
    kind: str
    machine: int
    draw: int

    def chance(self) -> random.Random:
        """Return what decides how it happens: the same in each run."""
        return random.Random(self.draw)  # noqa: S311 - repeatable, not secret

    def __str__(self) -> str:
        """Return a line for a log."""
        return f"{self.at_seconds:8.2f} s  machine {self.machine}  {self.kind}  ({self.draw})"


def draw_schedule(
    seed: int, seconds: float, *, faults: frozenset[str] | None = None
) -> list[Event]:
    """Return the events of a run in their order; with `faults`, only faults of these kinds."""
    chance = random.Random(f"chaos {seed}")  # noqa: S311 - repeatable, not secret
    chosen = {name: weight for name, weight in _FAULTS.items() if faults is None or name in faults}
    events = [
        Event(0.0, "new-session", machine, chance.randrange(1 << 30)) for machine in (0, 0, 0, 1, 1)
    ]
    at = 0.0
    while (at := at + chance.expovariate(_WRITES_PER_SECOND)) < seconds:
        events.append(_draw(chance, at, _WRITES))
    at = 1.0
    first = chance.sample(sorted(chosen), len(chosen))  # each kind once, then as often as it may
    while (at := at + chance.expovariate(_FAULTS_PER_SECOND)) < seconds:
        kind = {first.pop(): 1} if first else chosen
        event = _draw(chance, at, kind)
        events.append(event)
        if event.kind in _LASTING:
            least, most = _LASTING[event.kind]
            end = at + chance.uniform(least, most)
            events.append(Event(end, ENDS + event.kind, event.machine, event.draw))
        elif event.kind in {"kill", "terminate"}:
            events.append(Event(at + chance.uniform(0, 2), "start", event.machine, event.draw))
    events.append(Event(seconds * _UPDATE_SHARE, "update", 1, chance.randrange(1 << 30)))
    return sorted(events, key=lambda event: event.at_seconds)


def _draw(chance: random.Random, at: float, weights: dict[str, int]) -> Event:
    (kind,) = chance.choices(list(weights), list(weights.values()))
    machine = int(chance.random() < 0.35 and kind not in _OF_MACHINE_0)
    return Event(at, kind, machine, chance.randrange(1 << 30))
