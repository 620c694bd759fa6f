"""Where the backend's web app shows a session; pure.

The app has an address of its own, which no answer of the backend has. Its dashboard opens
the session that its parameter `session` names, by the id of the backend's own database.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.model import JsonValue

_ID = re.compile(r"[0-9A-Za-z_-]{8,64}")
_HOSTED_API, _HOSTED_APP = "api.opensync.dev", "https://www.opensync.dev"


def document_ids(
    payload: Mapping[str, JsonValue], answer: Mapping[str, JsonValue]
) -> dict[str, str]:
    """Return the id that the answer to a session's state names, by the session's; nothing else."""
    session_id, name = payload.get("externalId"), answer.get("sessionId")
    is_named = isinstance(name, str) and _ID.fullmatch(name)
    return {str(session_id): str(name)} if session_id and is_named else {}


def app_address(convex_url: str | None, app_url: str | None) -> str | None:
    """Return the address of the web app: the one of the settings, or the public one's.

    None where it is not known.
    """
    if convex_url is None or app_url is not None:
        return app_url if convex_url else None
    return _HOSTED_APP if urlsplit(convex_url).hostname == _HOSTED_API else None


def session_url(address: str, name: str) -> str:
    """Return the address at which the app opens the session with an id of the backend's."""
    return f"{address}/dashboard?session={name}"
