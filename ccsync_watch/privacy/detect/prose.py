"""Finds passwords and tokens in sentences: "the password is …", "log in with admin / …"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.assigned_secrets import is_postal_code
from ccsync_watch.privacy.detect.counted_names import is_counted_name
from ccsync_watch.privacy.detect.nearby_names import is_digest_of
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    HeadedPattern,
    Hits,
    StructuralRule,
    at_groups_of_hits,
    in_groups,
    pattern_rule,
    shifted,
    text_of,
)
from ccsync_watch.privacy.engine.trigger_derivation import trigger_of
from ccsync_watch.privacy.heuristics.dummy_values import (
    is_code,
    is_passphrase,
    is_placeholder,
    is_reference,
    is_word,
)
from ccsync_watch.privacy.heuristics.gibberish import is_drawn, is_gibberish
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from ccsync_watch.privacy.heuristics.password_forms import (
    has_password_form,
    is_announced_password,
    is_test_name,
    is_test_result,
    is_usual,
    looks_chosen,
    talks_of_secrets,
    value_span,
)
from ccsync_watch.privacy.heuristics.sentence_values import is_assignment, is_joined
from ccsync_watch.privacy.heuristics.thresholds import (
    LEAST_DIGEST,
    LEAST_TOKEN_IN_PROSE,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit, has_letter
from ccsync_watch.privacy.heuristics.value_strength import is_random, is_strict_random
from ccsync_watch.privacy.heuristics.words import load_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_PASSWORDS = (
    r"(?:passwords?|passphrase|passcode|passwd|pwd|pass(?=[ :])|pw|pin(?:[ -]?code)?|log-?in|"
    r"unlock code|(?:secret|security) answer|(?:snmp|read|write) community(?: string)?)"
)

_TOKENS = (
    r"(?:(?:api|access|auth|secret|bearer|refresh|bot|deploy|license|licence|admin|signing|"
    r"encryption|hmac|shared|master|signature|unseal|wrapping|"
    r"private|service|account|personal access|client|webhook|session|security|recovery|backup|"
    r"verification|setup|entry|enrol?lment|registration|unlock)"
    r"[ _-](?:keys?|tokens?|secrets?|codes?)|(?:nt|lm|ntlm)[ _-]hash(?:es)?|"
    r"tokens?|secrets?|api ?keys?|keys?|credentials?|otp)"
)
_FOR = (
    r"(?:[ ](?:for|of|on|to|in|at|from|between|behind|we use for|"
    r"i use for|there)[ ](?:[^\n.;:=]|\.(?=\w)){1,60}?|"
    r"[ ](?:i|we|you|they|he|she|that)[ ][^\n.;:=]{1,40}?|"
    r"[ ]\([^()\n]{1,40}\)|[ ](?:here|below|above|again|instead|saved|stored|generated|created|"
    r"set|changed|updated)(?=[ ]?:))?"
)
_IS = (
    r"'s|\xe2\x80\x99s|[ ](?:is|was|(?P<weak>to|as|be|are)|"
    r"becomes|remains|equals)"
)
_WILL_BE = r"[ ](?:has been|will be|should be|would be)"
"""Not among the triggers: what follows it is seldom a value. It is read near another sentence."""
_ADVERBS = (
    r"(?:[ ](?:now|still|currently|just|simply|set to|changed to|reset to|always|literally|"
    r"actually|probably|either|this|something like)){0,2}"
)
_SIGN = r"::?|=|->|=>|\xe2\x86\x92|-|\xe2\x80\x94"
_NOT_JOINING = r"(?<![a-z0-9]-(?=[^ \n]))(?<!::(?=[^ \n]))"
"""After a sign: it is not a hyphen within a key, as in `key to ABCD1-XYZ22`, or a path's."""
_VERB = (
    rf"(?:(?:{_IS}|{_WILL_BE}){_ADVERBS}[ ]?:?[ \n]{{0,2}}|"
    rf"[ ]{{0,2}}(?:{_SIGN}){_NOT_JOINING}[ \n]{{0,3}})"
)
_OPEN = r"(?:\*\*|__|`(?=`))?(?:\\{0,7}(?P<quote>[\"'`])|\xe2\x80\x9c|\xe2\x80\x98)?"
_LEFT = r"(?<![a-z0-9_=&+-])"

