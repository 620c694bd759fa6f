"""Finds secrets on any command line: after flags, in `-u name:password`, in variables set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.assigned_secrets import is_code_digits, is_key_id
from ccsync_watch.privacy.detect.name_patterns import PASSWORD_WORDS, TOKEN_WORDS
from ccsync_watch.privacy.detect.urls import is_url_password, is_url_token
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    Hits,
    StructuralRule,
    at_groups_of_hits,
    pattern_rule,
    text_of,
    window,
)
from ccsync_watch.privacy.engine.trigger_derivation import trigger_of
from ccsync_watch.privacy.heuristics.dummy_values import (
    is_regex,
)
from ccsync_watch.privacy.heuristics.name_strength import Strength, is_code_name, strength_of
from ccsync_watch.privacy.heuristics.password_forms import is_typed_password
from ccsync_watch.privacy.heuristics.value_strength import is_password, is_secret, is_strict_random

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUOTED = r"\\{0,7}\"(?P<double>[^\"\\\r\n]{1,512})|\\{0,7}'(?P<single>[^'\\\r\n]{1,512})"
_BARE = r"(?P<bare>[^\s\"'`|;&<>\\,)(-][^\s\"'`|;&<>\\,)]{0,511})"
_FLAG = re.compile(
    (
        r"(?:(?<![\w-])|(?<=\\0))(?:--?|/)(?P<name>[A-Za-z][\w-]{0,60})"
        rf"(?:[ \t]{{1,4}}|\\{{1,2}}0|\x00|\\{{0,7}}[\"'],\s{{0,8}}(?=\\{{0,7}}[\"'])|"
        rf"[\"']?\r?\n[ \t]{{0,40}}-[ ])(?:{_QUOTED}|{_BARE})"
    ).encode(),
)


_VERSION = re.compile(r"v?\d{1,4}(?:\.\d{1,4}){1,3}")
_SWITCH = re.compile(r"(?:no|allow|enable|disable|skip|use|without|ignore|with)-", re.IGNORECASE)
"""How the names of flags begin that have no value."""


@at_groups_of_hits
def find_flag_values(data: bytes, hits: Hits) -> Iterator[Span]:
    """Yield what follows a flag whose name is a secret's, in a command or a list of arguments."""
    position, limit = window(data, hits, 160, 640)
    while (match := _FLAG.search(data, position, limit)) is not None and match.start() < hits.end:
        position = match.end("name")
        group = match.lastgroup or "bare"
        span = match.span(group)
        name = match["name"].decode("latin-1")
        strength = Strength.NONE if _SWITCH.match(name) else strength_of(name)
        value = text_of(data, span)
        is_code = is_code_name(text_of(data, match.span("name"))) and is_code_digits(value)
        if is_code or _is_flag_value(value, strength, quoted=group != "bare"):
            kind = "password" if strength is Strength.PASSWORD else "secret"
            yield Span(*span, kind, Rank.ASSIGNMENT)


def _is_flag_value(value: str, strength: Strength, *, quoted: bool) -> bool:
    if strength in {Strength.PASSWORD, Strength.HEADER}:
        if not is_typed_password(value) or _VERSION.fullmatch(value):
            return False
        return quoted or not value.isalpha() or is_password(value, quoted=True)
    if strength is Strength.TOKEN:
        return is_secret(value, quoted=True)
    return strength is Strength.WEAK and is_strict_random(value)


_USER_FLAG = (
    r"(?:-u[ =]?|(?P<joined>-[sSkfLviIGgjNOJlnpqR#]{1,8}u)[ ]|"
    r"--(?:proxy-|http-)?user(?:name)?[ =]|-U[ ]|"
    r"--?auth(?:-creds?)?[ =]|-[aA][ ]|"
    r"--(?:src-|dest-)?creds?[ =]|--login[ =]|--basic-auth[ =]|--authentication[ =])"
    r"(?:[ ]?\\{1,4}(?:\r?\n|n)[ \t]{0,24})?"
)
_USER_PASSWORD = (
    rf"(?<![\w-]){_USER_FLAG}\\?['\"]?(?P<user>[^\s:'\"\\/]{{1,80}}):['\"]?"
    r"(?P<secret>(?:[A-Za-z0-9]{4} ){3,5}[A-Za-z0-9]{4}(?=\\?['\"])|[^\s'\"\\]{1,200})"
)
_NO_ACCOUNT = re.compile(
    r"(?:npm|jsr|node|file|https?|git|docker):.*|.*\[:.*|[\d:]+|[^:]*:[^A-Za-z0-9]*"
)
"""A module's or a package's address, an optional part in a manual, numbers, wildcards."""
_LONGEST_PORT = 5
"""In digits: `host:8080`."""
_JOINS_FLAGS = re.compile(rb"curl[^\n]*\Z", re.IGNORECASE)
"""Before `-sku name:password`: elsewhere the last letter is not a user."""
_USER_PASSWORD_BYTES = re.compile(_USER_PASSWORD.encode())


