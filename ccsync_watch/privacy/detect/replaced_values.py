"""Finds secrets that take the place of a placeholder: by a stream editor, in a list or a test.

`sed s/CHANGEME/…/`, `[--password, …]`, `- inputText: …` below a field's name.
"""

from __future__ import annotations

from ccsync_watch.privacy.detect.named_values import WORD, WORDS, find_named
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.name_strength import Strength
from ccsync_watch.privacy.heuristics.password_forms import (
    has_password_form,
    is_drawn_or_phrase,
    is_positional_secret,
)
from ccsync_watch.privacy.heuristics.sentence_values import is_commit
from ccsync_watch.privacy.heuristics.value_strength import is_password, is_random, is_strict_random

_DUMMY = (
    r"(?:change[-_]?me|change[-_]?it|placeholder|replace[-_]?me|"
    r"(?:__|\{\{[ ]?|<|%|@|your[-_])[\w.-]{0,24}?"
    r"(?:pass|pwd|pw|secret|token|key|credentials?)[\w.-]{0,16}?(?:__|[ ]?\}\}|>|%|@)?|"
    r"(?:db_?|root_?|admin_?|old[-_]?|current[-_]?|test[-_]?)?(?:password|passwd|secret|api_?key|token)(?:_here)?)"
)


def _is_argument(value: str) -> bool:
    return is_drawn_or_phrase(value) and is_positional_secret(value)


def _is_typed(value: str) -> bool:
    return is_drawn_or_phrase(value) and is_password(value, quoted=True)


def _is_replacement(value: str) -> bool:
    is_plain = not set(value) & set("()[]{}\\&")
    is_other = is_commit(value) or not has_password_form(value)
    return is_plain and not is_other and is_positional_secret(value)


_ECHOED = (
    r"=[\"']?(?:\$\(|`)(?:echo|printf)[ ](?:-n[ ])?[\"']?(?P<secret>[^\s\"'`)$\\]{4,256})[\"']?[)`]"
)
_COPIED = (
    r"(?:,[ ]?sizeof[ ]?\(?[\w.>-]{1,40}\)?)?,[ ]?(?:[\"']%s[\"'],[ ]?)?\\{0,7}\""
    r"(?P<secret>[^\"\s\\]{4,256})\\{0,7}\""
)


