"""Finds secrets next to their name, with only blanks, a tag or a line break between.

`storePassword "…"`, `#define API_TOKEN "…"`, `requirepass …`, "use the API key …", a YAML block, a
cell of an HTML table, the reply to a login. Prose puts any word after "password", so a value
without quotes must look chosen or generated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.assigned_secrets import is_key_id
from ccsync_watch.privacy.detect.name_patterns import (
    KEYWORD,
    LONGEST_KEYWORD,
    NAME_TAIL,
    PASSWORD_WORDS,
    TOKEN_WORDS,
    name_start,
)
from ccsync_watch.privacy.detect.named_values import WORD, WORDS, find_named
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    StructuralRule,
    in_groups,
    text_of,
)
from ccsync_watch.privacy.engine.trigger_derivation import trigger_of
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.password_forms import (
    CLAUSE_END,
    is_quoted_password,
    is_usual,
    looks_chosen,
    value_span,
)
from ccsync_watch.privacy.heuristics.publishable import is_publishable
from ccsync_watch.privacy.heuristics.sentence_values import is_commit
from ccsync_watch.privacy.heuristics.thresholds import (
    LEAST_ADJACENT_TOKEN,
    LEAST_LONG_TOKEN,
    LEAST_SCORED_LETTERS,
)
from ccsync_watch.privacy.heuristics.value_strength import is_secret, is_strict_random

if TYPE_CHECKING:
    from collections.abc import Iterator

_REACH = 172
_AFTER = re.compile(
    rb"\\{0,7}[\"'`*]{0,2}(?:[ ](?:of|like|called|string|instead|below|again))?[ \t]{1,40}"
    rb"(?:\\{0,7}(?P<quote>[\"'`])|\xe2\x80\x9c)?(?P<value>[^\s\"'`\x00-\x1f]{3,512})",
)
_WITH = re.compile(rb"(?:and|with|&|/)[ ]{0,2}\Z")
_OWNER = re.compile(
    rb"(?<!\w)(?:db|database|admin|root|user|smtp|mail|ftp|ssh|mysql|redis|wifi|server|login)[ ]\Z",
    re.IGNORECASE,
)
"""Before "pass" these make it a noun."""
_ARGUMENT = re.compile(r"[a-z]+\d?(?:_[a-z]+\d?)+")
"""What a function is called with: "and pass file0_name"."""
_AFTER_WORD = re.compile(rb"\S[ ,]{1,2}\Z")
_KEYWORD_SIGN = re.compile(rb"(?:\A|\s):\Z")
"""Before an argument's name in Lisp and Org: `:password value`."""
_ARTICLE = re.compile(rb"(?:form|field|input|label|the|a|no)[ ]{1,2}\Z", re.IGNORECASE)

_HEX_TOKEN = re.compile(
    r"(?=[0-9a-f]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{32,128}|"
    r"(?=[0-9A-F]*[A-F])(?=[A-F]*[0-9])(?:[0-9A-F]{32}){1,2}"
)
"""In capitals without the 40 digits of a fingerprint."""
_ABOUT_COMMITS = re.compile(
    rb"commit|merge|rebase|\bsha\b|sha-?1|revision|branch|checkout|\bHEAD\b|\bgit\b|commands?"
)
_NEAR_COMMIT = 80
_KEY_OF_SIGNER = re.compile(
    r"(?:rsa|dsa|ecdsa|eddsa|primary|sign(?:ing|er)|(?:open)?pgp|gpg)_key", re.IGNORECASE
)
_FINGERPRINT = re.compile(r"[0-9A-F]{16}|[0-9A-F]{40}")
"""As GnuPG says which key made a signature."""
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_NAMES_KEY = re.compile(r"(?:token|key)\Z", re.IGNORECASE)
"""What may be such an id; a secret that has one is rather called by it."""
_NAMES_ID = re.compile(r"gpg|pgp|public|fingerprint|hash|id$|ids$|commit", re.IGNORECASE)

_RESOURCE = re.compile(r"[a-z]{2,}[a-z0-9]*(?:[.-][a-z0-9]+)+")
_DRAWN_PART = re.compile(r"(?<![a-z0-9])(?=[a-z]*[0-9])(?=[0-9]*[a-z])[a-z0-9]{5,}")
_LONGEST_SUFFIX = 10
"""Of what tools add to such a name, once; a UUID or a key with a prefix has more."""
_SAYS_OF_RESOURCE = re.compile(
    rb"\\{0,7}[\"'`]:?[ ](?:(?:was |is |has been )?(?:created|deleted|configured|unchanged|patched|"
    rb"replaced|updated|labell?ed|annotated|edited|synced|forbidden)\b|not found|already exists|in "
    rb"namespace|in the namespace|is invalid)"
)
"""What Kubernetes' tools say of a secret by its name: `secret "api-token-4n4kq" deleted`."""

