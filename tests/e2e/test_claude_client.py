"""The real client runs offline against the scripted API: the basis of the other e2e tests."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import pytest

from ccsync_watch.transcripts.call_outcome import read_outcome
from ccsync_watch.transcripts.task_list import ListedTask, TaskList
from support.claude_client.client import SKIP_PERMISSIONS
from support.claude_client.rows import blocks, read_rows, rows_of_type, texts
from support.claude_client.script import (
    cut,
    delay,
    error,
    prompt,
    repeat,
    reply,
    say,
    sealed_prompt,
    stop,
    subagent,
    think,
    tool,
    usage,
)
from support.claude_client.terminal import Terminal
from support.waiting import wait_for

if TYPE_CHECKING:
    from support.claude_client.api import ScriptedMessagesApi
    from support.claude_client.client import ClaudeHome
    from support.claude_client.rows import Row

pytestmark = pytest.mark.client


OpenTerminal: TypeAlias = Callable[..., Terminal]


def says(text: str) -> Callable[[Row], bool]:
    """Return a predicate for the assistant's row that holds exactly this text."""
    return lambda row: texts([row], "assistant") == [text]


def test_a_prompt_yields_a_user_row_and_the_scripted_answer_with_its_usage(
    claude_home: ClaudeHome,
) -> None:
    """The transcript contains the text and the usage of the script."""
    counts = usage(input=11, output=22, cache_creation_5m=33, cache_creation_1h=44, cache_read=55)
    run = claude_home.run(prompt("Say hello", reply(say("Good day."), counts)))
    assert (run.returncode, run.result) == (0, "Good day.")
    rows = claude_home.rows(run.session_id)
    assert texts(rows, "user")[0].startswith("Say hello")
    assert texts(rows, "assistant") == ["Good day."]
    counted = rows_of_type(rows, "assistant")[0]["message"]["usage"]
    assert counted["input_tokens"] == 11
    assert counted["output_tokens"] == 22
    assert counted["cache_creation_input_tokens"] == 77
    assert counted["cache_creation"] == {
        "ephemeral_5m_input_tokens": 33,
        "ephemeral_1h_input_tokens": 44,
    }
    assert counted["cache_read_input_tokens"] == 55


def test_parallel_tools_of_one_response_both_run(claude_home: ClaudeHome) -> None:
    """Two tools in one response are two rows of one message, and both results are returned."""
    target = claude_home.workdir / "made.txt"
    both = reply(
        say("Both at once."),
        tool("Bash", command="echo from bash"),
        tool("Write", file_path=str(target), content=repeat("line\n", 3)),
    )
    run = claude_home.run(prompt("Do two things", both, say("Both done.")), SKIP_PERMISSIONS)
    rows = claude_home.rows(run.session_id)
    calls = blocks(rows, "assistant", "tool_use")
    results = blocks(rows, "user", "tool_result")
    assert [call["name"] for call in calls] == ["Bash", "Write"]
    assert {call["id"] for call in calls} == {result["tool_use_id"] for result in results}
    assert "from bash" in str(results)
    assert target.read_text() == "line\n" * 3
    assert len({row["message"]["id"] for row in rows_of_type(rows, "assistant")}) == 2


def test_the_list_of_tasks_is_read_as_the_client_keeps_it(claude_home: ClaudeHome) -> None:
    """By what it answers to each call; a task that is not there is not an error to it."""
    home = claude_home.with_env(CLAUDE_CODE_ENABLE_TASKS="1", CLAUDE_CODE_ENABLE_TODO_TOOLS="1")
    sow = tool("TaskCreate", subject="Sow", description="Beds", activeForm="Sowing")
    done = tool("TaskUpdate", taskId="1", status="completed")
    run = home.run(
        prompt(
            "Keep a list",
            reply(sow, tool("TaskCreate", subject="Water", description="Beds")),
            reply(done, tool("TaskUpdate", taskId="9", status="completed")),
            reply(tool("TaskUpdate", taskId="2", status="in_progress")),
            reply(tool("TaskList")),
            say("Kept."),
        ),
        SKIP_PERMISSIONS,
    )
    rows = home.rows(run.session_id)
    results = blocks(rows, "user", "tool_result")
    answers = {result["tool_use_id"]: result["content"] for result in results}
    tasks = TaskList()
    lists = [
        tasks.apply(call["name"], call["input"], read_outcome({"ok": True, "output": answer}))
        for call in blocks(rows, "assistant", "tool_use")
        if (answer := answers[call["id"]])
    ]
    assert [after.changed for after in lists] == ["1", "2", "1", None, "2", None]
    sown, watered = ListedTask("1", "Sow", "completed"), ListedTask("2", "Water", "in_progress")
    assert lists[-1].tasks == (replace(sown, doing="Sowing"), watered)
    listed = read_outcome({"ok": True, "output": answers[results[-1]["tool_use_id"]]})
    assert TaskList().apply("TaskList", {}, listed).tasks == (sown, watered)


