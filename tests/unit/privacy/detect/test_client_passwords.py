"""Passwords in the syntax of particular programs."""

from __future__ import annotations

import json

import pytest

from support.redaction_corpus.shared import build_redactor


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("flags", ["", "-String ", "-AsPlainText -Force "])
def test_a_secure_string_is_removed_in_either_quotes(quote: str, flags: str) -> None:
    """PowerShell's users prefer single ones."""
    text = f"ConvertTo-SecureString {flags}{quote}sunshine-moon{quote} -AsPlainText"
    redacted = build_redactor().redact(text)
    assert "sunshine" not in redacted
    assert redacted.count(quote) == 2


def test_a_secure_string_in_json_stays_json() -> None:
    """The escape of its closing quote is not part of the password."""
    text = json.dumps({"command": 'ConvertTo-SecureString "sunshine-moon" -AsPlainText'})
    redacted = build_redactor().redact(text)
    assert "sunshine" not in redacted
    assert json.loads(redacted)["command"].endswith('" -AsPlainText')


@pytest.mark.parametrize(
    "text",
    ["openssl passwd -6,", "isql -P inventory -v3", "cargo login v2c", "etcdctl put app/key -o1"],
)
def test_an_option_or_a_version_is_not_a_password_by_position(text: str) -> None:
    """The scan looks for the program alone; the value decides."""
    assert build_redactor().redact(text) == text


@pytest.mark.parametrize(
    "before", ["openssl passwd -6 ", "isql inventory app ", "cargo login ", "etcdctl put app/key "]
)
def test_a_password_by_position_is_removed(before: str) -> None:
    """Also one with a hyphen early."""
    assert "k4-Rwz7qLp" not in build_redactor().redact(f"{before}k4-Rwz7qLp\n")
