"""Knows what in a text was encrypted by a tool: words near it do not make it a secret.

By the mark or the name right before a run of base64, and by what follows it: rules of context see
the run alone.
"""

from __future__ import annotations

import re

from ccsync_watch.privacy.engine.rank import BY_WORDS
from ccsync_watch.privacy.engine.structural_rule import text_of
from ccsync_watch.privacy.heuristics.encrypted_values import MARK, is_encrypted, names_encrypted

_LEAST = 16
_MOST_READ = 512
_LONGEST_RUN = 4096
_LONGEST_CLOSE = 2
_BEFORE = 96
_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_RUN = re.compile(rb"[A-Za-z0-9+/]{20,4096}={0,2}")
_SIGN = rb"\\{0,7}[\"']?\s{0,3}(?:=>|[:=])\s{0,3}\\{0,7}[\"']?\Z"
_MARKED = re.compile(rf"{MARK}\Z".encode())
_BRACED = re.compile(rb"(?<!<master>)(?<!:master>)\{\Z")
"""The key of Maven's master password is known to all: see the rule for it."""
_NAMED = re.compile(rb"(?P<name>[\w.-]{1,64})" + _SIGN)
_TEXT_OR_TAG = re.compile(
    rb"(?:encrypted_?data|cipher_?text(?:_?blob)?|auth_?tag)\Z", re.IGNORECASE
)
_OF_RECORD = re.compile(
    rb"\\{0,7}\"\s?,\s?\\{0,7}\"h\\{0,7}\"\s?:\s?\{\s?\\{0,7}\"(?:iv|k|at)\\{0,7}\""
)
"""What follows the text of an attribute that Active Record encrypted: `{"p":"…","h":{"iv":…`."""
_PARTS = re.compile(rb"--[A-Za-z0-9+/]{16}--[A-Za-z0-9+/]{22}==")
"""What follows a text that Rails encrypted: how it began, and its signature."""
_BLOCK = re.compile(rb"-{5}BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-{5}")
_LETS_IN = re.compile(rb"session|cookie|token|signed|ticket|remember", re.IGNORECASE)


def is_in_encrypted(data: bytes, start: int, end: int, rank: int) -> bool:
    """Tell whether what words near it make a secret is a part of an encrypted value."""
    if rank not in BY_WORDS:
        return False
    return _is_in_block(data, start) or (
        end - start >= _LEAST and _is_in_encrypted_run(data, start, end)
    )


def _is_in_encrypted_run(data: bytes, start: int, end: int) -> bool:
    """Tell whether a range is in a run of base64 that a mark, a name or its end makes encrypted."""
    if is_encrypted(text_of(data, (start, min(end, start + _MOST_READ)))):
        return True
    low = max(0, start - _LONGEST_RUN)
    first = low + len(data[low:start].rstrip(_CHARACTERS))
    run = _RUN.match(data, first)
    parts = _PARTS.match(data, run.end()) if run else None
    if run is None or end > (parts or run).end() + _LONGEST_CLOSE:
        return False
    before = data[max(0, first - _BEFORE) : first]
    if _MARKED.search(before) is not None:
        return True
    if _BRACED.search(before) is not None:
        return data.startswith(b"}", run.end()) and run[0][:4] != b"AQAA"
    named = _NAMED.search(before)
    return named is not None and _is_named(data, named["name"], run, has_parts=parts is not None)


def _is_named(data: bytes, name: bytes, run: re.Match[bytes], *, has_parts: bool) -> bool:
    """Tell whether a run is encrypted by the name before it and what follows it."""
    if has_parts:
        return _LETS_IN.search(name) is None
    if name == b"p":
        return _OF_RECORD.match(data, run.end()) is not None
    return _TEXT_OR_TAG.search(name) is not None or names_encrypted(
        name.decode("latin-1"), text_of(data, run.span())
    )


def _is_in_block(data: bytes, start: int) -> bool:
    """Tell whether a place is between the first and the last line of an encrypted message."""
    first = data.rfind(b"-----BEGIN ", max(0, start - _LONGEST_RUN), start)
    if first < 0 or _BLOCK.match(data, first) is None:
        return False
    return data.find(b"-----END ", first, start) < 0
