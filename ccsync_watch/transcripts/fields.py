"""Read single values from rows and sidecars whose shape is not guaranteed; pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

_MOST_ID_CHARS = 128
_IDS_REMEMBERED = 1024
"""Of how many ids it is remembered whether they can be stored: rows name those before them."""
_ID = re.compile(r"[0-9A-Za-z_.:-]{1,128}")
_AGENT_ID = re.compile(r"[0-9A-Za-z_.:@-]{1,128}")
_MAX_AGENT_CHARS = 128
# Ids of gateways and of other vendors: printable, and nothing that a page would interpret.
_OPAQUE_ID = re.compile(r"[0-9A-Za-z_.:/+=|@~,;#%$!*()\[\]{}^?-]{1,128}")
_HASHED_PREFIX = "hash:"
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# What the client's ids, the API's and those of gateways begin with, where they are long.
_ID_PREFIX = re.compile(
    r"(?:agent|batch|bdrk|call|chatcmpl|cmpl|fc|functions?|gen|item|msg|req|request|resp|rs|run|session"
    r"|srvtoolu|step|task|tool|toolu|tooluse|vrtx|wf|ws)[_.:-]|20\d{10}"
    # A helper of the client's, and a hash that stands for an id.
    rf"|(?:a[a-z_]{{1,40}}-[0-9a-f]{{4,32}}|{_HASHED_PREFIX}[0-9a-f]{{32}})\Z"
)
_TOKEN_PREFIX = re.compile(r"[A-Za-z]{2,12}[0-9]{0,2}[_-]")
_MIXED = re.compile(r"(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[0-9A-Za-z]{16,}")
_HEX = re.compile(r"[0-9a-f]+")
_SHORTEST_MIXED = 16
_NUMERAL = re.compile(r"[0-9]{1,19}(?:\.0{1,9})?", re.ASCII)
_REAL_NUMERAL = re.compile(r"[0-9]{1,19}(?:\.[0-9]{1,9})?", re.ASCII)
_MAIL_DATE = re.compile(r"\s*(?:[A-Za-z]{3},\s*)?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d", re.ASCII)
_ISO = re.compile(
    r"\s*(\d{4})-?(\d\d)-?(\d\d)[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,18}))?)?"
    r"\s*([Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?)?\s*",
    re.ASCII,
)
# Transcripts exist since 2025: a time before 2000 or after 2099 is a broken clock or no time.
_EARLIEST_MS = 946_684_800_000
_LATEST_MS = 4_102_444_800_000
# SQLite can still add up thousands of these; a larger count is a broken write.
_MAX_COUNT = 1 << 53
# No model reads or writes as many tokens in a response; a larger count is not one of tokens.
_MAX_TOKENS = 1_000_000_000


def identity(value: object) -> str | None:
    """Return an id that can be stored without redaction, None for any other value.

    One that may be a secret, since it has no id's shape, is a hash. Equal ids stay equal.
    """
    return _stored_id(value) if isinstance(value, str) and len(value) <= _MOST_ID_CHARS else None


@lru_cache(maxsize=_IDS_REMEMBERED)
def _stored_id(value: str) -> str | None:
    if not _ID.fullmatch(value):
        return None
    return hashed_id(value) if may_be_secret(value) else value


def is_uuid(value: str) -> bool:
    """Return whether a text is a UUID, as the client names sessions."""
    return _UUID.fullmatch(value) is not None


def may_be_secret(name: str) -> bool:
    """Tell whether an id or a name has long mixed letters and digits, as no id of the client's.

    Hexadecimal ones are an id if they are all of it, or short: vendors' tokens have a prefix.
    """
    if len(name) < _SHORTEST_MIXED or _UUID.fullmatch(name) or _HEX.fullmatch(name):
        return False
    if prefix := _ID_PREFIX.match(name):
        rest = name[prefix.end() :]
        # A file can be named for a token: `wf_ghp_…`.
        return bool(_TOKEN_PREFIX.match(rest)) and may_be_secret(rest)
    runs = _MIXED.findall(name)
    return any(len(run) > _SHORTEST_MIXED or not _HEX.fullmatch(run) for run in runs)


def opaque_id(value: object) -> str | None:
    """Return an id of any characters, as a hash if it cannot be stored as it is; None without one.

    The API's ids tie rows to each other, and gateways choose them freely. Equal ids stay equal.
    """
    if not isinstance(value, str) or not value:
        return None
    return _stored_opaque_id(value) if len(value) <= _MOST_ID_CHARS else hashed_id(value)


@lru_cache(maxsize=_IDS_REMEMBERED)
def _stored_opaque_id(value: str) -> str:
    if _OPAQUE_ID.fullmatch(value) and not may_be_secret(value):
        return value
    return hashed_id(value)


def hashed_id(value: str) -> str:
    """Return what stands for an id that cannot be stored as it is."""
    encoded = value.encode("utf-8", "surrogatepass")
    return _HASHED_PREFIX + hashlib.blake2b(encoded, digest_size=16).hexdigest()


def short_name(name: str, limit: int) -> str:
    """Return a name that was not redacted yet, empty if it is longer than names are.

    It is not cut: a part of a secret is not recognised by any rule.
    """
    name = " ".join(name.split())
    return name if len(name) <= limit else ""


def agent_identity(value: object) -> str | None:
    """Return a subagent's id, of which a name can be part; None without one.

    Letters and digits may be of any script. One that cannot be stored without redaction is a hash,
    the same from a row and from a file's name.
    """
    if not isinstance(value, str) or not value:
        return None
    if may_be_secret(value):
        return hashed_id(value)
    if _AGENT_ID.fullmatch(value):
        return value
    # A file's name may hold a letter and its accent as two characters.
    name = unicodedata.normalize("NFC", value)
    if len(name) <= _MAX_AGENT_CHARS and all(map(_is_of_name, name)):
        return name
    return hashed_id(value)


def _is_of_name(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character in "_.:@-"


def text(value: object) -> str | None:
    """Return a text that is not empty, None for any other value."""
    return value if isinstance(value, str) and value else None


def count(value: object) -> int:
    """Return a positive count, 0 for any other value."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MAX_COUNT
    return value if is_count else 0  # type: ignore[return-value]  # an int, as just checked


