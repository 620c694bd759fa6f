"""All rules, in the order in which the scan numbers their triggers.

A module of this package adds its structural rules by a table `RULES`; there is nothing to register.
`sources` says where their places were seen.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from ccsync_watch.privacy import detect
from ccsync_watch.privacy.detect import base64_runs, name_patterns
from ccsync_watch.privacy.detect.sources import DOCUMENTED, OBSERVED
from ccsync_watch.privacy.detect.vendors import VENDORS
from ccsync_watch.privacy.engine.scanner import Trigger

if TYPE_CHECKING:
    from ccsync_watch.privacy.engine.structural_rule import StructuralRule


def _collect_structural_rules() -> tuple[StructuralRule, ...]:
    """Return the tables `RULES` of all modules here, in the order of the modules' names."""
    names = {module.name for module in iter_modules(detect.__path__)} - {"rules"}
    modules = {name: import_module(f"{detect.__name__}.{name}") for name in sorted(names)}
    return tuple(
        replace(rule, source=DOCUMENTED.get(rule.about) or OBSERVED.get(name, ""))
        for name, module in modules.items()
        for rule in getattr(module, "RULES", ())
    )


STRUCTURAL_RULES = _collect_structural_rules()

STRUCTURAL_FROM = len(VENDORS)
"""The index of the first trigger of a structural rule; before it are the vendors'."""
ASSIGNMENTS_FROM = STRUCTURAL_FROM + len(STRUCTURAL_RULES)
"""The index of the first trigger of the assignments."""
BASE64_FROM = ASSIGNMENTS_FROM + len(name_patterns.TRIGGERS)
"""The index of the first trigger of base64."""


@lru_cache(maxsize=1)
def collect_triggers() -> tuple[Trigger, ...]:
    """Return every trigger: vendors', structural rules', assignments', base64's."""
    return (
        *(Trigger(row.trigger, is_caseless=False) for row in VENDORS),
        *(Trigger(rule.trigger, rule.is_caseless, rule.is_near_words) for rule in STRUCTURAL_RULES),
        *(Trigger(trigger, is_caseless=True) for _, trigger in name_patterns.TRIGGERS),
        *(Trigger(trigger, is_caseless=False) for trigger in base64_runs.TRIGGERS),
    )
