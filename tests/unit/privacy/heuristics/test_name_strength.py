"""What a name proves about the value under it."""

from __future__ import annotations

import random

import pytest

from ccsync_watch.privacy.heuristics.name_strength import (
    Strength,
    may_name_secret,
    strength_of,
    strength_of_label,
)
from ccsync_watch.privacy.heuristics.words import load_words


@pytest.mark.parametrize(
    ("name", "strength"),
    [
        ("password", Strength.PASSWORD),
        ("DB_PASSWORD", Strength.PASSWORD),
        ("redis_password", Strength.PASSWORD),
        ("mysqlRootPassword", Strength.PASSWORD),
        ("userpass", Strength.PASSWORD),
        ("PGPASSWORD", Strength.PASSWORD),
        ("apiKey", Strength.TOKEN),
        ("x-api-key", Strength.TOKEN),
        ("STRIPE_SECRET_KEY_TEST", Strength.TOKEN),
        ("STRIPE_KEY", Strength.TOKEN),
        ("access_tokens", Strength.TOKEN),
        ("client_secret_2", Strength.TOKEN),
        ("Authorization", Strength.HEADER),
        ("Set-Cookie", Strength.HEADER),
        ("key", Strength.WEAK),
        ("sessionid", Strength.WEAK),
        ("max_tokens", Strength.NONE),
        ("token_type", Strength.NONE),
        ("next_page_token", Strength.NONE),
        ("publicKey", Strength.NONE),
        ("cache-key", Strength.NONE),
        ("idempotency_key", Strength.NONE),
        ("showPassword", Strength.NONE),
        ("bypass", Strength.NONE),
        ("hairpin", Strength.NONE),
        ("secretName", Strength.NONE),
        ("passwordPolicy", Strength.NONE),
        ("", Strength.NONE),
    ],
)
def test_a_name_proves_what_its_last_words_say(name: str, strength: Strength) -> None:
    """Whatever the spelling, and through qualifiers."""
    assert strength_of(name) is strength


def test_a_word_that_cannot_name_a_secret_has_no_part_with_a_strength() -> None:
    """Whatever signs and capitals are in it: what is read of a name may end before the word."""
    rng = random.Random(11)  # noqa: S311 - repeatable, not secret
    pieces = [
        *load_words("password_names"),
        *load_words("token_names"),
        *load_words("weak_names"),
        *load_words("name_qualifiers"),
        *("pass", "pin", "pw", "psk", "CF", "Key", "x-", "_pat", "authorization", "tok", "input"),
    ]
    strong = 0
    for _ in range(4000):
        word = "".join(
            rng.choice(["", "-", "_", "2"]) + rng.choice([str.lower, str.title, str.upper])(piece)
            for piece in rng.choices(pieces, k=rng.randint(1, 3))
        )
        at = rng.randrange(len(word) + 1)
        word = word[:at] + rng.choice("_-aZ9") + word[at:]
        for size in range(2, len(word) + 1):
            if strength_of_label(word[:size]):
                strong += 1
                assert may_name_secret(word.encode()), word
    assert strong
    assert not may_name_secret(b"render_template")
