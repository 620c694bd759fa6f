"""Names of models as lists show them; pure."""

from __future__ import annotations

import re

# The day of the release, as in `claude-opus-4-5-20251101` and `claude-opus-4-5@20251101`.
_DATE = re.compile(r"[-@]20\d{6}(?!\d)")


def short_model(name: str) -> str:
    """Return a model's name without the date of its release, which says nothing to most readers."""
    return _DATE.sub("", name)
