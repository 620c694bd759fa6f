"""Read the dates of HTTP's headers: pure."""

from __future__ import annotations

import email.utils
from datetime import timezone


def read_http_date(text: str) -> float | None:
    """Return the seconds since the Unix epoch that a header names; None if it is not a date."""
    try:
        date = email.utils.parsedate_to_datetime(text)
        # The oldest of HTTP's three formats names no zone, and is of the same one as the others.
        return date.replace(tzinfo=date.tzinfo or timezone.utc).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
