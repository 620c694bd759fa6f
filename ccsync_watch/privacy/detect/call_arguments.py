"""Finds passwords among the arguments of calls: connecting, hashing, changing, joining a network.

The call says that one of its arguments is a password; which one, its characters say.
"""

from __future__ import annotations

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.dummy_values import is_password_of_tests, is_placeholder
from ccsync_watch.privacy.heuristics.gibberish import is_unlike_words
from ccsync_watch.privacy.heuristics.password_forms import (
    is_numbered_words,
    is_surely_chosen,
    looks_chosen,
)


def _is_hashed(value: str) -> bool:
    return looks_chosen(value) and value[0] != "$" and not is_password_of_tests(value)


def _is_argument(value: str) -> bool:
    """Tell whether an argument is a password where the call's name says that one is among them."""
    return looks_chosen(value) and not is_password_of_tests(value)


def _is_after_account(value: str) -> bool:
    return is_surely_chosen(value) or is_numbered_words(value)


def _is_network_key(value: str) -> bool:
    return is_unlike_words(value) and not is_placeholder(value)


_QUOTED = r"b?\\{0,7}[\"'](?P<secret>[^\"'\s\\]{6,128})\\{0,7}[\"']"
_HASHING = (
    r"(?:bcrypt|argon2|scrypt|passlib|pbkdf2|password_?hasher|passwordencoder|hasher|"
    r"bcryptpasswordencoder\(\))"
    r"[\w.]{0,30}|"
    r"hashpw|hash_?password|generate_password_hash|make_password|password_hash|password_verify|"
    r"check_?password(?:_?hash)?|verify_?password|compare_?password|hash_?sync|compare_?sync|"
    r"hash::make|getpasswordhash|htpasswd|encrypt_?password|set_?unix_?password|crypt"
)
_ACCOUNT_CALL = (
    r"(?:networkcredential(?:\]::new)?|wifi\.begin|wifi\.softap|\.addap|username_pw_set|"
    r"usernamepassword(?:credentials?|authenticationtoken)|passwordauthentication|"
    r"basicauthcredentials)\("
)
_ACCOUNTS = r"admin(?:istrator)?|root|sa|postgres|sysadmin|superuser|system|guest|netadmin"

RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "password",
        "a password that a call hashes or compares",
        rf"(?:{_HASHING})\([ ]?{_QUOTED}",
        rank=Rank.ARGUMENT,
        reach=200,
        accept=_is_hashed,
    ),
    pattern_rule(
        "password",
        "the last text among the arguments of a call with a user and a password",
        rf"{_ACCOUNT_CALL}(?:[^()\n]{{1,120}}[\"'\w],[ ]?){_QUOTED}(?:\.tochararray\(\))?[ ]?[,)]",
        rank=Rank.ARGUMENT,
        trigger=_ACCOUNT_CALL,
        reach=60,
        accept=_is_argument,
    ),
    pattern_rule(
        "password",
        "the last text among the arguments of a call that connects or enters",
        r"(?:connect|begin|bind(?:_s)?|log_?in|logon|authenticate|change_?user_?password|"
        r"change_?password|set_?credentials|username_pw_set|set_?auth|sta_?config|begin_?wifi|"
        r"create_?client|add_?user|set_?user_?password|networkcredential(?:\]::new)?|new_?user|"
        r"use_?credentials|with_?basic_?auth|basic_?credentials|open_?session)"
        rf"\((?:[^()\n]{{1,120}}[\"'\w],[ ]?){_QUOTED}[ ]?[,)]",
        rank=Rank.ARGUMENT,
        reach=320,
        accept=is_surely_chosen,
    ),
    pattern_rule(
        "password",
        "the text after an administrator's name among the arguments of a call",
        rf"[\"'](?:{_ACCOUNTS})\\{{0,7}}[\"'],[ ]?{_QUOTED}[ ]?(?:[,)]|\Z|\n|;)",
        rank=Rank.ARGUMENT,
        reach=40,
        accept=_is_after_account,
    ),
    pattern_rule(
        "password",
        "the key of a wireless network, in the commands of a modem",
        r"AT\+C(?:WJAP|WSAP|GAUTH|MQTTCONNECT|WLAP|WJEAP)(?:_\w{3})?=[^\n]{0,80}?,\\{0,3}"
        r"\"(?P<secret>[^\"\n\\]{6,64})\\{0,3}\"",
        rank=Rank.ARGUMENT,
        reach=200,
        accept=_is_network_key,
    ),
)
