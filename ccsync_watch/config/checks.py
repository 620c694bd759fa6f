"""What each key of the settings may hold: a check turns a value into ours, or says what is allowed.

A check raises ValueError whose text completes "set it to …".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

ProjectPolicy: TypeAlias = Literal["full", "metadata", "off"]

DEFAULT_PORT = 8377
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MAX_PORT = 65535
# What a client can connect to: names of dotted labels, or an IPv6 address.
_HOST = re.compile(
    r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*|[0-9a-f:.]*:[0-9a-f:.]*"
)
_PATH = re.compile(r"[A-Za-z0-9._~%/-]*")


class Secret:
    """A value that no log, error or `repr` shows; `reveal` is the only way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for the one header that needs it."""
        return self._value

    def masked(self) -> str:
        """Return a form that tells two keys apart: the prefix and the last two characters."""
        return f"{self._value[:4]}…{self._value[-2:]}" if len(self._value) > 12 else "…"  # noqa: PLR2004 - shorter would show most of it

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class RedactSettings:
    """The user's own regular expressions: what else is secret, and what never is."""

    patterns: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """Where the local page listens on loopback; without a port, at the usual one if it is free."""

    enabled: bool = True
    port: int | None = None


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    raise ValueError("true or false")


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("a whole number, 0 or more")


def _text_or_none(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    raise ValueError("a text, or leave it out")


def _secret(value: object) -> Secret | None:
    text = _text_or_none(value)
    if text is None:
        return None
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("a key without spaces or control characters")
    return Secret(text)


def _url(value: object) -> str | None:
    text = _text_or_none(value)
    if text is None:
        return None
    allowed = "an address like https://your-deployment.convex.cloud"
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(allowed) from None
    if not text.isprintable():  # urlsplit drops some of what is not
        raise ValueError(allowed)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"{allowed}, without credentials or parameters")
    if not _HOST.fullmatch(host) or not _PATH.fullmatch(parts.path):
        raise ValueError(allowed)
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise ValueError(f"{allowed} (http only on this machine)")
    return text.rstrip("/")


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError("a list of texts")


def _folders(value: object) -> tuple[Path, ...]:
    if isinstance(value, str):
        value = [folder for folder in value.split(",") if folder.strip()]
    folders = _texts(value)
    try:
        if all(folder.strip() and "\0" not in folder for folder in folders):
            return tuple(Path(folder.strip()).expanduser().absolute() for folder in folders)
    except RuntimeError:  # `~somebody` whom this machine does not know
        pass
    raise ValueError("a list of folders")


def _redact(value: object) -> RedactSettings:
    allowed = 'an object like {"patterns": [], "allow": []}'
    if not isinstance(value, dict) or set(value) - {"patterns", "allow"}:
        raise ValueError(allowed)
    try:
        return RedactSettings(_texts(value.get("patterns", [])), _texts(value.get("allow", [])))
    except ValueError:
        raise ValueError(allowed) from None


def _projects(value: object) -> tuple[tuple[str, ProjectPolicy], ...]:
    known = get_args(ProjectPolicy)
    if isinstance(value, dict) and all(
        glob.strip() and policy in known for glob, policy in value.items()
    ):
        return tuple(value.items())
    raise ValueError('an object like {"~/work/secret": "metadata"}, of full, metadata and off')


def _dashboard(value: object) -> DashboardSettings:
    allowed = f'an object like {{"enabled": true, "port": {DEFAULT_PORT}}}'
    if not isinstance(value, dict) or set(value) - {"enabled", "port"}:
        raise ValueError(allowed)
    enabled, port = value.get("enabled", True), value.get("port")
    is_number = isinstance(port, int) and not isinstance(port, bool) and 0 <= port <= _MAX_PORT
    is_port = is_number or "port" not in value
    if not isinstance(enabled, bool) or not is_port:
        raise ValueError(allowed)
    return DashboardSettings(enabled, port)


KEYS: dict[str, Callable[[object], object]] = {
    "convex_url": _url,
    "api_key": _secret,
    "auto_sync": _boolean,
    "sync_tool_calls": _boolean,
    "sync_thinking": _boolean,
    "autostart": _boolean,
    "claude_dirs": _folders,
    "max_prompt_chars": _count,
    "max_output_chars": _count,
    "exclude_projects": _texts,
    "projects": _projects,
    "redact": _redact,
    "dashboard": _dashboard,
}
