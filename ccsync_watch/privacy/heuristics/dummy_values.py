"""Recognises what takes a secret's position without being one.

Dummy values of documentation, references to where a secret is kept, code, words of forms and types,
sentences, public keys, regular expressions. All functions are pure, and linear in a value whose
length the caller has bounded.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ccsync_watch.privacy.heuristics.encrypted_values import is_encrypted
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.harmless_forms import (
    is_absent,
    is_code_after_string,
    is_member_path,
    is_read_from,
)
from ccsync_watch.privacy.heuristics.thresholds import LEAST_PASSPHRASE_WORDS, LEAST_SEED_WORDS
from ccsync_watch.privacy.heuristics.words import load_words

_MASK = re.compile(r"(?:x{3,}|\*{2,}|\.{2,}|…+|-{2,}|_{2,}|#{2,}|•+|●+|0+|12345?6?7?8?9?0?)")
_ONLY_WORDS = re.compile(r"[A-Za-z_ ./:<>\[\]{}()-]+[0-9]?")
_MARKED = re.compile(
    r"\A(?P<marks>([#~^|=%*@!$+])\2{0,2})(?P<inner>[A-Za-z].*[A-Za-z])(?P=marks)\Z"
)
"""As templates mark what they replace: `##DB_PASSWORD##`."""
_PLACEHOLDER_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PLACEHOLDER_WORDS = frozenset(load_words("placeholder_words"))
PLACEHOLDER_PART = re.compile(
    r"x{5,}|\*{3,}|\.{3}|…|•{2,}|(?-i:(?:^|[-_ <])(?:your|my|YOUR|MY)[-_ ](?:[a-z]{3}|[A-Z]{3}|"
    r"[0-9]{1,4}[-_ ]))|"
    r"^your[a-z_-]*$|example|placeholder|change[-_ ]?me|"
    r"replace[-_ ]?(?:me|with|this)|redacted|insert[-_ ]|goes[-_ ]here|[-_ ]here$|dummy|"
    r"([^Aa])\1{7,}|1234567890|0123456789|^<[^<>]*>$|^\[[^\]]*\]$|(?-i:^\([a-z][a-z ,'-]*\)$)|"
    r"todo|fixme|"
    r"not[-_]?a[-_]?(?:real|secret)|lorem|do[-_]not[-_]use|sha(?:1|256|384|512)-|deadbeef|cafebabe",
    re.IGNORECASE,
)
_PLACEHOLDER_HINT = re.compile(
    r"x{5}|\*{3}|\.{3}|your|my[-_ ]|example|placeholder|change[-_ ]?me|replace|redacted|insert|"
    r"goes[-_ ]|[-_ ]here|dummy|123456789|<|\[|\A\(|todo|fixme|not[-_]?a|lorem|do[-_]not|"
    r"sha(?:1|256|384|512)-|deadbeef|cafebabe"
)
"""What has such a part has this too, in lower case, unless something is repeated."""
_LEAST_REPEATED = 8
_TOKEN_PLACEHOLDER = re.compile(
    rb"x{6,}|\*{3,}|\.{3}|example|placeholder|your[-_]|[-_]here|changeme|redacted|insert|dummy|"
    rb"([^Aa])\1{7,}|1234567890|0123456789abcdef|abcdefghij",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"^(?:\$[A-Za-z_]\w*(?:\[|->|::)|@{1,2}[A-Z][A-Z_]{2,}@{1,2}$|@[A-Z][A-Z0-9]*_[A-Z0-9_]+$|[A-Za-z_][\w/-]{1,80}:latest$|"
    r"\\f[BIRPC(\[]|\\s[-+]?[0-9]|\\\*[(\[]|&(?:lt|#x3c|#x3C|#60);|\$\{|\$\(|\$\{\{|\$[A-Za-z_]+[0-9]?(?:[:.]\w+)*\\?$|"
    r"\$\$?[A-Z_][A-Z0-9_]{2,}(?:$|[/:.,; \"'])|%[A-Za-z_]\w*%$|%\(|%[sdv]\b|\{\{|\{%|"
    r"%\{|%env\(|\$__\w{1,20}\{|@Microsoft\.|"
    r"@(?:base(?:32|64)d?|json|text|[ct]sv|html|urid?|sh)(?:[ )|]|$)|"
    r"(?!\{(?i:noop|plain|cleartext|xor|3?des|rot13|base64|b64|obf|hex)\}\S)\{[\w.!:\[\]'\"]*\}|<%|"
    r"v1:[A-Za-z0-9+/=]{8,24}:v1:|"
    r"<[A-Za-z][^<>]*>?|#\{|@\{|[&*][A-Za-z_-]+[0-9]{0,2}$|!(?:Ref|Sub|GetAtt|env|secret|vault|"
    r"ENV|reference)|"
    r"process\.env|os\.environ|os\.getenv|import\.meta|Deno\.env|Bun\.env|System\.getenv|std::env|"
    r"env[.:(\[/]|ENV[\[.]|getenv|ctx\.|config\.|settings\.|self\.|this\.|var\.|vars\.|local\.|"
    r"data\.|module\.|"
    r"secrets?\.|inputs?\.|params?\.|props\.|args\.|options?\.|opts\.|req\.|request\.|response\.|"
    r"res\.|"
    r"github\.|steps\.|needs\.|values\.|\.Values|aws_|random_|azurerm_|google_|"
    r"Ag[ABCD][A-Za-z0-9+/]{72}|AQ[EI]CAH[A-Za-z0-9+/]{40}|arn:|vault:|ref\+|op://|file:|keychain:|keyring:|pass:|env://|ssm:|secretsmanager:|"
    r"doppler://|gcp-sm://|gcp-secret:|sm://|akv://|projects/|secret://|"
    r"@[/~.]|/run/secrets|~/|\./|\.\./|/(?:etc|var|run|home|usr|opt|tmp|root|mnt|dev|Users)/|[A-Z]:\\|"
    r"await |new |function|lambda|async |typeof|Optional\[|Union\[|List\[|Array<|Promise<|Record<|"
    r"string\b[\[|; ,)]|str\b[\[| ,)]|\{\}|\[\]|\(\))",
)
_PRINTED_QUOTES = "\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a\u300c\u300e"
_PASSWORD_OF_TESTS = re.compile(
    r"[a-z_-]{0,16}(?:pass(?:word|wd|wort)?|pwd|secret)[_-]?[0-9]{0,4}[!.]?", re.IGNORECASE
)
_MARKS = frozenset({"Mn", "Mc", "Cf"})
"""Vowels and accents that are characters of their own, and what joins them."""
_FOOTNOTE = re.compile(r"[^\W\d_]+|[A-Za-z\u00c0-\u024f]+[1-9]")
_CODE_CALL = re.compile(
    r"^(?:::|@{1,2})?[A-Za-z_$][\w$.:>-]*(?:!?\(|\[|\?\.|::|->|=>|\.[A-Za-z_$][\w$]*(?:\(|=(?!=)))"
)
_REGEX_LITERAL = re.compile(
    r"(?:qr[/{|!(]|(?:m|s|tr|y)/[^/]*[\[\\(^][^/]*/|%r[{(/|!]|~[rR][/{\"'|(])"
)
"""Of Perl, Ruby and Elixir."""
_STRUCT_TAG = re.compile(r"[a-z][a-z_]{1,15}:\\{0,3}\"")
_OPERATOR = re.compile(
    r"(?!\{(?i:xor|3?des)\}\S)[(\[{<|=]|[!&+?*][A-Za-z_.]+\W*$|(?:&&|\|\||!=|\?\?)"
)
_DOTTED = re.compile(
    r"^[A-Za-z_$][A-Za-z_$]*[0-9]{0,2}(?:\.[A-Za-z_$][A-Za-z_$]*[0-9]{0,2})+[!?]?$"
)
_NUMBERED_PAIR = re.compile(
    r"[A-Z][a-z]{2,12}\.(?!(?:Int|Uint|Float|Double|Utf|Win|Log|Base|Sha|Aes|Crc|Ed|Curve|Bits?)[0-9])"
    r"[A-Za-z][a-z]{1,12}[0-9]{2}"
)
"""Two words that a person joined and numbered; members of code seldom end in two digits."""
_TYPE_NAME = re.compile(
    r"^(?:\w+\.)*[A-Za-z][A-Za-z0-9]*[a-z0-9](?:Key|Token|Secret|Credential|Password)s?(?:Types?)?$"
)
_MARKED_TYPE = re.compile(r"[A-Z]\{[A-Za-z][\w.]*\}?[.,;]?$")
"""Of a parameter, as Epydoc marks it: `L{bytes}`."""
IDENTIFIER = re.compile(r"^[A-Za-z_$][A-Za-z_$]*(?:[-_.][A-Za-z]+)*[!?]?$")
_TYPE_WORDS = frozenset(load_words("type_words"))
FUNCTION_WORDS = frozenset(load_words("function_words"))
_SENTENCE_WORDS = frozenset(load_words("sentence_words"))
_PUBLIC = re.compile(
    r"M(?:FkwEwYHKoZIzj0C|HYwEAYHKoZIzj0C|II[A-Za-z0-9+/]{2}jANBgkqh|CowBQYDK2V)|"
    r"AAAA[BCE][23]NzaC1|"
    r"LS0tLS1CRUdJTiB(?:DRVJU|QVUJ)|ssh-(?:rsa|ed25519)|ecdsa-sha2|0x[0-9a-fA-F]{40}\Z|"
    r"Qm[1-9A-HJ-NP-Za-km-z]{44}\Z|baf[ky][a-z2-7]{55}\Z|k51qzi5uqu5d[a-z0-9]{50}\Z|"
    r"(?:(?:sha|SHA)(?:1|224|256|384|512)|md5|MD5|blake2b|blake3)[:-][A-Za-z0-9+/=_-]{16,128}\Z",
)
"""A public key, an account's address on a chain, a fingerprint that says how it was made.

