"""Rows that the client wrote in the user's name."""

from __future__ import annotations

from typing import Any

import pytest

from support.lines import Writer, text
from support.parsing import AGENT, read_contents


@pytest.mark.parametrize(
    ("content", "more", "role", "kind"),
    [
        ("Summary", {"isCompactSummary": True}, "system", "summary"),
        ("[Request interrupted by user]", {}, "system", "interrupt"),
        ("[Request interrupted by user for tool use]", {}, "system", "interrupt"),
        (
            "[Request interrupted by user]",
            {"origin": {"kind": "task-notification"}},
            "system",
            "interrupt",
        ),
        ("done", {"origin": {"kind": "task-notification"}}, "system", "notification"),
        (" <task-notification>x", {}, "system", "notification"),
        ("Caveat", {"isMeta": True}, "system", "injected"),
        ("Caveat", {"promptSource": "system"}, "system", "injected"),
        ("Go", {"isSidechain": True}, "system", "task"),
        ("Go", {"agentId": AGENT}, "system", "task"),
        ("Go", {"origin": "nonsense"}, "user", "prompt"),
    ],
)
def test_a_text_of_the_client_is_not_a_prompt(
    content: str, more: dict[str, Any], role: str, kind: str
) -> None:
    """So that prompts are counted correctly."""
    assert read_contents({**Writer().prompt(content), **more}) == (role, kind, [content])


@pytest.mark.parametrize(
    ("content", "typed"),
    [
        (
            "<command-name>/model</command-name>\n<command-args> opus </command-args>",
            "/model opus",
        ),
        ("<command-message>m</command-message><command-name> /clear </command-name>", "/clear"),
        ("<bash-input>ls -l</bash-input>", "! ls -l"),
        ("<command-name>/x</command-name><command-args>" + " " * 50_000, "/x"),
    ],
)
def test_a_command_is_read_as_it_was_typed(content: str, typed: str) -> None:
    """Without the client's tags around it, however long it is."""
    assert read_contents(Writer().prompt(content)) == ("user", "command", [typed])


def test_a_prompt_that_mentions_a_command_late_is_a_prompt() -> None:
    """Only near the start of the text is the tag the client's own."""
    prompt = "x" * 400 + "<command-name>/model</command-name>"
    assert read_contents(Writer().prompt(prompt)) == ("user", "prompt", [prompt])


@pytest.mark.parametrize("tag", ["local-command-stdout", "bash-stdout", "bash-stderr"])
def test_the_output_of_a_command_is_the_systems(tag: str) -> None:
    """Without tags too."""
    row = Writer().prompt(f"<{tag}>out</{tag}>")
    assert read_contents(row) == ("system", "command_output", ["out"])


def test_an_image_in_a_command_row_is_unchanged() -> None:
    """Only texts have tags."""
    image = {"type": "image", "source": {}}
    row = Writer().row("user", message={"content": [text("<bash-input>a</bash-input>"), image]})
    assert read_contents(row) == ("user", "command", ["! a", image])
