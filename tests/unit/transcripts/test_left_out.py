"""Every row that clients are known to write is shown, or left out with a reason."""

from __future__ import annotations

from typing import get_args

import pytest

from ccsync_watch.model import MessageKind
from ccsync_watch.transcripts.left_out import LEFT_OUT
from ccsync_watch.transcripts.line_types import LINE_TYPES, dropped_type, is_known
from ccsync_watch.transcripts.message_readers import ATTACHMENT_READERS, SYSTEM_READERS
from ccsync_watch.transcripts.wrappers import COMMANDS, WRAPPERS
from support.lines import Writer, line
from support.parsing import read_row
from support.row_samples import FACTS, RowSample, parse_sample, row_table, samples

# What clients from 1.0.24 to 2.1.332 were seen to write, or name in their own code.
LINES = """
    user assistant system attachment agent-color agent-name agent-setting ai-title api-request
    api-request-blob api-request-resumed api-request-shape artifact-autoreact-ledger
    artifact-comment-monitor atis-latch attribution-snapshot bridge-session content-replacement
    continued-in cost-state custom-title data-flow-incomplete data-flow-records derived-from
    dev-mods ended-by-model file-history-delta file-history-snapshot fork-context-ref frame-link
    history-suppression host-row hybrid-organization isolation-latch last-prompt memory-mode mode
    observer-ref permission-mode pr-link progress queue-operation relocated repl-mode
    resume-head-vouch session-owner summary tag tools-used worktree-state
"""
ATTACHMENTS = """
    agent_listing_delta agent_mention already_read_file async_hook_response at_mention_reference
    command_permissions compact_file_reference critical_system_reminder date deferred_tools_delta
    deferred_tools_record diagnostics directory dynamic_skill edited_text_file environment file
    fork_briefing hook_additional_context hook_blocking_error hook_cancelled hook_deferred_tool
    hook_error_during_execution hook_non_blocking_error hook_permission_decision
    hook_stopped_continuation hook_success hook_system_message invoked_skills mcp_resource model
    nested_memory opened_file_in_ide output_style pdf_reference plan_file_reference plan_mode
    plan_mode_exit plan_mode_reentry prompt_snapshot queued_command relevant_memories
    remote_session_change selected_lines_in_ide session_context skill_listing skill_mention
    structured_output task_reminder task_status team_context teammate_mailbox todo_reminder
    token_usage total_tokens_reminder unknown_command_fallback
"""
SYSTEM_ROWS = """
    agents_killed api_error compact_boundary informational local_command memory_saved
    model_fallback model_refusal_fallback stop_hook_summary turn_duration
"""
SAMPLES = {sample.name: sample for sample in samples()}


@pytest.mark.parametrize("name", LINES.split())
def test_every_line_type_is_in_the_table(name: str) -> None:
    """With a reader, or with the reason why it has none."""
    assert LINE_TYPES[name].is_dropped is (name in LEFT_OUT)
    line_type = LINE_TYPES[name]
    is_shown = line_type.read_message or line_type.read_queue or line_type.fact in FACTS
    assert name in LEFT_OUT or is_shown


@pytest.mark.parametrize(
    "label",
    [
        *(f"attachment/{name}" for name in ATTACHMENTS.split()),
        *(f"system/{name}" for name in SYSTEM_ROWS.split()),
    ],
)
def test_every_attachment_and_system_row_is_in_a_table(label: str) -> None:
    """System rows that are only a text are in the table of samples."""
    family, _, name = label.partition("/")
    assert is_known(label) or f"{family} `{name}`" in SAMPLES


def test_nothing_is_both_read_and_left_out() -> None:
    """Whoever adds a reader takes the name from the list."""
    read = {f"attachment/{name}" for name in ATTACHMENT_READERS}
    read |= {f"system/{name}" for name in SYSTEM_READERS}
    read |= {name for name, line_type in LINE_TYPES.items() if not line_type.is_dropped}
    assert not read & set(LEFT_OUT)


def test_every_fact_is_in_the_table() -> None:
    """Whoever adds a fact says where it is seen."""
    facts = {line_type.fact for line_type in LINE_TYPES.values() if line_type.fact}
    assert facts == set(FACTS)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_something_is_made_of_every_sample(sample: RowSample) -> None:
    """Whoever adds a reader gives the samples what it reads."""
    message = parse_sample(sample)
    assert message is not None
    assert message.parts
    assert "withheld" not in str(message.parts)


def test_every_kind_of_message_is_in_the_table() -> None:
    """But for the line that the store itself adds."""
    kinds = {kind for _, kind, *_ in row_table()}
    assert set(get_args(MessageKind)) - kinds == {"session"}
    assert kinds - set(get_args(MessageKind)) == {"fact"}


def test_every_text_of_the_client_has_a_sample() -> None:
    """Whoever adds a wrapper adds a text that it reads."""
    texts = [
        str(sample.row["message"]["content"])
        for sample in SAMPLES.values()
        if sample.row["type"] == "user"
    ]
    assert [read for read in (*WRAPPERS, *COMMANDS) if not any(map(read, texts))] == []


@pytest.mark.parametrize(
    ("row", "label"),
    [
        ({"attachment": {"type": "never_seen"}}, "?attachment/never_seen"),
        ({"attachment": {"type": "date"}}, "attachment/date"),
        ({"attachment": {"type": "hook_success"}}, "attachment/hook_success"),
        ({"attachment": {}}, "?attachment"),
        ({"subtype": "never_seen"}, "?system/never_seen"),
        ({"subtype": "never_seen", "content": "words"}, "system/never_seen"),
        ({"subtype": "turn_duration"}, "system/turn_duration"),
        ({"subtype": "stop_hook_summary"}, "system/stop_hook_summary"),
    ],
)
def test_what_is_in_no_table_is_counted_as_unknown(row: dict[str, object], label: str) -> None:
    """And a row of a known kind that says nothing is not."""
    name = "attachment" if "attachment" in row else "system"
    written = Writer().row(name, body_first=name == "attachment", **row)
    assert set(read_row(written).counted) == {label}
    assert dropped_type(line(written)) in {label, None}
