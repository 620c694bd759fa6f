"""What the backend's viewer shows of results, and of what the client wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.model import Part
from ccsync_watch.opensync import part_texts
from ccsync_watch.outgoing import StoredMessage

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


def _result(**content: JsonValue) -> str:
    return part_texts.result_text(Part("tool-result", content, "toolu_1", "Bash"))


def _said(kind: str, text: str, **facts: Any) -> str:  # noqa: ANN401 - any fact
    message = StoredMessage(
        seq=1,
        id="s1:u1",
        session_id="s1",
        agent_id=None,
        agent_type=None,
        uuid="u1",
        role="system",
        kind=kind,
        timestamp_ms=1,
        model=None,
        is_inherited=False,
        prompt_tokens=None,
        output_tokens=None,
        facts=facts,
        parts=(),
    )
    return part_texts.said_text(message, text)


class TestResult:
    """The call, then outcome, duration and size, then the excerpt."""

    @pytest.mark.parametrize(
        ("content", "shown"),
        [
            (
                {
                    "ok": True,
                    "lines": 12,
                    "bytes": 345,
                    "durationMs": 4200,
                    "output": "12 passed",
                    "call": "Bash: pytest -q tests/x",
                },
                "Bash: pytest -q tests/x\nok · 4.2 s · 12 lines, 345 B\n12 passed",
            ),
            (
                {
                    "ok": True,
                    "lines": 1,
                    "bytes": 58,
                    "lines_added": 3,
                    "lines_removed": 2,
                    "path": "/p/src/a.py",
                    "call": "Edit src/a.py",
                },
                "Edit src/a.py (+3 \N{MINUS SIGN}2)\nok",
            ),
            (
                {"ok": False, "exit_code": 2, "lines": 1, "bytes": 2048, "call": "Bash: make"},
                "Bash: make\nfailed, exit code 2 · 1 line, 2.0 KiB",
            ),
            ({"ok": True, "exit_code": 0, "lines": 0, "bytes": 0}, "Bash\nok"),
            ({"ok": True, "bytes": 3000}, "Bash\nok · 2.9 KiB"),
            ({"ok": True, "path": "/p/a"}, "Bash /p/a\nok"),
            (
                {"ok": False, "denied": "rejected by you", "said": "use tabs"},
                "Bash\nrejected by you: use tabs",
            ),
            ({"ok": True, "said": "use tabs"}, "Bash\nok, you said: use tabs"),
            (
                {
                    "ok": True,
                    "agentId": "a1",
                    "totalDurationMs": 65_000,
                    "totalTokens": 12,
                    "totalToolUseCount": 1,
                    "numFiles": 2,
                    "numMatches": 1,
                    "interrupted": False,
                    "agentType": "Explore",
                },
                "Bash\nok · 1 min 5 s · 2 files · 1 match · 1 call · 12 tokens · subagent a1",
            ),
            (
                {"ok": True, "interrupted": True, "numMatches": 2},
                "Bash\nok · interrupted · 2 matches",
            ),
            ({"ok": True, "userModified": True}, "Bash\nok · changed by you"),
            ({"ok": True, "userModified": False}, "Bash\nok"),
            ({"ok": True, "numFiles": "many", "note": "saved"}, "Bash\nok · saved"),
            (
                {"ok": True, "backgroundTaskId": "b1", "status": "completed", "totalTokens": 1234},
                "Bash\nok · 1,234 tokens · background task b1",
            ),
            ({"ok": True, "output": "\x1b[31mred\x1b[0m"}, "Bash\nok\nred"),
            (
                {
                    "ok": True,
                    "agentId": "a0f3c9d17be24a685",
                    "status": "async_launched",
                    "note": "subagent started in the background",
                },
                "Bash\nok · subagent a0f3c9d1 · subagent started in the background",
            ),
            (
                {"ok": True, "agentId": "aposy-5d80aa9e21c44f7b", "status": "teammate_spawned"},
                "Bash\nok · subagent 21c44f7b",
            ),
            ({"ok": True, "status": "timed_out"}, "Bash\nok · timed out"),
            (
                {"ok": False, "exit_code": 2, "output": "Exit code 2\nno rule"},
                "Bash\nfailed, exit code 2\nno rule",
            ),
            (
                {"ok": False, "exit_code": 2, "output": "Error: Exit code 2"},
                "Bash\nfailed, exit code 2",
            ),
            (
                {"ok": False, "exit_code": 2, "output": "Exit code 27\nno rule"},
                "Bash\nfailed, exit code 2\nExit code 27\nno rule",
            ),
            ({"ok": False, "output": "Exit code 2"}, "Bash\nfailed\nExit code 2"),
        ],
    )
    def test_every_fact_has_its_place(self, content: dict[str, JsonValue], shown: str) -> None:
        """What is not known is left out."""
        assert _result(**content) == shown

    def test_a_result_of_an_unknown_shape_is_a_failure(self) -> None:
        """Nothing says that it went well."""
        part = Part("tool-result", "odd", None, None)
        assert part_texts.result_text(part) == "unknown\nfailed"


class TestClientsTexts:
    """They are plain and short, and say what they are."""

    @pytest.mark.parametrize(
        ("kind", "text", "facts", "shown"),
        [
            ("interrupt", "[Request interrupted by user]", {}, "[interrupted]"),
            (
                "interrupt",
                " [Request interrupted by user for tool use]\n",
                {},
                "[interrupted for tool use]",
            ),
            ("command_output", "\x1b[1mSet model\x1b[0m\n", {}, "[output] Set model"),
            ("command_output", "a\r\nb", {}, "[output]\na\nb"),
            ("command_output", " \n", {}, ""),
            (
                "notification",
                "Build done",
                {"task_id": "b1", "status": "completed"},
                "[task b1 completed] Build done",
            ),
            ("notification", "Build done", {"task_id": "b1"}, "[task b1] Build done"),
            ("notification", "Build done", {}, "[notification] Build done"),
            ("notification", "", {"task_id": "b1"}, ""),
            ("notification", "Dug", {"task_id": "a0f3c9d17be24a685"}, "[task a0f3c9d1] Dug"),
            ("prompt", "\x1b[1mBold\x1b[0m, and [output]", {}, "Bold, and [output]"),
        ],
    )
    def test_each_kind(self, kind: str, text: str, facts: dict[str, Any], shown: str) -> None:
        """Without sequences of terminals."""
        assert _said(kind, text, **facts) == shown

    @pytest.mark.parametrize("kind", ["command_output", "notification"])
    def test_long_ones_are_cut_and_marked(self, kind: str) -> None:
        """A placeholder is kept whole or left out."""
        text = "x" * (part_texts.MAX_CLIENT_CHARS - 5) + "[REDACTED:token]" + "y" * 500
        shown = _said(kind, text)
        assert "x… [cut: 516 of 1,511 characters]" in shown
        assert "REDACTED" not in shown

    def test_what_a_person_typed_is_not_cut(self) -> None:
        """Its limit is the user's own."""
        assert _said("prompt", "x" * 4000) == "x" * 4000


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ({"label": "agent", "text": "weeder"}, "[agent] weeder"),
        ({"label": "from lee", "text": ""}, "[from lee]"),
        ({"lines": 2, "bytes": 9}, "[withheld: 2 lines, 9 bytes]"),
        ("odd", "[withheld]"),
    ],
)
def test_a_note_says_what_it_is(content: JsonValue, shown: str) -> None:
    """Or how long it was, where it must not be stored."""
    assert part_texts.note_text(content) == shown


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("task", "Count the pots", "[task] Count the pots"),
        ("injected", "Weed it.\nThen rest.", "[Claude Code]\nWeed it.\nThen rest."),
        ("injected", "[reminder] Weed it.", "[reminder] Weed it."),
        ("notice", "Stopped", "[notice] Stopped"),
        ("notice", "[1, 2] are lists", "[1, 2] are lists"),
        ("notice", "[x](y) is a link", "[notice] [x](y) is a link"),
        ("plan", "# Pots\n1. weed", "[accepted plan]\n# Pots\n1. weed"),
        ("api_error", "529 Overloaded", "[API error] 529 Overloaded"),
        ("api_error", "API Error: 400", "API Error: 400"),
        ("summary", "Summary:\nPots", "Summary:\nPots"),
        ("summary", "Pots", "[summary] Pots"),
        ("teammate", "Pots", "[teammate] Pots"),
        ("cross_session", "Pots", "[other session] Pots"),
        ("prompt", "Pots", "Pots"),
        ("answer", "Pots", "Pots"),
        ("command", "/weed", "/weed"),
        ("compaction", "Conversation compacted", "Conversation compacted"),
    ],
)
def test_what_neither_a_person_nor_claude_said_says_what_it_is(
    kind: str, text: str, shown: str
) -> None:
    """Once, unless its own words say it."""
    assert part_texts.name_kind(kind, text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hm", "[thinking] Hm"),
        ("\x1b[1mHm\x1b[0m\nwell", "[thinking]\nHm\nwell"),
        (" \n", " \n"),
        ("[removed]", "[removed]"),
    ],
)
def test_thoughts_are_marked(text: str, shown: str) -> None:
    """A message of nothing else is drawn like an answer."""
    assert part_texts.thinking_text(text) == shown


@pytest.mark.parametrize(
    ("agent_id", "short"),
    [("a0f3c9d17be24a685", "a0f3c9d1"), ("aposy-5d80aa9e21c44f7b", "21c44f7b"), ("a1", "a1"),
     ("5d80aa9e-0000-4000-8000-000000000017", "00000017"), ("a-b-", "a-b-")],
)  # fmt: skip
def test_a_few_digits_distinguish_subagents(agent_id: str, short: str) -> None:
    """By the digits of their ids, as names are said anyway."""
    assert part_texts.short_agent_id(agent_id) == short