Also what a content is called by in IPFS.
"""
_REGEX = re.compile(r"\\[swdbWSDB]|\(\?|\[\^|[\])][+*?{]|\{\d+,?\d*\}|\.[*+](?:[^\w*+!#%=~-]|$)")


def is_token_placeholder(token: bytes) -> bool:
    """Tell whether a vendor's token is an example: `sk-xxxx…`, `AKIA…EXAMPLE`; not by entropy."""
    return _TOKEN_PLACEHOLDER.search(token) is not None


_CONSTANTS = frozenset(
    {"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", "UGFzc3dvcmQ6", "VXNlcm5hbWU6", "VXNlciBOYW1lAA=="}
)
"""What a standard says: how a server of WebSocket answers, and one of mail asks."""


@lru_cache(maxsize=4096)
def is_placeholder(value: str) -> bool:
    """Tell whether a value is a dummy: `YOUR_API_KEY`, `changeme`, `<token>`, `****`."""
    text = value.strip()
    if not text or _MASK.fullmatch(text) or text in _CONSTANTS or is_absent(text):
        return True
    if _may_have_placeholder(text) and PLACEHOLDER_PART.search(text):
        return True
    text = _MARKED.sub(r"\g<inner>", text)
    return _ONLY_WORDS.fullmatch(text) is not None and all(
        word.lower() in _PLACEHOLDER_WORDS for word in _PLACEHOLDER_WORD.findall(text)
    )


