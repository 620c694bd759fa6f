"""The whole path: the real client, the real program, and the double of the backend."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from support.claude_client.client import SKIP_PERMISSIONS
from support.claude_client.rows import rows_of_type
from support.claude_client.script import prompt, reply, say, subagent, think, tool, usage
from support.expected_messages import expected_messages
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.ccsync_program.program import Program
    from support.claude_client.client import ClaudeHome
    from support.claude_client.terminal import Terminal
    from support.opensync_double.records import Message
    from support.opensync_double.server import OpenSyncDouble

pytestmark = pytest.mark.client

# The backend dates a batch when it arrives: for a fresh line at most this much later.
FRESH_MS = 10_000
# What a time service may set the machine's clock by while a test runs: the row has the wall's time,
# and the program keeps dates out of the backend's future by a clock that nothing sets.
CLOCK_SET_MS = 1_000
SMALLEST_USD = 1e-9
_TURN = prompt(
    "List the folder",
    reply(
        think("Where am I?"),
        say("Looking."),
        tool("Bash", command="echo out-of-bash", description="Say it"),
        tool("Write", file_path="made.txt", content="never leaves\n"),
    ),
    reply(
        say("All done."),
        usage(input=120, output=9, cache_read=30, cache_creation_5m=7, cache_creation_1h=5),
    ),
)


def assert_arrived(home: ClaudeHome, opensync: OpenSyncDouble, session_id: str) -> list[Message]:
    """Assert that the session's transcripts are at the backend: complete, once, in order."""
    header = f"{session_id}:session"
    transcripts = [home.transcript(session_id), *home.subagent_transcripts(session_id)]
    wanted = {path: expected_messages(path) for path in transcripts}
    count = sum(len(rows) for rows in wanted.values())

    def arrived() -> list[Message]:
        return opensync.backend.messages(session_id)

    wait_until(lambda: len(arrived()) >= count + 1, f"{count + 1} messages arrive")
    messages = {row.external_id: row for row in arrived()}
    assert len(messages) == len(arrived()), "a message arrived twice"
    assert set(messages) == {header} | {row.id for rows in wanted.values() for row in rows}
    assert arrived()[0].external_id == header
    order = [row.external_id for row in arrived()]
    for rows in wanted.values():
        ids = [row.id for row in rows]
        assert [external_id for external_id in order if external_id in set(ids)] == ids
        for row in rows:
            message = messages[row.id]
            assert tuple(part.type for part in message.parts) == row.kinds, row
            assert -CLOCK_SET_MS <= message.created_at_ms - row.at_ms <= FRESH_MS, row
            if row.text:
                assert row.text in (message.text_content or ""), row
    return [row for row in arrived() if row.external_id != header]


def test_a_session_is_stored_with_nothing_configured(
    claude_home: ClaudeHome, watching_program: Program
) -> None:
    """Without configuration a session is stored as it happens, and nothing is sent."""
    watching_program.start()
    assert "nothing: no Convex URL configured" in watching_program.output()
    run = claude_home.run(_TURN, SKIP_PERMISSIONS)

    def is_stored() -> bool:
        row = watching_program.session(run.session_id)
        return row is not None and row["messages"] >= 7 and row["bytes_behind"] == 0

    wait_until(is_stored, "the session is stored")
    totals = watching_program.status()["totals"]
    assert totals["prompts"] == 1
    assert totals["unreadable"] == 0
    assert watching_program.status()["unknown_line_types"] == {}
    assert watching_program.stop(signal.SIGINT) == 0