_BLOCK_VALUE = (
    r"(?:[\"'`*]{0,3}:[ ]{0,2}(?:[>|][+-]?[ ]{0,2})?\*{0,2}(?:\r?\n|\\n)[ \t]{0,24}[\"'`]?|"
    r"\\{0,3}\"(?:\r?\n|\\n)[ ]{0,8}[0-9]{1,3}\)[ ]\\{0,3}\")"
    r"(?P<secret>[^\s\"'`\\]{4,512})(?=\\{0,3}[\"'`]?[ ]{0,4}(?:\r?\n|\\n|\Z))"
)
_NUMBER = re.compile(r"0x[0-9a-f]{1,16}", re.IGNORECASE)
_CELL_VALUE = (
    r"(?:</(?:code|b|strong)>)?</(?:td|th|dt|key|name)>(?:\s|\\n){0,12}"
    r"<(?:td|dd|string|value)[^<>]{0,60}>(?:<(?:code|b|strong)>)?(?P<secret>[^<\s]{6,512})"
)
_BRACKETED_VALUE = (
    r"[\"'`]?[ ]?[:=][ ]?\[(?![^\s\]]{0,32}(?:a-z|A-Z|0-9))"
    r"(?P<secret>[^\s\"'`\\,\[\]]{6,256})\](?![\w(\[{+*])"
)
_FALLBACK_VALUE = (
    r"[\"'\])]{0,3}[ ]{0,2}(?:(?:\|\||\?\?|\?:|or|\{)[ ]{1,2}|\|[ ]?default\([ ]?)\\{0,7}[\"']"
    r"(?P<secret>[^\"'\\\s]{4,512})(?=\\{0,7}[\"'])"
)


@in_groups
def find_adjacent_values(data: bytes, ends: list[int], since: int) -> Iterator[Span]:
    """Yield the values that follow a name after nothing but blanks; each name is read once."""
    read = since - LONGEST_KEYWORD
    searched = 0
    for end in ends:
        low = max(0, end - _REACH, read, searched - LONGEST_KEYWORD)
        searched = end
        for keyword in KEYWORD.finditer(data[low:end].lower()):
            read = low + keyword.end()
            yield from _value_after(data, low + keyword.start(), read, end)


def _value_after(data: bytes, keyword_start: int, keyword_end: int, end: int) -> Iterator[Span]:
    tail = NAME_TAIL.match(data, keyword_end)
    name_end = tail.end() if tail else keyword_end
    after = _AFTER.match(data, name_end)
    if after is None or after.end() < end - 2:
        return
    start = name_start(data, keyword_start)
    name = data[start:name_end].decode("latin-1")
    strength = strength_of(name)
    span = value_span(data, after)
    quoted = after["quote"] is not None
    if strength is Strength.PASSWORD:
        if _is_adjacent_password(data, start, name, span, quoted=quoted):
            yield Span(*span, "password", Rank.SENTENCE)
    elif strength and _is_adjacent_token(data, start, name, span, quoted=quoted):
        yield Span(*span, "secret", Rank.SENTENCE)


def _is_adjacent_password(
    data: bytes, start: int, name: str, span: tuple[int, int], *, quoted: bool
) -> bool:
    before = data[max(0, start - 16) : start]
    core = text_of(data, span).rstrip("!?")
    if is_usual(core):
        return False
    is_short = name.lower() in {"pass", "pw", "pin"}
    is_list = "_" in name and name.islower()  # names of functions, as an editor's syntax lists them
    if (is_short or is_list) and not quoted and _ARGUMENT.fullmatch(core):
        return False
    if is_short and _WITH.search(before) is None and _OWNER.search(before) is None:
        return False  # a verb, a part
    if _NUMBER.fullmatch(core) or (not quoted and _is_commit(data, start, span)):
        return False  # a constant's value
    if quoted:
        is_talk = _ARTICLE.search(before) is not None
        return is_quoted_password(core, is_talk=is_talk)
    return looks_chosen(core) and (
        CLAUSE_END.match(data, span[1]) is not None
        or _AFTER_WORD.search(before) is not None
        or _KEYWORD_SIGN.search(before) is not None
    )


def _is_commit(data: bytes, start: int, span: tuple[int, int]) -> bool:
    """Tell whether a value is a commit that a line is about, and not what its name says."""
    if not is_commit(text_of(data, span)):
        return False
    first = max(data.rfind(b"\n", 0, start) + 1, start - _NEAR_COMMIT)
    stop = data.find(b"\n", span[1], span[1] + _NEAR_COMMIT)
    around = data[first:start] + data[span[1] : stop if stop >= 0 else span[1] + _NEAR_COMMIT]
    return _ABOUT_COMMITS.search(around) is not None


