"""The patterns of names of secrets, and of what joins a name to its value.

Keywords are written out for the triggers and, shorter, to find the name again near a trigger's
match.
"""

from __future__ import annotations

import re

from ccsync_watch.privacy.engine.pattern_syntax import prefix_tree
from ccsync_watch.privacy.engine.spans import BACKSLASH
from ccsync_watch.privacy.heuristics.words import load_words

ANSI = r"(?:(?:\x1b|\\{1,2}u001[bB]|\\{1,2}x1[bB]|\\{1,2}033|\\{1,2}e)\[[0-9;]{0,12}m)"
"""A colour, as a terminal receives it or as JSON and source code escape it."""

PASSWORD_WORDS = (
    r"passw(?:or)?d|passwrd|passphrase|passcode|passwort|passwd|kennwort|wachtwoord|contrase|senha|"  # noqa: S105 - names of passwords
    r"motdepasse|mot_de_passe|pswd|pwd|pass|psk|pincode|community"
)
_RARER_PASSWORD_WORDS = (
    r"heslo|haslo|salasana|losenord|adgangskode|jelszo|sifre|lozinka|geslo|kodeord|mat_?khau|"  # noqa: S105 - as above
    r"kata_?sandi|slaptazodis|parool|parola|mdp|pasw|psswd|pss?word|psswrd|pwrd"
)
"""Only assignments are looked for under these: with them other triggers exceed the 512 states of an
automaton, which is the largest that Hyperscan runs fast."""
TOKEN_WORDS = (
    r"secret|token|api[_. -]?key|[_-]key|(?:access|auth|private|sign(?:ing)?|crypt(?:ion)?|"  # noqa: S105 - as above
    r"master|account|app|client|service|licen[sc]e|shared|admin|deploy|integration|write|consumer|"
    r"storage|webhook|function|subscription|session|project|ingest|host|unseal|root)key|credential|"
    r"creds|bearer|mnemonic|phrase|dsn|connection[_ -]?(?:string|uri)|connstr|otp|sas|signature|"
    r"authorization|cookie|key[_-]?(?:base|data)|[_-]pat|xauth|pepper|macaroon|recovery[_ "
    r"-]?codes?|"
    r"_auth|authtok|privkey|device_?code|auth_?ident"
)
SECRET_WORDS = f"{PASSWORD_WORDS}|{_RARER_PASSWORD_WORDS}|{TOKEN_WORDS}"
NEAR_WORDS = f"{SECRET_WORDS}|(?:log|sign)[ -]?in"
"""What the scan looks for first: it looks for many triggers only near these."""
SOUGHT_WORDS = NEAR_WORDS.replace("[_-]pat", r"[_-]pat(?-i:[^a-rt-z])")
"""The same without `_path`, `_pattern` and `_patch`, which are frequent and name no secret."""
_WEAK_WORDS = "key|salt|sig|auth|session|sid|jwt|nonce|seed|hash|webhook|code|verifier|sessid"

_CLOSE = r"(?:\\{0,7}[\"'`]|&quot;|%22|\\{1,4}u0022)?[\])]?\*{0,2}" + ANSI + r"?[ \t]{0,24}"
_TYPE = r"(?::[ \t]?&?[a-zA-Z'&\[\] ]{1,24}[ \t]?)?"
_SEPARATOR = (
    r"(?:=>|[:?!]=|->|:|={1,3}|%3[DdAa]\+?)\*{0,2}" + ANSI + r"?(?:[ \t]|%20){0,24}" + ANSI + r"?"
)
_TAG = (
    r"(?:(?:&[\w-]{1,32}|!{1,2}(?![a-z_]{0,12}(?:vault|lookup|ref|env|file|include))[a-z_]{1,16}|"
    r"!<[^<>\s]{1,40}>)[ ]){0,2}"
)
"""An anchor or a tag before a value in YAML."""
_OPEN = r"[a-zA-Z@$]{0,2}(?:[\"'`]{0,2}\\{0,7}[\"'`]|&quot;|%22|\\{1,4}u0022)"
_NAME = r"[\w-]{0,32}"
_FOUR_BY_FOUR = "[a-z]{4} [a-z]{4} [a-z]{4} [a-z]{4}"