def _may_have_placeholder(text: str) -> bool:
    """Tell, by less work than the search takes, whether a part of a text may be a dummy's."""
    if not text.isascii():
        return True
    lower = text.lower()
    most_distinct = len(lower) - _LEAST_REPEATED + 1
    return _PLACEHOLDER_HINT.search(lower) is not None or (
        most_distinct > 0 and len(set(lower)) <= most_distinct
    )


@lru_cache(maxsize=4096)
def is_reference(value: str) -> bool:
    """Tell whether a value names where the secret is: `${TOKEN}`, `os.environ[…]`, a path.

    So does what a tool encrypted, which is of use to whoever has the key.
    """
    return (
        _REFERENCE.match(value.lstrip(_PRINTED_QUOTES)) is not None
        or is_read_from(value)
        or is_member_path(value)
        or is_encrypted(value)
    )


@lru_cache(maxsize=4096)
def is_code(value: str) -> bool:
    """Tell whether a value without quotes is an expression of a programming language."""
    if value.isalnum():  # all but a type's name has signs
        return _TYPE_NAME.match(value) is not None
    return (
        _CODE_CALL.match(value) is not None
        or is_struct_tag(value)
        or _REGEX_LITERAL.match(value) is not None
        or is_dotted_name(value)
        or _OPERATOR.match(value) is not None
        or _TYPE_NAME.match(value) is not None
        or _MARKED_TYPE.match(value) is not None
        or is_code_after_string(value)
    )


