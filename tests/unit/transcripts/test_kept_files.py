"""What the store keeps of files, said in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.transcripts.kept_files import describe_file

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("file", {"path": "/p/beds", "entries": 2}, "folder /p/beds, 2 entries"),
        ("file", {"path": "/p/beds", "entries": 1}, "folder /p/beds, 1 entry"),
        ("image", {"media_type": "image/png", "bytes": 825}, "image, image/png, 825 bytes"),
        ("file", {"path": "a.md", "lines": 1, "bytes": 12000}, "file a.md, 1 line, 12,000 bytes"),
        ("file", {"path": "b", "state": "not read: too large"}, "file b, not read: too large"),
        ("file", {"bytes": 3.0, "is_whole": False}, "file, 3 bytes, is whole no"),
        ("file", {"pages": 2.5, "made_by": "x", "more": None}, "file, pages 2.5, made by x"),
        ("file", "odd", "file"),
    ],
)
def test_a_file_is_named_with_its_sizes(kind: str, content: JsonValue, words: str) -> None:
    """Nothing is written as JSON or as Python would."""
    assert describe_file(kind, content) == words
