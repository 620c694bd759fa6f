"""Read and write the user's settings file, a JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.errors import ConfigError
from ccsync_watch.private_files import read_private, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_file(path: Path) -> dict[str, Any]:
    """Return the settings file's object, `{}` without a file.

    Raises ConfigError when it cannot be read or is not a JSON object, UnsafePath when another user
    can change it.
    """
    try:
        data = read_private(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror}", hint="make it a file that you can read"
        ) from None
    try:
        content = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ConfigError(
            f"{path}, line {error.lineno}, column {error.colno}: not valid JSON ({error.msg})",
            hint="correct that line",
        ) from None
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path} is not a JSON object", hint='write it as {"convex_url": "https://…"}'
        )
    return content


def save(path: Path, changes: Mapping[str, object]) -> None:
    """Write `changes` into the settings file and keep its other keys; `None` removes a key.

    The file is replaced whole, readable by its owner only: it may contain the API key.
    Raises ConfigError when it cannot be written.
    """
    values = {**read_file(path), **changes}
    data = orjson.dumps(
        {key: value for key, value in values.items() if value is not None},
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )
    try:
        write_private(path, data)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", hint="make the folder writable"
        ) from None
