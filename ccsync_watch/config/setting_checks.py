"""The checks: each turns a raw value into ours, or raises ValueError with what is allowed.

The error's text completes "set it to …". A raw value is JSON from the file, or the text of a
variable, a flag or a plugin option.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from ccsync_watch.config.setting_values import (
    DEFAULT_PORT,
    DashboardSettings,
    ModelPrices,
    ProjectPolicy,
    RedactSettings,
    Secret,
)

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MAX_PORT = 65535
_NUMBER = re.compile(r"[0-9]{1,18}")
_MAX_USD = 1_000_000
_MIN_TOKEN_CHARS = 16
_MAX_MULTIPLIER = 1000
# What a client can connect to: names of dotted labels, or an IPv6 address.
_HOST = re.compile(
    r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*|[0-9a-f:.]*:[0-9a-f:.]*"
)
_PATH = re.compile(r"[A-Za-z0-9._~%/-]*")


def check_boolean(value: object) -> bool:
    """Accept true or false; as a string also yes, no, on, off, 1 and 0."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    raise ValueError("true or false")


def check_count(value: object) -> int:
    """Accept a whole number from 0 on, also as a text."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("a whole number, 0 or more")


def _text_or_none(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    raise ValueError("a string, or leave it out")


def check_secret(value: object) -> Secret | None:
    """Accept a key; an empty one is None."""
    text = _text_or_none(value)
    if text is None:
        return None
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("a key without spaces or control characters")
    return Secret(text)


def check_token(value: object) -> Secret | None:
    """Accept a token that others may guess at; an empty one is None."""
    secret = check_secret(value)
    if secret is not None and len(secret.reveal()) < _MIN_TOKEN_CHARS:
        raise ValueError(f"a token of at least {_MIN_TOKEN_CHARS} characters")
    return secret


def check_url(value: object) -> str | None:
    """Accept a deployment's address; an empty one is None."""
    return _check_address(value, "an address like https://your-deployment.convex.cloud")


def check_app_url(value: object) -> str | None:
    """Accept a web app's address; an empty one is None."""
    return _check_address(value, "an address like https://your-app.example")


def _check_address(value: object, allowed: str) -> str | None:
    text = _text_or_none(value)
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(allowed) from None
    if "osk_" in text.lower():
        # Addresses are shown; whoever pastes a key into one does not mean to show that.
        raise ValueError(f"{allowed}, without a key: that is the setting api_key")
    if not text.isprintable():  # urlsplit drops some of what is not
        raise ValueError(allowed)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"{allowed}, without credentials or parameters")
    if not _HOST.fullmatch(host) or not _PATH.fullmatch(parts.path):
        raise ValueError(allowed)
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise ValueError(f"{allowed} (http only on this machine)")
    return text.rstrip("/")


def check_strings(value: object) -> tuple[str, ...]:
    """Accept a list of strings."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError("a list of strings")


def check_folders(value: object) -> tuple[Path, ...]:
    """Accept a list of folders, or a string with commas between them; they become absolute."""
    if isinstance(value, str):
        value = [folder for folder in value.split(",") if folder.strip()]
    folders = check_strings(value)
    try:
        if all(folder.strip() and "\0" not in folder for folder in folders):
            return tuple(Path(folder.strip()).expanduser().absolute() for folder in folders)
    except RuntimeError:  # `~somebody`, an unknown user
        pass
    raise ValueError("a list of folders")


def check_redact(value: object) -> RedactSettings:
    """Accept the user's own patterns."""
    allowed = 'an object like {"patterns": [], "allow": []}'
    if not isinstance(value, dict) or set(value) - {"patterns", "allow"}:
        raise ValueError(allowed)
    try:
        return RedactSettings(
            check_strings(value.get("patterns", [])), check_strings(value.get("allow", []))
        )
    except ValueError:
        raise ValueError(allowed) from None


def check_projects(value: object) -> tuple[tuple[str, ProjectPolicy], ...]:
    """Accept a policy for each glob."""
    known = get_args(ProjectPolicy)
    if isinstance(value, dict) and all(
        glob.strip() and policy in known for glob, policy in value.items()
    ):
        return tuple(value.items())
    raise ValueError('an object like {"~/work/secret": "metadata"}, of full, metadata and off')


def check_dashboard(value: object) -> DashboardSettings:
    """Accept whether and on which port the dashboard is served."""
    allowed = f'an object like {{"enabled": true, "port": {DEFAULT_PORT}}}'
    if not isinstance(value, dict) or set(value) - {"enabled", "port"}:
        raise ValueError(allowed)
    enabled, port = value.get("enabled", True), value.get("port")
    is_number = isinstance(port, int) and not isinstance(port, bool) and 0 <= port <= _MAX_PORT
    is_port = is_number or "port" not in value
    if not isinstance(enabled, bool) or not is_port:
        raise ValueError(allowed)
    return DashboardSettings(enabled, port)


def check_prices(value: object) -> tuple[tuple[str, ModelPrices], ...]:
    """Accept prices for each model, in USD."""
    known = [price.name for price in fields(ModelPrices)]
    allowed = (
        'an object like {"claude-opus-5": {"input": 5, "output": 25}}, for each model USD per'
        f" million tokens, with {', '.join(known[2:-1])} and {known[-1]} (per thousand) if they"
        " differ"
    )
    if not isinstance(value, dict):
        raise ValueError(allowed)  # noqa: TRY004 - as every check
    for name, row in value.items():
        mistake = _mistake_in_prices(row, known) if name.strip() else "a model without a name"
        if mistake:
            raise ValueError(f"{allowed}; not {mistake}, as for {json.dumps(name)}")
    return tuple((name.strip(), ModelPrices(**row)) for name, row in value.items())


def _mistake_in_prices(row: object, known: list[str]) -> str | None:
    if not isinstance(row, dict):
        return "prices that are not an object"
    missing = [name for name in ("input", "output") if name not in row]
    if missing:
        return f"prices without {missing[0]}"
    for name, value in row.items():
        if name not in known:
            return f"a price named {json.dumps(name)}"
        if not _is_price(value):
            return f"{json.dumps(value)} as {name} (a number from 0 to {_MAX_USD:,})"
    return None


def _is_price(value: object) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 <= value <= _MAX_USD  # type: ignore[operator]  # a number, as checked


def check_multiplier(value: object) -> float | None:
    """Accept a factor for prices; null is none."""
    if value is None:
        return None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and 0 < value <= _MAX_MULTIPLIER:  # type: ignore[operator]  # a number, as checked
        return float(value)  # type: ignore[arg-type]  # as above
    raise ValueError(f"a number above 0 and at most {_MAX_MULTIPLIER}, such as 0.85")
