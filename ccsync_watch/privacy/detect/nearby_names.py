"""Finds out whether the name of a secret is near a value, whatever stands between them.

On the value's line, or on the line above if the value stands alone. A field's name that is before
the value, that neither names a secret nor is general, stands for another thing: `id: …`.
"""

from __future__ import annotations

import re

from ccsync_watch.privacy.heuristics.dummy_values import FUNCTION_WORDS
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.words import load_words

_BEFORE = 200
_AFTER = 80
"""How much of a line is read around a value, in bytes."""
_NEAREST = 32
_DECORATION = 16
_DIGESTS = frozenset({40, 64})
"""As many digits have commits and SHA-256."""
_IDENTIFIER = re.compile(rb"[A-Za-z][\w-]{1,47}")
_NOUN_BEFORE = re.compile(rb"(?<![\w.-])(?P<name>[A-Za-z][\w-]{2,40})[ ]\Z")
_LEADING = re.compile(rb"(?:\A|\n)[ \t]{0,8}\[\Z")
_LEAD_ENDS = re.compile(rb"\][ ](?!(?:is|was)[ ])")
"""Around the id of a request at a line's begin, as logs have it."""
_DIGEST_OF = re.compile(
    rb"(?:fingerprint|thumbprint|checksum|digest|hash|\bsha-?[0-9]{1,3}|md5|\bid)[ ]of[ ]"
    rb"(?:the[ ]|a[ ]|your[ ])?(?:[\w-]{1,16}[ ]){0,2}\Z",
    re.IGNORECASE,
)
_ENTITIES = frozenset(load_words("entities"))
_VERB = re.compile(
    rb"(?:ed|ing|ly)\Z|\A(?:got|has|had|get|gets|paste|put|enter|send|try|add)\Z", re.IGNORECASE
)
"""What is said of a secret before the value: `token expired 8f…` is none, `token pasted` is."""
_WHAT_FOR = re.compile(
    rb"(?P<name>(?:[A-Za-z][\w-]{1,40}[ ])?keys?|[A-Za-z][\w-]{1,40})[ ](?:for|of|on|in|to)[ ]"
    rb"(?:(?:the|our|my|your|this|a)[ ])?(?:[\w-]{1,24}[ ])?\Z"
)
"""Before the noun that a secret is for, after which the secret itself may stand."""
_PLACES = frozenset({"thread", "row", "record", "entry", "step", "task", "ticket", "issue", "line"})
"""Where a secret is talked of or kept, as in "auth key thread": their own ids are short."""
_LEAST_IN_PLACE = 32
_TWO_WORDS = re.compile(rb"[A-Za-z]{3,16}[ _-](?:key|token|secret|credential)[ ]\Z", re.IGNORECASE)
_REMARK = re.compile(rb"\((?:owner|owned|for|of|by|from|used|user)[ :][^()\n]{1,40}\)[ ]?\Z")
"""An aside on a secret, before the secret."""
_PLAIN_ID = re.compile(rb"(?:0x)?[0-9a-f-]+\Z|[A-Za-z]{2,8}_|[0-9]+\Z", re.IGNORECASE)
_JOINTS = frozenset(
    b"is was are now currently here new old with using use value via key the und ist est es set "
    b"auf mit hex".split()
)
"""Words that join a name and its value: other words say that the value is theirs."""
_INPUT = re.compile(r"[_-]?(?:fd|stdin)\Z", re.IGNORECASE)
"""Of an option: where a program reads the secret."""
_PLURALS = frozenset({"credentials", "creds", "secrets", "passwords"})
_ABOUT_HEX = re.compile(
    rb"commit|merge|rebase|\bsha|checksum|digest|hash|fingerprint|integrity|etag|\bcid\b|public|"
    rb"pubkey|cert|serial|revision|thumbprint|uuid|\b(?:[a-z]{2,12}[ _-])?id\b|[a-z]Id\b|"
    rb"\bimages?\b|\blayer|\bblob|\bobject\b|\btree\b|\btx\b|transaction|contract|md5|refs/|"
    rb"\biv\b|:hex|\b(?:[rd]sa|pgp|gpg)\b|\b[a-z_]{0,12}sid\b|address|wallet\b",
    re.IGNORECASE,
)
"""On a line these make hexadecimal digits an id or a checksum."""
_ABOUT_OTHERS = re.compile(
    rb"checksum|digest|hash(?!e[rd]|ing)|fingerprint|integrity|etag|public|pubkey|cert|serial|nonce|csrf|xsrf|"
    rb"site_?key|verify_?key|thumbprint|ed25519|\b(?:[a-z]{2,12}[ _-])?id\b|[a-z]Id\b|\biv\b|"
    rb"\btag\b|signature|ENC\[|\b[a-z_]{0,12}sid\b|address|\bmint\b|\bowner\b|\bpool\b",
    re.IGNORECASE,
)
"""Right before a value these make it something else."""
_FIELD = re.compile(
    rb"(?P<label>[^\n,;{}\[|\"'=]{1,60})\\{0,7}[\"'`]?\]?[ ]{0,2}(?:=>|[:=])[ ]{0,2}\\{0,7}"
    rb"[\"'`]?(?:\[|b\")?\Z"
)
_SAYS_NOTHING = re.compile(
    rb"(?:.*[ ._-])?(?:value|val|result|data|text|contents?|key|string|str|p|s|v|x|currently|is|"
    rb"now|default|output|out|ok|new|old|pw|sign|auth|login|share|safe|please|[0-9]|[$>])[ ]?\Z",
    re.IGNORECASE,
)
_ALONE = re.compile(
    rb"(?:\n|\A)(?:[ \t>*|\"'`=-]{0,8}|[ ]{0,3}[0-9]{1,2}[).][ ][\"']?|[A-Za-z]{2,12}:[ ])\Z"
)
_LISTED = re.compile(rb"[ \t]+(?!is\b|as\b|are\b|for\b|[=:#(<-])[^\s]")
"""After a commit or checksum that begins a line: what it is of."""
_BEFORE_LISTED = re.compile(rb":?(?:[0-7]{6}[ ]){0,2}[ \t*^>|+-]*")
"""Also the modes of a file, as Git lists them."""
_BLANKS = b" \t"
_OPTION = re.compile(rb"(?<!\S)--?[A-Za-z][\w-]*")
"""After a value it is not about it: `deploy x81… --token`."""
_SENTENCE_BEFORE = re.compile(
    rb"\b(?:is|was|ist|est|es)[ ]\Z|"
    rb"\b(?:checked out|(?:switch|reset)(?:t?ing)? to|resolved(?: to)?|at)[ ][\"'`(]?\Z",
    re.IGNORECASE,
)
"""Also what Git and managers of packages say of a commit: `Submodule path 'token': checked out`."""
_CLOSING = b" \t\r\"'`|)"


