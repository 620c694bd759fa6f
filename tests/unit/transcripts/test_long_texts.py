"""Of a very long text only what is read is parsed, and its size stays that of the whole."""

from __future__ import annotations

import json
import random
from collections import Counter

import orjson
import pytest

from ccsync_watch.privacy.policy.limits import bounded
from ccsync_watch.privacy.policy.policy import MAX_TEXT_CHARS
from ccsync_watch.privacy.policy.reduction import measure
from ccsync_watch.transcripts.json_rows import HALF_CHARACTER, NOT_UTF8, load_row
from ccsync_watch.transcripts.long_texts import LONG_BYTES, cut_long_texts, size_of
from ccsync_watch.transcripts.media import sniff_file

CHARS = 3 << 19
ALPHABETS = {
    "plain": "abc def\n",
    "escapes": '"\\\n\t\x01\x7f/',
    "accents": "aé\n",
    "characters of three bytes": "漢字\n\u2028",
    "characters of four bytes": "😀\n",
    "everything": 'a"\\\n\x00é漢😀\U0010ffff',
}


def _text(alphabet: str, chars: int = CHARS) -> str:
    rng = random.Random(alphabet)  # noqa: S311 - no secret
    piece = "".join(rng.choices(alphabet, k=4999))
    return (piece * (chars // len(piece) + 1))[:chars]


def _json(value: object, *, is_ascii: bool) -> bytes:
    return json.dumps(value).encode() if is_ascii else orjson.dumps(value)


@pytest.mark.parametrize("is_ascii", [False, True], ids=["as it is", "escaped"])
@pytest.mark.parametrize("alphabet", ALPHABETS.values(), ids=list(ALPHABETS))
def test_a_long_text_is_cut_and_its_size_is_known(alphabet: str, *, is_ascii: bool) -> None:
    """Its beginning and end are as they were, whatever it consists of."""
    text = _text(alphabet)
    data = _json({"before": "a", "text": text, "after": ["b", text[:9]]}, is_ascii=is_ascii)
    row = orjson.loads(cut_long_texts(data))
    assert (row["before"], row["after"]) == ("a", ["b", text[:9]])
    read = row["text"]
    assert len(read) < CHARS * 3 // 4
    assert size_of(read) == size_of(text)
    assert size_of(text)[:2] == (CHARS, len(text.encode()))
    assert measure(read) == measure(text)
    assert bounded(read, MAX_TEXT_CHARS) == bounded(text, MAX_TEXT_CHARS)
    assert read[-2000:] == text[-2000:]


def test_many_long_texts_are_cut_together() -> None:
    """Each beginning is shorter then, and as long as any limit needs."""
    texts = [f"{number} {_text(ALPHABETS['plain'], LONG_BYTES + 9)}" for number in range(20)]
    row = orjson.loads(cut_long_texts(orjson.dumps({"texts": texts})))
    assert sum(map(len, row["texts"])) < sum(map(len, texts)) / 2
    for read, text in zip(row["texts"], texts, strict=True):
        assert size_of(read) == size_of(text)
        assert bounded(read, MAX_TEXT_CHARS) == bounded(text, MAX_TEXT_CHARS)


def test_the_size_of_an_image_is_that_of_the_whole() -> None:
    """It is computed from the length of its base64, whose end may be padding."""
    data = "iVBORw0KGgo" + "Ab1+" * (CHARS // 4) + "A=="
    row = orjson.loads(cut_long_texts(orjson.dumps({"data": data})))
    assert len(row["data"]) < len(data) * 4 // 5
    assert sniff_file(row["data"], None) == sniff_file(data, None)


@pytest.mark.parametrize(
    ("flaw", "kind"), [(b"\xff\xfe", NOT_UTF8), (b"\\ud83d", HALF_CHARACTER)], ids=["bytes", "half"]
)
def test_a_flaw_in_the_middle_is_counted(flaw: bytes, kind: str) -> None:
    """The row is read, and what had to be repaired is known, as in a short text."""
    text = _text(ALPHABETS["plain"], 5 << 20).replace("\n", " ").encode()
    repairs: Counter[str] = Counter()
    row = load_row(b'{"text":"' + text + flaw + text + b'"}', repairs)
    assert row is not None
    assert row["text"].startswith(text[:100].decode())
    assert len(row["text"]) < CHARS
    assert repairs == {kind: 1}


def test_keys_and_shorter_texts_are_left_alone() -> None:
    """So is a row that ends within a text: it is damaged, and recovered from its bytes."""
    text = _text(ALPHABETS["everything"], LONG_BYTES // 12)
    data = orjson.dumps({"a" * (LONG_BYTES + 9): 1, "texts": [text] * 100})
    assert cut_long_texts(data) is data
    torn = orjson.dumps({"text": _text(ALPHABETS["plain"])})[:-9] + b"\\"
    assert cut_long_texts(torn) is torn


def test_a_short_text_with_such_a_mark_says_it_itself() -> None:
    """Only of a long text anything was left out."""
    text = "… [left out: 1,000 characters, 2,000 bytes, 10 line ends] …"
    assert size_of(text) == (len(text), len(text.encode()), 0)
