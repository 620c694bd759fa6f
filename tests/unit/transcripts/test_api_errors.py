"""Errors of the API, refusals and other models that answered."""

from __future__ import annotations

from typing import Any

import pytest

from support.lines import Writer, text
from support.parsing import read_contents, read_message


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, "API error"),
        ({"error": {"formatted": "529 busy", "message": "m", "status": 529}}, "529 busy"),
        ({"error": {"message": "m", "status": 500}}, "m (500)"),
        (
            {
                "error": {
                    "status": 529,
                    "error": {"type": "error", "error": {"type": "o", "message": "Overloaded"}},
                },
                "retryAttempt": 2,
                "maxRetries": 10,
            },
            "Overloaded (529) (attempt 2 of 10)",
        ),
        (
            {"error": {"message": "Connection error."}, "cause": {"code": "ECONNRESET"}},
            "Connection error. (ECONNRESET)",
        ),
        ({"error": {"cause": {"code": "ETIMEDOUT"}}}, "API error (ETIMEDOUT)"),
        ({"error": {"cause": {"cause": {"code": "ENOTFOUND"}}}}, "API error (ENOTFOUND)"),
        ({"error": {"message": "m", "code": "EPROTO"}}, "m (EPROTO)"),
        ({"error": "socket closed"}, "socket closed"),
        ({"error": "busy", "retryAttempt": 3}, "busy (attempt 3)"),
        ({"error": "busy", "retryAttempt": 3, "maxRetries": "many"}, "busy (attempt 3)"),
        ({"error": "busy", "retryAttempt": {"a": 1}, "maxRetries": 9}, "busy"),
        ({"error": {"error": "plain"}}, "plain"),
    ],
)  # fmt: skip
def test_a_retry_says_what_went_wrong(row: dict[str, Any], words: str) -> None:
    """However deep it stands."""
    row = Writer().row("system", subtype="api_error", **row)
    assert read_contents(row) == ("system", "api_error", [words])


def failure(*blocks: dict[str, Any], message: Any = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return the client's row on a request that failed for good."""
    values = {"model": "<synthetic>", "content": list(blocks), **(message or {})}
    return Writer().row("assistant", message=values, isApiErrorMessage=True, **more)


@pytest.mark.parametrize(
    ("row", "contents"),
    [
        (failure(text("API Error: 500"), errorDetails="500 {}"),
         ["API Error: 500", {"label": "details", "text": "500 {}"}]),
        (failure(text("API Error: 500 {}"), errorDetails="500 {}"), ["API Error: 500 {}"]),
        (failure(error={"error": {"message": "gone"}}), ["gone"]),
        (failure(text("x"), apiRefusalCategory="cyber", apiRefusalExplanation="too sharp"),
         ["x", {"label": "refused: cyber", "text": "too sharp"}]),
        (failure(text("x"), message={"stop_details": {"explanation": "no"}}),
         ["x", {"label": "refused", "text": "no"}]),
    ],
)  # fmt: skip
def test_a_failure_keeps_its_details_and_why_it_was_refused(
    row: dict[str, Any], contents: list[object]
) -> None:
    """What the text says already is not repeated."""
    assert read_contents(row) == ("assistant", "api_error", contents)


def test_a_refused_answer_says_why() -> None:
    """The API explains it beside the answer."""
    row = Writer().answer(text("I cannot"))
    row["message"]["stop_details"] = {"type": "refusal", "category": "bio", "explanation": "risky"}
    assert read_contents(row)[2] == ["I cannot", {"label": "refused: bio", "text": "risky"}]
    row = {**Writer().answer(text("")), "apiRefusalExplanation": "too sharp"}
    assert read_contents(row)[2] == [{"label": "refused", "text": "too sharp"}]


def test_a_block_on_another_model_is_a_notice() -> None:
    """A row of nothing else is not an answer; among others the block is a note."""
    block = {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}, "trigger": "refusal"}
    label = {"label": "answered by b instead of a", "text": "refusal"}
    assert read_contents(Writer().answer(block)) == ("system", "notice", [label])
    assert read_contents(Writer().answer(text("x"), block)) == ("assistant", "answer", ["x", label])


@pytest.mark.parametrize(
    ("row", "contents"),
    [
        (
            {"subtype": "model_refusal_no_fallback", "content": "", "apiRefusalCategory": "cyber",
             "apiRefusalExplanation": "too sharp"},
            [{"label": "refused: cyber", "text": "too sharp"}],
        ),
        (
            {"subtype": "model_fallback", "originalModel": "a", "fallbackModel": "b",
             "trigger": "overloaded"},
            [{"label": "answered by b instead of a", "text": "overloaded"}],
        ),
        (
            {"subtype": "model_fallback", "content": "b answers, as a is busy",
             "originalModel": "a", "fallbackModel": "b", "trigger": "overloaded"},
            ["b answers, as a is busy"],
        ),
        ({"subtype": "agents_killed"},
         [{"label": "all background agents were stopped", "text": ""}]),
        ({"subtype": "memory_saved", "writtenPaths": ["a.md", 1, "b.md"]},
         [{"label": "saved to memory", "text": "a.md\nb.md"}]),
    ],
)  # fmt: skip
def test_rows_without_a_text_of_their_own_are_notices(
    row: dict[str, Any], contents: list[object]
) -> None:
    """What they say stands in other keys."""
    row = Writer().row("system", **row)
    assert read_contents(row) == ("system", "notice", contents)
    assert read_message(row).facts["subtype"] == row["subtype"]


@pytest.mark.parametrize(
    ("row", "facts"),
    [
        ({"retractedMessageUuids": ["u1", "a b", 5]}, {"retracts": ["u1"]}),
        ({"supersedesUuids": ["u1", "u2"]}, {"supersedes": ["u1", "u2"]}),
        ({"retractedMessageUuids": "u1", "supersedesUuids": []}, {}),
    ],
)
def test_a_row_names_what_no_longer_stands(row: dict[str, Any], facts: dict[str, Any]) -> None:
    """Ids that cannot be stored as they are are left out."""
    assert read_message(Writer().prompt("x", **row)).facts == facts


def test_a_row_that_says_only_what_no_longer_stands_is_a_notice() -> None:
    """Somewhere it has to be."""
    row = Writer().row("system", subtype="silent", retractedMessageUuids=["u1"])
    label = {"label": "earlier messages withdrawn", "text": ""}
    assert read_contents(row) == ("system", "notice", [label])
