"""Long texts are packed, by any thread, and come back as they were."""

from __future__ import annotations

import hashlib
import random
import shutil
import sqlite3
import string
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib import resources
from pathlib import Path

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

import ccsync_watch
from ccsync_watch.store.packed_texts import (
    DAMAGED,
    MIN_PACKED_BYTES,
    add_unpacked,
    pack,
    pack_bytes,
    unpack,
)

LONG = "A sentence of some words. " * 40
PACKED = pack_bytes(LONG.encode()) or b""


@given(st.text(), st.integers(1, 60))
def test_every_text_comes_back(text: str, times: int) -> None:
    """Whatever its letters, packed or not."""
    assert unpack(pack(text * times)) == text * times


def test_only_what_gains_is_packed() -> None:
    """Short texts and those without repetition stay as they are."""
    assert isinstance(pack(LONG), bytes)
    assert len(pack(LONG)) < len(LONG) / 10
    assert pack("a" * (MIN_PACKED_BYTES - 1)) == "a" * (MIN_PACKED_BYTES - 1)
    noise = "".join(random.Random(1).choices(string.printable, k=MIN_PACKED_BYTES))  # noqa: S311 - no secret
    assert pack(noise) == noise


def test_the_dictionary_never_changes() -> None:
    """Texts in databases were packed with it: another one has another number, and comes besides."""
    data = resources.files("ccsync_watch.store").joinpath("text_dictionary_1.bin").read_bytes()
    expected = "3d865db1a4fc77e123b3f02938e79fdb5bf174a3cce158b587d3b221edf6c677"
    assert hashlib.sha256(data).hexdigest() == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\x37\xa4\x30\xec\x01" + bytes(8187), "is damaged"), (None, "cannot be read")],
)
def test_a_damaged_dictionary_is_noticed_before_anything_is_stored(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    """What was packed with another one could never be read again."""
    copy = tmp_path / "ccsync_watch"
    ignored = shutil.ignore_patterns("__pycache__", "static", "text_dictionary_1.bin")
    shutil.copytree(Path(ccsync_watch.__file__).parent, copy, ignore=ignored)
    if content is not None:
        (copy / "store" / "text_dictionary_1.bin").write_bytes(content)
    state = tmp_path / "state"
    code = (
        "import sys; from pathlib import Path;"
        " from ccsync_watch.store.database import open_database;"
        " open_database(Path(sys.argv[1]), now_ms=0)"
    )
    words = [sys.executable, "-c", code, str(state)]
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "StateError: the file text_dictionary_1.bin of this installation " in ended.stderr
    assert message in ended.stderr
    assert "reinstall ccsync-watch" in ended.stderr
    assert not state.exists()


@given(st.text(), st.integers(1, 60))
def test_what_earlier_versions_packed_comes_back(text: str, times: int) -> None:
    """They had no dictionary."""
    earlier = zstandard.ZstdCompressor(level=3, write_checksum=True)
    assert unpack(earlier.compress((text * times).encode())) == text * times


def test_a_short_text_packs_well() -> None:
    """A few sentences: a sixth less than without the dictionary."""
    words = (
        "I read the file and changed the function that returns the offset: it returned the offset"
        " of the first line, where the caller expects the end of the last one. All tests pass now."
        " Should I add a test for an empty file, too?"
    )
    content = orjson.dumps(words)
    alone = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(content)
    assert len(pack(content.decode())) < 0.84 * len(alone)


def test_threads_pack_at_the_same_time() -> None:
    """Each has the library's objects for itself."""
    texts = [f"{number} {LONG}" for number in range(2000)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: unpack(pack(text)), texts)) == texts


def test_sql_reads_packed_texts() -> None:
    """Conditions and JSON functions see the text."""
    with closing(sqlite3.connect(":memory:")) as connection:
        add_unpacked(connection)
        query = "SELECT unpacked(?), unpacked(?), unpacked(NULL)"
        row = connection.execute(query, (pack(LONG), "short")).fetchone()
    assert row == (LONG, "short", None)


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"no packed text",
        PACKED[:-20],
        PACKED[:-3] + b"abc",
        # A size of a terabyte, which would be allocated.
        b"\x28\xb5\x2f\xfd\xe0" + (1 << 40).to_bytes(8, "little") + b"\x01\x00\x00",
        pack_bytes(b"\xff" * 1000),
    ],
)
def test_a_damaged_text_says_so(damaged: bytes) -> None:
    """In Python and in SQL; and it is JSON, as every content is."""
    assert unpack(damaged) == DAMAGED
    with closing(sqlite3.connect(":memory:")) as connection:
        add_unpacked(connection)
        read = connection.execute("SELECT json_type(unpacked(?))", (damaged,)).fetchone()
    assert read == ("text",)


def test_no_changed_byte_changes_a_text_silently() -> None:
    """It is the text, or it is `DAMAGED`."""
    for at in range(len(PACKED)):
        for bit in range(8):
            changed = bytearray(PACKED)
            changed[at] ^= 1 << bit
            assert unpack(bytes(changed)) in {DAMAGED, LONG}
