"""Read and write the query of an address. What is not usable is as if it was not there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

MAX_TEXT_CHARS = 400
"""More than a person types."""
MAX_PATH_CHARS = 4096
"""The longest path that systems have."""
_MAX_DIGITS = 17
"""What SQLite's integers hold."""


def text_param(request: Request, name: str, max_chars: int = MAX_TEXT_CHARS) -> str:
    """Return a parameter, cut where it is too long; empty when it is missing."""
    return request.query_params.get(name, "")[:max_chars].strip()


def number_param(request: Request, name: str) -> int | None:
    """Return a parameter that is a number; None when it is missing or anything else."""
    return parse_number(request.query_params.get(name, ""))


def last_shown_seq(request: Request) -> int:
    """Return the last message that a page shows, after which its stream continues.

    The browser's own record of it, which it sends when it reconnects, is newer than the address.
    """
    resumed = parse_number(request.headers.get("last-event-id", ""))
    return (number_param(request, "after") or 0) if resumed is None else resumed


def build_query(params: Mapping[str, object], **changes: object) -> str:
    """Return a query with these parameters, empty ones left out."""
    merged = {**params, **changes}
    return "?" + urlencode(
        {name: str(value) for name, value in merged.items() if value not in {None, ""}}
    )


def parse_number(value: str) -> int | None:
    """Return the number that a text is; None for any other text."""
    is_number = value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS
    return int(value) if is_number else None
