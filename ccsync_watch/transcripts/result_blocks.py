"""The blocks of tool results as text, of the API, of MCP servers and of the client; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.transcripts.fields import mapping, text
from ccsync_watch.transcripts.media import read_media

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.model import JsonValue

_SAFE_KIND = re.compile(r"[a-z0-9_.-]{1,60}")
_PLACE_OF_IMAGE = re.compile(r"\s*\[Image: source: [^\n]+\]\s*")


def result_texts(content: JsonValue) -> Iterator[str]:
    """Yield the texts of a result's content, with the type and size of data in its place."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for before, block in zip([None, *content], content, strict=False):
            if not _is_place_of_image(before, block):
                yield from _block_texts(block)
    else:
        yield from _block_texts(content)


def _is_place_of_image(before: JsonValue, block: JsonValue) -> bool:
    """Return whether a block only says where the client saved the image before it."""
    if mapping(before).get("type") != "image":
        return False
    return _PLACE_OF_IMAGE.fullmatch(str(mapping(block).get("text"))) is not None


def file_texts(content: JsonValue) -> Iterator[str]:
    """Yield every text of a result's content that may be that of a file."""
    if isinstance(content, str):
        yield content
    for block in content if isinstance(content, list) else [content]:
        values = mapping(block)
        candidates = (block, values.get("text"), mapping(values.get("resource")).get("text"))
        yield from (item for item in candidates if isinstance(item, str) and item is not content)


def describe_link(values: dict[str, JsonValue]) -> str:
    """Return the title and the address of a link, as far as it has them."""
    title = text(values.get("title")) or text(values.get("name"))
    address = text(values.get("url")) or text(values.get("uri"))
    return " — ".join(filter(None, (title, address)))


def _block_texts(block: JsonValue) -> Iterator[str]:
    if isinstance(block, str):
        yield block
        return
    values = mapping(block)
    kind = values.get("type")
    if isinstance(values.get("text"), str):
        yield str(values["text"])
    elif kind is None:
        # Not a block, but a value that a gateway or a server of MCP returned as it was.
        if block not in (None, {}, []):
            yield orjson.dumps(block).decode()
    elif isinstance(kind, str):
        yield from _READERS.get(kind, _other_texts)(values)


def _media_texts(values: dict[str, JsonValue]) -> Iterator[str]:
    yield _describe_media(str(values.get("type")), values)


def _tool_texts(values: dict[str, JsonValue]) -> Iterator[str]:
    """Yield the name of a tool that a search of tools returned."""
    yield f"tool {text(values.get('tool_name')) or 'unknown'}"


def _search_texts(values: dict[str, JsonValue]) -> Iterator[str]:
    yield " — ".join(filter(None, (text(values.get("title")), text(values.get("source")))))
    yield from result_texts(values.get("content"))


def _other_texts(values: dict[str, JsonValue]) -> Iterator[str]:
    """Yield a link, an error or a command's output; of any other block its type."""
    kind = str(values.get("type"))
    if text(values.get("url")) or text(values.get("uri")):
        yield describe_link(values)
    elif text(values.get("error_code")):
        yield f"error {values['error_code']}"
    elif isinstance(values.get("stdout"), str):
        yield from filter(None, (text(values.get(name)) for name in ("stdout", "stderr")))
    elif _SAFE_KIND.fullmatch(kind):
        yield f"[{kind}]"


def _resource_texts(values: dict[str, JsonValue]) -> Iterator[str]:
    """Yield the address of a resource of an MCP server, and its text or size."""
    resource = mapping(values.get("resource"))
    uri = text(resource.get("uri"))
    if uri:
        yield uri
    if isinstance(resource.get("text"), str):
        yield str(resource["text"])
    elif isinstance(resource.get("blob"), str):
        data = {"data": resource["blob"], "mimeType": resource.get("mimeType")}
        yield _describe_media("resource", data)


def _describe_media(kind: str, values: dict[str, JsonValue]) -> str:
    media = read_media(values)
    inner = mapping(values.get("content")).get("content")
    if media is None and isinstance(inner, str):
        return f"[{kind}: {len(inner.encode('utf-8', 'replace')):,} bytes]"
    if media is None:
        return f"[{kind}]"
    size = None if media.size_bytes is None else f"{media.size_bytes:,} bytes"
    return f"[{kind}: {', '.join(filter(None, (media.media_type, size, media.url)))}]"


_READERS = {
    "audio": _media_texts,
    "document": _media_texts,
    "image": _media_texts,
    "resource": _resource_texts,
    "search_result": _search_texts,
    "tool_reference": _tool_texts,
}
