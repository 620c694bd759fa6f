"""Separates passwords that somebody chose from the words that prose puts next to their name."""

from __future__ import annotations

import re
from functools import lru_cache

from ccsync_watch.privacy.engine.structural_rule import text_of
from ccsync_watch.privacy.heuristics.dummy_values import (
    FUNCTION_WORDS,
    is_code,
    is_passphrase,
    is_placeholder,
    is_reference,
    is_struct_tag,
    is_word,
)
from ccsync_watch.privacy.heuristics.gibberish import (
    is_drawn,
    is_gibberish,
    is_unlike_words,
    wordiness,
)
from ccsync_watch.privacy.heuristics.harmless_forms import is_algorithm
from ccsync_watch.privacy.heuristics.thresholds import (
    LEAST_CHOSEN_PASSWORD,
    LEAST_DISTINCT_WORDS,
    LEAST_HYPHENED_WORDS,
    LEAST_LOWER_WORD_AS_PASSWORD,
    LEAST_MIXED_WORD_AS_PASSWORD,
    LEAST_PASSWORD_WITH_FORM,
    LEAST_SURE_PASSWORD,
    LEAST_TYPED_PASSWORD,
    LEAST_WORD_AS_PASSWORD,
    SURE_WORDINESS,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit, has_letter
from ccsync_watch.privacy.heuristics.value_strength import is_password
from ccsync_watch.privacy.heuristics.words import load_words

CLAUSE_END = re.compile(
    rb"[\"'`*_]{0,3}[.,;!)\]]{0,3}(?:$|\r?\n|\\n|[ ]{0,2}$)|"
    rb"[.,;!)][\"')]?(?:\s|$)|\\{0,7}\"[ ]?[,}\]]",
)
"""A line, a sentence or the text ends here."""

_OTHER_ITEMS = re.compile(rb",[ ][a-z]+(?:[ ][a-z]+)?(?:,[ ]|,? (?:and|or) )[a-z]")
"""After the first of several, of which prose says something: `shows: installers, resets, …`."""

_USUAL_WORDS = frozenset(load_words("words_after_password"))
"""Words that usually follow "the password is"."""

_WORDS_AFTER_FLAGS = frozenset(load_words("words_after_flags"))
_NOT_TYPED = re.compile(
    r"--?[a-z][a-z-]*(?:=.*)?$|\$[A-Za-z_({]+\W*$|@[\w./~-]*[./~]|%\w+%$|[`>]|https?://"
)
_USUAL_ENDING = re.compile(r"(?:ed|ing|ly|[ai]ble|[ts]ion|ment|ness|less|ful|ous|ive)\Z")
_TEST_NAME = re.compile(
    r"(?=.*(?:[Tt]est|/|\.(?:sh|py|t|js|ts|rb|pl)\Z))[A-Za-z][A-Za-z_./:-]{0,60}"
    r"(?:[0-9]{1,3}[A-Za-z_./:-]{0,60}){0,3}"
)
_RESULT = re.compile(
    rb"[ \t]*(?:X?PASS|X?FAIL|SKIP|UNSUPPORTED|UNTESTED|UNRESOLVED|ERROR|KFAIL|Running) ?:? "
)
"""How a line begins that says how a test went."""
_TALKS_OF_SECRETS = re.compile(r"password|passwd|secret(?!\d)|credential", re.IGNORECASE)
_COUNT = re.compile(
    r"\d+(?:[.,:/x-]\d+)*[A-Za-z%]{0,3}|v?\d+(?:\.\d+)+|[A-Za-z]+-?(?:128|256|384|512)|"
    r"\d{1,4}[-\u2013]?[a-z]{1,12}(?:[-\u2013][a-z]+)*|"
    r"(?:[a-z]{2,16}[-_@/])?v?\d+(?:\.\d+){1,3}"
    r"(?:[-+._]?(?:alpha|beta|rc|dev|post|snapshot|preview|pre|[a-z])[-._]?\d{0,4}|-[0-9a-f]{7,40})?|"
    r"(?:19|20)\d\d-?[01]\d-?[0-3]\dT[0-2]\d[\d:.,Z+-]{0,16}(?:-[0-9a-f]{7,40})?|"
    r"sha(?:1|256|512):[0-9a-f]{6,128}|(?:v?\d+\.\d+-){1,2}(?:\d+\.\d+)?|"
    r"(?i:bcrypt|scrypt|argon2i?d?|pbkdf2|aws4|hmac|aes|rsa|ecdsa|ed25519|base(?:32|58|64)|utf|"
    r"chacha20|blake[23][bs]?|tls)(?:[-_/](?:[a-z]{1,10}\d{0,4}|v?\d{1,4}[a-z]?)){0,4}",
)
_PLACE = re.compile(
    r"^[/~@]|^\./|^http|^\(|\)$|://|\.(?:py|js|ts|md|json|ya?ml|txt|go|rs|com|io|org)\b"
)
_TICKET = re.compile(r"[A-Z]{2,6}-?\d{1,5}")
_SLUG = re.compile(r"[a-z]+(?:[-_.][a-z]+)*")
_SNAKE = re.compile(r"[a-z]+(?:_[a-z]+)+")
_NUMBERED = re.compile(r"[A-Za-z]+[_.-]?\d")
_WORD = re.compile(r"[A-Z]?[a-z]+")
_NUMBERED_WORDS = re.compile(
    r"[A-Za-z][a-z]{3,11}[A-Z][a-z]{3,11}[!#*_.$@%&+?-]?[0-9]{3,4}[!?.*#$@%&+]?|"
    r"[A-Z][a-z0-9]{2,11}[!#*_.$@%&+?-][A-Za-z][a-z0-9]{2,11}[!#*_.$@%&+?-]?[0-9]{3,4}[!?.*#$@%&+]?"
)
_INNER_SIGN = re.compile(r"\w[!@#$%^&*?+]+\w|\w[!?$%^&*]+$")
_JOINT = re.compile(r"[-_.]")
_PASSPHRASE_WORD = re.compile(r"[A-Z]?[a-z]{3,12}")
_PLACEHOLDER_WORDS = frozenset(load_words("placeholder_words"))
_NAMING_WORDS = FUNCTION_WORDS | frozenset(load_words("naming_words"))
_PHRASE_WORDS = _NAMING_WORDS & frozenset(load_words("seed_words")) - {"please", "token"}
"""Words of names that are drawn for passphrases too."""
_ORDERS = frozenset({"change", "enter", "put", "replace"})
"""With these a placeholder begins, and a passphrase as seldom as with any other word."""
_JOINED = re.compile(r"[:,;|]|^-{0,2}[A-Za-z_][\w-]*=")
_OPENED = re.compile(r"[A-Za-z_$][\w$.:>-]*[\[(](?P<rest>[^()\[\]{},]{8,})")
"""A call or an index that is not closed."""
_ESCAPED_LETTER = re.compile(r"\\u[0-9a-fA-F]{4}")
"""Of a word in a string; rules read it again as it is."""
_CUT = re.compile(rb"\\+[nrt\"']|\*\*|&(?:quot|lt|gt|amp|#39);|\xe2\x80[\x9d\x99]")
_CLOSING = {0x29: b"(", 0x5D: b"[", 0x7D: b"{"}
_LONGEST_QUOTE = 256


def value_span(data: bytes, match: re.Match[bytes], offset: int = 0) -> tuple[int, int]:
    """Return the value's range: to the closing quote, or without the sentence's punctuation.

    `match` has groups `quote` and `value`; its text starts `offset` bytes into `data`.
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


def is_test_name(value: str) -> bool:
    """Tell whether what follows "PASS:" is the test that passed: `tests/login_2.sh`."""
    return _TEST_NAME.fullmatch(value) is not None


def is_test_result(data: bytes, start: int) -> bool:
    """Tell whether "PASS: …" at `start` is a line of results: other words or results are near."""
    begin = data.rfind(b"\n", max(0, start - 200), start) + 1
    if not data.startswith(b"PASS: ", start) or data[begin:start].strip(b" \tX"):
        return False
    end = data.find(b"\n", start, start + 400)
    line = data[start + 6 : end if end >= 0 else start + 400]
    before = data[max(0, begin - 400) : begin].rstrip(b"\n").rpartition(b"\n")[2]
    after = data[end + 1 : end + 40] if end >= 0 else b""
    is_among = any(_RESULT.match(other) is not None for other in (before, after))
    return is_among or len(line.split()) > 1


def is_hyphened_passphrase(value: str) -> bool:
    """Tell whether a value is words of a passphrase, joined: `rocket-harbor-bridge-meadow`."""
    words = _JOINT.split(value)
    lower = set(map(str.lower, words))
    return (
        len(words) >= LEAST_HYPHENED_WORDS
        and all(_PASSPHRASE_WORD.fullmatch(word) for word in words)
        and not names_something(words, is_identifier="_" in value or "." in value)
        and len(_PLACEHOLDER_WORDS & lower) <= len(words) // 2
        and len(lower) >= max(LEAST_DISTINCT_WORDS, len(words) - 1)
    )


def names_something(words: list[str], *, is_identifier: bool = False) -> bool:
    """Tell whether words are those of a name or a placeholder.

    Outside identifiers of programs one of them may be a passphrase's too.
    """
    naming = {word.lower() for word in words} & _NAMING_WORDS
    is_by_chance = len(naming) == 1 and naming <= _PHRASE_WORDS and words[0].lower() not in _ORDERS
    return bool(naming) and (is_identifier or not is_by_chance)


def is_numbered_words(value: str) -> bool:
    """Tell whether a value is words as people number them in passwords: `Reef#lamp1977`."""
    return (
        _NUMBERED_WORDS.fullmatch(value) is not None
        and not talks_of_secrets(value)
        and not is_placeholder(value)
        and not names_something(_WORD.findall(value))
    )


def is_drawn_or_phrase(value: str) -> bool:
    """Tell whether a value is generated or chosen: unlike words, or words of a passphrase."""
    return is_unlike_words(value) or is_hyphened_passphrase(value)


def is_positional_secret(value: str) -> bool:
    """Tell whether an argument is a secret where nothing else can be: not a name or an option."""
    if value[:1] in set("/.<[-$%{~@:") or not is_typed_password(value) or value.isdigit():
        return False
    if len(value) < LEAST_PASSWORD_WITH_FORM or is_algorithm(value):
        return False  # a version or an option
    is_phrase = is_drawn_or_phrase(value) or is_passphrase(value)
    return is_phrase or _INNER_SIGN.search(value) is not None


@lru_cache(maxsize=4096)
def looks_chosen(core: str) -> bool:
    """Tell whether a value is a chosen password, with letters and digits or signs."""
    return (
        len(core) >= LEAST_CHOSEN_PASSWORD
        and (
            has_digit(core)
            or is_drawn(core)
            or (is_gibberish(core) and not core.isupper())
            or is_hyphened_passphrase(core)
        )
        and has_letter(core)
        and not is_placeholder(core)
        and not is_reference(core)
        and not is_code(core)
        and has_password_form(core)
        and (is_gibberish(core) or _NUMBERED.fullmatch(core) is None)
        and _JOINED.search(core) is None
        and _ESCAPED_LETTER.search(core) is None
        and not talks_of_secrets(core)
    )


def is_surely_chosen(core: str) -> bool:
    """Tell whether its characters alone show a password: no name has so few words in it."""
    return (
        len(core) >= LEAST_SURE_PASSWORD
        and looks_chosen(core)
        and (is_gibberish(core) or wordiness(core) < SURE_WORDINESS)
        and (has_digit(core) or is_drawn(core))
        and not (core.isupper() or core.isdigit())
    )


def talks_of_secrets(value: str) -> bool:
    """Tell whether a value has a word for secrets in it, so that it names one."""
    return _TALKS_OF_SECRETS.search(value) is not None


@lru_cache(maxsize=4096)
def has_password_form(core: str) -> bool:
    """Tell whether a value is not a count, unit, version, date, path or algorithm."""
    return not (
        len(core) < LEAST_PASSWORD_WITH_FORM
        or _COUNT.fullmatch(core)
        or _PLACE.search(core)
        or _TICKET.fullmatch(core)
        or is_word(core)
    )


def is_quoted_password(core: str, *, is_talk: bool) -> bool:
    """Tell whether a quoted value is a password; `is_talk`: an article is before its name."""
    if core.lower() in _USUAL_WORDS or " " in core or not is_password(core, quoted=True):
        return False
    if talks_of_secrets(core) or is_struct_tag(core):
        return False
    if is_gibberish(core):
        return True
    if _SLUG.fullmatch(core):
        return False
    return not core.isalpha() or (len(core) >= LEAST_WORD_AS_PASSWORD and not is_talk)


def is_usual(word: str) -> bool:
    """Tell whether a word usually follows "the password is" without being one."""
    return word.lower() in _USUAL_WORDS


def is_announced_password(data: bytes, span: tuple[int, int], *, quoted: bool) -> bool:
    """Tell whether what a sentence calls a password is one; a bare word must end its clause."""
    core = text_of(data, span).rstrip("!?")
    if (
        len(core) < LEAST_TYPED_PASSWORD
        or core.lower() in _USUAL_WORDS
        or is_placeholder(core)
        or is_reference(core)
    ):
        return False
    if core.isdigit():
        is_long = len(core) > LEAST_TYPED_PASSWORD
        return is_long and CLAUSE_END.match(data, span[1]) is not None
    if quoted:
        return is_password(core, quoted=True)
    is_expression = is_code(core) and not is_hyphened_passphrase(core)
    return not is_expression and _is_bare_announced(core, data, span[1])


def _is_bare_announced(core: str, data: bytes, stop: int) -> bool:
    """Tell whether a value without quotes is a password rather than the rest of the sentence."""
    if (is_gibberish(core) or is_drawn(core)) and not core.isupper():
        return True
    if has_digit(core):
        return has_password_form(core)
    if any(c in "@#$%^&*!_+=~" for c in core[1:-1]) and _SNAKE.fullmatch(core) is None:
        return _PLACE.search(core) is None and not set(core) & set("()[]{}<>/\\")
    return _is_announced_word(core, data, stop)


def _is_announced_word(core: str, data: bytes, stop: int) -> bool:
    """Tell whether letters alone are a password rather than the next words of the sentence."""
    is_end = CLAUSE_END.match(data, stop) is not None and not _OTHER_ITEMS.match(data, stop)
    if not core.isascii() or not (is_end or is_hyphened_passphrase(core)):
        return False
    if core.isalpha():
        is_ended = _USUAL_ENDING.search(core.lower()) is not None
        is_usual = core.isupper() or is_ended or is_word(core)
        is_label = core[0].isupper() and core[1:].islower()
        is_lower = core[1:].islower()
        least = LEAST_LOWER_WORD_AS_PASSWORD if is_lower else LEAST_MIXED_WORD_AS_PASSWORD
        return not is_usual and not is_label and len(core) >= least
    if is_hyphened_passphrase(core):
        return True
    words = core.split("-")
    return (
        len(words) >= LEAST_HYPHENED_WORDS
        and words[0] not in _ORDERS
        and all(word.isalpha() and word.islower() for word in words)
    )


def _is_help_label(value: str) -> bool:
    """Tell whether a value stands for one in a program's help: `PASSWORT`, `ПАРОЛЬ`, `密码`."""
    letters = value.strip("[]<>.,:;").replace("_", "").replace("-", "")
    is_capitals = letters.isupper() and not is_gibberish(letters)
    return letters.isalpha() and (is_capitals or not letters.isascii())


def _is_drawn_call(value: str) -> bool:
    """Tell whether what looks like a call is generated, and has the bracket by chance."""
    opened = _OPENED.fullmatch(value)
    return opened is not None and has_digit(opened["rest"]) and is_gibberish(opened["rest"])


@lru_cache(maxsize=4096)
def is_typed_password(value: str) -> bool:
    """Tell whether a value on a command line is a password: not a flag, variable or dummy value."""
    if len(value) < LEAST_TYPED_PASSWORD or _NOT_TYPED.match(value):
        return False
    return not (
        _is_help_label(value)
        or is_placeholder(value)
        or is_reference(value)
        or (is_code(value) and not (is_hyphened_passphrase(value) or _is_drawn_call(value)))
        or value.lower().strip(".,:;!?") in _WORDS_AFTER_FLAGS
    )
