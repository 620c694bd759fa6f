"""The ids by which the backend's web app knows sessions; pure.

They are those of the backend's own database. `DestinationInfo` knows where the app is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.model import JsonValue

_ID = re.compile(r"[0-9A-Za-z_-]{8,64}")


def document_ids(
    payload: Mapping[str, JsonValue], answer: Mapping[str, JsonValue]
) -> dict[str, str]:
    """Return the id that the answer to a session's state names, by the session's; nothing else."""
    session_id, name = payload.get("externalId"), answer.get("sessionId")
    is_named = isinstance(name, str) and _ID.fullmatch(name)
    return {str(session_id): str(name)} if session_id and is_named else {}