def test_thinking_is_a_separate_row(claude_home: ClaudeHome) -> None:
    """A thinking block comes before the text, in the same message."""
    run = claude_home.run(prompt("Think first", reply(think("Let me see."), say("Seen."))))
    rows = claude_home.rows(run.session_id)
    assert [block["thinking"] for block in blocks(rows, "assistant", "thinking")] == ["Let me see."]
    assert texts(rows, "assistant") == ["Seen."]


def test_a_sealed_script_is_not_readable_in_the_prompt(claude_home: ClaudeHome) -> None:
    """The text of a sealed script appears only in the answer."""
    run = claude_home.run(sealed_prompt("Say it", say("The secret word.")))
    rows = claude_home.rows(run.session_id)
    assert texts(rows, "assistant") == ["The secret word."]
    assert "secret" not in "".join(texts(rows, "user"))


def test_a_short_prompt_scripts_a_very_long_answer(claude_home: ClaudeHome) -> None:
    """The server expands `repeat`, so a line of megabytes needs a short prompt only."""
    run = claude_home.run(prompt("At length", say(repeat("0123456789", 200_000))))
    assert texts(claude_home.rows(run.session_id), "assistant") == ["0123456789" * 200_000]


@pytest.mark.parametrize("by_id", [False, True], ids=["--continue", "--resume"])
def test_a_continued_session_appends_to_its_transcript(
    claude_home: ClaudeHome, *, by_id: bool
) -> None:
    """`--continue` and `--resume ID` append to the session they continue, with its own script."""
    first = claude_home.run(prompt("Begin", say("First.")))
    how = ["--resume", first.session_id] if by_id else ["--continue"]
    second = claude_home.run(prompt("Continue", say("Second.")), *how)
    assert second.session_id == first.session_id
    assert texts(claude_home.rows(first.session_id), "assistant") == ["First.", "Second."]
    assert len(claude_home.transcripts()) == 1


def test_a_forked_session_copies_the_rows_under_a_new_id(claude_home: ClaudeHome) -> None:
    """`--fork-session` does not change its source and copies its rows with their uuids."""
    first = claude_home.run(prompt("Begin", say("First.")))
    before = claude_home.transcript(first.session_id).read_bytes()
    forked = claude_home.run(
        prompt("Elsewhere", say("Second.")), "--resume", first.session_id, "--fork-session"
    )
    assert forked.session_id != first.session_id
    assert claude_home.transcript(first.session_id).read_bytes() == before
    rows = claude_home.rows(forked.session_id)
    assert texts(rows, "assistant") == ["First.", "Second."]
    original = rows_of_type(claude_home.rows(first.session_id), "assistant")[0]
    assert rows_of_type(rows, "assistant")[0]["uuid"] == original["uuid"]


@pytest.mark.parametrize("background", [False, True], ids=["foreground", "background"])
def test_a_subagent_has_its_own_script_and_transcript(
    claude_home: ClaudeHome, *, background: bool
) -> None:
    """A subagent's file is below its parent's and has the parent's session id."""
    task = prompt("Look around", tool("Bash", command="echo looked"), say("Nothing there."))
    errand = subagent("look around", task, background=background)
    run = claude_home.run(prompt("Send someone", errand, say("Heard.")), SKIP_PERMISSIONS)
    (path,) = claude_home.subagent_transcripts(run.session_id)
    rows = read_rows(path)
    assert texts(rows, "assistant") == ["Nothing there."]
    talk = rows_of_type(rows, "user") + rows_of_type(rows, "assistant")
    assert {row["sessionId"] for row in talk} == {run.session_id}
    assert {f"agent-{row['agentId']}" for row in talk} == {path.stem}
    assert "Heard." in texts(claude_home.rows(run.session_id), "assistant")


