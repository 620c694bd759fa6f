"""How a tool call ended, from the values that the store keeps of its result; pure.

`privacy.policy.reduction` decides which values those are and writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccsync_watch.transcripts.fields import amount, mapping, text

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

_OWN_FIELDS = frozenset({"ok", "output", "durationMs", "exit_code", "denied", "said"})


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """How a call ended; `facts` are the other sizes and counts of its result.

    `denied`: it did not run, and who denied it; `said`: what the person wrote about it.
    """

    is_ok: bool
    exit_code: int | None
    duration_ms: float | None
    output: str | None
    denied: str | None
    said: str | None
    facts: dict[str, JsonValue]

    @property
    def label(self) -> str:
        """Return in words how it ended."""
        return self.denied or ("ok" if self.is_ok else "failed")


def read_outcome(content: JsonValue) -> CallOutcome:
    """Read the stored content of a tool-result part."""
    values = mapping(content)
    code, duration, output = (
        values.get("exit_code"),
        values.get("durationMs"),
        values.get("output"),
    )
    return CallOutcome(
        is_ok=values.get("ok") is True,
        exit_code=code if isinstance(code, int) else None,
        duration_ms=amount(duration),
        output=text(output),
        denied=text(values.get("denied")),
        said=text(values.get("said")),
        facts={key: value for key, value in values.items() if key not in _OWN_FIELDS},
    )
