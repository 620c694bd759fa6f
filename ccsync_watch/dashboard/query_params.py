"""Read and write the query of an address. What is not usable is as if it was not there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

MAX_TEXT_CHARS = 400
"""More than a person types."""
_MAX_EXACT_CHARS = 4096
"""The longest path that systems have."""
_MAX_DIGITS = 17
"""What SQLite's integers hold."""


def text_param(request: Request, name: str) -> str:
    """Return what a person typed, cut where it is too long; empty when it is missing."""
    return request.query_params.get(name, "")[:MAX_TEXT_CHARS].strip()


def exact_param(request: Request, name: str) -> str:
    """Return a stored value that a link of ours names, as it is: paths may begin with a space."""
    return request.query_params.get(name, "")[:_MAX_EXACT_CHARS]


def number_param(request: Request, name: str) -> int | None:
    """Return a parameter that is a number; None when it is missing or anything else."""
    return parse_number(request.query_params.get(name, ""))


def call_param(request: Request) -> tuple[int, int, int] | None:
    """Return the time, message and part of the call that the last page ended with, None for none.

    A message may have the results of several calls.
    """
    values = [number_param(request, name) for name in ("at", "seq", "part")]
    known = [value for value in values if value is not None]
    return (known[0], known[1], known[2]) if len(known) == len(values) else None


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
