"""Where many hits of a rule belong to one name, the name is read once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.privacy.detect import adjacent, prose, sentences, tables

if TYPE_CHECKING:
    from ccsync_watch.privacy.engine.structural_rule import Finder


class CountedBytes(bytes):
    """Counts the bytes that are taken out of it."""

    taken = 0

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 - as its base class
        part = super().__getitem__(key)
        if isinstance(key, slice):
            self.taken += len(part)
        return part


def test_a_keyword_is_searched_for_once_in_a_text() -> None:
    """A hit ends at each byte of a value; between two of them only what is new is searched."""
    data = CountedBytes(b"password " + b"x" * 160)
    ends = list(range(12, 168))
    list(adjacent.find_adjacent_values(data, ends))
    assert data.taken < 30 * len(ends)


@pytest.mark.parametrize(
    ("find", "text", "end"),
    [
        (sentences.find_spoken_passwords, "log in with pw hunter2h", 23),
        (sentences.find_named_secrets, "parola: hunter2h", 6),
        (prose.find_slashed_passwords, "root / hunter2h for the login login", 29),
    ],
)
def test_all_hits_find_what_one_finds(find: Finder, text: str, end: int) -> None:
    """They are hits of the same name: it is read once."""
    data = text.encode()
    spans = list(find(data, range(3, len(data) + 1)))
    assert {data[span.start : span.end] for span in spans} == {b"hunter2h"}
    assert spans == list(find(data, [end]))


def test_a_header_is_read_once_for_all_its_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of many columns is as much work as one of few."""
    lines: list[int] = []
    header_line = tables._header_line

    def counted(data: bytes, end: int) -> tables._Line:
        lines.append(end)
        return header_line(data, end)

    monkeypatch.setattr(tables, "_header_line", counted)
    data = b"\nuser,password,token,secret,role\nbob,hunter2hx,ab12cd34ef56gh78,zz81kk22pp93qq47,x\n"
    ends = [data.index(name) + len(name) + 1 for name in (b"password", b"token", b"secret")]
    values = [data[span.start : span.end] for span in tables.find_columns(data, ends)]
    assert values == [b"hunter2hx", b"ab12cd34ef56gh78", b"zz81kk22pp93qq47"]
    assert len(lines) == 1