@at_groups_of_hits
def find_user_passwords(data: bytes, hits: Hits) -> Iterator[Span]:
    """Yield the password in `-u name:password`; two numbers are the ids of a user and a group."""
    position, limit = window(data, hits, 220, 256)
    while (
        match := _USER_PASSWORD_BYTES.search(data, position, limit)
    ) is not None and match.start() < hits.end:
        position = match.start() + 1
        user, password = text_of(data, match.span("user")), text_of(data, match.span("secret"))
        if password.lower() == "x" and is_url_token(user):
            yield Span(*match.span("user"), "secret", Rank.PATTERN)
            continue
        if password.isdigit() and (user.isdigit() or len(password) <= _LONGEST_PORT):
            continue
        if is_regex(f"{user}:{password}") or _NO_ACCOUNT.fullmatch(f"{user}:{password}"):
            continue
        if match["joined"] and not _JOINS_FLAGS.search(data, max(0, match.start() - 200), position):
            continue
        if (
            is_typed_password(password)
            and is_url_password(user, password)
            and not password.startswith(("//", ":"))
        ):
            yield Span(*match.span("secret"), "password", Rank.PATTERN)


_SPACE = r"[ \t]{1,4}"
_SET = (
    r"(?:(?-i:ENV|ARG)|setenv|setx|set[ \t]-[a-zA-Z]{1,3}|set[ \t]--export|config[ "
    r"\t](?:--global[ \t])?set|"
    r"configure[ \t]set|git[ \t]config[ \t](?:--[a-z]{1,8}[ \t])?|env[ \t](?:set|add)|"
    r"secrets?[ \t](?:put|set|add|create)|variable[ \t]set|secrets:set|config:set|environment[ "
    r"\t]set|"
    r"Set-Item[ \t]env:|parameter[ \t]set|conf[ \t]set|config)"
)
_SET_VALUE = re.compile(
    (
        rf"{_SET}{_SPACE}(?:[^\s\"'=]{{0,80}}[/:._])?(?P<name>[\w-]{{2,80}})(?:{_SPACE}|[ "
        rf"](?:--(?:value|body)|-b)[ =])"
        rf"(?:{_QUOTED}|{_BARE})"
    ).encode(),
    re.IGNORECASE,
)


@at_groups_of_hits
def find_set_variables(data: bytes, hits: Hits) -> Iterator[Span]:
    """Yield the value in `ENV NAME value`, `convex env set NAME value` and the like."""
    position, limit = window(data, hits, 240, 640)
    while (
        match := _SET_VALUE.search(data, position, limit)
    ) is not None and match.start() < hits.end:
        position = match.start() + 1
        span = match.span(match.lastgroup or "bare")
        value = text_of(data, span)
        strength = strength_of(match["name"].decode("latin-1"))
        if is_key_id(match["name"].decode("latin-1"), value):
            continue
        if (strength is Strength.PASSWORD and is_password(value, quoted=True)) or (
            strength in {Strength.TOKEN, Strength.WEAK} and is_secret(value, quoted=True)
        ):
            yield Span(*span, "secret", Rank.ASSIGNMENT)


_STORED_VALUE = r"[ =]?\\{0,7}[\"']?(?P<secret>[^\s\"'\\]{4,512})"

RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "flag",
        "the value after a flag named like a secret",
        rf"-[a-z0-9_-]{{0,40}}(?:{PASSWORD_WORDS}|{TOKEN_WORDS}|pw|key|auth|mfa-code|sms-code|"
        rf"pin|puk)"
        rf"[a-z0-9_-]{{0,24}}"
        r"(?:[ \t]{1,4}|\\{1,2}0|\x00|\\{0,7}[\"'],\s{0,8}|"
        r"[\"']?\r?\n[ \t]{0,40}-[ ])\\{0,7}[\"']?[^\s\"'|;&-][^\s\"']{2}",
        find_flag_values,
    ),
    StructuralRule(
        "password",
        "a user and password for curl and similar programs",
        trigger_of(_USER_PASSWORD),
        find_user_passwords,
    ),
    StructuralRule(
        "environment",
        "a variable set by a command or a Dockerfile, the value after a space",
        rf"{_SET}{_SPACE}[^\s\"'=]{{0,80}}(?:{PASSWORD_WORDS}|{TOKEN_WORDS}|key|secret)"
        rf"[\w-]{{0,24}}"
        rf"(?:{_SPACE}|[ ](?:--(?:value|body)|-b)[ =])\\{{0,7}}['\"]?[^\s'\"=]{{4}}",
        find_set_variables,
    ),
    pattern_rule(
        "secret",
        "a secret stored by a cloud's command line",
        rf"--secret-string{_STORED_VALUE}",
        reach=40,
        accept=is_typed_password,
    ),
    pattern_rule(
        "secret",
        "a parameter named like a secret, or stored as one, by a cloud's command line",
        rf"--value{_STORED_VALUE}",
        context=r"(?:--type SecureString[^\n]{0,80}|(?:password|secret|token|key)"
        r"[\w/.-]{0,40}[\"']?[^\n]{0,80}) ",
        reach=40,
        accept=is_typed_password,
    ),
    pattern_rule(
        "secret",
        "a secret stored by a source host's command line",
        rf"secret[ ]set[ ](?:[\w-]{{1,100}}[ ]){{0,3}}(?:--body|-b){_STORED_VALUE}",
        reach=160,
        accept=is_typed_password,
    ),
)
