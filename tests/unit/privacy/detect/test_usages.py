"""Every usage and every call of the tables finds the secret in its place, and nothing beside it."""

from __future__ import annotations

import re

import pytest

from ccsync_watch.privacy.detect.usages import head_of
from ccsync_watch.privacy.heuristics.programs import load_lines
from support.redaction_corpus.shared import build_redactor

SECRETS = ("Vq7tRk2mWz9LpX", "reef-lantern-orbit-walnut")
USAGES = load_lines("secret_arguments")
CALLS = load_lines("secret_calls")
DRAWN = "q8Zt2LmWx7RkPv4Nc3Yd"
OTHER = "first(1, 2)"


def _example(usage: str, secret: str) -> str:
    """Return a usage as a person writes it, with a secret in its place."""
    text = usage.removeprefix("^").replace(" ... ", " ")
    text = re.sub(r" \[[^\]]*\]", "", text)
    text = re.sub(r"\(([^()|\s]+)\|[^()]*\)", r"\1", text)
    text = text.replace("<file>", "./users").replace("<drive> <share>", "Z: //nas/music")
    text = text.replace("<port>", "8080")
    text = re.sub(r"<[a-z]+>", "anna", text).replace(" ~ ", " ").replace("~", " ")
    return text.replace("SECRET", secret)


def test_a_secret_is_found_where_its_usage_has_it() -> None:
    """A line of the table is a rule of its own."""
    redactor = build_redactor()
    texts = {_example(usage, secret): secret for usage in USAGES for secret in SECRETS}
    assert not [text for text, secret in texts.items() if secret in redactor.redact(f"{text}\n")]


def test_a_name_of_a_secret_is_not_one() -> None:
    """Variables, placeholders and words of a manual stay."""
    redactor = build_redactor()
    words = ("$PASSWORD", "<password>", "password")
    texts = [f"{_example(usage, word)}\n" for usage in USAGES for word in words]
    assert not [text for text in texts if redactor.redact(text) != text]


def test_a_usage_begins_with_words() -> None:
    """The scan looks for them."""
    assert head_of("db2 connect to <database> user <user> using SECRET") == "db2 connect to"
    for line in ("<program> SECRET", "program <user>", "program SECRET SECRET"):
        with pytest.raises(ValueError, match="begins with a word"):
            head_of(line)


def _calls(call: str) -> list[str]:
    """Return a call with its secret in different wrappings."""
    name, _, rest = call.partition("(")
    words = [word.strip() for word in rest.removesuffix(")").split(",")]
    return [
        f"{name}({', '.join(literal if word != '_' else OTHER for word in words)})"
        for literal in (
            f'"{DRAWN}"',
            f"'{DRAWN}'",
            f'[]byte("{DRAWN}")',
            f'"{DRAWN}".toCharArray()',
        )
    ]


def test_a_secret_is_found_among_the_arguments_of_its_call() -> None:
    """It may be wrapped, and the others are not touched."""
    redactor = build_redactor()
    texts = [text for call in CALLS for text in _calls(call)]
    redacted = [redactor.redact(text) for text in texts]
    assert not [text for text in redacted if DRAWN in text]
    assert not [
        new for new, old in zip(redacted, texts, strict=True) if _others(new) != _others(old)
    ]


def _others(text: str) -> int:
    return text.count(OTHER)


@pytest.mark.parametrize(
    "text",
    [
        'hmac.New(sha256.New, []byte("secret"))',
        'compare_digest(token.encode("utf-8", "replace"), expected.encode())',
        'jwt.sign(payload, process.env.SECRET, { algorithm: "HS256" })',
        'new Sequelize("shop", "app", "password", { dialect: "postgres" })',
        "ks.load(in, password.toCharArray());",
    ],
)
def test_a_call_without_a_secret_stays(text: str) -> None:
    """Names, algorithms and dummy values are arguments too."""
    assert build_redactor().redact(text) == text
