"""Branches that are searched in turn match as one pattern with all of them does."""

from __future__ import annotations

import random
import re

import pytest

from ccsync_watch.privacy.dressing import branches
from ccsync_watch.privacy.dressing.branches import AnyBranch
from ccsync_watch.privacy.dressing.table import ROWS
from support.redaction_corpus.trigger_samples import TriggerSampler

NAMED = [f"(?:{row.pattern})(?P<row_{number}>)" for number, row in enumerate(ROWS)]
WHOLE = re.compile("|".join(NAMED).encode("latin-1"))


@pytest.mark.parametrize("seed", range(20))
def test_branches_in_turn_match_as_one_pattern(seed: int) -> None:
    """Where several match, the first one wins; none begins inside another."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    drawn = [TriggerSampler(row.trigger, rng).text(60) for row in rng.sample(ROWS, 6)]
    data = "".join(rng.choice(drawn) for _ in range(40)).encode()
    expected = [(match.span(), match.lastgroup) for match in WHOLE.finditer(data, 5, len(data))]
    in_turn = AnyBranch(NAMED).finditer(data, 5, len(data))
    assert [(match.span(), match.lastgroup) for match in in_turn] == expected
    assert expected


def test_only_what_is_often_used_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets that occur in one place each are many, and each would take milliseconds."""
    compiled: list[str] = []
    compile_one = branches._compile

    def counted(pattern: str) -> re.Pattern[bytes]:
        compiled.append(pattern)
        return compile_one(pattern)

    monkeypatch.setattr(branches, "_compile", counted)
    search = AnyBranch(["a(?P<one>)", "b(?P<two>)"])
    for _ in range(1000):
        assert [match.lastgroup for match in search.finditer(b"ba", 0, 2)] == ["two", "one"]
    assert compiled.count("a(?P<one>)|b(?P<two>)") == 1
    compiled.clear()
    AnyBranch(["a(?P<one>)", "b(?P<two>)"]).finditer(b"ba", 0, 2)
    assert "a(?P<one>)|b(?P<two>)" not in compiled
