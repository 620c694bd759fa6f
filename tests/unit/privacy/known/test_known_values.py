"""Known values, in every encoding in which they can occur."""

from __future__ import annotations

import base64
import json
import random
import string

import pytest

from ccsync_watch.privacy.known import known_values
from ccsync_watch.privacy.known.known_values import KnownValues, encodings_of
from ccsync_watch.privacy.known.occurrences import Occurrences


def test_encodings_of_a_value() -> None:
    """Plain first, then as JSON, URLs and base64 write it; nothing of a short value."""
    value = 'a"b c/d1é'
    encodings = encodings_of(value)
    assert encodings[0] == value.encode()
    assert b'a\\"b c/d1\\u00e9' in encodings
    assert b"a%22b%20c%2Fd1%C3%A9" in encodings
    assert base64.b64encode(value.encode()) in encodings
    inside = base64.b64encode(b"xy" + value.encode() + b"z")
    assert any(encoding in inside for encoding in encodings)
    assert encodings_of("abc") == []


@pytest.mark.parametrize("engine", ["hyperscan", "re2", "re"])
@pytest.mark.parametrize("letters", [string.ascii_letters, '{}\n"\\\t é', "ab"])
def test_a_value_may_be_long(engine: str, letters: str) -> None:
    """A certificate or the credentials of a service: found whole, and not by its beginning only."""
    pytest.importorskip(engine)
    chance = random.Random(5)  # noqa: S311 - repeatable, not secret
    value = "".join(chance.choice(letters) for _ in range(30_000))
    known = KnownValues(engine)
    known.add(f"{value[:-1]}?", "longer")
    known.add(value, "env")
    data = f"first {value[:5000]} then {value} {json.dumps(value)}".encode()
    plain = value.encode()
    kinds = {(span.start, span.end): span.kind for span in known.find(data)}
    whole = data.index(plain)
    assert kinds[whole, whole + len(plain)] == "env"
    written = json.dumps(value)[1:-1].encode()
    assert (data.rindex(written), data.rindex(written) + len(written)) in kinds
    assert set(kinds.values()) == {"env"}


class TestBound:
    """What the values of files take is bounded, so that every line stays cheap."""

    @pytest.fixture
    def known(self, monkeypatch: pytest.MonkeyPatch) -> KnownValues:
        """Have room for about eight values."""
        monkeypatch.setattr(known_values, "MAX_KNOWN_BYTES", 8 * (256 + 24))
        return KnownValues("")

    @staticmethod
    def _finds(known: KnownValues, value: str) -> bool:
        return any(True for _ in known.find(f"it is {value}.".encode()))

    def test_the_weakest_are_dropped_first(self, known: KnownValues) -> None:
        """Of those that were never found, the oldest of equal ones first; others stay."""
        strong = [f"q8WzT4vNb1Xc6Rm9Lp2K{number}" for number in range(4)]
        weak = [f"plum giraffe {number}" for number in range(10, 14)]
        known.add("a value of the environment", "env")
        for value in (*strong, *weak):
            known.add(value, "file")
        assert self._finds(known, weak[0])
        assert known.dropped == 0
        known.add("mauve heron 77", "file")
        known.add("mauve heron 78", "file")
        assert known.dropped == 2
        assert [value for value in (*strong, *weak) if not self._finds(known, value)] == weak[1:3]
        assert self._finds(known, "a value of the environment")
        assert self._finds(known, "mauve heron 78")

    def test_a_value_that_was_dropped_may_be_added_again(self, known: KnownValues) -> None:
        """It is read from a file once more."""
        values = [f"plum giraffe {number}" for number in range(10, 40)]
        for value in values:
            known.add(value, "file")
        assert not self._finds(known, values[0])
        known.add(values[0], "file")
        assert self._finds(known, values[0])

    def test_values_are_found_while_ever_more_are_added(self) -> None:
        """Few tables are compiled, whatever the order of adding and finding."""
        known = KnownValues("")
        values = [f"plum giraffe {number}" for number in range(1000, 1400)]
        for number, value in enumerate(values):
            known.add(value, "file")
            if number % 7 == 0:
                assert self._finds(known, value)
        assert all(self._finds(known, value) for value in values)
        assert known.take_added() == values
        assert known.take_added() == []


def test_a_value_occurs_in_a_text_however_it_is_written() -> None:
    """In any depth of escaping, folded, encoded; and not where it is another."""
    value = 'plum "giraffe" é 7'
    escaped = value
    for _ in range(4):
        escaped = json.dumps(escaped)[1:-1]
    texts = [
        value,
        escaped,
        json.dumps(json.dumps(value, ensure_ascii=False), ensure_ascii=False),
        '| plum "gi |\n| raffe" é 7 |',
        base64.b64encode(value.encode()).decode(),
        "plum giraffe",
        "",
    ]
    occurrences = Occurrences([value, "another value"])
    assert occurrences.among([text.encode() for text in texts]) == {0, 1, 2, 3, 4}
    assert Occurrences([]).among([b"text"]) == set()


@pytest.mark.parametrize("frame", ["", "\u2502 ", "> "])
@pytest.mark.parametrize("width", [60, 76])
@pytest.mark.parametrize("value", ["plumquokka-horizon-77-kestrel", "two words of a phrase 47"])
def test_a_value_may_be_folded(value: str, width: int, frame: str) -> None:
    """A terminal breaks it at its width: it is found, wherever in it the break is."""
    known = KnownValues("")
    known.add(value, "env")
    room = width - len(frame)
    for column in range(room - len(value) + 1, room):
        text = "." * column + value + "; and what follows it" * 3
        lines = [frame + text[start : start + room] for start in range(0, len(text), room)]
        data = "\n".join(lines).encode()
        spans = list(known.find(data))
        assert spans, (column, data)
        for span in spans:
            assert data[: span.start].decode().endswith(".")
            assert data[span.end :].startswith(b";")
            assert span.text == value.encode()


def test_a_value_may_be_folded_twice() -> None:
    """A long one has its beginning on one line and its end two lines below."""
    known = KnownValues("")
    value = "".join(f"heron{number}-" for number in range(18))
    known.add(value, "env")
    text = f"{'.' * 20}{value}; and more"
    data = "\n".join(text[start : start + 60] for start in range(0, len(text), 60)).encode()
    (first, *_) = known.find(data)
    assert first.text == value.encode()
    assert data[first.end :].startswith(b";")


@pytest.mark.parametrize("blank", [2, 3])
def test_a_line_end_may_stand_for_a_blank(blank: int) -> None:
    """A formatter that breaks between words leaves no byte more than the value has."""
    known = KnownValues("")
    value = "correct horse battery staple nine"
    known.add(value, "env")
    words = value.split(" ")
    broken = " ".join(words[:blank]) + "\n" + " ".join(words[blank:])
    data = f"it is {broken} now".encode()
    assert {(span.start, span.end, span.text) for span in known.find(data)} == {
        (6, 6 + len(value), value.encode())
    }
    plain = f"it is {value} now".encode()
    assert len(list(known.find(plain))) == 1


def test_what_only_begins_like_a_value_stays() -> None:
    """The rest is on no next line, or another one."""
    known = KnownValues("")
    known.add("plumquokka-horizon-77-kestrel", "env")
    for text in (
        "plumquokka-horizon is a name",
        "plumquokka-hori\nzontal-77",
        "on\n-77-kestrel",
        "zon-77-kestrel",
    ):
        assert list(known.find(text.encode())) == []
