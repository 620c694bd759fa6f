"""The shapes of tool results and of files in messages; pure.

`read_result` and `read_file` take the content of a part of kind tool-result, image or file, as
`blocks` and `message_readers` make it. What of it may be kept is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.transcripts.fields import mapping, text
from ccsync_watch.transcripts.tools import PATHS, texts_under

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

_MEDIA_TYPES = frozenset({"image", "document"})
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
    source = content.get("source")
    if isinstance(source, dict):
        data = source.get("data")
        # Base64 has four characters for three bytes.
        size = len(data) * 3 // 4 if isinstance(data, str) else None
        return FileContent(media_type=source.get("media_type"), size_bytes=size)
    if content.get("type") == "directory":
        listed = content.get("content")
        names = listed.splitlines() if isinstance(listed, str) else []
        entries = sum(1 for name in names if name.strip())
        return FileContent(paths=tuple(texts_under(content, PATHS)), entries=entries)
    inner = mapping(content.get("content"))
    file = mapping(inner.get("file"))
    size_bytes = _number(file.get("originalSize"))
    unread = content.get("unread")
    selected = content if content.get("type") == "selected_lines_in_ide" else {}
    return FileContent(
        paths=(*texts_under(content, _MENTION_PATHS), *texts_under(file, PATHS)),
        media_type=file.get("type"),
        size_bytes=_number(content.get("fileSize")) if size_bytes is None else size_bytes,
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
        if isinstance(self.content, str):
            return self.content
        blocks = self.content if isinstance(self.content, list) else []
        texts = (_block_text(block) for block in blocks if isinstance(block, dict))
        return "\n".join(text for text in texts if text is not None)

    @property
    def paths(self) -> list[str]:
        """Return the paths that the client names in its detail."""
        return [*texts_under(self.detail, PATHS), *texts_under(self.file, PATHS)]

    @property
    def file_texts(self) -> list[str]:
        """Return every text that may be a file's content, as the model and the client have it."""
        texts = [self.content] if isinstance(self.content, str) else []
        texts += texts_under(self.file, ("content",))
        for block in self.content if isinstance(self.content, list) else []:
            texts += texts_under(mapping(block), ("text",))
        return texts

    @property
    def changed_lines(self) -> tuple[int, int] | None:
        """Return how many lines a patch adds and removes, None without a patch."""
        patch = self.detail.get("structuredPatch")
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


def _block_text(block: dict[str, JsonValue]) -> str | None:
    text, kind = block.get("text"), block.get("type")
    if isinstance(text, str):
        return text
    if not isinstance(kind, str) or kind not in _MEDIA_TYPES:
        return None
    file = read_file(block)
    size = len(file.text.encode("utf-8", "replace")) if file.text is not None else file.size_bytes
    return f"[{kind}: {size} bytes]"


def _number(value: JsonValue) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number else None  # type: ignore[return-value]  # as just checked