def is_name_near(data: bytes, start: int, stop: int, *, is_hex: bool = False) -> bool:
    """Tell whether a secret's name is near the value in a range, and no name of another thing."""
    low = max(0, start - _BEFORE)
    line = data.rfind(b"\n", low, start) + 1 or low
    end = data.find(b"\n", stop, stop + _AFTER)
    before, after = data[line:start], data[stop : end if end >= 0 else stop + _AFTER]
    is_alone = _ALONE.search(data, max(0, start - _DECORATION), start) is not None
    if not is_alone:
        field = _FIELD.search(before)
        if field is not None and not _may_be_secrets(field["label"]):
            return False
    elif not after.strip(_CLOSING):
        above = data[max(0, line - _BEFORE) : line].rstrip()
        if not is_hex or above.endswith(b":") or before.strip(_BLANKS):
            before = above[above.rfind(b"\n") + 1 :] + before
    if is_hex and (_belongs_to_other(before) or _is_digest_in_sentence(before, stop - start)):
        return False
    if is_hex and _BEFORE_LISTED.fullmatch(before) and _LISTED.match(after):
        return False
    if is_of_thing(before, data[start:stop], after):
        return False
    around = before + b" " + _OPTION.sub(b"", after)
    if is_about_other(before) or (is_hex and _ABOUT_HEX.search(around)):
        return False
    return _names_secret(around)


