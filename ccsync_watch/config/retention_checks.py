"""Ages and sizes as people write them, `90d` and `2GB`: for `retention`, and for `prune`; pure."""

from __future__ import annotations

import re

from ccsync_watch.config.setting_values import RetentionSettings

_AGE = re.compile(r"([0-9]{1,6}) ?([a-z]+)", re.IGNORECASE)
_SIZE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([a-z]+)", re.IGNORECASE)
_DAYS = {
    "d": 1, "day": 1, "days": 1, "w": 7, "week": 7, "weeks": 7, "y": 365, "year": 365, "years": 365,
}  # fmt: skip
_BYTES = {
    "mb": 10**6, "gb": 10**9, "tb": 10**12, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}  # fmt: skip
_MAX_DAYS = 36_500
_MIN_BYTES = 10**7
AGE_ALLOWED = "an age of at least a day like 90d, 12w or 1y"
SIZE_ALLOWED = "a size of at least 10 MB like 500MB or 2GB"


def check_age(value: object) -> int:
    """Accept an age; return its days."""
    match = _AGE.fullmatch(value.strip()) if isinstance(value, str) else None
    days = int(match[1]) * _DAYS.get(match[2].lower(), 0) if match else 0
    if not 1 <= days <= _MAX_DAYS:
        raise ValueError(AGE_ALLOWED)
    return days


def check_size(value: object) -> int:
    """Accept a size; return its bytes."""
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    size = int(float(match[1]) * _BYTES.get(match[2].lower(), 0)) if match else 0
    if size < _MIN_BYTES:
        raise ValueError(SIZE_ALLOWED)
    return size


def check_retention(value: object) -> RetentionSettings | None:
    """Accept an age, or an object with an age, a size or both; null and `forever` are none."""
    allowed = '"forever", an age like "90d", or an object like {"age": "90d", "size": "2GB"}'
    if value is None or (isinstance(value, str) and value.strip().lower() in {"", "forever"}):
        return None
    if isinstance(value, str):
        value = {"age": value}
    if not isinstance(value, dict) or not value or set(value) - {"age", "size"}:
        raise ValueError(allowed)
    try:
        return RetentionSettings(
            check_age(value["age"]) if "age" in value else None,
            check_size(value["size"]) if "size" in value else None,
        )
    except ValueError as error:
        raise ValueError(f"{allowed}: {error}") from None


def retention_text(retention: RetentionSettings) -> str:
    """Return a retention as people write it."""
    age, size = retention.max_age_days, retention.max_bytes
    texts = [
        "" if age is None else f"{age}d",
        "" if size is None else f"{size / 10**6:g}MB",
    ]
    return ", ".join(filter(None, texts))
