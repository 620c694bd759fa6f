"""The responses when something is wrong with a request, or with a page itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.dashboard_visitor import Visitor
    from support.storing import World


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/nowhere", "This page does not exist."),
        ("/sessions/unknown", "This session is not stored here"),
        ("/sessions/unknown/export.md", "This session is not stored here"),
        ("/sessions/unknown/export.html", "Sessions are exported as .md and as .json."),
    ],
)
def test_missing_page_links_to_existing_ones(visitor: Visitor, path: str, message: str) -> None:
    """The page says what is missing, and links to the list of sessions."""
    response = visitor.get(path)
    assert response.status_code == 404
    assert message in response.text
    assert 'href="/sessions"' in response.text


def test_failed_page_hides_the_reason_that_the_log_has(
    world: World, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    """The page shows nothing of the inside; the log, which is redacted, has the error."""
    with world.database.write() as connection:
        connection.execute("ALTER TABLE sessions RENAME TO gone")
    with caplog.at_level(logging.ERROR):
        response = visitor.get("/sessions")
    assert response.status_code == 500
    assert "This page failed." in response.text
    assert "no such table" not in response.text
    assert "no such table" in caplog.text
