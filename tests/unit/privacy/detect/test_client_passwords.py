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
