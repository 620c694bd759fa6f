"""The calls of a transcript, for the oracle of what must come of its rows."""

from __future__ import annotations

import json

from support.claude_client.rows import Row, content_blocks


class TranscriptCalls:
    """The tools of a transcript's calls, and the commands that hooks put in place of others."""

    def __init__(self, rows: list[Row]) -> None:
        self._calls: dict[str, tuple[Row, Row]] = {}
        self.changed: dict[str, str] = {}
        for row in rows:
            for block in content_blocks(row) if row["type"] == "assistant" else []:
                if block["type"] == "tool_use":
                    self._calls[block["id"]] = (block, row)
            printed = row.get("attachment", {}).get("stdout") or ""
            if "updatedInput" in printed:
                own = json.loads(printed)["hookSpecificOutput"]
                self.changed[row["attachment"]["toolUseID"]] = own["updatedInput"]["command"]

    def name(self, call_id: str) -> str:
        """Return the tool of a call."""
        return str(self._calls[call_id][0]["name"])

    def ran(self, call_id: str) -> tuple[Row, Row]:
        """Return the call that ran, and the row in which Claude made it."""
        block, row = self._calls[call_id]
        if call_id in self.changed:
            block = {**block, "input": {"command": self.changed[call_id]}}
        return block, row
