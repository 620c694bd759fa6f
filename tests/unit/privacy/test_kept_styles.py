"""Colours of what is kept: at their places after redaction and cuts, and nowhere in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.model import Part
from ccsync_watch.privacy.clean import clean
from ccsync_watch.privacy.kept_styles import kept_styles
from ccsync_watch.privacy.policy.policy import Policy, ToolCall
from support.lines import Writer, call
from support.parsing import parse_rows
from support.redaction_corpus.shared import build_redactor

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

KEY = "sk-ant-api03-" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA" * 3 + "AA"
RED, BOLD, END = "\x1b[31m", "\x1b[1m", "\x1b[0m"


def clean_output(output: str, policy: Policy | None = None) -> Part:
    """Return what is kept of a command's output."""
    writer = Writer()
    rows = [writer.answer(call("t1", "Bash", command="make")), writer.result("t1", output)]
    cleaned = clean(
        parse_rows(*rows),
        policy=policy or Policy(),
        redactor=build_redactor(),
        calls={"t1": ToolCall("Bash", None)},
    ).value
    return cleaned.messages[1].parts[0]


def styled_pieces(part: Part) -> tuple[str, list[tuple[str, str]]]:
    """Return a result's text, and its styled pieces with their styles."""
    assert isinstance(part.content, dict)
    text = part.content["output"]
    assert isinstance(text, str)
    return text, [(text[start:end], style) for start, end, style in part.styles]


def test_colours_are_kept_apart_from_the_text() -> None:
    """The text is the one that everybody but a page shows."""
    part = clean_output(f"1 passed, {RED}{BOLD}2 failed{END}\r\n{BOLD}done{END}")
    assert styled_pieces(part) == (
        "1 passed, 2 failed\ndone",
        [("2 failed", "bold red"), ("done", "bold")],
    )


@pytest.mark.parametrize(
    "secret",
    [f"{RED}{KEY}{END}", f"{RED}{KEY[:40]}{BOLD}{KEY[40:]}{END}", f"x{RED}{KEY}{END}y"],
    ids=["around", "inside", "between letters"],
)
def test_a_secret_takes_its_colours_along(secret: str) -> None:
    """What stands on its two sides keeps its own, and nothing of the secret stays."""
    part = clean_output(f"{BOLD}key{END} {secret} {RED}wrong{END} key, {RED}again{END}")
    text, pieces = styled_pieces(part)
    assert "aB3dE5" not in text
    assert "REDACTED" in text
    assert pieces == [("key", "bold"), ("wrong", "red"), ("again", "red")]


def test_a_secret_behind_an_uncoloured_one_is_found_too() -> None:
    """Placeholders are shorter or longer than what they replace."""
    part = clean_output(f"{KEY}\n{RED}a{END}\n{KEY[:-4]}zzAA\n{BOLD}b{END}")
    assert styled_pieces(part)[1] == [("a", "red"), ("b", "bold")]


def test_a_cut_is_made_by_what_is_seen() -> None:
    """Sequences do not count, and none is cut in two."""
    line = f"{RED}error{END}: {BOLD}file{END}\n"
    part = clean_output(line * 9000, Policy(max_output_chars=20))
    text, pieces = styled_pieces(part)
    assert text.startswith("error: file\nerror: f… [cut: ")
    assert text.endswith(f" of {12 * 9000:,} characters]")
    assert pieces == [("error", "red"), ("file", "bold"), ("error", "red"), ("f", "bold")]


def test_an_output_of_many_sequences_is_not_cut_for_them() -> None:
    """As a progress bar writes them; all that it shows is short."""
    part = clean_output("\x1b[2K\x1b[1G" * 20_000 + f"{RED}100 %{END}")
    assert styled_pieces(part) == ("100 %", [("100 %", "red")])


@pytest.mark.parametrize(
    ("before", "after", "styles"),
    [
        (f"{RED}a{END}b", "ab", ((0, 1, "red"),)),
        (f"x{RED}a{END}b", "something else", ()),
        (f"{RED}ab{END}c", "ab", ((0, 2, "red"),)),
        (
            {"label": "pasted", "text": f"{RED}a"},
            {"label": "pasted", "text": "a"},
            ((0, 1, "red"),),
        ),
        ({"bytes": 3}, {"bytes": 3}, ()),
        (f"{RED}a", {"bytes": 3}, ()),
        ("a", "a", ()),
        (f"{RED}{END}", "", ()),
        (f"{RED}a{END}", "[REDACTED:x:12345678]", ()),
        (f"{RED}a{END}", "c[REDACTED:x:12345678]", ()),
    ],
)
def test_styles_are_those_of_the_text_that_is_left(
    before: JsonValue, after: JsonValue, styles: tuple[object, ...]
) -> None:
    """Where a text is not found again, it has none."""
    assert kept_styles(Part("text", before), Part("text", after)) == styles
