"""Read and write the user's settings file, a JSON object."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.errors import ConfigError
from ccsync_watch.private_files import read_private, write_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


_HINTS = {
    errno.ENOSPC: "free some disk space, then try again; the file is as it was",
    errno.EDQUOT: "remove files of yours, then try again; the file is as it was",
    errno.EROFS: "mount its disk for writing",
}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_file(path: Path, warnings: list[str] | None = None) -> dict[str, Any]:
    """Return the settings file's object, `{}` without a file. It may have comments.

    What is wrong with it, but does not keep it from being used, is added to `warnings`.

    Raises ConfigError when it cannot be read or is not a JSON object, UnsafePath when another user
    can change it.
    """
    try:
        data = read_private(path)
    except (FileNotFoundError, NotADirectoryError):  # a system's user may have /dev/null as home
        return {}
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror}", hint="make it a file that you can read"
        ) from None
    try:
        content = _parse(data)
    except orjson.JSONDecodeError as error:
        raise ConfigError(
            f"{path}, line {error.lineno}, column {error.colno}: not valid JSON ({error.msg})",
            hint="correct that line",
        ) from None
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path} is not a JSON object", hint='write it as {"convex_url": "https://…"}'
        )
    if warnings is not None:
        warnings.extend(_repetitions(path, data, content))
    return content


def _repetitions(path: Path, data: bytes, content: dict[str, Any]) -> Iterator[str]:
    """Yield a warning for each key that is there several times."""
    if all(data.count(orjson.dumps(key)) == 1 for key in _keys(content)):
        return
    # Loaded here: hardly any file has a name twice.
    from ccsync_watch.config.settings_text import repeated_keys  # noqa: PLC0415 - see above

    text = data.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", "replace")
    for key, lines in repeated_keys(text).items():
        rows = list(dict.fromkeys(lines))
        *before, last = map(str, rows)
        where = f"lines {', '.join(before)} and {last}" if before else f"line {last}"
        which = "last" if lines.count(rows[-1]) > 1 else f"one in line {last}"
        yield (
            f"{path}: {key} is there {len(lines)} times, in {where}: the {which} counts, remove"
            f" the other{'s' if lines[2:] else ''}"
        )


def _keys(content: object) -> Iterator[str]:
    """Yield the keys of an object, and of those inside it."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from _keys(value)


def _parse(data: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return what the file's text says. Raises JSONDecodeError."""
    data = data.removeprefix(_BYTE_ORDER_MARK)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        # Loaded here: most people write no comments.
        from ccsync_watch.config.settings_text import without_comments  # noqa: PLC0415 - see above

        return orjson.loads(without_comments(data.decode("utf-8", "replace")))


def save(path: Path, changes: Mapping[str, object]) -> None:
    """Write `changes` into the settings file and keep the rest, with comments; None removes a key.

    The file is replaced whole, readable by its owner only: it may contain the API key.
    Raises ConfigError when it cannot be written.
    """
    # Loaded here: most commands only read.
    from ccsync_watch.config.settings_text import change_text  # noqa: PLC0415 - see above

    before = read_file(path)
    text = read_private(path).removeprefix(_BYTE_ORDER_MARK).decode() if path.exists() else "{}\n"
    values = {key: value for key, value in {**before, **changes}.items() if value is not None}
    data = change_text(text, changes).encode()
    if _parse(data) != values:  # not a text that people write
        data = orjson.dumps(values, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    try:
        write_private(path, data)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}",
            hint=_HINTS.get(error.errno or 0, "make the folder writable"),
        ) from None
