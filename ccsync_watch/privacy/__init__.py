"""Removes secrets: `Redactor` serves the pipeline, `ccsync-watch redact` and other programs."""

from __future__ import annotations

from ccsync_watch.privacy.redactor import RULES_VERSION, Redactor

__all__ = ["RULES_VERSION", "Redactor"]
