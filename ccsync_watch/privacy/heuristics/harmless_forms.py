"""Recognises values that have digits and disorder, and a form that says what else they are.

Files that are named by a checksum, algorithms, counters and times, code that follows a string. All
functions are pure, and linear in a value whose length the caller has bounded.
"""

from __future__ import annotations

import re

from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.words import load_words

_FILE = re.compile(
    r"(?:(?:[^\s/;&|,$]*/)+[^\s/;&|,$]{1,200}|[^\s/;&|,$]{20,200})\."
    r"(?:json|ya?ml|toml|py|jsx?|tsx?|mjs|txt|pem|key|crt|cer|pub|asc|"
    r"md|html?|css|go|rs|java|rb|php|sh|cfg|conf|ini|xml|sql|log|lock|pdf|csv|tsv|png|jpe?g|gif|"
    r"svg|webp|mp[34]|zip|gz|tgz|xz|zst|tar|bin|wasm|map|parquet|npz|so|dll|exe|deb|rpm|jar|whl)"
)
_READ_FROM = re.compile(
    r"@[\w./~-]{1,100}\.(?:txt|json|ya?ml|toml|pem|key|crt|cer|env|conf|cfg|ini|properties|pass|pw|"
    r"b64|gpg|asc|age|der|p12|jks)"
)
_MEMBER = r"[A-Za-z_][A-Za-z_-]{0,40}[0-9]?"
_MEMBER_PATH = re.compile(
    rf"!?(?:[$@]|\*{{1,2}}|\[(?:\*|[0-9]{{1,3}})?\]|{_MEMBER})(?:\.{{1,2}}(?:\*{{1,2}}|{_MEMBER})|"
    rf"\[(?:\*|[0-9]{{1,3}}|[\"']{_MEMBER}[\"'])\]){{1,12}}"
)
_WILD = re.compile(r"[$*@]|\.\.|\[")
_GLOB = re.compile(rf"(?=.*\*)\*?(?P<name>{_MEMBER})\*?")
_WORDS = re.compile(_MEMBER)
_PART = re.compile(r"[A-Za-z0-9]+")
_ALGORITHM = re.compile(
    r"(?:hmac)?sha(?:[1-3]|224|256|384|512)?|md[245]|hmac|(?:[a-z]{1,8}[0-9]{0,3}x?)?25519|x?448|"
    r"nistp[0-9]{3}|aes[0-9]{0,3}|3?des|ecdsa|ecdhe?|rsa[0-9]{0,4}|oaep|pss|chacha20|poly1305|gcm|"
    r"cbc|ctr|pbkdf2|pbes[12]|scrypt|bcrypt|argon2(?:id?|d)?|hkdf|sigv[24]a?",
    re.IGNORECASE,
)
_LONGEST_PART = 16
_PASSWORD_SIGN = re.compile(r"[^\w@./:+,-]")
_PART_OF_WORDS = re.compile(r"[A-Za-z]+|v?[0-9]{1,3}|1024|2048|3072|4096|8192")
"""Beside the primitive: a word, a version or a size."""
_COUNTERS = re.compile(r"(?:[A-Za-z]{1,3}[0-9]?\.)?[0-9]{1,20}(?:[.-][0-9]{1,20}){2,}")
_AFTER_STRING = re.compile(
    r"[ ]{1,2}(?:[+&~]|\.{1,2})[ ]{1,2}[A-Za-z_$(@\"']|"
    r"(?:\+|\.{1,2})[A-Za-z_$][\w$.]{0,60}\([^()]{0,200}\)|"
    r"[\])}]+(?:\.[A-Za-z_]\w*[(.;,)]|\.?\Z|[,;:]+(?:\s|\Z))|[\])}]{2}[,;:.)\]}]*(?:\s|\Z)|"
    "[\u300d\u300f\uff09\u3011\u300b\u3009\u201d\u2019\u00bb]"
)
_ESCAPED = re.compile(r"(?<=\w)\\(?=[_-])")
_TIME = re.compile(r"(?<![0-9])(?:(?:19|20)[0-9]{2}[01][0-9][0-3][0-9][0-9]{0,9}|1[0-9]{9,12})")

_ABSENT_VALUES = frozenset(load_words("absent_values"))
_LONGEST_ABSENT = max(map(len, _ABSENT_VALUES)) + 16
_JOINTS = str.maketrans("", "", " \t._/-<>()[]")


def is_absent(value: str) -> bool:
    """Tell whether a value says that there is none, or that it is not shown: `n/a`, `(not set)`."""
    return len(value) <= _LONGEST_ABSENT and value.lower().translate(_JOINTS) in _ABSENT_VALUES


def is_file(value: str) -> bool:
    """Tell whether a value is a file or its path, whatever it is called: `a/3f9c….json`."""
    return _FILE.fullmatch(value) is not None


def is_read_from(value: str) -> bool:
    """Tell whether a value names the file that a command reads it from: `@smtp.txt`."""
    return _READ_FROM.fullmatch(value) is not None


def is_member_path(value: str) -> bool:
    """Tell whether a value says which members are meant: `*.token`, `$..secret`, `user[*].key`."""
    if _MEMBER_PATH.fullmatch(value) is None:
        glob = _GLOB.fullmatch(value)
        return glob is not None and strength_of(glob["name"]) is not Strength.NONE
    return _WILD.search(value) is not None and not any(map(is_gibberish, _WORDS.findall(value)))


def is_algorithm(value: str) -> bool:
    """Tell whether a value is the name of an algorithm: `sntrup761x25519-sha512`."""
    parts = _PART.findall(value)
    if max(map(len, parts), default=_LONGEST_PART) >= _LONGEST_PART:
        return False
    others = [part for part in parts if _ALGORITHM.fullmatch(part) is None]
    return (
        len(others) < len(parts)
        and _PASSWORD_SIGN.search(value) is None
        and all(_PART_OF_WORDS.fullmatch(part) for part in others)
    )


def is_counters(value: str) -> bool:
    """Tell whether a value is numbers with dots between, as analytics and versions have."""
    return _COUNTERS.fullmatch(value) is not None


def is_code_after_string(value: str) -> bool:
    """Tell whether what follows a quote is code, and the quote ended a string: `].map(f)`."""
    return _AFTER_STRING.match(value) is not None


def unescaped(value: str) -> str:
    """Return a value without the backslashes before signs in Markdown and manual pages."""
    return _ESCAPED.sub("", value)


def without_time(value: str) -> str:
    """Return a value without dates and times in digits."""
    return _TIME.sub("", value)