_SENTENCE = HeadedPattern(
    rf"{_LEFT}(?:pass|pw|pin|log|unlock|api|acc|auth|secr|bear|refr|bot|"
    r"depl|lic|adm|sign|encr|priv|serv|pers|client|webh|sess|secu|reco|back|veri|tok|key|cred|otp|"
    r"hmac|shar|mast|unse|wrap|setup|entry|prod|enrol|regis|nt|lm|snmp|read|write)",
    rf"(?P<subject>{_PASSWORDS}|{_TOKENS})\*{{0,2}}[\"'`]?{_FOR}{_VERB}{_OPEN}"
    r"(?P<value>(?:(?!</)[^\s\"'`\x00-\x1f]){3,512})",
    reach=200,
    after=512,
)
_LOGIN_PATTERN = (
    r"(?:credentials?|creds|meld[est]{0,2}[ ](?:dich|sie[ ]sich|euch)[ ](?:mit|als)|"
    r"connect(?:e[rz]?|e-toi|ez-vous)[ ]avec|"
    r"(?:inicia(?:r)?[ ]sesi\xc3\xb3n|entr[ae]r?|accedi|acceder)[ ](?:con|como|come|com)|"
    r"zaloguj[ ]si\xc4\x99[ ](?:jako|na)|p\xc5\x99ihlas[ ]se[ ]jako|"
    r"log(?:ga?|d)?[ ]inn?d?[ ](?:med|som)|log[ ]in[ ]met|log-?ins?|"
    r"(?:log|sign)(?:ged)? in (?:with|as|using)|"
    r"user(?:name)?[ ]?/[ ]?pass(?:word)?|user:pass)[^\n\r|]{0,40}?[\s:=(\"'`]"
    r"(?P<user>[a-z][\w.@+-]{1,40})[ ]?[/:|,][ ]?"
    r"(?P<value>[^\s\"'`/:,|)]{5,64})(?![^\s\"'`/:,|)]|[ ]/[ ])"
)
_LOGIN = HeadedPattern(
    rf"{_LEFT}(?:cred|log|sign|user|meld|conne|inicia|entr|acce|zalog|p\xc5\x99ihl)",
    _LOGIN_PATTERN,
    reach=160,
    after=80,
)
_SLASHED_VALUE = r"[^\s\"'`/:,|)]{6,64}"
_LOGIN_WORDS = r"(?:log-?in|credentials|creds|account|password)"
_SLASHED = re.compile(
    rf"(?<![\w/])(?P<user>[A-Za-z][\w.@+-]{{1,40}}) / (?P<value>{_SLASHED_VALUE})"
    rf"(?=[^\n]{{0,40}}{_LOGIN_WORDS})".encode(),
    re.IGNORECASE,
)
_IS_PASSWORD = re.compile(trigger_of(_PASSWORDS))
_PASS = re.compile(rb"[ ]?[:=-]|[ ](?:is|was)[ ]")
_COUNT = re.compile(rb"(?:\A|[\s(,])[0-9]{1,4}[ ]\Z")
_VAGUE = frozenset({"key", "keys", "secret", "secrets", "credential", "credentials"})
_NOT_TOKEN = re.compile(
    r"[()\[\]{}<>]|://|\.\w{2,4}$|^[\w-]+:[\w./:-]+$|^[A-Z0-9]+(?:_[A-Z0-9]+)+$"
)
_FORMAT = re.compile(
    r"^(?:user(?:name)?|login|id|name|e?mail|status|host|port|[A-Z][A-Z0-9_]{1,40})=|"
    r"^[\w.+-]+@[\w-]+(?:\.\w+)+$|%(?:\d\$)?[.*]*[sdu]\W*$|%0A"
)
"""An address, or a place for a value in a message."""
_DIGEST = re.compile(r"[0-9a-f]{7,64}")
_IS_SAID = re.compile(rb"[ ](?:is|was)\b")
_NAMED_DIGESTS = frozenset({"token", "tokens", "secret"})
"""What is seldom a checksum where a sentence says what it is."""
_OWNERS = frozenset(load_words("owners_of_key"))
_OWNED = re.compile(rb"(?:my|our|your)[ ](?:[\w.-]{2,24}[ ])?\Z", re.IGNORECASE)
_NOT_PASSWORD = re.compile(r"\d+\w{0,3}|v\d+|[a-z]+\d{1,2}|[A-Za-z]+\d{0,2}(?:\.\d{1,2}){1,2}")
_ACCOUNT_NAME = re.compile(r"[a-z]{2,16}(?:[._-][a-z]{2,16}){0,2}[._-]?\d{0,4}")
"""Of somebody, after the word "login"."""
_VARIABLE = re.compile(r"[a-z]\w*_\w*\.[A-Za-z_]+")
"""In code, whose arguments are separated like an account and its password."""
_INTERFACE = re.compile(r"I[A-Z][A-Za-z]+")
"""A type's name: `IMailbox`."""
_WORD_BEFORE = re.compile(rb"[A-Za-z]{2,20}[ _-]\Z")
_QUOTES = frozenset({b"\\", b'"', b"'", b"`"})


