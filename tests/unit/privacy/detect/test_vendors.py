"""The tables of vendors' formats: every row is well formed, bounded and proven by its samples."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.privacy.detect.vendor_tokens import VendorFinder, VendorRule
from ccsync_watch.privacy.detect.vendors import VENDORS
from support.redaction_corpus.shared import build_redactor
from support.redaction_corpus.vendors import ALPHABETS, planted
from support.table_rows import for_rows

if TYPE_CHECKING:
    from ccsync_watch.privacy import Redactor
    from ccsync_watch.privacy.detect.vendors import Vendor
    from ccsync_watch.privacy.engine.spans import Span

DRAWN = 10
"""How often each sample is drawn; a check may take one of these for words."""

_INNER_REPEAT = re.compile(r"(?<!\\)(?:\{\d+,\}|[*+])(?!\)?(?:\(\?!\[[^\]]*\]\))?$)")
_CLASS = re.compile(r"\[(?:\\.|[^\]\\])*\]")
_HOLE = re.compile(r"\{(\w+):(\d+)\}")
_WORDS = "configurationofthemanagementinterfacesinthedocumentation" * 8

rows = for_rows(VENDORS, lambda row: f"{row.id} {row.about}")


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    """One redactor for all samples."""
    return build_redactor()


def test_there_are_many_formats() -> None:
    """At least three hundred formats in current use."""
    assert len(VENDORS) >= 300
    assert len({row.id for row in VENDORS}) >= 250


def test_a_kind_belongs_to_one_module_and_a_row_is_written_once() -> None:
    """Rows of one vendor are beside each other, and no pattern has two names."""
    patterns = [row.pattern for row in VENDORS]
    assert len(set(patterns)) == len(patterns)
    assert len({(row.id, row.about) for row in VENDORS}) == len(VENDORS)


@rows
def test_a_row_says_where_its_format_is_shown(row: Vendor) -> None:
    """The address of the documentation, or where the format was observed."""
    assert re.match(r"https://[\w.-]+\.[a-z]+/\S*$|observed in [a-z].+", row.source)
    assert row.samples
    assert row.near_misses


@rows
def test_a_pattern_repeats_without_end_only_at_its_end(row: Vendor) -> None:
    """Nothing follows an unbounded repeat, so it is never taken back."""
    plain = _CLASS.sub("C", row.pattern)
    assert not _INNER_REPEAT.search(plain), plain


@rows
def test_a_sample_is_found_whole_and_named_by_its_row(row: Vendor, redactor: Redactor) -> None:
    """In a sentence its secret is replaced, and nothing else, under the row's id."""
    rng = random.Random(row.pattern)  # noqa: S311 - repeatable
    for sample in row.samples.split():
        missed = []
        for _ in range(DRAWN):
            text, secret = planted(sample, rng)
            redacted = redactor.redact(f"It is {text} today")
            before, _, after = text.partition(secret)
            expected = rf"It is {re.escape(before)}\[REDACTED:{row.id}:[0-9a-f]{{8}}\]"
            if not re.fullmatch(rf"{expected}{re.escape(after)} today", redacted):
                missed.append((text, redacted))
        assert len(missed) <= 1, missed


@rows
def test_a_near_miss_stays(row: Vendor, redactor: Redactor) -> None:
    """Names, publishable keys and examples that begin like a token."""
    rng = random.Random(row.pattern)  # noqa: S311 - repeatable
    for near_miss in row.near_misses.split():
        text, _ = planted(near_miss, rng)
        assert redactor.redact(f"It is {text} today") == f"It is {text} today"


@for_rows([row for row in VENDORS if row.left == "edge"], lambda row: f"{row.id} {row.about}")
def test_words_after_a_word_like_prefix_stay(row: Vendor) -> None:
    """An identifier of a program has the prefix, the alphabet and the length, but is words."""
    rule = VendorRule(row)
    for sample in row.samples.split():
        lengths = [size for name, size in _HOLE.findall(sample) if "o" in ALPHABETS[name]]
        rest = _HOLE.sub("", sample)[len(row.prefix) :]
        if len(lengths) < sample.count("{") or re.search(r"\d", rest):
            continue  # hexadecimal and capitals make no words
        text = _HOLE.sub(lambda hole: _WORDS[: int(hole[2])], sample)
        assert all(rule.at(text.encode(), end) is None for end in range(len(text) + 1)), text


