"""Values with digits and disorder whose form says that they are something else."""

from __future__ import annotations

import pytest

from ccsync_watch.privacy.heuristics import harmless_forms

_HEX = "3f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c"


@pytest.mark.parametrize(
    ("value", "is_file"),
    [
        (f"uploads/{_HEX}.json", True),
        (f"private/eu-west-1:{_HEX}/Statements/{_HEX}.pdf", True),
        (f"/srv/{_HEX}.tar.gz", True),
        (f"{_HEX}.json", True),
        ("Kx92mLq.key", False),
        (f"uploads/{_HEX}", False),
        (f"{_HEX};./run.sh", False),
        (f"{_HEX}&file=/a/b.json", False),
        ("a/b+9Xk2mQ4v7Tz1Lp8Rw5Nc3Jd6Hs0Gf==", False),
    ],
)
def test_a_path_that_ends_like_a_file_is_one(value: str, *, is_file: bool) -> None:
    """A checksum as a file's name says nothing of a secret; base64 has no full stops."""
    assert harmless_forms.is_file(value) is is_file


@pytest.mark.parametrize(
    ("value", "is_algorithm"),
    [
        ("sntrup761x25519-sha512", True),
        ("ssh-ed25519-cert-v01", True),
        ("RSA-OAEP", True),
        ("sha256-9Xk2mQ4v7Tz1Lp8Rw5Nc3Jd6Hs0Gf", False),
        ("x9f2k4m8q1-w7", False),
        ("My-AES-Passw0rd", False),
        ("hmac#Secret!", False),
        ("--", False),
    ],
)
def test_short_parts_with_a_primitive_are_an_algorithm(value: str, *, is_algorithm: bool) -> None:
    """What is longer beside the primitive is a digest or a key."""
    assert harmless_forms.is_algorithm(value) is is_algorithm


@pytest.mark.parametrize(
    ("value", "is_counters"),
    [
        ("1.1.219865550.1633076985", True),
        ("fb.1.1633076986672.837927113", True),
        ("1633076986672", False),
        ("fb.1.x8Kq2", False),
    ],
)
def test_numbers_with_dots_between_are_counters(value: str, *, is_counters: bool) -> None:
    """So analytics count browsers in cookies."""
    assert harmless_forms.is_counters(value) is is_counters


def test_code_after_a_string_begins_with_its_brackets() -> None:
    """A quote before it ended a string."""
    assert harmless_forms.is_code_after_string("].map(OsString::from)")
    assert harmless_forms.is_code_after_string("」である。")
    for password in ("]k9!xQ2", "])9fK!wq2Pz_", "},zQ8-vTn4", "}.Tr0ub4dor&3x"):
        assert not harmless_forms.is_code_after_string(password)


def test_escapes_and_times_are_left_out() -> None:
    """What a manual escapes is read as it is shown, and times do not count as disorder."""
    assert harmless_forms.unescaped(r"DOCKER\_PASSWORD") == "DOCKER_PASSWORD"
    assert harmless_forms.without_time("cache-20201015112925559%2C") == "cache-%2C"


@pytest.mark.parametrize(
    ("value", "is_absent"),
    [
        ("n/a", True),
        ("N.A.", True),
        ("(not set)", True),
        ("not-applicable", True),
        ("Not applicable", True),
        ("n/a7Kq", False),
        ("notset1977!", False),
        ("nothing-else-matters", False),
        ("", False),
        ("n/a " * 40, False),
    ],
)
def test_a_value_may_say_that_there_is_none(value: str, *, is_absent: bool) -> None:
    """Whatever case and signs it is written with; with anything else it is a value."""
    assert harmless_forms.is_absent(value) is is_absent


@pytest.mark.parametrize(
    ("value", "is_path"),
    [
        ("*.token", True),
        ("$..secretKey", True),
        ("users[*].token", True),
        ("root['user']['token']", True),
        ("!*.password", True),
        ("*_secret", True),
        ("token*", True),
        ("user.token", False),
        ("dragon*", False),
        ("*.kT7xQ9!w", False),
        ("*.xkqzvbjw", False),
        ("$..token hunter7", False),
    ],
)
def test_wildcards_and_roots_make_a_path_of_members(value: str, *, is_path: bool) -> None:
    """Of words alone: a glob has a word for a secret in it."""
    assert harmless_forms.is_member_path(value) is is_path


@pytest.mark.parametrize(
    ("value", "is_file"),
    [
        ("@smtp.txt", True),
        ("@db/pass-2.json", True),
        ("@hunter7!Kq", False),
        ("@hunter7.Kq", False),
        ("smtp.txt", False),
        ("@smtp.txt7", False),
    ],
)
def test_a_file_after_an_at_sign_is_read(value: str, *, is_file: bool) -> None:
    """As Vault, HTTPie and curl write it."""
    assert harmless_forms.is_read_from(value) is is_file
