"""Images, documents and other data inside blocks: their real type and size; pure."""

from __future__ import annotations

from typing import NamedTuple

from ccsync_watch.transcripts.fields import mapping, text
from ccsync_watch.transcripts.long_texts import size_of, without_marks

# How files of these types begin, in base64.
_BEGINNINGS = {
    "iVBORw0KGg": "image/png",
    "/9j/": "image/jpeg",
    "R0lGODdh": "image/gif",
    "R0lGODlh": "image/gif",
    "JVBERi": "application/pdf",
    "SUQz": "audio/mpeg",
    "T2dnU": "audio/ogg",
}
_RIFF = "UklGR"
# The last three letters of "WEBP" and "WAVE", which stand behind a size.
_RIFF_TYPES = {"RUJQ": "image/webp", "QVZF": "audio/wav"}
_RIFF_TYPE = slice(12, 16)


class Media(NamedTuple):
    """Data in a block. `text` is set if it is one, `url` if the block only refers to it."""

    media_type: str | None = None
    size_bytes: int | None = None
    text: str | None = None
    url: str | None = None


def read_media(block: object) -> Media | None:
    """Return the data of a block, None if it has none of its own.

    The API has it under `source`, MCP servers in the block itself.
    """
    values = mapping(block)
    source = mapping(values.get("source")) or values
    declared = text(source.get("media_type")) or text(source.get("mimeType"))
    data, url = source.get("data"), text(source.get("url"))
    if source.get("type") == "text" and isinstance(data, str):
        return Media(declared, size_of(data).bytes, data)
    if url is not None and url.startswith("data:"):
        head, _comma, data = url.partition(",")
        declared, url = head[len("data:") :].split(";")[0] or declared, None
    if isinstance(data, str):
        return Media(_sniff(data) or declared, _decoded_size(data))
    identity = url or text(source.get("file_id"))
    if source is values and identity is None:
        return None
    return Media(declared, url=identity)


def sniff_file(data: str, declared: str | None) -> Media:
    """Return the type and size of a file's content in base64."""
    return Media(_sniff(data) or declared, _decoded_size(data))


def _sniff(data: str) -> str | None:
    head = "".join(data[:64].split())
    if head.startswith(_RIFF):
        return _RIFF_TYPES.get(head[_RIFF_TYPE])
    return next((name for start, name in _BEGINNINGS.items() if head.startswith(start)), None)


def _decoded_size(data: str) -> int:
    """Return the bytes that a text of base64 stands for: three for four characters."""
    data, left_out = without_marks(data)
    if "\n" in data or "\r" in data or " " in data:
        data = "".join(data.split())
    return (len(data.rstrip("=")) + left_out.chars - left_out.line_ends) * 3 // 4