def _is_named(value: str, strength: Strength) -> bool:
    return strength >= Strength.TOKEN and _is_argument(value) and not value.isupper()


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "named-value",
        "what is echoed into a variable",
        rf"{WORDS}[\w-]{{0,24}}=[\"']?(?:\$\(|`)(?:echo|printf)[ ]",
        find_named(WORD, _ECHOED, 120, _is_named),
    ),
    StructuralRule(
        "named-value",
        "what is copied into a variable, in C",
        rf"(?:cpy|cat|printf|copy)(?:_s)?\([ ]?[\w.>-]{{0,40}}{WORDS}",
        find_named(WORD, _COPIED, 120, _is_named, before=r"\([ ]?(?:[\w]{1,40}(?:\.|->)){0,3}\Z"),
    ),
    pattern_rule(
        "password",
        "the default of a parameter whose value is not shown, in a template",
        r"Default\\{0,7}\"?:[ ]{1,3}\\{0,7}[\"']?(?P<secret>[^\s\"'\\,]{4,256})\\{0,7}[\"']?,?"
        r"(?:(?:\r?\n|\\n)[^\n]{0,80}?){1,4}NoEcho\\{0,7}\"?:[ ]",
        trigger=r"NoEcho\\{0,7}\"?:[ ]",
        rank=Rank.NAMED_FIELD,
        reach=420,
        accept=_is_typed,
    ),
    pattern_rule(
        "password",
        "a default before the member of a structure that it is for",
        r"(?:default_value|defaultvalue)\w{0,2}[ ]?[=(:][ ]?\\{0,7}[\"']"
        r"(?P<secret>[^\s\"'\\]{4,256})"
        r"\\{0,7}[\"'][^\n\"'=;]{0,24}[)\]}](?:[)\]]|[ ]|\n|\\n){1,12}(?:[a-z]{2,10}[ ]){0,4}"
        r"[\w]{0,24}(?:password|passwd|passphrase|secret|token|api_?key)\w{0,16}[ ]?[:={;(?!]",
        trigger=r"(?:default_value|defaultvalue)\w{0,2}[ ]?[=(:][ ]?\\{0,7}[\"'][^\s\"'\\]{4}",
        rank=Rank.NAMED_FIELD,
        reach=40,
        after=420,
        accept=_is_typed,
    ),
    pattern_rule(
        "secret",
        "the key that servers of Consul and Nomad encrypt their talk with",
        r"(?<![\w-])encrypt\\{0,7}\"?[ ]{0,4}[=:][ ]{0,4}\\{0,7}\"?"
        r"(?P<secret>[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{22}==)",
        rank=Rank.NAMED_FIELD,
        reach=60,
        accept=is_random,
    ),
    pattern_rule(
        "secret",
        "the id that is a secret, of a role of Vault or a token of Consul and Nomad",
        r"(?:(?:role[_ -]?id|approle)[^\n]{1,80}(?:\n|\\n)?[^\n]{0,80}?(?<![\w-])secret[_ -]?id|"
        r"(?<![\w-])(?-i:SecretID|Secret ID)|"
        r"(?<![\w-])secret_id(?=[ ]{1,16}[0-9a-f-]{36}[ ]{0,4}(?:\n|\\n)secret_id_accessor))"
        r"\\{0,7}[\"']?[ ]{0,16}[=:|]?[ ]{0,16}\\{0,7}[\"']?"
        r"(?P<secret>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?![\w-])",
        trigger=r"secret[_ -]?id\\{0,7}[\"']?[ ]{0,16}[=:|]?[ ]{0,16}\\{0,7}[\"']?"
        r"[0-9a-f]{8}-[0-9a-f]{4}-",
        rank=Rank.NAMED_FIELD,
        reach=300,
    ),
    pattern_rule(
        "password",
        "what a stream editor puts where a placeholder was",
        rf"(?<![\w/.-])s(?P<sign>[/|#,]){_DUMMY}(?P=sign)"
        r"(?P<secret>(?:(?!(?P=sign))[^\s\"';]){4,256})(?P=sign)",
        trigger=rf"s[/|#,]{_DUMMY}[/|#,]",
        rank=Rank.PATTERN,
        reach=60,
        accept=_is_replacement,
    ),
    pattern_rule(
        "password",
        "an argument after an option, in a list without quotes",
        r"[\[, ]--?(?:db-?|admin-?|root-?|user-?)?(?:password|passwd|passphrase|pass|pwd)"
        r"\\{0,7}[\"']?,[ ]{0,2}"
        r"\\{0,7}[\"']?(?P<secret>[^\s\"',\]\[\\]{4,256})(?=\\{0,7}[\"']?[,\]])",
        rank=Rank.PATTERN,
        reach=80,
        accept=_is_argument,
    ),
    pattern_rule(
        "secret",
        "a token after an option, in a list without quotes",
        r"[\[, ]--?(?:api-?|auth-?|access-?|secret-?)?(?:token|secret|key)"
        r"\\{0,7}[\"']?,[ ]{0,2}"
        r"\\{0,7}[\"']?(?P<secret>[^\s\"',\]\[\\]{16,256})(?=\\{0,7}[\"']?[,\]])",
        rank=Rank.PATTERN,
        reach=80,
        accept=is_strict_random,
    ),
    pattern_rule(
        "password",
        "what is typed after a tap on a field for a password",
        r"(?:tapOn|id|text|label|placeholder)\\{0,7}[\"']?:[ ]?[^\n]{0,60}?"
        r"(?:password|passcode|passwort|\bpin\b)"
        r"[^\n]{0,24}(?:\n|\\n)(?:[^\n]{0,60}(?:\n|\\n)){0,2}?[^\w\n]{0,12}"
        r"(?:inputText|input_text|typeText|enterText|setText)\\{0,7}[\"']?:[ ]?"
        r"\\{0,7}[\"']?(?P<secret>[^\s\"'\\]{4,128})",
        trigger=r"(?:inputText|input_text|typeText|enterText|setText)\\{0,7}[\"']?:[ ]?",
        rank=Rank.NAMED_FIELD,
        reach=300,
        accept=_is_typed,
    ),
)