def is_struct_tag(value: str) -> bool:
    """Tell whether a value is the tag of a field in Go: `json:"-"`."""
    return _STRUCT_TAG.match(value) is not None


def is_dotted_name(value: str) -> bool:
    """Tell whether a value is the name of a setting or module: `fs.s3.keyId`."""
    return (
        _DOTTED.match(value) is not None
        and not is_gibberish(value)
        and _NUMBERED_PAIR.fullmatch(value) is None
    )


def is_word(value: str) -> bool:
    """Tell whether a value is a word of forms, types and configuration."""
    return value.lower().strip(".,;:!?") in _TYPE_WORDS


def is_password_of_tests(value: str) -> bool:
    """Tell whether a call's argument only says what it is for: `password123`, `wrong_password1`."""
    return _PASSWORD_OF_TESTS.fullmatch(value) is not None


def is_accented_word(value: str) -> bool:
    """Tell whether a value is a word with letters outside ASCII, or a Latin one and a footnote."""
    if value.isascii():
        return False
    letters = "".join(c for c in value if unicodedata.category(c) not in _MARKS)
    is_caseless = letters.lower() == letters.upper()
    is_plain = _FOOTNOTE.fullmatch(letters) is not None
    return is_plain and (value.islower() or value.istitle() or value.isupper() or is_caseless)


def is_identifier(value: str) -> bool:
    """Tell whether a value has a name's shape: `user_password`, `passwordField`, `Token`."""
    return IDENTIFIER.match(value) is not None and not is_gibberish(value)


def is_sentence(value: str) -> bool:
    """Tell whether a quoted value is prose rather than a passphrase."""
    words = value.lower().replace(".", " ").replace("'", " ").split()
    return any(word in _SENTENCE_WORDS for word in words) or value[-1:] in ".?:"


def is_passphrase(value: str) -> bool:
    """Tell whether words are a secret: several, lower case, without function words."""
    words = value.split()
    if not all(word.isalpha() and word.islower() for word in words):
        return False
    if len(words) >= LEAST_SEED_WORDS:
        return not FUNCTION_WORDS.intersection(words)
    return len(words) >= LEAST_PASSPHRASE_WORDS and not is_sentence(value)


def is_public(value: str) -> bool:
    """Tell whether a value is a public key or a certificate, by how its encoding begins."""
    return _PUBLIC.match(value) is not None


def is_regex(value: str) -> bool:
    """Tell whether a value is a regular expression."""
    return _REGEX.search(value) is not None
