"""An explanation names rules and places of secrets, and has no part of one."""

from __future__ import annotations

import json
import random
from dataclasses import asdict

import pytest

from ccsync_watch.privacy.findings import (
    ASSIGNMENT,
    BASE64,
    KNOWN_VALUE,
    USER_PATTERN,
    ExplainingRedactor,
)
from support.redaction_corpus.generator import positives
from support.redaction_corpus.shared import KEY, build_redactor, cache_folder
from support.redaction_corpus.vendors import token

RNG = random.Random(15)  # noqa: S311 - repeatable, not secret
TOKEN = token("ghp_{a:36}", RNG)
KNOWN = "correct-horse-7"


@pytest.fixture(scope="module")
def redactor() -> ExplainingRedactor:
    """Return a redactor that explains, with a pattern and a known value."""
    return ExplainingRedactor(
        key=KEY, patterns=["Bluebird"], known={KNOWN: "env"}, cache=cache_folder()
    )


def test_a_vendors_row_is_named_with_its_documentation(redactor: ExplainingRedactor) -> None:
    """Lines and columns count characters from 1; the last one belongs to the secret."""
    _, (finding,) = redactor.explain(f"one\näé {TOKEN}, and more\n")
    assert (finding.kind, finding.characters) == ("github-token", len(TOKEN))
    assert (finding.line, finding.column) == (2, 4)
    assert (finding.end_line, finding.end_column) == (2, 3 + len(TOKEN))
    assert finding.place == f"line 2, columns 4 to {3 + len(TOKEN)}"
    assert finding.rules[0].id == "github-token"
    assert (finding.rules[0].source or "").startswith("https://docs.github.com/")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("the Bluebird project", USER_PATTERN),
        (f"it was {KNOWN}.", KNOWN_VALUE),
        ('export DB_PASSWORD="kX9-vQ2wLm"', ASSIGNMENT),
        ("data: cGFzc3dvcmQ9a1g5dlEyd0xtNHRSOHlCMXpKNg==", BASE64),
    ],
)
def test_rules_without_a_row_have_names(
    redactor: ExplainingRedactor, text: str, rule: object
) -> None:
    """The user's patterns, known values, assignments and what is encoded."""
    _, (finding,) = redactor.explain(text)
    assert rule in finding.rules


def test_all_rules_that_found_a_secret_are_named(redactor: ExplainingRedactor) -> None:
    """The first one names the kind; a report of a wrong finding needs the others too."""
    _, (finding,) = redactor.explain(f"GITHUB_TOKEN={TOKEN}")
    assert finding.kind == "github-token"
    assert finding.rules[0].id == "github-token"
    assert ASSIGNMENT in finding.rules


def test_a_range_includes_what_hid_the_secret(redactor: ExplainingRedactor) -> None:
    """Colours inside of a token, and a key over several lines."""
    dressed = f"{TOKEN[:20]}\x1b[0m{TOKEN[20:]}"
    _, (finding,) = redactor.explain(f"x {dressed} y")
    assert (finding.column, finding.characters) == (3, len(dressed))
    block = "-----BEGIN PRIVATE KEY-----\n" + "Zx9Kq2Lm4Np6" * 5 + "\n-----END PRIVATE KEY-----"
    _, (finding,) = redactor.explain(f"a\n{block}\nb")
    assert (finding.line, finding.column, finding.end_line, finding.end_column) == (2, 1, 4, 25)
    assert finding.moved(10).place == "line 12, column 1 to line 14, column 25"


def test_what_a_later_pass_finds_has_its_place_in_the_original(
    redactor: ExplainingRedactor,
) -> None:
    """Offsets of the text as it was, whatever was replaced before it."""
    text = f"{TOKEN} {TOKEN} and Bluebird"
    redacted, findings = redactor.explain(text)
    assert [finding.column for finding in findings] == [
        1,
        len(TOKEN) + 2,
        text.index("Bluebird") + 1,
    ]
    assert redactor.explain(redacted)[1] == []


def test_it_finds_what_the_redactor_finds_and_says_no_value(redactor: ExplainingRedactor) -> None:
    """In every family of the corpus: the same text, at least one rule, no part of the secret."""
    plain = build_redactor(patterns=["Bluebird"], known={KNOWN: "env"})
    for case in positives(seed=15, samples=1):
        redacted, findings = redactor.explain(case.text)
        assert redacted == plain.redact(case.text), case.family
        assert all(finding.rules for finding in findings), case.family
        assert case.secret not in json.dumps([asdict(finding) for finding in findings])
