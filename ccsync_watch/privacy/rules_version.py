"""The version of the rules: what was stored under another one is worth redacting again.

The digest covers the tables (formats, patterns, triggers, ranks, thresholds, word lists) and is the
same on every Python. Code is covered by REVISION: a test compares every module that finds secrets
with the digest recorded in `tests/unit/privacy/rules_golden.json`, and fails if one changed and
REVISION did not.
"""

from __future__ import annotations

import hashlib

from ccsync_watch.privacy.detect import base64_runs, name_patterns
from ccsync_watch.privacy.detect.rules import STRUCTURAL_RULES
from ccsync_watch.privacy.detect.vendors import VENDORS
from ccsync_watch.privacy.dressing.table import DRESSING
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.heuristics.languages import load_vocabulary
from ccsync_watch.privacy.heuristics.thresholds import thresholds
from ccsync_watch.privacy.heuristics.words import word_lists

REVISION = 20
"""Raise it when the code of a rule changes what is found; tables change the digest."""


def digest_tables() -> str:
    """Return a digest of every table, the same on every Python."""
    vendors = [
        (row.id, row.pattern, row.left, row.check, row.anchor, row.is_shared) for row in VENDORS
    ]
    structural = [
        (rule.id, rule.trigger, rule.is_caseless, rule.pattern, rule.rank and rule.rank.name)
        for rule in STRUCTURAL_RULES
    ]
    ranks = [rank.name for rank in Rank]
    tables = (
        vendors,
        structural,
        name_patterns.TRIGGERS,
        base64_runs.TRIGGERS,
        [(row.trigger, row.pattern) for row in DRESSING],
        ranks,
        sorted(thresholds().items()),
        sorted(word_lists().items()),
        sorted(load_vocabulary().items()),
    )
    return hashlib.sha256(repr(tables).encode()).hexdigest()[:12]


RULES_VERSION = f"{REVISION}-{digest_tables()}"
"""Changes with every table and with REVISION."""
