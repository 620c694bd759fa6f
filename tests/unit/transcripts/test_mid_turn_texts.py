"""Prompts that the client hands to Claude between two of its calls."""

from __future__ import annotations

import pytest

from ccsync_watch.transcripts.mid_turn_texts import IN_RESULT, read_mid_turn
from support.lines import Writer, text
from support.parsing import read_contents, read_row

HEAD = "The user sent a new message while you were working:\n"
TRAILERS = (
    "\n\nIMPORTANT: After completing your current task, you MUST address the user's message.",
    "\n\nThis is how Claude Code surfaces messages the user sends mid-turn, often alongside.",
)
REMINDER = f"<system-reminder>\n{HEAD}stop the hose{TRAILERS[0]}\n</system-reminder>"


@pytest.mark.parametrize("trailer", TRAILERS)
@pytest.mark.parametrize("words", ["stop the hose", "first\n\nIMPORTANT: second\n\nthird"])
def test_the_words_are_read_without_those_of_the_client(words: str, trailer: str) -> None:
    """With the client's tag around them, or without."""
    bare = HEAD + words + trailer
    for whole in (bare, f"<system-reminder>\n{bare}\n</system-reminder>"):
        content = read_mid_turn(whole)
        assert content is not None
        assert (content.role, content.kind) == ("user", "prompt")
        assert [part.content for part in content.parts] == [words]
        assert content.facts == {"queued": IN_RESULT}


@pytest.mark.parametrize(
    "whole",
    [
        HEAD + "what does this sentence mean?",
        "why: " + REMINDER,
        HEAD + TRAILERS[0],
        "<system-reminder>\nrain\n</system-reminder>",
    ],
)
def test_other_texts_are_not_such_a_prompt(whole: str) -> None:
    """A person may quote the sentence."""
    assert read_mid_turn(whole) is None


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (f"dug\n\n{REMINDER}", "dug"),
        (f"dug\n{REMINDER}\n", "dug"),
        (REMINDER, ""),
        ([text("dug"), text(REMINDER)], [text("dug"), text("")]),
        ([text(f"dug\n\n{REMINDER}")], [text("dug")]),
    ],
)
def test_a_prompt_at_the_end_of_a_result_is_a_message_of_its_own(
    content: object, left: object
) -> None:
    """And not part of the result."""
    batch = read_row(Writer().result("toolu_1", content))
    result, prompt = batch.messages
    assert result.kind == "tool_result"
    assert isinstance(result.parts[0].content, dict)
    assert result.parts[0].content["content"] == left
    assert (prompt.kind, prompt.parts[0].content) == ("prompt", "stop the hose")
    assert prompt.id == f"{result.id}:said-0"
    assert prompt.uuid == f"{result.uuid}:said-0"


def test_several_prompts_at_the_end_of_a_result_are_several() -> None:
    """In their order."""
    other = REMINDER.replace("stop the hose", "and shut the gate")
    batch = read_row(Writer().result("toolu_1", f"dug\n\n{REMINDER}\n\n{other}"))
    said = [message.parts[0].content for message in batch.messages[1:]]
    assert said == ["stop the hose", "and shut the gate"]


def test_a_prompt_in_a_result_may_quote_the_clients_tag() -> None:
    """Only one at the start of a line is the client's."""
    words = "drop <system-reminder>dry</system-reminder> there"
    other = REMINDER.replace("stop the hose", words)
    batch = read_row(Writer().result("toolu_1", f"dug\n\n{REMINDER}\n{other}"))
    said = [message.parts[0].content for message in batch.messages[1:]]
    assert said == ["stop the hose", words]
    batch = read_row(Writer().result("toolu_1", "dug, <system-reminder>dry</system-reminder>"))
    assert len(batch.messages) == 1


@pytest.mark.parametrize(
    "content",
    [
        f"the log says: {REMINDER}",
        f"{REMINDER}\nand more of the file",
        "dug\n\n<system-reminder>\nrain\n</system-reminder>",
        "dug</system-reminder>",
        [{"type": "image"}],
        [],
    ],
)
def test_a_result_that_quotes_one_keeps_it(content: object) -> None:
    """Files and logs hold such texts."""
    (result,) = read_row(Writer().result("toolu_1", content)).messages
    assert isinstance(result.parts[0].content, dict)
    assert result.parts[0].content["content"] == content


def test_a_prompt_beside_a_result_and_in_a_row_of_its_own_is_one() -> None:
    """The client puts it in several places."""
    row = Writer().result("toolu_1", "dug")
    row["message"]["content"].append(text(REMINDER))
    result, prompt = read_row(row).messages
    assert [part.kind for part in result.parts] == ["tool-result"]
    assert prompt.parts[0].content == "stop the hose"
    row = Writer().prompt(HEAD + "stop the hose" + TRAILERS[1], isMeta=True)
    assert read_contents(row) == ("user", "prompt", ["stop the hose"])
