"""A column that is named like a secret's is read to the end of its table."""

from __future__ import annotations

import random
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from support.redaction_corpus.shared import build_redactor

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.privacy import Redactor

PIECE = 1 << 19
_PASSWORD = re.compile(r"q[0-9a-f]{10}Z[0-9]")
"""What every password here looks like: to search for each of many would take most of the time."""


@lru_cache(maxsize=1)
def _redactor() -> Redactor:
    return build_redactor()


def _passwords(count: int) -> list[str]:
    rng = random.Random(count)  # noqa: S311 - repeatable, not secret
    return [f"q{rng.randrange(16**10):010x}Z{rng.randrange(10)}" for _ in range(count)]


ROWS: dict[str, Callable[[int, str], str]] = {
    "commas": lambda number, word: f"{number},user{number},{word},active",
    "tabs": lambda number, word: f"{number}\tuser{number}\t{word}\tactive",
    "numbered lines": lambda number, word: f"{number:>6}\t{number},user{number},{word},active",
    "quotes": lambda number, word: f'"{number}";"user{number}";"{word}";"active"',
    "Markdown": lambda number, word: f"| {number} | user{number} | {word} | active |",
    "line breaks": lambda number, word: f'{number},"user\n{number}, of two lines",{word},active',
}
HEADERS = {
    "commas": "id,name,password,state",
    "tabs": "id\tname\tpassword\tstate",
    "numbered lines": "     1\tid,name,password,state",
    "quotes": '"id";"name";"password";"state"',
    "Markdown": "| id | name | password | state |\n|---|---|---|---|",
    "line breaks": "id,name,password,state",
}


@pytest.mark.parametrize("count", [2_000, 40_000], ids=["one piece", "several pieces"])
@pytest.mark.parametrize("form", ROWS)
def test_a_long_table_is_read_to_its_end(form: str, count: int) -> None:
    """In a text of several pieces too, none of which but the first has the header."""
    passwords = _passwords(count)
    rows = [ROWS[form](number, word) for number, word in enumerate(passwords, 2)]
    text = "\n".join([HEADERS[form], *rows, ""])
    assert (len(text) > PIECE) is (count > 2_000)
    redacted = _redactor().redact(text)
    assert not set(_PASSWORD.findall(redacted)) & set(passwords)
    assert redacted.count("user") == count
    assert _redactor().redact(redacted) == redacted


def test_a_table_ends_where_a_line_is_not_a_row() -> None:
    """What follows is not read as rows, in the next piece neither."""
    (word,) = _passwords(1)
    end = "\n\nSee below.\n"
    row = f"7,ann,{word}\n"
    text = "id,name,password\n" + row * (PIECE // len(row) + 100) + end
    after = f"8,bob,{word[::-1]}\n" * 40
    assert _redactor().redact(text + after).endswith(end + after)


def test_a_table_of_headers_is_read_twice_at_most() -> None:
    """Each of them could begin a table."""
    (word,) = _passwords(1)
    lines = ["----", "name,password", f"ann,{word}"]
    redacted = _redactor().redact("\n".join(lines * 300))
    assert word not in redacted
    assert redacted.count("name,password") == 300
