"""What the user decides about what may leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.config import Settings
from ccsync_watch.model import Message, Part
from ccsync_watch.privacy.policy.policy import MAX_TEXT_CHARS, Policy

if TYPE_CHECKING:
    from ccsync_watch.model import MessageKind, PartKind, Role


def message(role: Role, kind: MessageKind) -> Message:
    """Return an empty message."""
    return Message("m", "s", None, "u", None, 0, 1, role, kind, None, None, None, ())


class TestChoices:
    """What the user decides."""

    def test_the_settings_make_the_policy(self) -> None:
        """Each choice is independent of the others."""
        settings = Settings(
            sync_tool_calls=False, sync_thinking=True, max_prompt_chars=1, max_output_chars=2
        )
        assert Policy.of(settings) == Policy(
            tool_calls=False, thinking=True, max_prompt_chars=1, max_output_chars=2
        )
        assert Policy.of(Settings()) == Policy()

    @pytest.mark.parametrize("kind", ["text", "image", "file"])
    def test_what_is_said_leaves_always(self, kind: PartKind) -> None:
        """Nothing would be left otherwise."""
        assert Policy(tool_calls=False, thinking=False).allows(Part(kind, ""))

    def test_thinking_leaves_only_when_asked_for(self) -> None:
        """By default it stays."""
        assert not Policy().allows(Part("thinking", ""))
        assert Policy(thinking=True).allows(Part("thinking", ""))

    @pytest.mark.parametrize("kind", ["tool-call", "tool-result"])
    def test_tools_leave_unless_turned_off(self, kind: PartKind) -> None:
        """Calls and results together."""
        assert Policy().allows(Part(kind, {}))
        assert not Policy(tool_calls=False).allows(Part(kind, {}))

    @pytest.mark.parametrize(
        ("role", "kind", "part", "limit"),
        [
            ("tool", "tool_result", "tool-result", 2),
            ("system", "command_output", "text", 2),
            ("user", "prompt", "text", 1),
            ("system", "summary", "text", 1),
            ("assistant", "answer", "tool-call", 1),
            ("system", "teammate", "note", 1),
            ("assistant", "answer", "text", MAX_TEXT_CHARS),
            ("assistant", "answer", "thinking", MAX_TEXT_CHARS),
            ("user", "prompt", "image", MAX_TEXT_CHARS),
        ],
    )
    def test_prompts_and_outputs_have_their_own_limits(
        self, role: Role, kind: MessageKind, part: PartKind, limit: int
    ) -> None:
        """The model's words have one that only runaways reach."""
        policy = Policy(max_prompt_chars=1, max_output_chars=2)
        assert policy.limit(message(role, kind), Part(part, "")) == limit

    def test_what_a_person_says_about_a_denial_has_the_limit_of_prompts(self) -> None:
        """It is theirs, not a tool's output."""
        policy = Policy(max_prompt_chars=1, max_output_chars=2)
        part = Part("tool-result", {"ok": False, "said": "no"})
        assert policy.limit(message("tool", "tool_result"), part) == 1