def _is_digest_in_sentence(before: bytes, size: int) -> bool:
    """Tell whether a value is as long as a commit or SHA-256, and what a sentence ends with."""
    return size in _DIGESTS and _SENTENCE_BEFORE.search(before) is not None


def is_of_thing(before: bytes, value: bytes, after: bytes) -> bool:
    """Tell whether a value is what a noun names, of a secret's or with one: `user usr_8… token`.

    What a secret is for may stand before the secret itself: `the token for the project x8K…`.
    """
    if _LEADING.search(before) is not None and _LEAD_ENDS.match(after):
        return True
    noun = _NOUN_BEFORE.search(before)
    if noun is None or _VERB.search(noun["name"]) or not _belongs_to_other(before):
        return False
    if _SAYS_NOTHING.match(noun["name"]) is not None:
        return False
    word = noun["name"].lower().decode("latin-1")
    rest = before[: noun.start()]
    if word not in _ENTITIES:
        return word not in FUNCTION_WORDS and not _names_secret(rest)
    if word in _PLACES and len(value) >= _LEAST_IN_PLACE and _TWO_WORDS.search(rest) is not None:
        return not _names_secret(rest) or _PLAIN_ID.match(value) is not None
    secret = _WHAT_FOR.search(rest)
    is_said_of = secret is not None and _names_secret(secret["name"])
    return not is_said_of or _PLAIN_ID.match(value) is not None


def _belongs_to_other(before: bytes) -> bool:
    """Tell whether the word before a value is another thing's: `token bucket 8f0c…`."""
    noun = _NOUN_BEFORE.search(before)
    if noun is None or noun["name"].lower() in _JOINTS:
        return False
    return not _names_secret(noun["name"])


def is_digest_of(data: bytes, start: int, name: str) -> bool:
    """Tell whether a name says what the digest before is of: `fingerprint of the key: 8f…`.

    A variable and what is assigned to it are not part of such a sentence.
    """
    is_word = "_" not in name and data[start + len(name) : start + len(name) + 1] != b"="
    is_hashed = is_word and name.lower().endswith(("key", "token"))
    return is_hashed and _DIGEST_OF.search(data, max(0, start - 40), start) is not None


def is_about_other(before: bytes) -> bool:
    """Tell whether the text right before a value makes it an id, a checksum or an address."""
    before = _REMARK.sub(b"", before[-2 * _NEAREST :])
    return _ABOUT_OTHERS.search(before[-_NEAREST:]) is not None


def _may_be_secrets(label: bytes) -> bool:
    return _SAYS_NOTHING.match(label) is not None or _names_secret(label)


def _names_secret(text: bytes) -> bool:
    """Tell whether a name in a text is a secret's, with the word before it or without."""
    before = ""
    for match in _IDENTIFIER.finditer(text):
        name = match[0].decode("latin-1")
        if _is_secrets(name, before):
            return True
        before = name
    return False


def _is_secrets(name: str, before: str) -> bool:
    if name.lower() in _PLURALS:
        return True
    name = _INPUT.sub("", name)
    strength = strength_of(name)
    if strength is Strength.NONE:
        return False
    wider = strength_of(f"{before}_{name}") if before else strength
    if strength is Strength.WEAK:
        return (
            name.lower().endswith("key") and bool(before or name.lower() != "key") and bool(wider)
        )
    return wider is not Strength.NONE