def test_a_session_arrives_completely(
    claude_home: ClaudeHome, syncing_program: Program, opensync: OpenSyncDouble
) -> None:
    """Every prompt, answer, call and result arrives once, in order, at the transcript's times."""
    run = claude_home.run(_TURN, SKIP_PERMISSIONS)
    messages = assert_arrived(claude_home, opensync, run.session_id)
    sent = b"".join(call.body for call in opensync.backend.calls)
    assert b"out-of-bash" in sent
    assert b"never leaves\\n" not in b"".join(
        str(part.content).encode() for row in messages[1:] for part in row.parts
    )
    assert [row.role for row in messages if row.role == "user"] == ["user"]
    wait_until(
        lambda: opensync.backend.session(run.session_id).prompt_tokens == 10 + 162,
        "the tokens are settled",
    )
    # The client's own cost of both responses; it is sent with the settled state.
    total = rows_of_type(claude_home.rows(run.session_id), "cost-state")[-1]["totalCostUSD"]
    wait_until(
        lambda: abs(opensync.backend.session(run.session_id).cost - total) < SMALLEST_USD,
        "the cost is settled",
    )
    session = opensync.backend.session(run.session_id)
    assert session.project_path == claude_home.workdir.name
    assert session.source == "claude-code"
    assert session.title
    assert session.title.startswith("List the folder")
    assert syncing_program.stop() == 0


def test_continued_and_forked_sessions_arrive(
    claude_home: ClaudeHome, syncing_program: Program, opensync: OpenSyncDouble
) -> None:
    """A continued session grows; a forked one arrives completely and does not change its parent."""
    first = claude_home.run(_TURN, SKIP_PERMISSIONS)
    again = claude_home.run(prompt("And again", say("Again.")), "--continue")
    assert again.session_id == first.session_id
    forked = claude_home.run(
        prompt("Elsewhere", say("Forked.")), "--resume", first.session_id, "--fork-session"
    )
    assert forked.session_id != first.session_id
    parent = assert_arrived(claude_home, opensync, first.session_id)
    copy = assert_arrived(claude_home, opensync, forked.session_id)
    assert len(copy) > len(parent) - 3
    assert syncing_program.status()["totals"]["rows_rejected"] == 0


def test_a_subagent_arrives_in_its_session(
    claude_home: ClaudeHome, syncing_program: Program, opensync: OpenSyncDouble
) -> None:
    """A subagent's messages belong to its parent's session, and its prompt is not a user's."""
    run = claude_home.run(
        prompt(
            "Delegate",
            reply(subagent("Look around", prompt("Look", say("Seen from below.")))),
            reply(say("The agent saw it.")),
        ),
        SKIP_PERMISSIONS,
    )
    assert claude_home.subagent_transcripts(run.session_id)
    messages = assert_arrived(claude_home, opensync, run.session_id)
    from_subagent = [row for row in messages if row.external_id.count(":") == 2]
    assert any("Seen from below." in (row.text_content or "") for row in from_subagent)
    assert all(row.role != "user" for row in from_subagent)
    assert syncing_program.status()["totals"]["unreadable"] == 0


def test_a_terminal_session_arrives_through_compact_and_clear(
    claude_home: ClaudeHome,
    syncing_program: Program,
    opensync: OpenSyncDouble,
    open_terminal: Callable[..., Terminal],
) -> None:
    """Turns, /compact, /clear and the session after it arrive from a terminal."""
    terminal = open_terminal()
    terminal.submit(_TURN)
    terminal.wait_for_row(lambda row: "All done." in str(row.get("message")))
    terminal.submit("/compact")
    terminal.wait_for_row(lambda row: row.get("subtype") == "compact_boundary")
    before = terminal.session_id
    terminal.submit("/clear")
    terminal.submit(prompt("After the clear", say("Fresh.")))
    terminal.wait_for_new_session(before)
    terminal.wait_for_row(lambda row: "Fresh." in str(row.get("message")))
    after = terminal.session_id
    terminal.exit()
    messages = assert_arrived(claude_home, opensync, before)
    assert any(row.role == "system" and "ompact" in (row.text_content or "") for row in messages)
    assert_arrived(claude_home, opensync, after)
    assert syncing_program.status()["totals"]["unreadable"] == 0
