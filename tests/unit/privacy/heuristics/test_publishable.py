"""Publishable keys stay, whatever the name they stand under."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.privacy.heuristics.publishable import PUBLISHABLE
from support.redaction_corpus.contexts import NAMED
from support.redaction_corpus.shared import build_redactor
from support.redaction_corpus.vendors import token

if TYPE_CHECKING:
    from ccsync_watch.privacy import Redactor
    from ccsync_watch.privacy.heuristics.publishable import Publishable

NAMES = ("STRIPE_KEY", "PUBLISHABLE_KEY", "CLIENT_API_KEY", "ACCESS_TOKEN")


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    """One redactor for all keys."""
    return build_redactor()


@pytest.mark.parametrize("key", PUBLISHABLE, ids=lambda key: key.about)
def test_a_publishable_key_stays_under_the_name_of_a_secret(
    key: Publishable, redactor: Redactor
) -> None:
    """In variables, configuration, code, commands and diffs."""
    rng = random.Random(key.pattern)  # noqa: S311 - repeatable
    assert re.match(r"https://[\w.-]+\.[a-z]+/", key.source)
    for sample in key.samples.split():
        for name in NAMES:
            for place in NAMED.values():
                text = place(name, token(sample, rng), rng)
                assert redactor.redact(text) == text


def test_a_secret_key_of_the_same_vendor_is_removed(redactor: Redactor) -> None:
    """One letter separates them."""
    rng = random.Random(1)  # noqa: S311 - repeatable
    secret = token("sk_live_51{a:97}", rng)
    assert secret not in redactor.redact(f"STRIPE_KEY={secret}")
