"""The ids of calls: the API's are unique, those of gateways may be numbers; pure.

Some gateways number the calls of a conversation, or those of each response: `functions.Bash:0`,
`call_1`. Then an id alone does not say which call a result answers.
"""

from __future__ import annotations

import hashlib
import re

_OF_THE_API = ("toolu_", "srvtoolu_", "mcptoolu_")
_UNIQUE = re.compile(r"[0-9A-Za-z]{16}")
_SEPARATOR = "@"
_OWN = re.compile(_SEPARATOR + "[0-9a-f]{16}$")
_AFTER_SEPARATOR = chr(ord(_SEPARATOR) + 1)


def is_unique(call_id: str) -> bool:
    """Return whether no other call has this id: it is the API's, or long enough to be random."""
    return call_id.startswith(_OF_THE_API) or _UNIQUE.search(call_id) is not None


def is_numbered(call_id: str | None) -> bool:
    """Return whether other calls may have this id, which is not one that `own_call_id` made."""
    return bool(call_id) and not is_unique(str(call_id))


def own_call_id(call_id: str, response: str) -> str:
    """Return an id that only this call of a response has; equal ids of one response stay equal."""
    digest = hashlib.blake2b(response.encode("utf-8", "surrogatepass"), digest_size=8)
    return f"{call_id}{_SEPARATOR}{digest.hexdigest()}"


def is_own(call_id: str | None) -> bool:
    """Return whether an id is one that `own_call_id` makes."""
    return call_id is not None and _OWN.search(call_id) is not None


def own_id_range(call_id: str) -> tuple[str, str]:
    """Return between which texts, `first <= text < end`, all ids are that `own_call_id` makes."""
    return f"{call_id}{_SEPARATOR}", f"{call_id}{_AFTER_SEPARATOR}"
