"""Judges what prose puts beside a name: a password that someone chose, or just a word."""

from __future__ import annotations

import re

from ccsync_watch.privacy.engine.structure import text_of
from ccsync_watch.privacy.heuristics.dummy_values import (
    is_code,
    is_placeholder,
    is_reference,
    is_word,
)
from ccsync_watch.privacy.heuristics.gibberish import is_drawn, is_gibberish
from ccsync_watch.privacy.heuristics.value_strength import is_password
from ccsync_watch.privacy.heuristics.words import word_list

CLAUSE_END = re.compile(
    rb"[\"'`*_]{0,3}[.,;!)\]]{0,3}(?:$|\r?\n|\\n|[ ]{0,2}$)|"
    rb"[.,;!)][\"')]?(?:\s|$)|\\{0,7}\"[ ]?[,}\]]",
)
"""A line, a sentence or the text ends here."""

USUAL = frozenset(
    word_list(
        "required incorrect invalid wrong missing stored hashed encrypted empty weak strong"
        " valid expired correct changed reset never always being used needed set not the a an in"
        " on at for from by with your my our their its his her this that these those what which"
        " who how why when where case sensitive visible hidden masked shown displayed sent"
        " passed given provided specified defined generated created updated deleted removed"
        " rotated revoked leaked exposed compromised available optional mandatory unknown unset"
        " undefined null none nothing something anything different same identical similar unique"
        " random secure insecure safe unsafe public private secret protected important necessary"
        " enough long short longer shorter too very really quite only also just still already"
        " now then here there kept saved written read loaded fetched retrieved returned accepted"
        " rejected refused denied allowed verified validated checked compared matched confirmed"
        " asked prompted entered typed pasted copied shared forgotten lost found known hard easy"
        " simple complex good bad fine okay working broken failing active inactive enabled"
        " disabled supported unsupported deprecated obsolete outdated new old current default"
        " temporary permanent plain plaintext text string strings hash value values field input"
        " form type key token password passwords tokens keys word words login username email"
        " user admin managed handled read-only write-only per-user base64 json yaml xml bcrypt"
        " argon2 argon2id scrypt sha256 sha-256 md5 oauth2 oauth jwt aes-256 tls https http"
        " utf-8 one two three four five six seven eight nine ten both either neither all any"
        " some every each no yes true false it is was be been are were has have had do does did"
        " will would can could should must may might shall ok up down out off over under about"
        " above below between during before after since until while because although though if"
        " unless whether stdin environment vault keychain config configuration settings database"
        " file disk memory simply merely usually typically normally generally often sometimes"
        " mostly essentially basically obviously clearly probably possibly perhaps maybe"
        " apparently unfortunately authentication authorization verification validation manager"
        " prompt policy policies resets protection strength storage fields hashing hashes"
        " rotation expiry length requirements credentials session sessions account accounts"
        " service rewritten broken chosen spoken hardcoded bytes characters digits letters"
        " symbols"
    )
)
"""Words that usually follow "the password is"."""

_USUAL_ENDINGS = (
    "ed",
    "ing",
    "ly",
    "able",
    "ible",
    "tion",
    "sion",
    "ment",
    "ness",
    "less",
    "ful",
    "ous",
    "ive",
)
_TALKS_OF_SECRETS = re.compile(r"password|passwd|secret(?!\d)|credential", re.IGNORECASE)
_COUNT = re.compile(
    r"\d+(?:[.,:/x-]\d+)*[A-Za-z%]{0,3}|v?\d+(?:\.\d+)+|[A-Za-z]+-?(?:128|256|384|512)|"
    r"\d{1,4}[-\u2013]?[a-z]{1,12}(?:[-\u2013][a-z]+)*",
)
_PLACE = re.compile(
    r"^[/~@]|^\./|^http|^\(|\)$|://|\.(?:py|js|ts|md|json|ya?ml|txt|go|rs|com|io|org)\b"
)
_TICKET = re.compile(r"[A-Z]{2,6}-?\d{1,5}")
_SLUG = re.compile(r"[a-z]+(?:[-_.][a-z]+)*")
_SNAKE = re.compile(r"[a-z]+(?:_[a-z]+)+")
_NUMBERED = re.compile(r"[A-Za-z]+[_.-]?\d")
_JOINED = re.compile(r"[=:,;|]")
_CUT = re.compile(rb"\\+[nrt\"']|\*\*|&(?:quot|lt|gt|amp|#39);|\xe2\x80[\x9d\x99]")
_CLOSING = {0x29: b"(", 0x5D: b"[", 0x7D: b"{"}
_LONGEST_QUOTE = 256
_LEAST = 3


