"""Finds passwords that stand beside an account, or answer a question, with no word between.

`anna@acme.io / …`, `u/p: anna/…`, a chat in which one asks for the password and the next line is
it. A value must look chosen: an address stands before many other things.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.shown_passwords import is_drawn_token
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    LINE_BREAK,
    LINE_END,
    StructuralRule,
    any_of,
    at_each_hit,
    pattern_rule,
    text_of,
)
from ccsync_watch.privacy.heuristics.dummy_values import is_placeholder
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.password_forms import (
    has_password_form,
    is_numbered_words,
    is_surely_chosen,
    looks_chosen,
    talks_of_secrets,
)
from ccsync_watch.privacy.heuristics.sentence_values import is_joined, is_reversed_password
from ccsync_watch.privacy.heuristics.value_characters import has_digit

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUOTE = r"\\{0,3}[\"'`]"
_VALUE = rf"{_QUOTE}?(?P<secret>[!#-&(-_a-~]{{6,128}}?){_QUOTE}?"
_END = r"(?=[.,;)]{0,2}(?:\s|\Z|\\n))"
_MAIL = r"[\w.+-]{1,60}@[\w-]{1,60}(?:\.[\w-]{1,30}){1,3}"
_SLASH = r"[ ](?:/|->|=>|\xe2\x86\x92)[ ]"
_NAMES = r"(?:password|passwd|pas(?:word|swrod|swrd|sowrd)|passphrase|passcode|pwd|pw)"
"""As people type them in a hurry, too."""
_ABOUT = r"[ ](?:again|for|of|to|on)"
_QUESTION = rf"{_NAMES}(?:{_ABOUT}(?:[ ][\w.-]{{1,24}}){{0,4}})?[ ]?"
_QUESTION_TRIGGER = rf"(?:{_NAMES}|{_NAMES}{_ABOUT}[\w .-]{{0,80}})[ ]?"
"""Of what it asks for, not in an optional part: Hyperscan would miss the shortest matches."""
_SPEAKER = (
    r"[ \t>*_-]{0,6}(?:\[[^\]\n]{1,24}\][ ])?"
    r"(?:(?!(?:placeholder|hint|help|default|type|value|example|name|label|id):)"
    r"<?[A-Za-z][\w.-]{0,24}(?:[ ][\w.-]{1,24})?>?(?:[ ]\([^)\n]{1,24}\))?:\*{0,2}[ ])?"
)
"""What a chat writes before what somebody says."""
_TIME = r"[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2})?(?:[ ]?[ap]m)?"
_NICK = r"[A-Za-z@][\w.-]{0,24}(?:[ ][\w.-]{1,24})?"
_TIMED_SPEAKER = (
    rf"[ \t>*_-]{{0,6}}(?:[\[(][^\])\n]{{1,24}}[\])][ ]|[0-9./-]{{6,10}},?[ ]{_TIME}(?:[ ]-)?[ ]|"
    rf"{_TIME}[ ])?(?:(?:<[ @+~]?{_NICK}>:?|"
    r"(?!(?:placeholder|hint|help|default|type|value|example|name|label|id):)"
    rf"{_NICK}\*{{0,2}}(?:[ ][\[(][^\])\n]{{1,24}}[\])])?:\*{{0,2}})[ ])?"
)
"""The same with the time in any of the ways that chats write it."""
_OWN_LINE = (
    rf"[ \t>*_]{{0,6}}{_NICK}\*{{0,2}}(?:[ ]{{1,4}}|[ ]\xe2\x80\x94[ ])"
    rf"[\[(]?(?:today at |yesterday at )?{_TIME}[\])]?{LINE_BREAK}{{1,2}}"
)
"""Who speaks and when, on a line of its own."""

_ANSWER = r"(?:(?:it'?s|it is|that'?s|that is)[ ])?"

_LABELS = any_of((
    "логин/пароль", "Логин/пароль", "логін/пароль", "Логін/пароль", "usuario/contraseña",
    "usuário/senha", "utente/password", "utilisateur/mot de passe", "identifiant/mot de passe",
    "benutzer/passwort", "gebruiker/wachtwoord", "login/hasło", "账号/密码", "用户名/密码",
    "ユーザー/パスワード", "アカウント/パスワード", "아이디/비밀번호",
))  # fmt: skip
"""Of an account and its password."""


def _is_chosen(value: str) -> bool:
    is_named = looks_chosen(value) and is_reversed_password(value) and value[0] not in ".#$("
    is_named = is_named and "/" not in value and not value.startswith("0x")
    return is_joined(value) or is_numbered_words(value) or is_named


def _is_surely_answer(value: str) -> bool:
    is_chosen = is_joined(value) or is_numbered_words(value) or is_surely_chosen(value)
    return is_chosen and _TYPE_OR_VERSION.fullmatch(value) is None


_SIGNED_WORD = re.compile(
    r"[A-Z][a-z]{2,14}(?:[0-9]{2,6}[!*#$%&@+^?]{1,3}|[!*#$%&@+^_-][0-9]{2,6}[!*#$%&@+^?]?|[0-9]{4,6})"
)
"""A word with a number, as people choose it: enough where it is all that answers a question."""


def _is_asked_for(value: str) -> bool:
    """Tell whether the whole line after a question for a password is the password."""
    is_word = _SIGNED_WORD.fullmatch(value) is not None
    is_word = is_word and not (is_placeholder(value) or talks_of_secrets(value))
    return is_word or _is_surely_answer(value)


def _is_surely_chosen(value: str) -> bool:
    return _is_chosen(value) and _is_surely_answer(value)


_ROW_BEGINS = r"(?:(?<![^\n\"'`])|(?<=\\n))"
_ROW = re.compile(
    rf"{_ROW_BEGINS}{_MAIL}(?P<sign>[:;|])(?P<secret>[!#-&(-\[\]-_a-~]{{6,64}})"
    r"(?=[\"'`]|[ \t]{0,4}(?:\r?\n|\\n|\Z))".encode()
)
_NEXT_ROW = re.compile(rf"[ \t]{{0,4}}{LINE_BREAK}{_MAIL}:[^\s:]{{4}}".encode())
_ROW_ABOVE = re.compile(rf"{_ROW_BEGINS}{_MAIL}:[^\s:]{{4,64}}{LINE_BREAK}\Z".encode())
_LONGEST_ROW = 256


@at_each_hit
def find_listed_accounts(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the password on the line of a hit, which is an address and a password."""
    at = data.rfind(b"@", max(0, end - _LONGEST_ROW), end)
    start = max(0, at - 64)
    for row in _ROW.finditer(data, start, min(len(data), end + 80)):
        if row.start("secret") >= since and row.start() < at < row.start("secret"):
            above = max(0, row.start() - _LONGEST_ROW)
            is_list = row["sign"] == b":" and (
                _NEXT_ROW.match(data, row.end()) is not None
                or _ROW_ABOVE.search(data, above, row.start()) is not None
            )
            if _is_listed(text_of(data, row.span("secret")), is_list=is_list):
                yield Span(*row.span("secret"), "password", Rank.SENTENCE)


