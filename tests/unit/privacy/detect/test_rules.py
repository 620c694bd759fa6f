"""All rules are collected, bounded, and named for placeholders."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

from ccsync_watch.privacy import detect
from ccsync_watch.privacy.detect import base64_runs, sources
from ccsync_watch.privacy.detect.name_patterns import TRIGGERS
from ccsync_watch.privacy.detect.rules import (
    ASSIGNMENTS_FROM,
    BASE64_FROM,
    STRUCTURAL_FROM,
    STRUCTURAL_RULES,
    collect_triggers,
)
from ccsync_watch.privacy.detect.vendors import VENDORS
from ccsync_watch.privacy.engine.pattern_syntax import width
from support.table_rows import for_rows

FOLDER = Path(str(detect.__file__)).parent


@for_rows(sorted({t.pattern for t in collect_triggers()}))
def test_a_trigger_is_bounded(trigger: str) -> None:
    """A trigger matches a length that is known, so that no engine can be made slow."""
    least, most = width(trigger)
    assert 3 <= least <= most < 2000


def test_ids_are_fit_for_placeholders() -> None:
    """Kinds are lower case words joined by hyphens."""
    for kind in [*(row.id for row in VENDORS), *(rule.id for rule in STRUCTURAL_RULES)]:
        assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", kind)
        assert len(kind) <= 40
    assert all(about for about, _ in TRIGGERS)


def test_the_rules_of_every_module_are_collected() -> None:
    """A module adds its rules by a table; there is nothing to register."""
    with_table = [
        path.stem for path in FOLDER.glob("*.py") if "\nRULES: " in path.read_text("utf-8")
    ]
    modules = {rule.find.__module__.rpartition(".")[2] for rule in STRUCTURAL_RULES}
    assert len(with_table) >= 7
    for name in set(with_table) - modules:  # its finders were made elsewhere
        table = import_module(f"{detect.__name__}.{name}").RULES
        assert set(table) <= set(STRUCTURAL_RULES)
    assert any(rule.about == "a password for sshpass" for rule in STRUCTURAL_RULES)


def test_triggers_are_numbered_by_the_kind_of_their_rule() -> None:
    """The redactor finds a hit's rule by its trigger's index."""
    triggers = collect_triggers()
    assert triggers[STRUCTURAL_FROM - 1].pattern == VENDORS[-1].trigger
    assert triggers[STRUCTURAL_FROM].pattern == STRUCTURAL_RULES[0].trigger
    assert triggers[ASSIGNMENTS_FROM].pattern == TRIGGERS[0][1]
    assert triggers[BASE64_FROM].pattern == base64_runs.TRIGGERS[0]


def test_every_rule_says_where_its_place_is_shown() -> None:
    """The address of a documentation, or where the place was observed; no entry is stale."""
    for rule in STRUCTURAL_RULES:
        shown = re.match(r"https://[\w.-]+\.[a-z]+/\S*$|observed in [a-z].+", rule.source)
        assert shown, rule.about
    assert {rule.about for rule in STRUCTURAL_RULES} >= set(sources.DOCUMENTED)
    modules = {name.stem for name in FOLDER.glob("*.py") if "\nRULES: " in name.read_text("utf-8")}
    assert modules == set(sources.OBSERVED)