TRIGGERS: tuple[tuple[str, str], ...] = (
    (
        "a value under a password's name",
        (
            rf"(?:{PASSWORD_WORDS}|{_RARER_PASSWORD_WORDS}|pin|"
            rf"pw){_NAME}{_CLOSE}(?:{_TYPE}{_SEPARATOR}{_OPEN}[^\"'`\n]{{3}}|"
            rf"{_SEPARATOR}[^\s\"'`<>(){{}}\[\],;|][^\s\"'`<;]{{3}})"
        ),
    ),
    (
        "a value under a token's name",
        (
            rf"(?:{TOKEN_WORDS}){_NAME}{_CLOSE}(?:{_TYPE}{_SEPARATOR}{_OPEN}[^\s\"'`]{{6}}|"
            rf"{_SEPARATOR}(?:[^\s\"'`<>(){{}},;0-9]{{0,40}}[0-9][^\s\"'`<>(){{}},;]{{4}}|"
            r"[a-z+/=~_-]{16}))"
        ),
    ),
    (
        "a value that ends in digits, under a token's name",
        (
            rf"(?:{TOKEN_WORDS}){_NAME}{_CLOSE}{_SEPARATOR}"
            r"[^\s\"'`<>(){},;0-9]{5}[^\s\"'`<>(){},;0-9]{0,16}[0-9]"
        ),
    ),
    (
        "a value under a property's path",
        (
            r"(?:secret|token|api|auth|private|crypto|jwt|security)\.(?:key|token|secret|password|"
            rf"salt){_CLOSE}{_SEPARATOR}(?:{_OPEN})?[^\s\"'`]{{8}}"
        ),
    ),
    (
        "a long value under a key's name",
        (
            rf"(?:{_WEAK_WORDS}){_NAME}{_CLOSE}{_SEPARATOR}(?:{_OPEN})?(?:"
            r"[A-Za-z+/_=.%~-]{0,44}[0-9][A-Za-z0-9+/_=.%~-]{8}|[A-Za-z+/_=.%~-]{14,44}[0-9])"
        ),
    ),
    (
        "a long value under a short name, as programs abbreviate it",
        (
            rf"(?:tok|tkn|scrt|secr|_sec){_CLOSE}{_TYPE}{_SEPARATOR}(?:{_OPEN})?"
            r"[A-Za-z0-9+/_.=-]{16}"
        ),
    ),
    (
        "a value after the mark of an encoding that anybody can reverse",
        (
            rf"(?:{PASSWORD_WORDS}){_NAME}{_CLOSE}{_SEPARATOR}"
            r"\{(?:xor|des|3des|noop)\}[^\s\"'`]{4}"
        ),
    ),
    (
        "the value of a header of credentials",
        rf"(?:authorization|cookie|xauth){_CLOSE}{_SEPARATOR}(?:{_OPEN})?[^\s\"'`][^\"'`\r\n]{{5}}",
    ),
    (
        "a value after an anchor or a tag of YAML",
        (
            rf"(?:{PASSWORD_WORDS}|{TOKEN_WORDS}){_NAME}:[ ]"
            rf"(?:&[\w-]{{1,32}}|![!\w<>:.,-]{{1,40}})[ ](?:{_OPEN})?"
            r"[^\s\"'`<>(){},;]{4}"
        ),
    ),
    (
        "digits under the name of a code",
        (
            r"(?:otp|cvv2?|cvc2?|csc|mfa|(?:otp|mfa|2fa|tfa|sms|factor|verification|"
            r"authenticat(?:or|ion)|time|security|login|token)[_ -]?(?:code|token|pin|password))"
            rf"{_CLOSE}{_SEPARATOR}(?:{_OPEN})?[0-9]{{3}}"
        ),
    ),
    (
        "an application's id in a query, where it is its key",
        r"[?&]appid=[A-Za-z0-9]{16}",
    ),
    (
        "two arguments, the first a secret's name",
        (
            rf"(?:{PASSWORD_WORDS}|{TOKEN_WORDS}|\.key){_NAME}{_CLOSE}[,(][ \t]{{0,8}}{_OPEN}"
            r"[^\s\"'`]{4}"
        ),
    ),
    (
        "a cell of a table after a secret's name",
        (
            rf"(?:{PASSWORD_WORDS}|{TOKEN_WORDS}|key){_NAME}{_CLOSE}\|[ \t]{{0,40}}(?:{_OPEN})?"
            rf"(?:[^\s\"'`|]{{6}}|{_FOUR_BY_FOUR})"
        ),
    ),
    (
        "an element of XML named like a secret",
        rf"<[\w:.-]{{0,40}}(?:{PASSWORD_WORDS}|{TOKEN_WORDS}|key|pin|pw){_NAME}>[^<\s]{{4}}",
    ),
)
"""What a trigger finds, and the trigger; all are caseless."""

AFTER_NAME = re.compile(
    (
        ANSI
        + r"{0,2}(?P<close>\\{0,7}[\"'`]|&quot;|%22|\\{1,4}u0022)?(?P<bracket>[\])]?)\*{0,2}"
        + ANSI
        + r"{0,2}[ \t]{0,40}"
        r"(?::[ \t]?(?:&'static |&)?(?:str|string|String|SecretStr|Optional\[str\]|text|varchar)"
        r"[ \t]?(?==))?"
        r"(?P<sep>=>|[:?]=|!={1,2}|={2,3}|->|=|:|\||,|\(|>|%3[DdAa])(?:(?<=%3[DdAa])\+)?\*{0,2}"
        + ANSI
        + r"{0,2}(?P<pad>(?:[ \t]|%20){0,40})"
        + ANSI
        + r"{0,2}"
        + _TAG
        + r""
        r"(?P<open>[a-zA-Z@$]{0,2}(?:\"\"(?=\")|''(?=')|(?!\"\"|''|``)[\"'`])?"
        r"(?P<slashes>\\{0,7})(?P<quote>[\"'`])|"
        r"&(?:amp;){0,2}(?:quot|apos|#0{0,4}3[49]|#[xX]0{0,4}2[27]);|%22|"
        r"\\{1,4}u0022|)" + ANSI + r"{0,2}"
    ).encode(),
)
"""From the end of a name to where its value starts."""


_KEYWORDS = load_words("name_keywords")
KEYWORD = re.compile(prefix_tree(_KEYWORDS).encode())
"""What every name of a secret contains, for text in lower case."""
LONGEST_KEYWORD = 16

NAME_REACH = 64
"""How far a name is followed to the left of its keyword, in bytes."""
NAME_TAIL = re.compile(rb"[\w-]{0,48}")
_NAME_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"


def name_start(data: bytes, start: int) -> int:
    """Return where the name around a keyword at `start` begins; an escape is not part of it."""
    limit = max(0, start - NAME_REACH)
    first = limit + len(data[limit:start].rstrip(_NAME_BYTES))
    if limit < first < start and data[first - 1] == BACKSLASH and data[first] in b"nrt":
        first += 1
    return first
