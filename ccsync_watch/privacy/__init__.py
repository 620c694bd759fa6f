"""Removes secrets: `Redactor` serves the pipeline, `ccsync-watch redact` and other programs."""

from __future__ import annotations

from ccsync_watch.privacy.engine.scanner import READY
from ccsync_watch.privacy.redactor import Redactor
from ccsync_watch.privacy.rules_version import RULES_VERSION

__all__ = ["READY", "RULES_VERSION", "Redactor"]
