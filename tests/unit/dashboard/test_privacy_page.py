"""The page Privacy shows the last audit, and makes none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.pipeline.audit import audit
from ccsync_watch.privacy import RULES_VERSION
from ccsync_watch.report.last_audit import FILE_NAME, load_audit, save_audit
from support.redaction_corpus.shared import build_redactor
from support.storing import message

if TYPE_CHECKING:
    from ccsync_watch.privacy import Redactor
    from support.dashboard_visitor import Visitor
    from support.storing import World

TOKEN = "ghp_" + "Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL"


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    """Return a redactor with the current rules."""
    return build_redactor()


def _text(visitor: Visitor) -> str:
    response = visitor.get("/privacy")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.text))


def _save(world: World, redactor: Redactor, rules: str = f"{RULES_VERSION}/own") -> None:
    result = audit(world.database, redactor=redactor, rules=rules, clock=world.clock)
    save_audit(world.folder, result.as_json())


def test_without_an_audit_it_says_how_to_make_one(visitor: Visitor) -> None:
    """And so it does if the file of the last one cannot be read."""
    assert "No audit yet" in _text(visitor)
    (visitor.site.state_dir / FILE_NAME).write_text("{")
    assert "No audit yet" in _text(visitor)


def test_it_shows_what_would_be_changed_and_what_was_sent(
    world: World, visitor: Visitor, redactor: Redactor
) -> None:
    """With sessions, kinds and hosts, and what to do."""
    world.ingest(message("u1", f"Use {TOKEN}"), message("u2", "innocent"))
    world.drain()
    _save(world, redactor)
    text = _text(visitor)
    assert "Secrets are stored and were sent: 1 message and" in text
    assert "run ccsync-watch repair, and renew the secrets that were sent" in text
    assert "github-token" in text
    assert "127.0.0.1:3211" in text
    assert "Other rules" not in text
    assert "Messages were stored since" not in text
    world.ingest(message("u3", "later"))
    assert "Messages were stored since" in _text(visitor)


def test_a_clean_store_is_said_to_be_clean(
    world: World, visitor: Visitor, redactor: Redactor
) -> None:
    """By the rules that the audit was made by, which may not be those in use."""
    world.ingest(message("u1", "innocent"))
    _save(world, redactor, rules="1-earlier/own")
    text = _text(visitor)
    assert "Nothing that is stored would be changed" in text
    assert "the rules have changed since this audit" in text


def test_a_folder_that_cannot_be_written_keeps_no_audit(world: World, redactor: Redactor) -> None:
    """The audit itself was printed."""
    result = audit(world.database, redactor=redactor, rules="x", clock=world.clock)
    save_audit(world.folder / "missing", result.as_json())
    assert load_audit(world.folder / "missing") is None
