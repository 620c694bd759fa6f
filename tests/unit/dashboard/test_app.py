"""The responses when something is wrong with a request, or with a page itself."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.dashboard.page_priority import PagePriority
from support.storing import SESSION

if TYPE_CHECKING:
    from collections.abc import Iterator

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


class NotingPriority(PagePriority):
    """Counts the parts of pages for which background work paused."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.parts = 0

    @contextlib.contextmanager
    def page(self) -> Iterator[None]:
        """Count one more."""
        self.parts += 1
        with super().page():
            yield


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        (f"/sessions/{SESSION}", 1),
        ("/", 1),
        ("/files", 1),
        ("/errors", 1),
        ("/privacy", 1),
        (f"/sessions/{SESSION}/message.md?at=u1", 1),
        # What they are made from, the text, and that it has ended.
        (f"/sessions/{SESSION}/export.md", 3),
        (f"/sessions/{SESSION}/export.json", 3),
        (f"/sessions/{SESSION}/share.html", 3),
    ],
)
def test_background_work_pauses_while_a_page_or_file_is_made(
    world: World, visitor: Visitor, path: str, parts: int
) -> None:
    """Else it takes the interpreter with each row that is read."""
    world.say("u1")
    priority = NotingPriority()
    visitor.site = replace(visitor.site, priority=priority)
    assert visitor.get(path).is_success
    assert priority.parts >= parts
