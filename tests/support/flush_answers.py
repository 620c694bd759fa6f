"""What the daemon answers to a flush in which everything went well."""

from __future__ import annotations

from typing import Any

FLUSHED: dict[str, Any] = {
    "is_read": True,
    "is_known": True,
    "is_local": False,
    "rows_sent": 3,
    "rows_pending": 0,
    "rows_rejected": 0,
    "error": None,
    "problem": None,
}