def amount(value: object) -> float | None:
    """Return a duration, size or count as it was written, None for a value that cannot be one."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number and 0 <= value < _MAX_COUNT else None  # type: ignore[operator,return-value]  # a number, as just checked


def token_count(value: object) -> int | None:
    """Return a count of tokens, 0 for none; None for a value that cannot be one.

    Gateways write counts as floats and as texts, too, and absurd ones.
    """
    if type(value) is int:
        return value if 0 <= value < _MAX_TOKENS else None
    if value is None:
        return 0
    if isinstance(value, str):
        numeral = value.strip()
        value = int(numeral.partition(".")[0]) if _NUMERAL.fullmatch(numeral) else None
    elif isinstance(value, float):
        value = int(value) if value.is_integer() else None
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_TOKENS
    return value if is_count else None  # type: ignore[return-value]  # an int, as just checked


def mapping(value: object) -> dict[str, Any]:
    """Return a JSON object, an empty one for any other value."""
    return value if isinstance(value, dict) else {}


def milliseconds(timestamp: object) -> int | None:
    """Return a time as milliseconds since the epoch, None for any other value.

    The client writes ISO 8601; copies and gateways also other forms of it, and numbers.
    """
    if isinstance(timestamp, str):
        try:
            moment = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
        except ValueError:
            return _lenient_milliseconds(timestamp)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        # Rounded, since the float may be slightly below the millisecond that was written.
        return plausible_ms(round(moment.timestamp() * 1000))
    if isinstance(timestamp, (int, float)) and not isinstance(timestamp, bool):
        return _scaled(timestamp)
    return None


def _lenient_milliseconds(timestamp: str) -> int | None:
    """Read the forms of ISO 8601 that `fromisoformat` of every Python does not, and numerals."""
    if _REAL_NUMERAL.fullmatch(timestamp.strip()):
        return _scaled(float(timestamp))
    match = _ISO.fullmatch(timestamp)
    if match is None:
        return _mail_milliseconds(timestamp)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    sign = -1 if zone and zone[0] == "-" else 1
    digits = re.sub("[^0-9]", "", zone or "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second or 0), microsecond,
            timezone.utc,
        ) - sign * offset  # fmt: skip
    except (ValueError, OverflowError):
        return None
    return plausible_ms(round(moment.timestamp() * 1000))


def _mail_milliseconds(timestamp: str) -> int | None:
    """Read the form of mails and of HTTP: `Mon, 21 Sep 2026 13:33:20 GMT`."""
    if not _MAIL_DATE.match(timestamp):
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to import, hardly used

    try:
        moment = parsedate_to_datetime(timestamp)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return plausible_ms(round(moment.timestamp() * 1000))


def _scaled(number: float) -> int | None:
    """Return a count of seconds, milliseconds, microseconds or nanoseconds as milliseconds."""
    for per_millisecond in (0.001, 1, 1_000, 1_000_000):
        value = number / per_millisecond
        if _EARLIEST_MS <= value < _LATEST_MS:
            return round(value)
    return None


def plausible_ms(value: int) -> int | None:
    """Return a date, None before the year 2000 and after 2100: of a broken clock, or of none."""
    return value if _EARLIEST_MS <= value < _LATEST_MS else None