def _is_listed(value: str, *, is_list: bool) -> bool:
    """Tell whether what follows an address is not a port, a file or a folder on that host."""
    if "/" in value or _FILE.fullmatch(value) is not None or not has_password_form(value):
        return False
    is_mixed = not value.islower() or not value.isalnum()
    is_chosen = is_list or (is_mixed and looks_chosen(value))
    return _is_surely_answer(value) or (is_chosen and has_digit(value) and not value.isdigit())


_FILE = re.compile(r"~?[\w.-]*\.[a-z][a-z0-9]{0,4}")
_TYPE_OR_VERSION = re.compile(r"(?:[A-Z][a-z]+)+\d{1,3}(?:(?:[A-Z][a-z]+)+|\.\d{1,2})|[a-z]+_\w+")
"""`Argon2Hasher`, `Postgres16.1`; an id after its kind: `cus_N5…`."""


_rule = partial(pattern_rule, "password", rank=Rank.SENTENCE, reach=240, accept=_is_chosen)


_LETS_IN = any_of((
    "admin", "panel", "login", "log-in", "log in", "sign in", "sign-in", "credentials?", "creds",
    "account", "user", "console", "dashboard", "portal", "backend", "back office", "web ?ui",
    "grafana", "phpmyadmin", "cpanel", "plesk", "router", "nas", "jenkins", "admin-bereich",
    "anmeldung", "zugang", "zugangsdaten", "conta", "compte", "cuenta",
))  # fmt: skip
"""What an account lets its owner in to."""


