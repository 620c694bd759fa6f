"""How long a tool took, however the lines of its call were read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.lines import Writer, call

if TYPE_CHECKING:
    from support.pumping import Bench


def test_a_call_that_a_hook_changed_takes_as_long_in_any_pieces(bench: Bench) -> None:
    """From the moment at which Claude asked for it, in one batch or in one for each line."""
    writer = Writer()
    output = {"hookEventName": "PreToolUse", "updatedInput": {"command": "echo after"}}
    rows = [
        writer.prompt("Do it"),
        writer.answer(call("t1", "Bash", command="echo before")),
        writer.row(
            "attachment",
            body_first=True,
            attachment={
                "type": "hook_success",
                "hookName": "PreToolUse:Bash",
                "hookEvent": "PreToolUse",
                "toolUseID": "t1",
                "stdout": json.dumps({"hookSpecificOutput": output}),
            },
        ),
        writer.result("t1", "after"),
    ]
    other = Writer(session_id="22222222-2222-4333-8444-555555555555")
    bench.append(bench.path(), *rows)
    bench.catch_up()
    for row in rows:
        copied = {**row, "sessionId": other.session_id}
        bench.append(
            bench.path(other.session_id), json.loads(json.dumps(copied).replace("t1", "t2"))
        )
        bench.catch_up()
    results = bench.select("SELECT unpacked(content) FROM parts WHERE kind = 'tool-result'")
    assert [json.loads(content)["durationMs"] for (content,) in results] == [2000, 2000]
