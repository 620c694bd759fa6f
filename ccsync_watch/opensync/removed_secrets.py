"""How many secrets the redactor removed from what is sent, by the placeholders in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ccsync_watch.privacy.engine.placeholders import count_kinds

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from ccsync_watch.model import Redacted
    from ccsync_watch.opensync.wire import Payload


def count_removed(payloads: Iterable[Redacted[Payload]]) -> Counter[str]:
    """Return how many placeholders of each kind these payloads hold.

    A message's `textContent` repeats its parts, and is not counted again.
    """
    return count_kinds(
        orjson.dumps(
            {name: value for name, value in payload.value.items() if name != "textContent"}
        )
        for payload in payloads
    )
