"""What a prompt names with `@`."""

from __future__ import annotations

from typing import Any

import pytest

from ccsync_watch.privacy.policy.reduction import reduce
from support.lines import Writer
from support.parsing import read_message, read_row


def _reduced(attachment: dict[str, Any]) -> list[object]:
    message = read_message(Writer().row("attachment", body_first=True, attachment=attachment))
    assert (message.role, message.kind) == ("system", "mention")
    return [reduce(part, None, 1000) for part in message.parts]


@pytest.mark.parametrize(
    ("attachment", "reduced"),
    [
        (
            {"type": "directory", "path": "/p/src", "content": "a\nb\nc", "displayPath": "src"},
            [{"path": "/p/src", "entries": 3}],
        ),
        (
            {"type": "at_mention_reference", "mentions": ["/p/big.csv"], "unread": "too_large",
             "fileSize": 9_000_000, "displayPath": "big.csv"},
            [{"path": "/p/big.csv", "bytes": 9_000_000, "state": "not read: too large"}],
        ),
        (
            {"type": "at_mention_reference", "mentions": ["/p/a", "/p/b", 7]},
            [{"path": "/p/a", "state": "not read: left to Claude"},
             {"path": "/p/b", "state": "not read: left to Claude"}],
        ),
        (
            {"type": "at_mention_reference", "displayPath": "c"},
            [{"path": "c", "state": "not read: left to Claude"}],
        ),
        (
            {"type": "at_mention_reference", "path": "/p/d", "displayPath": "d"},
            [{"path": "/p/d", "state": "not read: left to Claude"}],
        ),
        ({"type": "agent_mention", "agentType": "weeder"}, [{"label": "agent", "text": "weeder"}]),
        (
            {"type": "mcp_resource", "server": "s", "uri": "s://x", "content": {"text": "secret"}},
            [{"label": "MCP resource", "text": "s://x"}],
        ),
        (
            {"type": "pdf_reference", "filename": "/p/a.pdf", "fileSize": 70},
            [{"path": "/p/a.pdf", "bytes": 70}],
        ),
        (
            {"type": "selected_lines_in_ide", "filename": "/p/a.py", "content": "x = 1\ny = 2"},
            [{"path": "/p/a.py", "lines": 2, "bytes": 11}],
        ),
    ],
)  # fmt: skip
def test_a_mention_is_its_name_and_size(attachment: dict[str, Any], reduced: list[object]) -> None:
    """Its content is never kept."""
    assert _reduced(attachment) == reduced


@pytest.mark.parametrize("kind", ["agent_mention", "at_mention_reference", "mcp_resource"])
def test_a_mention_without_a_name_says_nothing(kind: str) -> None:
    """The client may write anything; that it was not understood is counted."""
    batch = read_row(Writer().row("attachment", attachment={"type": kind}))
    assert batch.messages == []
    assert batch.counted == {f"?attachment/{kind}": 1}
