"""The redactor's promises on values of any shape; no secret here is anyone's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import ConfigError
from support.canaries import Canaries
from support.redaction_corpus.shared import build_redactor

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.model import JsonValue

SHAPES: list[Callable[[str], JsonValue]] = [
    lambda secret: secret,
    lambda secret: f"before {secret} after",
    lambda secret: {"command": secret},
    lambda secret: {secret: "as a key"},
    lambda secret: [[{"a": "clean", "b": ["clean", {"c": secret}]}]],
    lambda secret: {"first": secret, "second": "clean", "third": {"x": 1, "y": secret}},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_token_is_removed_wherever_it_stands(shape: Callable[[str], JsonValue]) -> None:
    """In texts, values and keys, at any depth; and a second pass changes nothing."""
    redactor = build_redactor()
    canaries = Canaries(seed=1)
    for _sample in range(10):
        secret = canaries.token()
        result = redactor.redact_value(shape(secret))
        assert secret not in repr(result)
        assert "[REDACTED:" in repr(result)
        assert redactor.redact_value(result) == result


@pytest.mark.parametrize(
    ("ordinary", "secret"),
    [
        (
            {"name": "region", "value": "kestrel"},
            {"name": "DB_PASSWORD", "value": "kestrel-42-moor"},
        ),
        (
            {"secret_name": "tls", "value": "production"},
            {"secret_name": "DEPLOY", "value": "Kq9kestrel42moor77Wren"},
        ),
        ({"id": "city", "text": "Gotland"}, {"id": "password", "text": "kestrel-42-moor"}),
        ({"otp": "none"}, {"otp": "482913"}),
        ({"kty": "a", "d": "b"}, {"kty": "RSA", "d": "kestrel42moorfen77wren"}),
    ],
)
def test_a_member_that_names_another_is_read_in_each_object(
    ordinary: dict[str, JsonValue], secret: dict[str, JsonValue]
) -> None:
    """However many objects with the same keys and no secret were read before it."""
    redactor = build_redactor()
    for _ in range(3):
        assert redactor.redact_value([ordinary, ordinary]) == [ordinary, ordinary]
    assert "[REDACTED:" in repr(redactor.redact_value([ordinary, secret]))


def test_what_holds_no_secret_comes_back_as_it_was() -> None:
    """Ordinary text, ids and numbers are not touched."""
    value: JsonValue = {
        "command": "ls -la",
        "id": "toolu_01A2B3C4D5E6F7G8H9J0K1L2",
        "uuid": "0c7f6f0e-6d0c-4a8e-9a53-0d9a1c7f2b11",
        "tokens": 12,
        "text": "The password field is empty; see src/auth/password.py.",
    }
    assert build_redactor().redact_value(value) == value


def test_equal_secrets_are_recognised_as_equal_under_one_key() -> None:
    """Their marks agree, and another installation's marks do not."""
    secret = Canaries(seed=2).token()
    first = build_redactor().redact(secret)
    assert first == build_redactor().redact(f"{secret}")
    assert first != build_redactor(b"l" * 32).redact(secret)


def test_the_user_may_add_and_allow() -> None:
    """A pattern of the user's own removes more; what is allowed stays."""
    result = build_redactor(patterns=["ACME-[0-9]{6}"]).redact("ticket ACME-123456 is open")
    assert "ACME-123456" not in result
    token = Canaries(seed=3).token()
    assert build_redactor(allow=[token]).redact(token) == token


def test_a_pattern_that_is_none_is_named() -> None:
    """The error says which setting, and what it holds."""
    with pytest.raises(ConfigError, match=r"patterns"):
        build_redactor(patterns=["("])