@at_groups_of_hits
def find_announced_secrets(data: bytes, hits: Hits) -> Iterator[Span]:
    """Yield the value of a password, key or token that a sentence names."""
    for low, match in _SENTENCE.matches(data, hits):
        span = value_span(data, match, low)
        if _IS_PASSWORD.fullmatch(match["subject"].decode("latin-1")):
            if _is_password_of_sentence(data, low, match, span):
                yield Span(*span, "password", Rank.SENTENCE)
        elif _is_token_of_sentence(data, low, match, span):
            yield Span(*span, "secret", Rank.SENTENCE)


def _is_password_of_sentence(
    data: bytes, low: int, match: re.Match[bytes], span: tuple[int, int]
) -> bool:
    """Tell whether a sentence about a password contains one."""
    value, quoted = text_of(data, span), match["quote"] is not None
    subject = match["subject"].decode("latin-1")
    start, name = low + match.start(), low + match.start("subject")
    is_count = value.isdigit() and (subject == "pass" or b"=" in match[0] or b" for " in match[0])
    is_count = is_count or is_counted_name(data, subject, name, span)
    before = _WORD_BEFORE.search(data, max(0, start - 24), start)
    is_step = (
        subject == "pass"
        and before is not None
        and (strength_of(f"{before[0].decode('latin-1').strip()}_pass") is Strength.NONE)
    )
    # "1 pass is sufficient", but not "user1 pass is …", and no word with digits or signs
    is_counted = value.isalpha() and _COUNT.search(data, max(0, start - 8), start) is not None
    is_said = _PASS.match(data, low + match.end("subject")) is not None
    is_verb = subject == "pass" and (is_counted or not is_said)
    is_part = subject.startswith("pin") and not value.isdigit()
    is_account = subject.startswith("log") and _ACCOUNT_NAME.fullmatch(value) is not None
    is_code = subject.startswith("log") and b" = " in data[low + match.end("subject") : span[0]]
    is_format = _FORMAT.search(value) is not None or is_account or is_code
    is_test = is_test_name(value) or is_test_result(data, start)
    is_format = is_format or (subject == "pass" and is_test)
    is_postal = is_postal_code(subject, value)
    is_other = is_count or is_step or is_verb or is_part or is_format or is_postal
    if is_other or talks_of_secrets(value):
        return False
    if value.isalpha() and not quoted and not is_gibberish(value):
        after = data[low + match.end("subject") : low + match.end("subject") + 1]
        joint = data[low + match.end("subject") : span[0]]
        is_owned = joint.startswith((b"'s", b"\xe2\x80\x99s")) and value.islower()
        is_label = (after in {b":", b"="} and not value.islower()) or b" = " in joint or is_owned
        is_infinitive = match["weak"] is not None and not is_drawn(value)  # "password to continue"
        if is_label or is_infinitive:
            return False
    return is_announced_password(data, span, quoted=quoted)


def _is_token_of_sentence(
    data: bytes, low: int, match: re.Match[bytes], span: tuple[int, int]
) -> bool:
    """Tell whether a sentence about a key or token contains one."""
    value, subject = text_of(data, span), match["subject"].decode("latin-1")
    start, stop = low + match.start(), low + match.end("subject")
    if data[stop : stop + 1] in _QUOTES:
        return False  # a field, which the rules of assignments read
    if is_digest_of(data, start, subject):
        return False
    before = data[max(0, start - 40) : start]
    word = _WORD_BEFORE.search(before[-24:])
    has_owner = word is not None and word[0][:-1].lower().decode("latin-1") in _OWNERS
    is_owned = has_owner or _OWNED.search(before) is not None
    is_digest = _DIGEST.fullmatch(value) is not None
    is_named = is_digest and len(value) >= LEAST_DIGEST
    is_named = is_named and (subject in _NAMED_DIGESTS or (subject == "key" and is_owned))
    is_named = is_named and _IS_SAID.search(data, stop, low + match.start("value")) is not None
    is_named = (
        is_named
        and b"commit" not in before.lower()
        and (subject != "secret" or has_owner or b" for " in match[0])
    )
    if subject in _VAGUE and not is_strict_random(value) and not is_named:
        return False
    if is_digest and " " not in subject and not is_owned and not is_named:
        return False
    if word is not None:
        name = f"{word[0].decode('latin-1')}{subject}".replace(" ", "_")
        if strength_of(name) is Strength.NONE:
            return False  # a cache key, a page token, a public key
    return _is_prose_token(value)


def _is_prose_token(value: str) -> bool:
    return (
        len(value) >= LEAST_TOKEN_IN_PROSE
        and (has_digit(value) or is_gibberish(value))
        and has_letter(value)
        and not is_placeholder(value)
        and not is_reference(value)
        and not is_code(value)
        and not is_assignment(value)
        and value[0] != "/"
        and _NOT_TOKEN.search(value) is None
        and is_random(value)
    )


