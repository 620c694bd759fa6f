"""What is wrong, or worth knowing: made once where it is detected, compared by its code.

Only the CLI, the plugin's report and the dashboard's templates turn a problem into text.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccsync_watch.model import JsonValue

Severity: TypeAlias = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding; `code` is kebab-case and stable, the texts may change with any version.

    `title` is what the README lists it by, `detail` a clause that names the thing, without a full
    stop, `hint` a clause that ends in what to do. An `error` keeps something from working, a
    `warning` may soon or concerns one part alone, `info` is neither.
    """

    code: str
    title: str
    detail: str
    hint: str
    severity: Severity = "error"

    def as_json(self) -> dict[str, JsonValue]:
        """Return the fields as `status --json` and the control API carry them."""
        return asdict(self)

    @classmethod
    def of_json(cls, fields: Mapping[str, Any]) -> Problem:
        """Return the problem that another process sent; what it left out is empty."""
        severity = fields.get("severity")
        return cls(
            code=str(fields.get("code") or ""),
            title=str(fields.get("title") or ""),
            detail=str(fields.get("detail") or ""),
            hint=str(fields.get("hint") or ""),
            severity=severity if severity in {"warning", "info"} else "error",
        )
