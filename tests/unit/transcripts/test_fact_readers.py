"""Rows that say something about the whole session."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from ccsync_watch.model import Fact
from support.lines import SESSION
from support.parsing import parse_rows


@pytest.mark.parametrize(
    ("row", "name", "value"),
    [
        ({"type": "custom-title", "customTitle": "Mine"}, "custom_title", "Mine"),
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
    ],
)
def test_a_fact_is_read(row: dict[str, Any], name: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    """It belongs to the session that the row names, else to the file's."""
    batch = parse_rows({**row, "sessionId": "other"}, row)
    second = len(orjson.dumps({**row, "sessionId": "other"})) + 1
    assert batch.facts == [Fact("other", name, value), Fact(SESSION, name, value, second)]
    assert batch.counted == {row["type"]: 2}


@pytest.mark.parametrize("name", ["custom-title", "ai-title", "last-prompt"])
def test_a_fact_without_its_value_is_only_counted(name: str) -> None:
    """Nothing of it is stored."""
    batch = parse_rows({"type": name, "customTitle": 5, "aiTitle": "", "leafUuid": ["x"]})
    assert batch.facts == []
    assert batch.counted == {name: 1}


def test_a_session_id_that_is_not_an_id_is_replaced_by_the_files() -> None:
    """The id goes into the store and to the backend without redaction."""
    batch = parse_rows({"type": "custom-title", "customTitle": "x", "sessionId": "pass word"})
    assert batch.facts[0].session_id == SESSION
