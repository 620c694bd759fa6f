"""The blocks of tool results as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.transcripts.result_blocks import file_texts, result_texts

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

IMAGE: JsonValue = {"type": "image", "data": "iVBORw0KGgoA", "mimeType": "image/jpeg"}
PLACE = "[Image: source: /home/posy/.claude/blob-1.png]"


@pytest.mark.parametrize(
    ("block", "texts"),
    [
        ("bare", ["bare"]),
        ({"type": "text", "text": "a"}, ["a"]),
        ({"text": "no type"}, ["no type"]),
        (IMAGE, ["[image: image/png, 9 bytes]"]),
        ({"type": "document", "content": {"content": "ä"}}, ["[document: 2 bytes]"]),
        ({"type": "audio"}, ["[audio]"]),
        (
            {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}},
            ["[image: https://x.test/a.png]"],
        ),
        (
            {"type": "resource", "resource": {"uri": "note://1", "text": "buy seeds"}},
            ["note://1", "buy seeds"],
        ),
        (
            {"type": "resource", "resource": {"uri": "x://2", "blob": "AAAA", "mimeType": "a/b"}},
            ["x://2", "[resource: a/b, 3 bytes]"],
        ),
        ({"type": "resource", "resource": "odd"}, []),
        ({"type": "resource_link", "uri": "x://3", "name": "Three"}, ["Three — x://3"]),
        (
            {"type": "web_search_result", "title": "Beds", "url": "https://x.test/b"},
            ["Beds — https://x.test/b"],
        ),
        ({"type": "web_search_result", "url": "https://x.test/b"}, ["https://x.test/b"]),
        ({"type": "web_search_tool_result_error", "error_code": "busy"}, ["error busy"]),
        (
            {
                "type": "search_result",
                "title": "T",
                "source": "S",
                "content": [{"type": "text", "text": "c"}],
            },
            ["T — S", "c"],
        ),
        ({"type": "tool_reference", "tool_name": "mcp__mail__send"}, ["tool mcp__mail__send"]),
        ({"type": "code_result", "stdout": "out", "stderr": "err"}, ["out", "err"]),
        ({"type": "unheard_of", "x": 1}, ["[unheard_of]"]),
        ({"type": "<odd>"}, []),
        ({"type": ["text"]}, []),
        (7, ["7"]),
        (False, ["false"]),
        ({"beds": [3, None]}, ['{"beds":[3,null]}']),
        ([1], ["[1]"]),
        ({}, []),
        (None, []),
    ],
)
def test_every_block_says_what_it_holds(block: JsonValue, texts: list[str]) -> None:
    """Alone, in a list and in the place of the list."""
    assert list(result_texts([block])) == texts
    if not isinstance(block, list):
        assert list(result_texts(block)) == texts


def test_every_text_that_may_be_a_files_is_found() -> None:
    """Wherever an MCP server puts it."""
    resource: JsonValue = {"type": "resource", "resource": {"text": "c"}}
    assert list(file_texts(["a", {"text": "b"}, resource, 7])) == ["a", "b", "c"]
    assert list(file_texts("a")) == ["a"]
    assert list(file_texts(resource)) == ["c"]
    assert list(file_texts(None)) == []


def test_the_place_where_an_image_was_saved_is_left_out() -> None:
    """The client says it behind an image; elsewhere it is what a tool said."""
    place: JsonValue = {"type": "text", "text": PLACE}
    assert list(result_texts([IMAGE, place, place])) == [
        "[image: image/png, 9 bytes]",
        PLACE,
    ]
    assert list(result_texts([place, IMAGE])) == [PLACE, "[image: image/png, 9 bytes]"]