@at_groups_of_hits
def find_login_passwords(data: bytes, hits: Hits) -> Iterator[Span]:
    """Yield the password in "credentials: admin / …"."""
    for low, match in _LOGIN.matches(data, hits):
        start, stop = shifted(match.span("value"), low)
        yield from _find_chosen(data, start, stop)


@in_groups
def find_slashed_passwords(data: bytes, ends: list[int], _since: int) -> Iterator[Span]:
    """Yield the password in "root / … for the login"."""
    read = (-1, -1)
    for end in ends:
        match = _SLASHED.search(data, max(0, end - 160), min(len(data), end + 8))
        if match is not None and match.span("value") != read:
            read = match.span("value")
            yield from _find_chosen(data, *read)


def _find_chosen(data: bytes, start: int, stop: int) -> Iterator[Span]:
    while stop > start and data[stop - 1] in b".,;:)]}":
        stop -= 1
    value = text_of(data, (start, stop)).rstrip("!?")
    if talks_of_secrets(value) or _VARIABLE.fullmatch(value) or _INTERFACE.fullmatch(value):
        return
    if is_joined(value) and "." not in value:
        yield Span(start, stop, "password", Rank.CONTEXT)
    if looks_chosen(value) and has_password_form(value) and _NOT_PASSWORD.fullmatch(value) is None:
        yield Span(start, stop, "password", Rank.CONTEXT)


_TRIGGER_PASSWORDS = trigger_of(_PASSWORDS)
_TRIGGER_FOR = trigger_of(_FOR)
_TRIGGER_VERB = (
    rf"(?:(?:{trigger_of(_IS)})(?:[ ][a-z]{{2,9}}){{0,3}}[ ]?:?[ \n]{{0,2}}|"
    rf"[ ]{{0,2}}(?:{_SIGN})[ \n]{{1,3}})"
)
"""Any short words after "is"; a blank after a sign, without which it is an assignment."""
_TRIGGER_OPEN = r"(?:\*\*|__|`)?(?:\\{0,7}[\"'`]|\xe2\x80[\x9c\x98])?"

_JOINT = r"(?:[ ](?:is|was)[ ]{1,2}|[ ]?[:=][ ]{0,2}|[ ]{1,2})\\{0,2}[\"'`]?"
_PHRASE = (
    r"(?:(?<![a-z])pass[ -]?phrase|(?:key|vault|master|repo|repository|backup|encryption|disk)"
    r"[ _-]password)(?:[ ](?:for|of)[ ](?:the[ ])?[^\n:=]{1,60}?(?=[ ]?[:=]|[ ](?:is|was)[ ]))?"
    rf"{_JOINT}(?P<secret>(?:[a-z]{{3,9}}[ ]){{3,7}}[a-z]{{3,9}})"
    r"(?=\\{0,2}[\"'`]?[.!]?(?:\s*\Z|\n|[\"'`]))"
)


def _is_phrase(value: str) -> bool:
    words = value.split()
    usual = sum(is_usual(word) or is_word(word) for word in words)
    return is_passphrase(value) and usual <= 1  # "correct horse battery staple"


RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "password",
        "a passphrase of words after its name",
        _PHRASE,
        trigger=r"(?:phrase|password)(?:[ ](?:for|of)[ ][^\n:=]{1,60})?"
        rf"{_JOINT}(?:[a-z]{{3,9}}[ ]){{3}}[a-z]{{3}}",
        rank=Rank.SENTENCE,
        reach=140,
        accept=_is_phrase,
    ),
    StructuralRule(
        "password",
        "a password that a sentence names",
        rf"{_TRIGGER_PASSWORDS}\*{{0,2}}[\"'`]?{_TRIGGER_FOR}{_TRIGGER_VERB}{_TRIGGER_OPEN}"
        r"[^\s\"'`]{3}",
        find_announced_secrets,
    ),
    StructuralRule(
        "secret",
        "a key or token that a sentence names",
        r"(?:(?:key|token|secret|credential|code|otp)s?|(?:nt|lm)[ _-]hash(?:es)?)\*{0,2}[\"'`]?"
        rf"{_TRIGGER_FOR}{_TRIGGER_VERB}{_TRIGGER_OPEN}[A-Za-z0-9_.~+/=:-]{{12}}",
        find_announced_secrets,
    ),
    StructuralRule(
        "password",
        "a name and password with a slash or colon between, after a word for both",
        trigger_of(_LOGIN_PATTERN, "value"),
        find_login_passwords,
    ),
    StructuralRule(
        "password",
        "a name and password with a slash between, before a word for both",
        rf"[\w.@+-]{{2}} / {_SLASHED_VALUE}[^\n]{{1,40}}{_LOGIN_WORDS}",
        find_slashed_passwords,
    ),
)
