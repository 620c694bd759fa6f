"""Read a form that changes something: it is small, and has its session's token."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException

from ccsync_watch.dashboard.browser_access import form_token

if TYPE_CHECKING:
    from starlette.requests import Request

_MAX_BODY_BYTES = 64 << 10
_MAX_FORM_FIELDS = 10


async def read_form(request: Request) -> dict[str, list[str]]:
    """Return a form's fields, empty ones too.

    Raises HTTPException unless it has the token of this session.
    """
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > _MAX_BODY_BYTES:
        raise HTTPException(413, "The request is too large, or does not say how large it is.")
    try:
        fields = parse_qs(
            (await request.body()).decode("latin-1"),
            keep_blank_values=True,
            max_num_fields=_MAX_FORM_FIELDS,
        )
    except ValueError:  # more fields than any form of ours has
        fields = {}
    token = fields.get("token", [""])[0]
    expected = form_token(request.state.cookie)
    if not compare_digest(token.encode("utf-8", "replace"), expected.encode()):
        raise HTTPException(403, "This page is too old: reload it, then try again.")
    return fields