@pytest.mark.parametrize(
    "shape",
    [
        "https://discord.com/api/webhooks/1234567890123456789/«{w:68}»",
        "https://hooks.slack.com/services/T00000000/B1234567890/«{a:24}»",
        "1234567890:«AA{w:33}»",
        "https://api.telegram.org/bot1234567890:«{w:35}»/sendMessage",
    ],
)
def test_an_id_like_an_example_does_not_keep_the_secret_after_it(
    shape: str, redactor: Redactor
) -> None:
    """Digits in a row are a usual id in tests, and the secret beside it is real."""
    text, secret = planted(shape, random.Random(shape))  # noqa: S311 - repeatable
    assert secret not in redactor.redact(text)


@pytest.mark.parametrize(
    "shape",
    ["sk-{z:1}", "AKIA{U:1}", "ghp_{d:1}", "whsec_{a:1}", "hf_{L:1}", "AAAAAAAAAAAAAAAAAAAAA{U:1}"],
)
def test_a_row_of_one_character_after_a_prefix_stays(shape: str, redactor: Redactor) -> None:
    """What documentation shows instead of a token, in whatever length."""
    text, _ = planted(shape, random.Random(shape))  # noqa: S311 - repeatable
    text += text[-1] * 100
    assert redactor.redact(text) == text


def test_two_tokens_within_reach_of_one_anchor_are_both_found(redactor: Redactor) -> None:
    """The mark of the second is also near the first."""
    rng = random.Random(2)  # noqa: S311 - repeatable
    first, second = (planted("{h:32}-us14", rng)[0] for _ in range(2))
    redacted = redactor.redact(f"{first} {second}")
    assert first not in redacted
    assert second not in redacted


@pytest.mark.parametrize("shape", ["sk_{uuid}", "{h:32}-{h:8}-{h:8}", "ws-{h:64}"])
def test_tokens_with_nothing_between_are_all_found(shape: str, redactor: Redactor) -> None:
    """However many there are: each ends where the next begins."""
    token = planted(shape, random.Random(5))[0]  # noqa: S311 - repeatable
    redacted = redactor.redact(token * 40)
    assert redacted.count("REDACTED") == 40
    assert token not in redacted


def test_base64_is_not_taken_apart(redactor: Redactor) -> None:
    """What begins like a token after a sign of base64 is a part of it."""
    blob = "QQxq3MwBIAJBEGokAhwfLoIERQRAIAYgABDxMiAhAAu"
    rest = "AQEDfyMAQRBrIgUkACAFIAE2AgxBACEBQQYhBgJAAkAgACAFQQxqEFcNAEEEIQYgA0HAACAAEHsiBxDwAUUN"
    text = f"{blob}+{rest}AEEEIQYgA0HAACAAEHsiBxDwAUUNACADIAcQ0QMhAQNA"
    assert redactor.redact(text) == text


class CountedRule(VendorRule):
    """Counts how often it reads."""

    reads = 0

    def at(self, data: bytes, end: int, since: int = 0, last: int = -1) -> Span | None:
        """Read as the rule does."""
        self.reads += 1
        return super().at(data, end, since, last)


@pytest.mark.parametrize("kind", ["expo-token", "sk-key", "voyage-key", "stytch-secret"])
def test_a_prefix_repeated_is_read_in_part(kind: str) -> None:
    """Each candidate overlaps the next, to the end of the text."""
    row = next(row for row in VENDORS if row.id == kind)
    rule = CountedRule(row)
    data = row.prefix.encode() * 10_000
    ends = [match.end(1) for match in re.finditer(f"(?=({row.trigger}))".encode(), data)]
    finder = VendorFinder(data, [rule].__getitem__)
    assert not any(finder.at(0, end) for end in ends)
    assert len(ends) > 9_000
    assert rule.reads < len(ends) / 5


def test_a_token_after_repeated_prefixes_is_found(redactor: Redactor) -> None:
    """Where another word begins, the rule reads again."""
    secret = planted("expo_{a:40}", random.Random(3))[0]  # noqa: S311 - repeatable
    assert secret not in redactor.redact(f"{'expo_' * 500} {secret}")
    assert secret not in redactor.redact(" ".join(["expo_" * 8] * 60 + [secret]))


def test_the_beginning_decides_and_all_is_removed(redactor: Redactor) -> None:
    """What is far behind does not make words a token, and a long token leaves no rest."""
    rng = random.Random(4)  # noqa: S311 - repeatable
    words = f"expo_{_WORDS * 4}{planted('{a:40}', rng)[0]}"
    assert redactor.redact(words) == words
    secret = planted("sk-ant-api03-{w:9000}", rng)[0]
    assert re.fullmatch(r"\[REDACTED:anthropic-key:\w+\]", redactor.redact(secret))
