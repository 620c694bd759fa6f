"""A redactor with the real rules, built on import: by the process that others are forked from."""

from __future__ import annotations

from support.redaction_corpus.shared import build_redactor

REDACTOR = build_redactor()