def test_a_temporary_error_is_retried(
    claude_home: ClaudeHome, messages_api: ScriptedMessagesApi
) -> None:
    """After one 529 the client retries, and writes a row about it."""
    run = claude_home.run(prompt("Try", reply(error(529, times=1), say("Through."))))
    assert run.result == "Through."
    assert [request.step for request in messages_api.messages_requests] == [0, 0]
    assert len(rows_of_type(claude_home.rows(run.session_id), "system", "api_error")) == 1


def test_a_permanent_error_ends_the_turn(claude_home: ClaudeHome) -> None:
    """A permanent 400 fails the run and adds a synthetic assistant row."""
    run = claude_home.run(prompt("Try", error(400)))
    assert run.returncode == 1
    (row,) = rows_of_type(claude_home.rows(run.session_id), "assistant")
    assert (row["isApiErrorMessage"], row["apiErrorStatus"]) == (True, 400)


def test_a_cut_stream_is_requested_again(
    claude_home: ClaudeHome, messages_api: ScriptedMessagesApi
) -> None:
    """When the stream breaks inside a block, the client requests all of it again."""
    run = claude_home.run(prompt("Try", reply(say("To be cut in half."), cut())))
    assert run.result == "To be cut in half."
    assert [request.step for request in messages_api.messages_requests] == [0, 0]


@pytest.mark.parametrize("reason", ["max_tokens", "refusal"])
def test_a_response_that_stops_early_has_its_stop_reason(
    claude_home: ClaudeHome, reason: str
) -> None:
    """The row has the scripted stop reason; the client continues with the next reply."""
    run = claude_home.run(prompt("Try", reply(say("Not all."), stop(reason)), say("The rest.")))
    rows = rows_of_type(claude_home.rows(run.session_id), "assistant")
    assert [row["message"]["stop_reason"] for row in rows] == [reason, "end_turn"]


def test_a_killed_run_has_a_prompt_without_an_answer(
    claude_home: ClaudeHome, messages_api: ScriptedMessagesApi
) -> None:
    """A message is written when its stream ends: SIGKILL before that loses all of it."""
    run = claude_home.start(prompt("Slowly", reply(say("Begun."), delay(60), say("Never."))))
    assert run.session_id is not None
    session_id = run.session_id
    wait_for(lambda: messages_api.messages_requests, "a request")
    wait_for(lambda: rows_of_type(claude_home.rows(session_id), "user"), "the user's row")
    run.signal(signal.SIGKILL)
    assert run.wait().returncode == -signal.SIGKILL
    assert rows_of_type(claude_home.rows(session_id), "assistant") == []


def test_claude_config_dir_contains_everything(claude_home: ClaudeHome) -> None:
    """With CLAUDE_CONFIG_DIR nothing is written to HOME/.claude."""
    elsewhere = claude_home.root / "elsewhere"
    home = claude_home.with_env(CLAUDE_CONFIG_DIR=str(elsewhere))
    home.run(prompt("Hello", say("Hi.")))
    assert len(home.transcripts()) == 1
    assert home.transcripts()[0].is_relative_to(elsewhere)
    assert claude_home.transcripts() == []


def test_a_typed_prompt_is_answered_and_exit_ends_the_client(
    open_terminal: OpenTerminal, messages_api: ScriptedMessagesApi
) -> None:
    """The client in a terminal contacts only the scripted API, and exits with 0."""
    terminal = open_terminal()
    terminal.submit(prompt("Hello there", say("Hello yourself.")))
    terminal.wait_for_row(says("Hello yourself."))
    terminal.wait_for_screen("● Hello yourself.")
    assert terminal.exit() == 0
    assert [request for request in messages_api.requests if not request.is_messages] == []


