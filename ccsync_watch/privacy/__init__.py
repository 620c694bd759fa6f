"""Removes secrets: `Redactor` serves the pipeline, `ccsync-watch redact` and other programs."""

from __future__ import annotations

from ccsync_watch.privacy.redactor import Redactor
from ccsync_watch.privacy.rules_version import RULES_VERSION

__all__ = ["RULES_VERSION", "Redactor"]
