"""The list of the words that the index has: spelled as SQLite's tokenizer has them."""

from __future__ import annotations

import sqlite3
import unicodedata
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.store import search
from ccsync_watch.store.search_substrings import find_beginnings
from support.searching import search_for
from support.storing import World, message

if TYPE_CHECKING:
    from pathlib import Path

_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "HEBREW", "ARABIC", "DEVANAGARI")


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("последняя война началась", "войн"),
        ("последняя война началась", "*ойна"),
        ("ещё один счётчик", "счёт"),
        ("η τελευταία λέξη", "λέξ"),
        ("un café crème", "crè"),
        ("un café crème", "crem"),
        ("le re\u0301sume\u0301e", "résu"),
        ("le re\u0301sume\u0301e", "re\u0301sume\u0301e "),
        ("le résumée", '"le re\u0301sume\u0301e"'),
    ],
)
def test_parts_of_words_with_accents_are_found(tmp_path: Path, text: str, typed: str) -> None:
    """However the accent is encoded, in every script."""
    world = World(tmp_path)
    world.ingest(message("u1", text))
    while search.catch_up(world.database, world.clock):
        pass
    assert search_for(world.database, typed).counts.messages == 1
    world.close()


def test_every_small_letter_is_spelled_as_the_index_has_it(tmp_path: Path) -> None:
    """A word that it has otherwise would be looked up in vain."""
    world = World(tmp_path)
    letters = [
        char
        for char in map(chr, range(0x80, 0x3000))
        if char.isalpha()
        and char == char.lower()
        and unicodedata.name(char, "").startswith(_SCRIPTS)
        and unicodedata.normalize("NFC", char) == char
    ]
    world.ingest(message("u1", " ".join(f"abcd{letter}efgh" for letter in letters)))
    while search.catch_up(world.database, world.clock):
        pass
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute(
            "CREATE VIRTUAL TABLE t USING fts5 (w, tokenize = 'unicode61 remove_diacritics 2')"
        )
        index.execute("CREATE VIRTUAL TABLE v USING fts5vocab (t, 'row')")
        beginnings = find_beginnings(world.database.read(), "abcd")
        assert beginnings is not None
        assert len(letters) > len(beginnings.words)  # the nearest ones
        terms = {row[0] for row in world.database.read().execute("SELECT term FROM search_terms")}
        index.executemany("INSERT INTO t VALUES (?)", [(term,) for term in terms])
        spelled = {row[0] for row in index.execute("SELECT term FROM v")}
        index.execute("DELETE FROM t")
        index.executemany("INSERT INTO t VALUES (?)", [(f"abcd{x}efgh",) for x in letters])
        assert spelled == {row[0] for row in index.execute("SELECT term FROM v")}
    world.close()
