"""What the shapes of results and files hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.transcripts.tool_results import FileContent, read_file, read_result

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue


@pytest.mark.parametrize(
    ("content", "file"),
    [
        (
            {"source": {"media_type": "image/png", "data": "x" * 8}},
            FileContent(media_type="image/png", size_bytes=6),
        ),
        (
            {"filename": "/a", "content": {"file": {"filePath": "/b", "content": "text"}}},
            FileContent(paths=("/a", "/b"), texts=("text",)),
        ),
        (
            {"content": {"file": {"filePath": "/b", "type": "png", "originalSize": 9}}},
            FileContent(paths=("/b",), media_type="png", size_bytes=9),
        ),
        (
            {"displayPath": "a", "content": {"content": ""}},
            FileContent(paths=("a",), texts=("",)),
        ),
        (
            {"content": {"file": {"filePath": "/b", "base64": "", "originalSize": 9}}},
            FileContent(("/b",), size_bytes=9),
        ),
        ({"content": {"file": {"originalSize": True}}}, FileContent()),
        (
            {"type": "directory", "path": "/d", "content": "a\nb\n\n", "displayPath": "d"},
            FileContent(paths=("/d", "d"), entries=2),
        ),
        ({"type": "directory", "path": "/d", "content": None}, FileContent(("/d",), entries=0)),
        (
            {"filename": "/big", "unread": "too_large", "fileSize": 9_000_000},
            FileContent(("/big",), size_bytes=9_000_000, state="not read: too large"),
        ),
        ({"filename": "/x.pdf", "pageCount": 3}, FileContent(("/x.pdf",))),
        (
            {"type": "selected_lines_in_ide", "filename": "/a", "content": "copied"},
            FileContent(("/a",), texts=("copied",)),
        ),
        ("text", FileContent()),
    ],
)
def test_a_file_is_read(content: JsonValue, file: FileContent) -> None:
    """An image or document by its data, a mentioned file by its text."""
    assert read_file(content) == file


def test_every_text_of_a_result_that_may_be_a_files_content_is_found() -> None:
    """The model's copy and the client's."""
    result = read_result(
        {
            "content": [{"type": "text", "text": "a"}, {"type": "image"}, "junk"],
            "detail": {"filePath": "/x", "file": {"filePath": "/y", "content": "b"}},
        }
    )
    assert result.file_texts == ["b", "a", "junk"]
    assert result.paths == ["/x", "/y"]
    assert read_result({"content": "c"}).file_texts == ["c"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("out", "out"),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
        ([{"type": "image", "source": {"data": "x" * 8}}], "[image: 6 bytes]"),
        ([{"type": "document", "content": {"content": "ä"}}], "[document: 2 bytes]"),
        ([{"type": "image"}, {"type": ["text"]}, "junk", 7], "[image]\njunk\n7"),
        (None, ""),
    ],
)
def test_the_text_of_a_result_is_that_of_its_blocks(content: JsonValue, text: str) -> None:
    """An image counts with its size."""
    assert read_result({"content": content}).text == text


@pytest.mark.parametrize(
    ("patch", "changed"),
    [
        ([{"lines": ["+a", "+b", "-c", " d", 7]}, {"lines": "x"}, "broken"], (2, 1)),
        ([], (0, 0)),
        ("broken", None),
    ],
)
def test_the_changed_lines_of_a_patch_are_counted(
    patch: JsonValue, changed: tuple[int, int] | None
) -> None:
    """Nothing is known without a patch."""
    assert read_result({"detail": {"structuredPatch": patch}}).changed_lines == changed


def test_a_result_that_is_not_an_object_is_empty() -> None:
    """The client may write anything."""
    result = read_result("text")
    assert (result.text, result.is_error, result.denied, result.said) == ("", False, None, None)
    assert result.exit_code is None


@pytest.mark.parametrize(
    ("content", "lines"), [("", 0), ("a", 1), ("a\n", 1), ("a\n\nb", 3), (None, None)]
)
def test_all_lines_of_a_new_file_are_added(content: str | None, lines: int | None) -> None:
    """The client writes an empty patch for it."""
    detail: JsonValue = {"type": "create", "content": content, "structuredPatch": []}
    expected = (0, 0) if lines is None else (lines, 0)
    assert read_result({"detail": detail}).changed_lines == expected
