"""What stands in a column of ids stays, whatever the words beside it say."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.privacy.detect.id_columns import IdColumns
from ccsync_watch.privacy.engine.rank import Rank
from support.redaction_corpus.shared import build_redactor

if TYPE_CHECKING:
    from ccsync_watch.privacy import Redactor

ID = "fhlniph63yzapemw665foafjnr"
PIECE = 1 << 19
LISTING = f"ID{' ' * 28}TITLE              VAULT\n{ID}    Router password    Infra\n"


@lru_cache(maxsize=1)
def _redactor() -> Redactor:
    return build_redactor()


def _holds(text: str, rank: Rank = Rank.CONTEXT) -> bool:
    data = text.encode()
    start = data.index(ID.encode())
    return IdColumns(data).hold(start, start + len(ID), rank)


@pytest.mark.parametrize(
    ("text", "is_id"),
    [
        (LISTING, True),
        (f"$ op item list\n{LISTING}", True),
        (f"TITLE              ID\nRouter password    {ID}", True),
        (f"ID{' ' * 28}TITLE\n{'-' * 26}    -----\n{ID}    Router    one cell more", True),
        (f"id,title\n{ID},Router password", True),
        (f"| UUID | Name |\n|---|---|\n| {ID} | api token |", True),
        (f"key id\tname\n{ID}\tapi token", True),
        (f"itemId  name\n{ID}  api token", True),
        (f"SECRET ID{' ' * 21}ACCESSOR\n{ID}    root token", False),
        (f"TITLE              TOKEN\nRouter password    {ID}", False),
        (f"ID   TITLE              TOKEN\n1    Router password    {ID}", False),
        (f"ID{' ' * 28}TITLE\n\n{ID}    Router password", False),
        (f"ID{' ' * 28}TITLE\nx{ID}    Router password", False),
        (f"the id of it, its title: x  y\n{ID}  Router password", False),
        (f"ID\n{ID}", False),
    ],
)
def test_a_cell_is_an_id_by_the_name_of_its_column(text: str, *, is_id: bool) -> None:
    """By its number, or by where it begins; a blank line ends the table."""
    assert _holds(text) is is_id


def test_what_no_words_make_a_secret_is_removed_from_a_column_of_ids() -> None:
    """A vendor's token is one wherever it is."""
    assert not _holds(LISTING, Rank.VENDOR_TOKEN)
    assert not _holds(LISTING, Rank.KNOWN_VALUE)


def test_a_long_listing_keeps_its_ids() -> None:
    """In a text of several pieces too, none of which but the first has the header."""
    rng = random.Random(3)  # noqa: S311 - repeatable, not secret
    ids = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz234567", k=26)) for _ in range(9_000)]
    rows = [f"{value}    Router password {'x' * 20}    Infra" for value in ids]
    text = "\n".join([LISTING.partition("\n")[0], *rows])
    assert len(text) > PIECE
    assert _redactor().redact(text) == text


def test_columns_beside_one_of_ids_are_read() -> None:
    """A password in the same table is removed, and again nothing else."""
    text = f"ID{' ' * 28}NAME    PASSWORD\n{ID}    Router  k8Wq5Zt0hLr2\n"
    redacted = _redactor().redact(text)
    assert ID in redacted
    assert "k8Wq5Zt0hLr2" not in redacted
    assert _redactor().redact(redacted) == redacted