def test_compact_appends_a_summary(open_terminal: OpenTerminal) -> None:
    """`/compact` gets a summary that consumes no step, and the next script is played."""
    terminal = open_terminal()
    terminal.submit(prompt("Hello there", say("Hello yourself.")))
    terminal.wait_for_row(says("Hello yourself."))
    terminal.submit("/compact")
    terminal.wait_for_row(lambda row: row.get("subtype") == "compact_boundary")
    summary = terminal.wait_for_row(lambda row: row.get("isCompactSummary"))
    assert "The user gave scripted prompts" in texts([summary], "user")[0]
    terminal.submit(prompt("And now", say("Still here.")))
    terminal.wait_for_row(says("Still here."))


def test_clear_starts_another_session(open_terminal: OpenTerminal) -> None:
    """After `/clear` rows are written to the file of a new session."""
    terminal = open_terminal()
    terminal.submit(prompt("Hello there", say("In the first.")))
    terminal.wait_for_row(says("In the first."))
    first = terminal.session_id
    terminal.submit("/clear")
    terminal.wait_for_new_session(first)
    terminal.submit(prompt("Hello again", say("In the second.")))
    terminal.wait_for_row(says("In the second."))
    assert texts(terminal.home.rows(first), "assistant") == ["In the first."]


def test_rename_writes_the_title(open_terminal: OpenTerminal) -> None:
    """`/rename` adds a custom-title row."""
    terminal = open_terminal()
    terminal.submit(prompt("Hello there", say("Hi.")))
    terminal.wait_for_row(says("Hi."))
    terminal.submit("/rename A better name")
    row = terminal.wait_for_row(lambda row: row["type"] == "custom-title")
    assert row["customTitle"] == "A better name"


def test_branch_copies_the_rows_and_marks_them(open_terminal: OpenTerminal) -> None:
    """`/branch` continues in a new session, whose copied rows name their source."""
    terminal = open_terminal()
    terminal.submit(prompt("Hello there", say("Hi.")))
    terminal.wait_for_row(says("Hi."))
    source = terminal.session_id
    terminal.submit("/branch")
    terminal.wait_for_new_session(source)
    copied = terminal.wait_for_row(says("Hi."))
    assert copied["forkedFrom"]["sessionId"] == source


def test_escape_interrupts_the_answer(open_terminal: OpenTerminal) -> None:
    """Esc while the answer streams keeps the finished block and adds the interruption."""
    terminal = open_terminal()
    terminal.submit(prompt("Slowly", reply(say("Begun."), delay(60), say("Never."))))
    terminal.wait_for_screen("● Begun.")
    terminal.press("Escape")
    row = terminal.wait_for_row(lambda row: row.get("interruptedMessageId"))
    assert texts([row], "user") == ["[Request interrupted by user]"]
    (answer,) = rows_of_type(terminal.rows(), "assistant")
    assert (texts([answer], "assistant"), answer["message"]["stop_reason"]) == (["Begun."], None)


def test_a_closed_terminal_ends_the_client(open_terminal: OpenTerminal) -> None:
    """When the terminal closes, the client ends and still writes its cost.

    By SIGHUP; on a busy machine it notices first that nobody types any more, and ends by itself.
    """
    terminal = open_terminal()
    terminal.submit(prompt("Hello there", say("Hi.")))
    terminal.wait_for_row(says("Hi."))
    assert terminal.hang_up() in {0, 128 + signal.SIGHUP}
    assert rows_of_type(terminal.rows(), "cost-state")


def test_a_shell_line_runs_without_the_model(
    open_terminal: OpenTerminal, messages_api: ScriptedMessagesApi
) -> None:
    """`! command` writes its output; the client decides whether the model gets it."""
    terminal = open_terminal()
    terminal.submit("! echo from the shell")
    terminal.wait_for_row(lambda row: "<bash-stdout>from the shell" in str(row.get("message")))
    assert {request.path for request in messages_api.requests} <= {"/v1/messages"}


def test_a_title_request_consumes_no_step(
    claude_home: ClaudeHome, open_terminal: OpenTerminal
) -> None:
    """The request for a title contains the prompt and its script, and gets a fixed title."""
    terminal = open_terminal(
        SKIP_PERMISSIONS, home=claude_home.with_env(CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="")
    )
    terminal.submit(prompt("Hello there", reply(error(529, times=1), say("Hi."))))
    terminal.wait_for_row(says("Hi."))
    row = terminal.wait_for_row(lambda row: row["type"] == "ai-title")
    assert row["aiTitle"] == "Scripted session"
