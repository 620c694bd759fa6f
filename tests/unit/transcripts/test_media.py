"""Images and other data inside blocks."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.transcripts.media import Media, read_media
from ccsync_watch.transcripts.tool_results import read_file

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 "


def encoded(data: bytes) -> str:
    """Return base64."""
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("extra", [b"", b"1", b"12", b"123"])
@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (WEBP, "image/webp"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"%PDF-1.7", "application/pdf"),
        (b"something else", "image/tiff"),
    ],
)
def test_type_and_size_are_those_of_the_data(data: bytes, media_type: str, extra: bytes) -> None:
    """Whatever the block says of its type; if the data says nothing, that counts."""
    expected = Media(media_type, len(data + extra))
    text = encoded(data + extra)
    source = {"type": "base64", "media_type": "image/tiff", "data": text}
    assert read_media({"type": "image", "source": source}) == expected
    assert read_media({"type": "image", "mimeType": "image/tiff", "data": text}) == expected
    url = {"type": "url", "url": f"data:image/tiff;base64,{text}"}
    assert read_media({"type": "image", "source": url}) == expected
    broken = {**source, "data": text[:8] + "\r\n" + text[8:] + "\n"}
    assert read_media({"type": "image", "source": broken}) == expected
    mention: JsonValue = {
        "content": {"file": {"base64": text, "type": "image/tiff", "originalSize": 9_999}}
    }
    file = read_file(mention)
    assert (file.media_type, file.size_bytes) == (media_type, len(data + extra))


def test_a_document_of_text_is_measured_as_text() -> None:
    """Not as base64."""
    source: JsonValue = {"type": "text", "media_type": "text/plain", "data": "zwölf\n"}
    assert read_media({"type": "document", "source": source}) == Media("text/plain", 7, "zwölf\n")
    file = read_file({"type": "document", "source": source})
    assert (file.text, file.size_bytes) == ("zwölf\n", None)


@pytest.mark.parametrize(
    ("block", "media"),
    [
        ({"source": {"type": "url", "url": "https://x.test/a"}}, Media(url="https://x.test/a")),
        ({"source": {"type": "file", "file_id": "file_1"}}, Media(url="file_1")),
        ({"source": {"data": None}}, Media()),
        ({"source": "x"}, None),
        ({}, None),
        ("x", None),
        (None, None),
    ],
)
def test_a_block_may_only_refer_to_its_data(block: object, media: Media | None) -> None:
    """Or hold nothing."""
    assert read_media(block) == media
