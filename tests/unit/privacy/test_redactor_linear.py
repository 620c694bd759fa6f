"""No input makes the redactor do more than an amount of work in proportion to its length.

Triggers have bounded repeats (see `test_rules`), so that no engine can be slow. Work is counted,
not timed: bytes that are scanned, bytes in the windows that finders read, and the interpreter's
calls. `scripts/bench redaction --linear` shows the times.
"""

from __future__ import annotations

import random
import re
from collections import deque
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.privacy import detect
from ccsync_watch.privacy.detect import assignments, pasted_sessions, reversed_names
from ccsync_watch.privacy.dressing import folds
from ccsync_watch.privacy.dressing.table import all_triggers
from ccsync_watch.privacy.engine import structural_rule
from support.counted_calls import counted_calls
from support.redaction_corpus.hostile import SEEDS, repeated
from support.redaction_corpus.shared import build_redactor
from support.redaction_corpus.trigger_samples import TriggerSampler

if TYPE_CHECKING:
    from ccsync_watch.privacy import Redactor

SHORT = 8_000
MOST = 5.0
"""Sixteen would be quadratic; what lies above four is windows not yet full at the short length."""
MOST_FOR_A_BYTE = 40
"""Ordinary text takes about two: it is scanned, and a view of some of it."""
MOST_FOR_A_CELL = 50
"""The same for a table with the name of a password in every cell: a dozen rules read each."""
MOST_FOR_A_SAMPLE = 60
"""A short text that is dressed in five ways is read in as many views: a longer one of it, in parts,
takes no more than `MOST_FOR_A_BYTE`."""
MOST_FOR_A_COMMAND = 90
"""The same for a pasted session, where each command line is parsed."""
MOST_FOR_A_PAIR = 120
"""The same where two rules meet: lines that are folded and commands, each read by more than one."""
MORE_FOR_A_BYTE = {
    **{rule.trigger: MOST_FOR_A_COMMAND for rule in pasted_sessions.RULES},
    reversed_names.RULES[0].trigger: MOST_FOR_A_CELL,
}
"""What a trigger's own texts take at most, where that is more."""
FEW = 2_000
"""So many calls say nothing yet."""
_COMPILING = re.compile(r"\b(?:re|sre_\w+|enum)\.py$|\bre[/\\\\]\w+\.py$")
"""What compiles a pattern once in a process, for whichever text comes first."""
SAMPLED = 4_000
"""How much is drawn for one trigger, in bytes."""
PARTS = 40
"""The triggers are tested in so many parts, since they are many."""


@lru_cache(maxsize=1)
def _redactor() -> Redactor:
    return build_redactor()


class _Work:
    """Counts the work of the finder on the texts that it is given."""

    def __init__(self) -> None:
        self.calls = 0
        self.bytes = 0
        self._finder = _redactor()._finder

    def of(self, text: str) -> int:
        """Return the work of one reading of a text; readings are at most six."""
        data = text.encode()
        self.bytes = 0
        with counted_calls(_COMPILING) as calls:
            deque(self._finder.find(data), maxlen=0)
        self.calls = calls.count
        return self.calls + self.bytes


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> _Work:
    """Return the counter, with the scan and the windows of finders instrumented."""
    counter = _Work()
    engine = _redactor()._finder.engine
    scan, window = engine.scan, structural_rule.window

    def counted_scan(data: bytes) -> list[tuple[int, int]]:
        counter.bytes += len(data)
        return scan(data)

    def counted_window(*arguments: Any) -> tuple[int, int]:  # noqa: ANN401 - passed on
        low, high = window(*arguments)
        counter.bytes += max(0, high - low)
        return low, high

    modules = [import_module(f"{detect.__name__}.{m.name}") for m in iter_modules(detect.__path__)]
    for module in (structural_rule, *modules):
        if getattr(module, "window", None) is window:
            monkeypatch.setattr(module, "window", counted_window)
    monkeypatch.setattr(engine, "scan", counted_scan)
    return counter


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS.keys())
def test_four_times_the_text_takes_about_four_times_the_work(work: _Work, seed: str) -> None:
    """The same again and again, which may be read in one window or in each."""
    work.of(repeated(seed, SHORT))
    short = work.calls
    assert work.of(repeated(seed, 4 * SHORT)) <= MOST_FOR_A_BYTE * 4 * SHORT
    assert work.calls <= MOST * max(short, FEW)


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS.keys())
def test_what_is_remembered_is_what_is_found(monkeypatch: pytest.MonkeyPatch, seed: str) -> None:
    """The same text again is redacted as if it were read each time, also next to other text."""
    once = repeated(seed, SHORT)
    text = f"{once} password=hunter22 {seed} {once[1:]}"
    redacted = _redactor().redact(text)
    for module in (structural_rule, assignments):
        monkeypatch.setattr(module, "_LEAST_REMEMBERED", len(text))
    monkeypatch.setattr(folds, "_SEEN", 0)
    assert redacted == _redactor().redact(text)


def _work_for_a_byte(work: _Work, text: str) -> float:
    return work.of(text) / len(text.encode())


@pytest.mark.parametrize("part", range(PARTS))
def test_no_trigger_makes_a_text_much_work(work: _Work, part: int) -> None:
    """Texts with nothing but what one rule's trigger matches, each time another."""
    costly: dict[str, float] = {}
    triggers = all_triggers()
    for trigger in triggers[part::PARTS]:
        # The same text whatever other rules there are.
        rng = random.Random(trigger.pattern)  # noqa: S311 - repeatable, not secret
        sampler = TriggerSampler(trigger.pattern, rng)
        for_a_byte = _work_for_a_byte(work, sampler.text(SAMPLED))
        most = MORE_FOR_A_BYTE.get(trigger.pattern, MOST_FOR_A_BYTE)
        if most < for_a_byte <= MOST_FOR_A_SAMPLE:
            for_a_byte = _work_for_a_byte(work, sampler.text(4 * SAMPLED))
        if for_a_byte > most:
            costly[trigger.pattern[:60]] = for_a_byte
    assert not costly


@pytest.mark.parametrize("part", range(PARTS))
def test_no_two_triggers_together_make_a_text_much_work(work: _Work, part: int) -> None:
    """Each trigger's matches before those of another one, which is drawn at random."""
    costly: dict[tuple[str, str], float] = {}
    triggers = all_triggers()
    for trigger in triggers[part::PARTS]:
        first = trigger.pattern
        rng = random.Random(first)  # noqa: S311 - repeatable, not secret
        second = rng.choice(triggers).pattern
        pair = f"(?:{first})(?:|[ ]|\\n)(?:{second})"
        text = TriggerSampler(pair, rng).text(SAMPLED)
        for_a_byte = work.of(text) / len(text.encode())
        if for_a_byte > MOST_FOR_A_PAIR:
            costly[first[:60], second[:60]] = for_a_byte
    assert not costly