def value_span(data: bytes, match: re.Match[bytes], offset: int = 0) -> tuple[int, int]:
    """Return the value's range: to the closing quote, or without the sentence's punctuation.

    `match` has groups `quote` and `value`; it was made `offset` bytes into the text.
    """
    start, stop = match.start("value") + offset, match.end("value") + offset
    quote = match["quote"]
    if quote is not None:
        close = data.find(quote, start, start + _LONGEST_QUOTE)
        if close >= 0 and data.find(b"\n", start, close) < 0:
            return start, close - (data[close - 1 : close] == b"\\")
    cut = _CUT.search(data, start, stop)
    if cut is not None:
        stop = cut.start()
    while stop > start and data[stop - 1] in b".,;:)]}*_>\\":
        opening = _CLOSING.get(data[stop - 1])
        if opening is not None and data.find(opening, start, stop) >= 0:
            break
        stop -= 1
    return start, stop


def looks_chosen(core: str) -> bool:
    """Tell a chosen password, with letters and digits or signs, from a word or a number."""
    return (
        len(core) >= 5  # noqa: PLR2004 - shorter ones are names
        and (
            any(c.isdigit() for c in core)
            or is_drawn(core)
            or (is_gibberish(core) and not core.isupper())
        )
        and any(c.isalpha() for c in core)
        and not is_placeholder(core)
        and not is_reference(core)
        and not is_code(core)
        and has_password_form(core)
        and (is_gibberish(core) or _NUMBERED.fullmatch(core) is None)
        and _JOINED.search(core) is None
        and _TALKS_OF_SECRETS.search(core) is None
    )


def has_password_form(core: str) -> bool:
    """Tell `hunter2` from a count, a unit, a version, a date, a path and an algorithm."""
    return not (
        len(core) < 4  # noqa: PLR2004 - a number or a word
        or _COUNT.fullmatch(core)
        or _PLACE.search(core)
        or _TICKET.fullmatch(core)
        or is_word(core)
    )


def is_quoted_password(core: str, *, is_talk: bool) -> bool:
    """Tell a quoted password from a quoted word; `is_talk`: an article stands before its name."""
    if core.lower() in USUAL or " " in core or not is_password(core, quoted=True):
        return False
    if _TALKS_OF_SECRETS.search(core):
        return False
    if is_gibberish(core):
        return True
    if _SLUG.fullmatch(core):
        return False
    return not core.isalpha() or (len(core) > 5 and not is_talk)  # noqa: PLR2004 - words are shorter


def is_told(data: bytes, span: tuple[int, int], *, quoted: bool) -> bool:
    """Tell whether what a sentence calls a password is one; a bare word must end its clause."""
    core = text_of(data, span).rstrip("!?")
    if len(core) < _LEAST or core.lower() in USUAL or is_placeholder(core) or is_reference(core):
        return False
    if core.isdigit():
        return len(core) > _LEAST and CLAUSE_END.match(data, span[1]) is not None
    if quoted:
        return is_password(core, quoted=True)
    return not is_code(core) and _is_told_bare(core, data, span[1])


def _is_told_bare(core: str, data: bytes, stop: int) -> bool:
    """Tell a password without quotes from what else a sentence can go on with."""
    if (is_gibberish(core) or is_drawn(core)) and not core.isupper():
        return True
    if any(c.isdigit() for c in core):
        return has_password_form(core)
    if any(c in "@#$%^&*!_+=~" for c in core[1:-1]) and _SNAKE.fullmatch(core) is None:
        return _PLACE.search(core) is None and not set(core) & set("()[]{}<>/\\")
    return _is_told_word(core, data, stop)


def _is_told_word(core: str, data: bytes, stop: int) -> bool:
    """Tell a password of letters alone from the words a sentence goes on with."""
    if not core.isascii() or CLAUSE_END.match(data, stop) is None:
        return False
    if core.isalpha():
        is_usual = core.isupper() or core.lower().endswith(_USUAL_ENDINGS) or is_word(core)
        is_label = core[0].isupper() and core[1:].islower()
        least = 6 if core[1:].islower() else 8
        return not is_usual and not is_label and len(core) >= least
    words = core.split("-")
    return len(words) >= 4 and all(word.isalpha() and word.islower() for word in words)  # noqa: PLR2004
