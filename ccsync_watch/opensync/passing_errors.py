"""Whether the backend's description of an error is about its own state, not about a row; pure.

Some answer a conflict of transactions, or an overload, with the status of a wrong request.
"""

from __future__ import annotations

import re

_PASSING = re.compile(
    r"\boptimistic ?concurrency ?control|\bocc\b|\bwrite conflict|\bconflicting (write|transaction)"
    r"|\boverload(ed|ing)?\b|\btoo many (concurrent |simultaneous |open )?"
    r"(requests?|connections?|functions?|mutations?|queries|actions?|writes|reads)\b"
    r"|\brate.?limit(s|ed|ing)?\b|\btoo ?busy\b|\btime[sd]?[ -]?out\b|\bdeadline exceeded\b"
    r"|\bexpired ?in ?queue\b|\b(temporarily|service|server) unavailable\b"
    r"|\btry again (later|soon|in)\b|\bplease (try again|retry)\b",
    re.IGNORECASE,
)
# What a description quotes may be ours, and the words of a validator are about the row.
_QUOTED = re.compile(r"\"[^\"]*(?:\"|$)|`[^`]*(?:`|$)|(?<!\w)'[^']*(?:'|$)")
_OF_ROWS = re.compile(
    r"validat|does not match|\bmissing\b|too (large|long|big)|\bvalue:", re.IGNORECASE
)
# Convex writes the names of its errors as one word: OptimisticConcurrencyControlFailure.
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


def is_passing(description: str) -> bool:
    """Return whether the same request may succeed later."""
    said = _WORDS.sub(" ", _QUOTED.sub(" ", description))
    return bool(_PASSING.search(said)) and not _OF_ROWS.search(said)
