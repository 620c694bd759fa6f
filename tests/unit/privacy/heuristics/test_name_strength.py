"""What a name proves about the value under it."""

from __future__ import annotations

import pytest

from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of


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
