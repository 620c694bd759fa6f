"""The shapes of tool results and of files in messages; pure.

`read_result` and `read_file` take the content of a part of kind tool-result, image or file, as
`blocks` and `message_readers` make it. What of it may be kept is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.transcripts.fields import amount, count, mapping, text
from ccsync_watch.transcripts.long_texts import size_of
from ccsync_watch.transcripts.media import read_media, sniff_file
from ccsync_watch.transcripts.result_blocks import file_texts, result_texts
from ccsync_watch.transcripts.tools import PATHS, texts_under

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

# What the client calls a document that the model got whole, or as images of its pages.
_DOCUMENTS = ("pdf", "parts")
# A mention names the file itself first.
_MENTION_PATHS = tuple(dict.fromkeys(("filename", *PATHS)))


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file, an image or a document in a message.

    `texts` are copies of its content, of which the first is the one to measure; `size_bytes` is
    known if it is not a text. `entries` is a folder's; `state` says that the client
    did not read it, and why.
    """

    paths: tuple[str, ...] = ()
    media_type: JsonValue = None
    size_bytes: float | None = None
    texts: tuple[str, ...] = ()
    entries: int | None = None
    state: str | None = None

    @property
    def path(self) -> str | None:
        """Return its path, None if it has none."""
        return self.paths[0] if self.paths else None

    @property
    def text(self) -> str | None:
        """Return its content, None if it is not a text."""
        return self.texts[0] if self.texts else None


def read_file(content: JsonValue) -> FileContent:
    """Read an image or document block, or the attachment of a mentioned file."""
    if not isinstance(content, dict):
        return FileContent()
    media = read_media(content)
    if media is not None:
        return FileContent(
            paths=(media.url,) if media.url else (),
            media_type=media.media_type,
            size_bytes=None if media.text is not None else media.size_bytes,
            texts=(media.text,) if media.text is not None else (),
        )
    if content.get("type") == "directory":
        listed = content.get("content")
        names = listed.splitlines() if isinstance(listed, str) else []
        entries = sum(1 for name in names if name.strip())
        return FileContent(paths=tuple(texts_under(content, PATHS)), entries=entries)
    inner = mapping(content.get("content"))
    file = mapping(inner.get("file"))
    size_bytes, media_type = amount(file.get("originalSize")), file.get("type")
    data = file.get("base64")
    if isinstance(data, str) and data:
        # What the model got: the client makes large images smaller. Of a PDF it keeps no data.
        media_type, size_bytes, *_ = sniff_file(data, text(media_type))
    unread = content.get("unread")
    selected = content if content.get("type") == "selected_lines_in_ide" else {}
    return FileContent(
        paths=(*texts_under(content, _MENTION_PATHS), *texts_under(file, PATHS)),
        media_type=media_type,
        size_bytes=amount(content.get("fileSize")) if size_bytes is None else size_bytes,
        texts=tuple(
            value
            for values in (file, inner, selected)
            if isinstance(value := values.get("content"), str)
        ),
        state=f"not read: {unread.replace('_', ' ')}" if isinstance(unread, str) else None,
    )


class ToolResult(NamedTuple):
    """What a tool returned. `detail` is the client's `toolUseResult`, `file` the one in it.

    `denied`: the call did not run, and who denied it; `said`: what the person wrote about it.
    """

    content: JsonValue
    detail: dict[str, JsonValue]
    file: dict[str, JsonValue]
    is_error: bool
    denied: str | None
    said: str | None
    exit_code: JsonValue

    @property
    def text(self) -> str:
        """Return the result as the model got it, with the size of an image in its place."""
        return "\n".join(result_texts(self.content))

    @property
    def media_bytes(self) -> int | None:
        """Return the size of images and other data that are the whole result, None of any other.

        Of a document that was read, the client's words before it, or images of its pages, are not.
        """
        if isinstance(data := self.file.get("base64"), str) and data:
            return sniff_file(data, None).size_bytes
        if self.detail.get("type") in _DOCUMENTS and not self.is_error:
            return count(self.file.get("originalSize")) or None
        if not isinstance(self.content, list) or not self.content:
            return None
        sizes = [media.size_bytes if (media := read_media(item)) else None for item in self.content]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    @property
    def paths(self) -> list[str]:
        """Return the paths that the client names in its detail."""
        return [*texts_under(self.detail, PATHS), *texts_under(self.file, PATHS)]

    @property
    def file_texts(self) -> list[str]:
        """Return every text that may be a file's content, as the model and the client have it."""
        return [*texts_under(self.file, ("content",)), *file_texts(self.content)]

    @property
    def changed_lines(self) -> tuple[int, int] | None:
        """Return how many lines a patch adds and removes, None without a patch.

        A new file has an empty one: all its lines are added.
        """
        patch = self.detail.get("structuredPatch")
        new = self.detail.get("content")
        if not patch and self.detail.get("type") == "create" and isinstance(new, str):
            return size_of(new).line_ends + (new[-1:] not in {"", "\n"}), 0
        if not isinstance(patch, list):
            return None
        signs = [
            line[:1]
            for hunk in patch
            if isinstance(lines := mapping(hunk).get("lines"), list)
            for line in lines
            if isinstance(line, str)
        ]
        return signs.count("+"), signs.count("-")


def read_result(content: JsonValue) -> ToolResult:
    """Read the content of a tool-result part."""
    outcome = mapping(content)
    detail = mapping(outcome.get("detail"))
    return ToolResult(
        content=outcome.get("content"),
        detail=detail,
        file=mapping(detail.get("file")),
        is_error=outcome.get("is_error") is True,
        denied=text(outcome.get("denied")),
        said=text(outcome.get("said")),
        exit_code=outcome.get("exit_code"),
    )
