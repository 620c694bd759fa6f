"""What a tool encrypted is known by the tool's mark, and what anybody can reverse is not that."""

from __future__ import annotations

import pytest

from ccsync_watch.privacy.heuristics.encrypted_values import (
    is_encrypted,
    is_envelope,
    names_encrypted,
)

_TEXT = "h2DVb00Hf90YwiBmA2l+/5Vo3X1nakgFFBSg1/ShZYz="


@pytest.mark.parametrize(
    "value",
    [
        f"{{{_TEXT}}}",
        f"{{AES}}{_TEXT}",
        f"{{cipher}}{{key:prod}}{_TEXT}",
        f"encrypted:{_TEXT}",
        f"enc:v1:{_TEXT}",
        f"kms:AQICAH{_TEXT}",
        f"ENC({_TEXT})",
        f"%ENC{{{_TEXT}}}",
        f"![{_TEXT}]",
        f"[enc:{_TEXT}:enc]",
        f"ENC[AES256_GCM,data:{_TEXT},iv:x]",
        f"U2FsdGVkX1{_TEXT}",
    ],
)
def test_a_mark_before_base64_says_that_it_is_encrypted(value: str) -> None:
    """Of Maven, WebLogic, Spring, dotenvx, Jasypt, Mule, SOPS, OpenSSL and others."""
    assert is_encrypted(value)


@pytest.mark.parametrize(
    "value",
    [
        _TEXT,
        f"{{xor}}{_TEXT}",
        f"{{base64}}{_TEXT}",
        f"{{AQAAABAAAAAQ{_TEXT}}}",
        "encrypted:hunter7!Kq",
        "ENC(hunter7Kq)",
        f"encrypted:{_TEXT} hunter7!Kq",
        f"talken:{_TEXT}",
    ],
)
def test_an_encoding_and_a_mark_alone_do_not(value: str) -> None:
    """A mark shelters base64 as long as a cipher makes it, and nothing after it."""
    assert not is_encrypted(value)


@pytest.mark.parametrize(
    ("name", "value", "is_named"),
    [
        ("encrypted_password", _TEXT, True),
        ("encryptedPassword", _TEXT, True),
        ("passwordEncrypted", _TEXT, True),
        ("api.token.ciphertext", _TEXT, True),
        ("encrypted_password", "hunter7!Kq", False),
        ("encryption_password", _TEXT, False),
        ("unencrypted_password", _TEXT, False),
        ("encrypted_cookie_key", _TEXT, False),
    ],
)
def test_a_name_may_say_that_its_value_is_encrypted(
    name: str, value: str, *, is_named: bool
) -> None:
    """Of a key it is not certain whether it is encrypted or encrypts."""
    assert names_encrypted(name, value) is is_named


def test_a_text_with_what_decrypts_it_is_an_envelope() -> None:
    """An object that has only one of them may be anything."""
    assert is_envelope({"ciphertext": "", "nonce": ""})
    assert not is_envelope({"ciphertext": "", "secret": ""})
    assert not is_envelope({"iv": "", "secret": ""})
