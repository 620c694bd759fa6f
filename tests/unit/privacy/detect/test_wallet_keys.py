"""Wallets' keys and seed phrases are recognised without a name, by what no other text has."""

from __future__ import annotations

import pytest

from ccsync_watch.privacy.detect.wallet_keys import (
    has_base58_checksum,
    has_stellar_checksum,
    is_wallet_import_key,
)
from support.redaction_corpus.shared import build_redactor

# Published examples of the formats' documentation.
UNCOMPRESSED = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"
COMPRESSED = "KwdMAjGmerYanjeui5SHS7JkmpZvVipYvB2LJGU1ZxJwYvP98617"
STELLAR = "SBCVMMCBEDB64TVJZFYJOJAERZC4YVVUOE6SYR2Y76CBTENGUSGWRRVO"
SEED = "zebra accident wood actor adjust address affair zone advance adapt album afraid"


def test_checksums_are_compared() -> None:
    """One other character is another key."""
    assert has_base58_checksum(UNCOMPRESSED)
    assert has_base58_checksum(COMPRESSED)
    assert not has_base58_checksum(UNCOMPRESSED[:-1] + "K")
    assert has_stellar_checksum(STELLAR)
    assert not has_stellar_checksum(STELLAR[:-1] + "A")


def test_the_short_form_needs_its_checksum() -> None:
    """A longer prefix says more."""
    assert is_wallet_import_key(COMPRESSED[:-1] + "x")
    assert not is_wallet_import_key(UNCOMPRESSED[:-1] + "K")


@pytest.mark.parametrize(
    "text",
    [
        SEED,
        f"ok\n{SEED}\nok",
        SEED.replace(" ", "\n"),
        f"- {SEED}",
        SEED.replace(" ", ", "),
        f"uninteresting {SEED} uninteresting",
        f"{SEED}\\n{SEED[::-1]}\\n{SEED}",
    ],
)
def test_a_seed_phrase_needs_no_name(text: str) -> None:
    """Nor is its order that of the list."""
    assert "accident" not in build_redactor().redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(sorted(SEED.split())),
        SEED.replace("advance", "the"),
        "test " * 11 + "junk",
        SEED.rpartition(" ")[0],
    ],
)
def test_other_words_stay(text: str) -> None:
    """A sorted list, a sentence, one word repeated, eleven words."""
    assert build_redactor().redact(text) == text
