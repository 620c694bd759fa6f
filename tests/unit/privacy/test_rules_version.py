"""The version of the rules changes whenever they could find something else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ccsync_watch.privacy import RULES_VERSION, rules_version
from ccsync_watch.privacy.detect.rules import STRUCTURAL_RULES
from ccsync_watch.privacy.detect.vendors import VENDORS
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.heuristics import thresholds, words
from support import rules_golden

RECORD = "uv run --group dev python tests/support/rules_golden.py"


def test_the_version_names_the_rules() -> None:
    """The version that was stored with a text shows whether the rules changed since."""
    assert re.fullmatch(r"\d+-[0-9a-f]{12}", RULES_VERSION)


def test_a_changed_rule_raises_the_revision() -> None:
    """What was stored before is worth redacting again, and only the version says so."""
    golden = json.loads(rules_golden.GOLDEN.read_text("utf-8"))
    current: dict[str, Any] = rules_golden.current()
    changed = [
        name
        for name in sorted(golden["finders"].keys() | current["finders"].keys())
        if golden["finders"].get(name) != current["finders"].get(name)
    ]
    if golden["tables"] != current["tables"]:
        changed.insert(0, "the tables")
    if golden["revision"] == current["revision"]:
        is_version_new = golden["tables"] != current["tables"]
        only_record = (
            "changed tables change the version by themselves"
            if is_version_new
            else "if the same secrets are found as before"
        )
        assert not changed, (
            f"bump REVISION in ccsync_watch/privacy/rules_version.py: {', '.join(changed)} changed."
            f" Then ({only_record}: at once) run: {RECORD}"
        )
    assert current == golden, f"REVISION was raised; record it: {RECORD}"


@pytest.mark.parametrize(
    ("change", "is_code"),
    [
        ("def f(x: int) -> int:\n    return x + 2\n", True),
        ("def f(x: int) -> int:\n    return x\n", True),
        ("def g(x: int) -> int:\n    return x + 1\n", True),
        ("import re\n\n\ndef f(x):\n    '''Add.'''\n    return (x + 1)  # one\n", False),
    ],
)
def test_code_counts_and_its_texts_do_not(change: str, *, is_code: bool) -> None:
    """Comments, docstrings, annotations, imports and layout find nothing."""
    before = rules_golden.digest("def f(x: int) -> int:\n    return x + 1\n")
    assert (rules_golden.digest(change) != before) is is_code


def test_every_table_is_part_of_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns, ranks, thresholds and word lists: a change of any changes the version."""
    digests = {rules_version.digest_tables()}
    monkeypatch.setattr(rules_version, "STRUCTURAL_RULES", STRUCTURAL_RULES[1:])
    digests.add(rules_version.digest_tables())
    monkeypatch.setattr(rules_version, "VENDORS", VENDORS[1:])
    digests.add(rules_version.digest_tables())
    monkeypatch.setattr(rules_version, "Rank", list(Rank)[1:])
    digests.add(rules_version.digest_tables())
    monkeypatch.setattr(rules_version, "thresholds", lambda: {**thresholds.thresholds(), "X": 1})
    digests.add(rules_version.digest_tables())
    monkeypatch.setattr(rules_version, "word_lists", lambda: {**words.word_lists(), "x": ()})
    digests.add(rules_version.digest_tables())
    assert len(digests) == 6
