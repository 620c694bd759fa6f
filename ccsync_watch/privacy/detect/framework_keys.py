"""Finds the keys of frameworks and libraries, where a file or a call says what a value is."""

from __future__ import annotations

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.dummy_values import is_placeholder, is_reference
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import is_secret


def _is_salt(value: str) -> bool:
    return "unique phrase" not in value and any(not c.isalnum() or c.isdigit() for c in value)


def _is_file_key(value: str) -> bool:
    is_mixed = not value.islower() and not value.isupper() and not value.istitle()
    return (has_digit(value) or is_mixed) and not is_placeholder(value)


def _is_argument(value: str) -> bool:
    return not is_reference(value) and is_secret(value, quoted=True)


_NEXT = r"[\"'`:]{0,2}(?:[ ](?:<==|\|))?(?:(?:\r?\n|\\n)(?:@@[^\n]{1,40}(?:\n|\\n))?[+ ]{0,4}){1,2}"
_BYTES_OF = (
    r"(?:(?:bytes|bytearray)\.fromhex\(|(?:binascii\.)?unhexlify\(|(?:base64\.)?(?:urlsafe_)?b64decode\(|"
    r"buffer\.from\(|\[\]byte\(|bytes\(|convert\.from(?:hex|base64)string\(|"
    r"encoding\.\w{4,8}\.getbytes\(|new textencoder\(\)\.encode\()?"
)
"""What makes bytes of a text."""
_SECTION = (
    r"[\"'](?:crypt|encryption|encrypter|signing|hmac|jwt|cookies?|session)\\{0,7}[\"']"
    r"[ ]?(?:=>|:)[ ]?[\[{(]"
)
_ARGUMENT = _BYTES_OF + r"b?\\{0,7}[\"'](?P<secret>[^\"'\\\s]{10,512})\\{0,7}[\"']"

RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "pagerduty-integration-key",
        "the key with which events are sent to PagerDuty",
        r"(?:routing_?|integration_?|service_)key\\{0,7}[\"']?[ ]?[:=][ ]?\\{0,7}[\"']?"
        r"(?P<secret>[0-9a-f]{32})(?![0-9a-f])",
        rank=Rank.NAMED_FIELD,
        reach=80,
        accept=_is_file_key,
    ),
    pattern_rule(
        "secret",
        "a session of Bitwarden's program",
        r"--session[ =]\\{0,7}[\"']?(?P<secret>[A-Za-z0-9+/]{40,128}={0,2})(?![A-Za-z0-9+/=])",
        rank=Rank.NAMED_FIELD,
        reach=160,
        accept=_is_file_key,
    ),
    pattern_rule(
        "secret",
        "a header for a key that is not called one",
        r"(?:x-honeycomb-team|x-jfrog-art-api|x-tableau-auth)"
        r"\\{0,7}[\"']?[ ]?[:=,][ ]?\\{0,7}[\"']?(?P<secret>[A-Za-z0-9_.+/=|-]{16,512})",
        rank=Rank.NAMED_FIELD,
        reach=80,
        accept=_is_file_key,
    ),
    pattern_rule(
        "wordpress-salt",
        "a key or salt of WordPress",
        r"\(\s{0,4}['\"](?:(?:secure_)?auth|logged_in|nonce|wp_cache)_(?:key|salt)"
        r"['\"]\s{0,4},\s{0,16}"
        r"(?P<q>['\"])(?P<secret>(?:(?!(?P=q)[ ]?\))[^\n]){20,160})(?P=q)",
        rank=Rank.NAMED_FIELD,
        reach=120,
        accept=_is_salt,
    ),
    pattern_rule(
        "rails-key",
        "the key of Rails' credentials, after the name of its file",
        rf"(?:master|credentials/\w{{1,40}})\.key"
        rf"(?:{_NEXT}|[ ]?(?:\xe2\x86\x92|[-=]>|[:=])[ ]{{0,2}})"
        r"(?P<secret>[0-9a-f]{32})(?![0-9a-f])",
        rank=Rank.NAMED_FIELD,
        reach=160,
        accept=_is_file_key,
    ),
    pattern_rule(
        "secret",
        "the first password of Jenkins, after the name of its file",
        rf"initialadminpassword{_NEXT}(?P<secret>[0-9a-f]{{32}})(?![0-9a-f])",
        rank=Rank.NAMED_FIELD,
        reach=120,
        accept=_is_file_key,
    ),
    pattern_rule(
        "secret",
        "the key that a call signs, verifies or encrypts with, as its second argument",
        r"(?:jwt\.(?:sign|verify|encode|decode)|createhmac|create(?:de)?cipher(?:iv)?|"
        r"hmac_?sha\d{1,3}|"
        r"hash_hmac|openssl_(?:en|de)crypt|signedcookies?|"
        r"cryptojs\.\w{2,12}(?:\.(?:en|de)crypt)?)\([^()\n]{1,80},[ ]?" + _ARGUMENT,
        rank=Rank.ARGUMENT,
        reach=200,
        accept=_is_argument,
    ),
    pattern_rule(
        "secret",
        "the key that an object is made with, as its first argument",
        r"(?:fernet|hmac\.new|hmac(?:sha\d{1,3})?|secretkeyspec|cookieparser|keys\.hmacshakeyfor|"
        r"urlsafe(?:timed)?serializer|symmetricsecuritykey|aes\.new(?:cipher)?|aesgcm|aesccm|aessiv|"
        r"chacha20_?poly1305(?:\.new)?|algorithms\.aes|secretbox)\([ ]?" + _ARGUMENT,
        rank=Rank.ARGUMENT,
        reach=120,
        accept=_is_argument,
    ),
    pattern_rule(
        "secret",
        "the key in a section of a configuration for encrypting or signing",
        _SECTION
        + r"[^\w\"'\[\]{}]{0,48}(?:(?<=\\)n[ ]{0,24})?\\{0,7}[\"'](?:key|secret)\\{0,7}[\"']"
        r"[ ]?(?:=>|:)[ ]?"
        r"\\{0,7}[\"'](?P<secret>[^\"'\\\s]{16,512})\\{0,7}[\"']",
        trigger=_SECTION,
        rank=Rank.NAMED_FIELD,
        reach=60,
        accept=_is_argument,
    ),
    pattern_rule(
        "secret",
        "a salt of a framework's configuration",
        r"(?:signing|encryption|password|hash|cookie)_?salt(?:main)?\\{0,7}[\"']?\]?[ ]?(?:=>|"
        r"[:=])[ ]?"
        r"\\{0,7}[\"'](?P<secret>[^\"'\\\s]{8,256})\\{0,7}[\"']",
        rank=Rank.NAMED_FIELD,
        reach=60,
        accept=_is_file_key,
    ),
    pattern_rule(
        "secret",
        "the key of an application in PHP, with its encoding before it",
        r"key\\{0,7}[\"'`]?[ ]{0,2}(?:=>|[:=])[ ]{0,2}\\{0,7}[\"'`]?"
        r"(?P<secret>base64:[A-Za-z0-9+/]{43}=)",
        rank=Rank.NAMED_FIELD,
        reach=90,
    ),
)
