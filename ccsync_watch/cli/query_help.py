"""What `--help` says of the language of the search."""

from __future__ import annotations

from ccsync_watch.store.search_operators import OPERATORS

QUERY_HELP = 'words, "a phrase", -left-out, one OR another, *part and ' + " ".join(
    f"{operator.name}:" for operator in OPERATORS
)