_STRONG_SIGN = re.compile(r"[!#$%&*?@^~]")
"""In passwords, and not in names and versions."""
_VERSION = re.compile(r"[A-Za-z-]+[0-9]{0,3}(?:\.[0-9x]{1,3}){1,3}")


def _is_bracketed(value: str) -> bool:
    """Tell whether characters show a password, and not the version of a program."""
    has_sign = _STRONG_SIGN.search(value) is not None
    is_version = _VERSION.fullmatch(value) is not None
    return not is_version and _is_surely_answer(value) and (_is_drawn_mix(value) or has_sign)


def _is_drawn_mix(value: str) -> bool:
    """Tell whether a value has small letters, capitals and digits, and no words in it."""
    has_all = has_digit(value) and not value.islower() and not value.isupper()
    return has_all and _is_surely_chosen(value) and is_gibberish(value)


RULES: tuple[StructuralRule, ...] = (
    _rule(
        "an address of an account and its password with a slash between",
        rf"{_MAIL}{_QUOTE}?{_SLASH}{_VALUE}{_END}",
        trigger=rf"@[\w.-]{{3,60}}{_QUOTE}?{_SLASH}{_QUOTE}?[!-~]{{6}}",
        accept=_is_surely_chosen,
    ),
    StructuralRule(
        "password",
        "a line that is an address of an account and its password",
        r"@[\w-]{1,60}\.[\w.-]{2,60}[:;|][!#-.0-~]{6}",
        find_listed_accounts,
    ),
    _rule(
        "an address of an account and its password, as arguments of a script",
        r"(?:user|admin|login|account|passw|seed|register)[\w./-]{0,24}[ ](?:-[\w-]{1,16}[ ])?"
        rf"{_QUOTE}?{_MAIL}{_QUOTE}?[ ](?:-[\w-]{{1,16}}[ ])?{_VALUE}{_END}",
        trigger=r"(?:user|admin|login|account|passw|seed|register)[\w./-]{0,24}"
        r"[ ](?:-[\w-]{1,16}[ ])?[\"']?[\w.+-]{1,60}@[\w.-]{3,60}[\"']?[ ]",
        accept=_is_surely_answer,
    ),
    _rule(
        "a user and a password after a short label for both",
        rf"(?<![\w/-])(?:u/p|un/pw|id/pw|user/pw|user/pass(?:word)?|login/pass(?:word)?|"
        rf"usr/pwd|{_LABELS})[ ]?(?:[:=]|\xef\xbc\x9a)[ ]?[\w.@+-]{{2,60}}[ ]?[/:|,][ ]?"
        rf"{_VALUE}{_END}",
    ),
    _rule(
        "a user and a password, each after its first letter",
        rf"(?<![\w/-])u(?:ser)?[ ]?[:=][ ]?[\w.@+-]{{2,60}}[ ,;/|]{{1,3}}p(?:w|ass)?"
        rf"[ ]?[:=][ ]?{_VALUE}{_END}",
        trigger=r"u(?:ser)?[ ]?[:=][ ]?[\w.@+-]{2,60}[ ,;/|]{1,3}p(?:w|ass)?[ ]?[:=][ ]?",
    ),
    _rule(
        "the name of a usual account and its password, joined",
        r"(?<![\w/.:@-])(?:root|admin|administrator|ubuntu|postgres|sa|deploy|demo|guest|oracle|vagrant)"
        r"(?:[ ]/[ ]|[/:])(?P<secret>[!#$%*+0-9A-Za-z_@^~-]{8,64})(?=[)\s,;\"'`]|\.?(?:\s|\Z))",
        trigger=r"(?:root|admin|administrator|ubuntu|postgres|sa|deploy|demo|guest|oracle|vagrant)"
        r"(?:[ ]/[ ]|[/:])[!#$%*+0-9A-Za-z_@^~-]{8}",
        accept=_is_drawn_mix,
    ),
    _rule(
        "an account and its password in brackets, after what they let in to",
        rf"(?<![\w-])(?:{_LETS_IN})(?![\w-])[^\n()\[\]]{{0,60}}[(\[][\w.@+-]{{2,60}}[ ]?[/:|][ ]?"
        r"(?P<secret>[!#-&*-.0-9;-Z^-z|~]{6,64})[)\]]",
        trigger=r"[(\[][\w.@+-]{2,60}[ ]?[/:|][ ]?[!-~]{6}",
        accept=_is_bracketed,
    ),
    _rule(
        "the password of root after its host",
        rf"(?<![\w./-])root[ ]{_VALUE}[ ](?:\(?(?:ssh|port|password|pw|login)\b)",
        trigger=r"[ ]root[ ][^\s]{6,128}[ ]\(?(?:ssh|port|password|pw|login)",
        accept=_is_surely_answer,
    ),
    _rule(
        "what a password is reset to, called it",
        rf"(?:passw|credential|account|log-?in)[^\n]{{0,120}}?(?:set|reset|chang\w{{1,3}}|rotated?)"
        rf"[ ](?:it|this|that)[ ](?:back[ ])?to[ ]{_VALUE}{_END}",
        trigger=r"(?:set|reset|chang\w{1,3}|rotated?)[ ](?:it|this|that)[ ](?:back[ ])?to[ ]"
        r"[^\s]{6}",
        accept=_is_surely_chosen,
    ),
    _rule(
        "the line after words for a password",
        rf"{_QUESTION}[!.]{{0,3}}"
        rf"[\"*]{{0,2}}{LINE_BREAK}{{1,2}}{_SPEAKER}{_ANSWER}"
        rf"[\"'`]?(?P<secret>[^\s\"'`\\]{{6,64}})[\"'`]?{LINE_END}",
        trigger=rf"{_QUESTION_TRIGGER}[!.]{{0,3}}"
        rf"[\"*]{{0,2}}{LINE_BREAK}",
        accept=_is_surely_answer,
    ),
    _rule(
        "the line of a chat that answers a question for a password",
        rf"{_QUESTION}\?[?!.]{{0,2}}[\"*)]{{0,2}}{LINE_BREAK}{{1,2}}"
        rf"(?:{_OWN_LINE})?{_TIMED_SPEAKER}{_ANSWER}"
        rf"[\"'`]?(?P<secret>[^\s\"'`\\]{{6,64}})[\"'`]?{LINE_END}",
        trigger=rf"{_QUESTION_TRIGGER}\?[?!.]{{0,2}}[\"*)]{{0,2}}{LINE_BREAK}",
        reach=160,
        after=320,
        accept=_is_asked_for,
    ),
    _rule(
        "an answer on the line of a question for a password",
        rf"{_QUESTION}\?[ ]{{1,2}}{_SPEAKER}{_ANSWER}(?P<secret>[^\s\"'`\\]{{4,128}}){LINE_END}",
        trigger=rf"{_QUESTION_TRIGGER}\?[ ]{{1,2}}[^\s]",
        reach=160,
        after=280,
        accept=_is_asked_for,
    ),
    pattern_rule(
        "secret",
        "a token on the line after a sentence about it",
        r"(?:api[ _-]?key|token|secret key|access key)"
        r"(?![^\n]{0,60}\b(?:hash|digest|checksum|sha\d*|commit|file|branch)\b)"
        r"[^\n\\.]{0,60}:"
        rf"{LINE_BREAK}{{1,2}}[ \t]{{0,8}}[\"'`]?(?P<secret>[A-Za-z0-9_.+/=-]{{20,512}})"
        rf"[\"'`]?{LINE_END}",
        trigger=rf"(?:api[ _-]?key|token|secret key|access key)[ ,][^\n\\.]{{0,60}}:{LINE_BREAK}",
        rank=Rank.SENTENCE,
        reach=120,
        accept=is_drawn_token,
    ),
)
