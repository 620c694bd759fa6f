"""The plugin's commands: when they answer, when the fallback does, and their texts."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ccsync_watch import __version__
from ccsync_watch.cli import main
from ccsync_watch.cli.plugin_sync import flush_lines
from ccsync_watch.control.messages import FlushAnswer
from ccsync_watch.problem import Problem
from support.flush_answers import FLUSHED
from support.lines import SESSION

FULL = Problem("reading-failed", "Sync not working", "the disk is full", "free some")
TIMED_OUT = Problem("connection-failed", "Connection failed", "x (timed out)", "wait")


@pytest.fixture
def ask_plugin(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:  # noqa: ANN401 - a function
    """Return a function that asks as the client's hook does, and returns what is printed."""

    def ask(data: bytes, *words: str) -> str:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert main(("plugin-command", *words), env) == 0
        output = capsys.readouterr()
        assert output.err == ""
        return output.out

    return ask


def line(name: object, **more: object) -> bytes:
    """Return what the client writes to the hook."""
    return json.dumps({"command_name": name, "session_id": SESSION, **more}).encode()


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}", line(7), line("other:command"), line("x:sync-status-now"), b"\xff"],
)
def test_other_input_gets_no_answer(ask_plugin: Any, data: bytes) -> None:  # noqa: ANN401 - a function
    """Then the command's own text answers."""
    assert ask_plugin(data) == ""


def test_a_status_is_a_decision(ask_plugin: Any) -> None:  # noqa: ANN401 - as above
    """It blocks the expansion, with the report as its reason."""
    decision = json.loads(ask_plugin(line("claude-code-sync:sync-status")))
    assert decision["decision"] == "block"
    assert decision["hookSpecificOutput"]["hookEventName"] == "UserPromptExpansion"
    assert decision["reason"].startswith(f"\nccsync-watch {__version__}, plugin {__version__}: not")
    assert "No Convex URL configured" in decision["reason"]


def test_a_renamed_plugin_gets_an_answer(ask_plugin: Any) -> None:  # noqa: ANN401 - as above
    """Its user may have renamed it."""
    assert "not running" in ask_plugin(line("code-sync:sync-status"))


def test_plain_answers_are_text(ask_plugin: Any) -> None:  # noqa: ANN401 - as above
    """For the fallback; the session may be unknown."""
    assert ask_plugin(b"", "--plain", "status").startswith("ccsync-watch ")
    assert ask_plugin(b"", "--plain", "status", "--session", SESSION).startswith("ccsync-watch ")


def test_a_newer_plugin_is_a_warning(ask_plugin: Any) -> None:  # noqa: ANN401 - as above
    """It may expect what this program does not know."""
    text = ask_plugin(b"", "--plain", "status", "--plugin-version", "99.0.0")
    assert f"Version: this plugin is 99.0.0, ccsync-watch is {__version__}" in text


def test_a_status_names_what_the_client_cannot_do(ask_plugin: Any, env: dict[str, str]) -> None:  # noqa: ANN401 - as above
    """The client that asks names itself."""
    env["AI_AGENT"] = "claude-code_2-1-150_agent"
    assert "Claude Code: 2.1.150 does not print" in ask_plugin(b"", "--plain", "status")
    env["AI_AGENT"] = "claude-code_2-1-332_agent"
    assert "2.1.332" not in ask_plugin(b"", "--plain", "status")


def test_a_wrong_setting_is_an_answer_too(ask_plugin: Any, env: dict[str, str]) -> None:  # noqa: ANN401 - as above
    """Under the title that the README explains."""
    Path(env["HOME"], ".claude-code-sync.json").write_text('{"auto_sync": "maybe"}')
    for name in ("sync-status", "sync-now"):
        reason = json.loads(ask_plugin(line(f"claude-code-sync:{name}")))["reason"]
        assert reason.startswith("\nSync not working: ")
        assert "\n  → set it to true or false" in reason


def test_an_unusable_state_folder_is_an_answer_too(ask_plugin: Any, env: dict[str, str]) -> None:  # noqa: ANN401 - as above
    """Nothing ends in a traceback."""
    Path(env["CCSYNC_WATCH_HOME"]).touch()
    reason = json.loads(ask_plugin(line("claude-code-sync:sync-status")))["reason"]
    assert "cannot use the state folder" in reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "Synced: 3 rows sent, nothing of this session is pending"),
        ({"is_local": True}, "No Convex URL configured"),
        ({"is_known": False}, "Nothing of this session is stored yet"),
        ({"rows_pending": 2}, "2 rows of this session pending; sync continues in the background"),
        ({"is_read": False}, "not all imported yet; sync continues in the background"),
        ({"rows_rejected": 1}, "The backend rejected 1 row"),
        ({"problem": FULL.as_json()}, "Sync not working: the disk is full\n  → free some"),
        (
            {"error": TIMED_OUT.as_json(), "rows_pending": 1},
            "failed: x (timed out)\n  → wait",
        ),
    ],
)
def test_the_result_of_a_flush_names_the_worst_first(change: dict[str, object], words: str) -> None:
    """And says what happens to the rest."""
    assert words in "\n".join(flush_lines(FlushAnswer.from_json({**FLUSHED, **change}), SESSION))
