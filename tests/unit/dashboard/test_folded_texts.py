"""Long prompts are folded: nothing of them is lost, and code stays code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.dashboard.folded_texts import MAX_CHARS, MAX_LINES, fold_long
from support.storing import SESSION, message

if TYPE_CHECKING:
    from support.dashboard_visitor import Visitor
    from support.storing import World


def test_a_short_text_is_shown_whole() -> None:
    """And so is what is not a text, such as its size alone."""
    assert fold_long("\n".join(["x"] * MAX_LINES)) is None
    assert fold_long("x" * MAX_CHARS) is None
    assert fold_long({"lines": 3000}) is None


def test_a_long_text_is_cut_between_lines() -> None:
    """Both parts together are the text."""
    text = "\n".join(f"line {number}" for number in range(2000))
    folded = fold_long(text)
    assert folded is not None
    assert folded.size == "2,000 lines"
    assert f"{folded.head}\n{folded.rest}" == text
    assert folded.head.count("\n") < 20


@pytest.mark.parametrize("gap", [" ", ""])
def test_a_long_line_is_cut_at_a_space(gap: str) -> None:
    """Or anywhere, if there is none."""
    text = f"word{gap}" * 3000
    folded = fold_long(text)
    assert folded is not None
    assert folded.size == f"{len(text):,} characters"
    assert folded.head.removesuffix("…") + folded.rest.removeprefix("…") == text
    assert not gap or folded.head.endswith("word…")


@pytest.mark.parametrize(
    ("opening", "closing"), [("```python", "```"), ("~~~~", "~~~~"), ("  ````", "````")]
)
def test_a_block_of_code_is_closed_and_opened_again(opening: str, closing: str) -> None:
    """Another block before it, which is closed, does not matter."""
    code = "\n".join(f"print({number})" for number in range(100))
    folded = fold_long(f"See:\n```\na\n```\n{opening}\n{code}\n{closing}\nThat is all.")
    assert folded is not None
    assert folded.head.endswith(f"\n{closing}")
    assert folded.rest.startswith(f"{opening}\nprint(")
    assert folded.rest.endswith("That is all.")


def test_pasted_lines_of_a_prompt_are_behind_a_button(visitor: Visitor, world: World) -> None:
    """Those of an answer are not: they are what a reader came for."""
    lines = "\n".join(f"line {number}" for number in range(300))
    world.ingest(message("u1", lines), message("a1", lines, kind="answer", role="assistant"))
    page = visitor.get(f"/sessions/{SESSION}").text
    assert page.count('<details class="fold long">') == 1
    prompt, answer = page.split('class="entry kind-answer')
    assert "Show all 300 lines" in prompt
    head, rest = prompt.split('<details class="fold long">')
    assert "line 5" in head
    assert "line 299" not in head
    assert "line 299" in rest
    assert "line 299" in answer
