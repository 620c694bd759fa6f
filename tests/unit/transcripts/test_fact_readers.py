"""Rows that say something about the whole session."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from ccsync_watch.model import Fact
from support.lines import SESSION, Writer
from support.parsing import parse_rows


@pytest.mark.parametrize(
    ("row", "name", "value"),
    [
        ({"type": "custom-title", "customTitle": "Mine"}, "custom_title", "Mine"),
        ({"type": "custom-title", "customTitle": ""}, "custom_title", ""),
        ({"type": "custom-title", "customTitle": None}, "custom_title", ""),
        ({"type": "custom-title", "customTitle": " "}, "custom_title", ""),
        ({"type": "ai-title", "aiTitle": "Its"}, "generated_title", "Its"),
        ({"type": "last-prompt", "lastPrompt": "p", "leafUuid": "u-1"}, "leaf", "u-1"),
        (
            {"type": "summary", "summary": "Sum", "leafUuid": "u-1"},
            "summary",
            {"text": "Sum", "leaf": "u-1"},
        ),
        (
            {"type": "cost-state", "totalCostUSD": 1.5, "modelUsage": {"m": {"costUSD": 1}}},
            "cost_state",
            {"totalCostUSD": 1.5, "modelUsage": {"m": {"costUSD": 1}}},
        ),
        ({"type": "agent-name", "agentName": "lily"}, "agent_name", "lily"),
        ({"type": "agent-setting", "agentSetting": "reviewer"}, "agent", "reviewer"),
        ({"type": "tag", "tag": "later"}, "tag", "later"),
        (
            {"type": "pr-link", "prNumber": 12, "prUrl": "https://git/p/12", "prRepository": "o/p"},
            "pull_requests",
            [{"url": "https://git/p/12", "name": "o/p#12"}],
        ),
        (
            {"type": "frame-link", "path": "/w/a.html", "frameUrl": "https://x/1", "title": "A"},
            "artifacts",
            [{"url": "https://x/1", "name": "A"}],
        ),
        (
            {"type": "frame-link", "path": "C:\\w\\a.html", "frameUrl": "https://x/1"},
            "artifacts",
            [{"url": "https://x/1", "name": "a.html"}],
        ),
        (
            {"type": "frame-link", "artifactCount": 2},
            "artifacts",
            [{"url": None, "name": "2 artifacts"}],
        ),
    ],
)
def test_a_fact_is_read(row: dict[str, Any], name: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    """It belongs to the session that the row names, else to the file's."""
    batch = parse_rows({**row, "sessionId": "other"}, row)
    second = len(orjson.dumps({**row, "sessionId": "other"})) + 1
    assert batch.facts == [Fact("other", name, value), Fact(SESSION, name, value, second)]
    assert batch.counted == {row["type"]: 2}


@pytest.mark.parametrize(
    "name",
    ["custom-title", "ai-title", "last-prompt", "pr-link", "frame-link", "agent-name", "tag"],
)
def test_a_fact_without_its_value_is_only_counted(name: str) -> None:
    """Nothing of it is stored."""
    batch = parse_rows({"type": name, "customTitle": 5, "aiTitle": "", "leafUuid": ["x"]})
    assert batch.facts == []
    assert batch.counted == {name: 1}


def test_a_session_id_that_is_not_an_id_is_replaced_by_the_files() -> None:
    """The id goes into the store and to the backend without redaction."""
    batch = parse_rows({"type": "custom-title", "customTitle": "x", "sessionId": "pass word"})
    assert batch.facts[0].session_id == SESSION


def test_the_effort_of_a_response_is_a_fact_of_its_session() -> None:
    """Once until it changes; a subagent has its own."""
    writer = Writer()
    rows = [{**writer.answer(), "effort": "low", "perTurnEffort": name} for name in ("a", "a", "b")]
    batch = parse_rows(*rows, {**writer.answer(), "effort": "c"}, writer.answer())
    assert [fact.value for fact in batch.facts] == ["a", "b", "c"]
    assert {fact.name for fact in batch.facts} == {"effort"}
    assert parse_rows({**Writer(agent_id="a1").answer(), "effort": "a"}).facts == []


_FAILED_TITLES = [
    "Invalid API key \u00b7 Please run /login", "Invalid API key \u00b7 Fix external API key",
    'API Error: 401 {"type":"error"}', "API Error (429 \u2026)", "API Error",
    "Credit balance is too low", "Prompt is too long", "Claude AI usage limit reached|1756980000",
    "OAuth token revoked \u00b7 Please run /login", "Please run /login \u00b7 API Error: 403",
    "Opus is experiencing high load, please use /model to switch to Sonnet", "(no content)",
]  # fmt: skip


@pytest.mark.parametrize("said", _FAILED_TITLES)
def test_what_the_client_wrote_where_its_request_for_a_title_failed_is_not_one(said: str) -> None:
    """Old clients took their own words for the model's."""
    rows = [
        {"type": "summary", "summary": said, "leafUuid": "u-1"},
        {"type": "ai-title", "aiTitle": said},
    ]
    assert parse_rows(*rows).facts == []


@pytest.mark.parametrize(
    "said", ["API Error Handling in the shop", "Prompt is too long for the page", "Invalid API key"]
)
def test_a_title_about_errors_is_a_title(said: str) -> None:
    """Only a text that is wholly the client's is one of its own."""
    (fact,) = parse_rows({"type": "ai-title", "aiTitle": said}).facts
    assert fact.value == said
