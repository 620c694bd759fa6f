"""Accepted plans, as the client hands them to a new session."""

from __future__ import annotations

import pytest

from ccsync_watch.transcripts.plans import plan_heading, read_plan
from support.lines import Writer
from support.parsing import read_contents, read_message

HEAD = "Implement the following plan:\n\n"
HINT = (
    "\n\nIf you need specific details from before exiting plan mode (like exact code snippets),"
    " read the full transcript at: /home/jo/s.jsonl"
)
TEAM = "\n\nIf this plan can be broken down into multiple independent tasks, consider a team."
FEEDBACK = "\n\nUser feedback on this plan: start with\n\nthe hedge"


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        (f"{HEAD}# Dig\n\n1. dig", ["# Dig\n\n1. dig"]),
        (f"{HEAD}# Dig{HINT}", ["# Dig"]),
        (f"{HEAD}Dig the beds.{HINT}{TEAM}", ["Dig the beds."]),
        (
            f"{HEAD}# Dig{HINT}{FEEDBACK}",
            ["# Dig", {"label": "you said", "text": "start with\n\nthe hedge"}],
        ),
    ],
)
def test_a_plan_is_read_without_the_words_of_the_client(text: str, contents: list[object]) -> None:
    """What the person says about it is theirs."""
    assert read_contents(Writer().prompt(text)) == ("user", "plan", contents)
    row = Writer().prompt(text, planContent="# Dig")
    assert read_contents(row) == ("user", "plan", contents)


def test_a_row_can_say_that_it_is_a_plan() -> None:
    """Then it needs no heading, and no sentence."""
    for text in (f"{HEAD}Dig the beds.", "Dig the beds."):
        row = Writer().prompt(text, planContent="Dig the beds.")
        assert read_contents(row) == ("user", "plan", ["Dig the beds."])


@pytest.mark.parametrize("text", [f"{HEAD}dig the beds", "Implement the following plan: # Dig"])
def test_what_a_person_types_is_a_prompt(text: str) -> None:
    """The first line alone is not the client's."""
    assert read_plan(text) is None
    assert read_message(Writer().prompt(text)).kind == "prompt"


@pytest.mark.parametrize(
    ("plan", "heading"),
    [
        ("# Dig the beds\n\n## Context", "Dig the beds"),
        ("# Plan: Dig the beds", "Dig the beds"),
        ("# Implementation Plan: Dig the beds", "Dig the beds"),
        ("## Plan — Dig the beds ##", "Dig the beds"),
        ("# **Dig** the `beds`", "Dig** the `beds"),
        ("# **Dig the beds**", "Dig the beds"),
        ("# Plan\n\n## Context\n\n### Dig the beds", "Dig the beds"),
        ("# Plan\n\nDig.", "Plan"),
        ("First some words.\n\n# Dig the beds", "Dig the beds"),
        ("```sh\n# not a heading\n```\n# Dig the beds", "Dig the beds"),
        ("#hashtag\n    # code\nDig.", ""),
        ("", ""),
        ("# Plan-B for the hedge", "Plan-B for the hedge"),
        ("# Planting the hedge", "Planting the hedge"),
    ],
)
def test_the_heading_that_names_something_counts(plan: str, heading: str) -> None:
    """Others are in every plan."""
    assert plan_heading(plan) == heading
