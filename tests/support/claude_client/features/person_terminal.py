"""A terminal as a person uses it: prompts with their turns, questions, pastes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.claude_client.script import sealed_prompt
from support.claude_client.terminal import PROMPT_SIGNS, Terminal
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from support.claude_client.script import Part, Reply


class PersonTerminal(Terminal):
    """A terminal in which turns and questions are waited for."""

    @property
    def turns(self) -> int:
        """How many turns have ended."""
        return sum(row.get("subtype") == "turn_duration" for row in self.rows())

    def ask(self, text: str, *replies: Reply | Part) -> None:
        """Type a prompt; return after the turn that answers it."""
        turns = self.turns
        self.submit(sealed_prompt(text, *replies))
        self.wait_for_turn(turns)

    def wait_for_turn(self, turns: int) -> None:
        """Wait until more than so many turns have ended."""
        wait_for(lambda: self.turns > turns, "the end of a turn", evidence=self.screen)

    def clear_input(self) -> None:
        """Remove what stands in the input box."""
        self._press_until("C-c", lambda: len(self._input_box().split()) <= 1, "input")

    def paste(self, path: Path) -> None:
        """Paste a file's text."""
        self._tmux("load-buffer", str(path))
        self._tmux("paste-buffer", "-p")
        self.wait_for_screen("[Pasted text")

    def wait_for_dialog(self, text: str) -> None:
        """Wait for a question of the client, in which `text` is the one that is selected."""
        wait_for(lambda: self._has_selected(text), f"{text!r} selected", evidence=self.screen)

    def confirm(self, text: str) -> None:
        """Press Enter at an answer to a question, until the client accepts it."""
        self.wait_for_dialog(text)
        self._press_until("Enter", lambda: not self._has_selected(text), text)

    def wait_for_input(self, text: str) -> None:
        """Wait until the input box holds a prompt that the client put back into it."""
        wait_for(lambda: text in self._input_box(), f"{text!r} in the box", evidence=self.screen)

    def type_in_dialog(self, text: str) -> None:
        """Type into a question of the client."""
        self._tmux("send-keys", "-l", "--", text)

    def _has_selected(self, text: str) -> bool:
        screen = self.screen()
        return any(f"{sign} {text}" in screen for sign in PROMPT_SIGNS)