def _is_adjacent_token(
    data: bytes, start: int, name: str, span: tuple[int, int], *, quoted: bool
) -> bool:
    value = text_of(data, span)
    if not quoted and _is_commit(data, start, span):
        return False
    before = re.search(rb"[A-Za-z]{2,20}[ ]\Z", data[max(0, start - 24) : start])
    wider = name if before is None else f"{before[0].decode('latin-1').strip()}_{name}"
    if strength_of(wider) is Strength.NONE or len(value) < LEAST_ADJACENT_TOKEN:
        return False
    is_name_strong = strength_of(wider) is Strength.TOKEN
    is_fingerprint = _KEY_OF_SIGNER.fullmatch(wider) and _FINGERPRINT.fullmatch(value)
    is_resource = quoted and name.lower() in {"secret", "secrets"} and _is_resource(data, span)
    if is_publishable(value) or is_key_id(name, value) or is_fingerprint or is_resource:
        return False
    if quoted and is_name_strong and is_secret(value, quoted=True):
        return True
    is_long = is_name_strong and len(value) >= LEAST_LONG_TOKEN and value.isalnum()
    if is_name_strong and _is_token_of_hex(value, wider):
        return True
    return is_strict_random(value) or (is_long and not value.islower() and is_gibberish(value))


def _is_resource(data: bytes, span: tuple[int, int]) -> bool:
    says = _SAYS_OF_RESOURCE.match(data, span[1], span[1] + _REACH)
    value = text_of(data, span)
    if says is None or _RESOURCE.fullmatch(value) is None:
        return False
    drawn = _DRAWN_PART.findall(value)
    return len(drawn) <= 1 and all(len(part) <= _LONGEST_SUFFIX for part in drawn)


def _is_token_of_hex(value: str, name: str) -> bool:
    """Tell whether a value in hexadecimal is a token or key, and not an id or a checksum."""
    is_hex = _HEX_TOKEN.fullmatch(value) is not None and _NAMES_ID.search(name) is None
    return is_hex or (_UUID.fullmatch(value) is not None and _NAMES_KEY.search(name) is not None)


def _is_field(value: str, strength: Strength) -> bool:
    if strength is Strength.PASSWORD:
        return looks_chosen(value)
    return strength is Strength.TOKEN and is_secret(value, quoted=False)


def _trigger(names: str, least_letters: int) -> str:
    """Return the trigger for a value after some names; of letters alone it has so many."""
    return (
        rf"(?:{names})[\w-]{{0,24}}\\{{0,7}}[\"'`*]{{0,2}}"
        r"(?:[ ](?:of|like|called|string|instead|below|again))?[ \t]{1,40}"
        r"(?:(?:\\{0,7}[\"'`]|\xe2\x80\x9c)[^\s\"'`]{5}|[^\s\"'`]{0,28}[0-9@#$%^&*!][^\s\"'`]|"
        rf"[a-z]{{{least_letters}}})"
    )


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "adjacent",
        "a value after a name and nothing but blanks",
        _trigger(f"{PASSWORD_WORDS}|master[_-]?key", LEAST_SCORED_LETTERS)
        + "|"
        + _trigger(f"{TOKEN_WORDS}|key", LEAST_LONG_TOKEN),
        find_adjacent_values,
    ),
    StructuralRule(
        "block",
        "a value on the line after its name, in YAML's block style, under a label or in a list",
        rf"{WORDS}[\w-]{{0,24}}" + trigger_of(_BLOCK_VALUE),
        find_named(r"(?<![\w-])[\w.-]{2,96}", _BLOCK_VALUE, 160, _is_field),
    ),
    StructuralRule(
        "cell",
        "a value in the cell after its name's, in HTML or a property list",
        rf"(?:{WORDS}|key)[\w -]{{0,16}}" + trigger_of(_CELL_VALUE),
        find_named(r"[\w -]{2,40}", _CELL_VALUE, 160, _is_field),
    ),
    StructuralRule(
        "bracketed",
        "a value in brackets after its name, as programs log it: `password=[…]`",
        rf"{WORDS}[\w-]{{0,24}}" + trigger_of(_BRACKETED_VALUE),
        find_named(WORD, _BRACKETED_VALUE, 300, _is_field),
    ),
    StructuralRule(
        "fallback",
        'what is used if a variable is not set: `env.DB_PASSWORD || "…"`',
        rf"(?:{WORDS}|key)[\w-]{{0,24}}" + trigger_of(_FALLBACK_VALUE),
        find_named(WORD, _FALLBACK_VALUE, 120, _is_field),
    ),
)
