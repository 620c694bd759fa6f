"""Finds the values that a command stores at a host: `fly secrets set NAME=…`, `config:set NAME=…`.

What goes into a store of secrets is one, whatever its name. What goes into an environment must look
random where its name proves nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.client_passwords import is_typed_word
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    Finder,
    StructuralRule,
    at_each_hit,
    pattern_rule,
    text_of,
)
from ccsync_watch.privacy.heuristics.password_forms import is_drawn_or_phrase
from ccsync_watch.privacy.heuristics.value_strength import is_strict_random

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_READ = 1200
_LINE = re.compile(rb"(?:[^\n;|&]|\\\n|(?<=['\"])[;|&](?=[^\n]{0,200}['\"]))*")
_VALUE = (
    rb"\\{0,7}(?:\"(?P<double>[^\"\\\n]{4,1024})|'(?P<single>[^'\\\n]{4,1024})|"
    rb"(?P<bare>[^\s\"'`\\,;|&<>(){}$-][^\s\"'`\\,;|&<>(){}]{3,1023}))"
)
_PAIR = re.compile(rb"(?:[ \t\n,{]|[ \t,{]\\{0,7}[\"'])(?P<name>[A-Za-z_][\w.:/-]{0,80})=" + _VALUE)
_QUOTED_PAIR = re.compile(
    rb"[ \t,{]\\{0,7}[\"'](?P<name>[A-Za-z_][\w.-]{0,80})=(?P<bare>[^\s\"'\\,;$]{4,1024})"
)
_ARGUMENTS = re.compile(
    rb"(?:[ \t]{1,4}--?[a-z][\w-]{0,24}(?:=[^\s]{1,80})?){0,4}[ \t]{1,4}"
    rb"(?P<name>[A-Za-z][\w.-]{1,80})[ \t]{1,4}" + _VALUE + rb"(?=[\"']?(?:\s|\Z))"
)


def _is_stored_secret(value: str) -> bool:
    """Tell whether a value is generated or chosen, and not a word or a number."""
    return is_drawn_or_phrase(value) and is_typed_word(value)


def _find_stored(accept: Callable[[str], bool], *, takes_arguments: bool) -> Finder:
    """Return the finder of `NAME=value` after a command, and of `NAME value` if it takes those."""

    @at_each_hit
    def find(data: bytes, end: int, since: int) -> Iterator[Span]:
        if since and end - since < _MOST_READ and b"\n" not in data[since:end]:
            return  # the line was read then
        limit = min(len(data), end + _MOST_READ)
        line = _LINE.match(data, end, limit)
        stop = line.end() if line else limit
        patterns = (_PAIR, _QUOTED_PAIR)
        matches = [match for pattern in patterns for match in pattern.finditer(data, end - 1, stop)]
        if takes_arguments and not matches:
            argument = _ARGUMENTS.match(data, end - 1, stop)
            matches = [argument] if argument is not None else []
        for match in matches:
            span = match.span(match.lastgroup or "bare")
            if accept(text_of(data, span)):
                yield Span(*span, "secret", Rank.ASSIGNMENT)

    return find


_KEYED = r"(?:token|secret|passw(?:or)?d|api[_:-]?key|credential|session|auth|jwt|otp|csrf|refresh)"
_STORE = r"(?<![a-z])(?:p?set(?:ex|nx)?|getset|[lr]push|sadd)"
"""What stores a value in Redis and what is like it, as a command or a method."""


RULES: tuple[StructuralRule, ...] = (
    pattern_rule(
        "stored-secret",
        "a random value that is stored under a key of Redis with a secret's name in it",
        rf"{_STORE}[ (]\\{{0,3}}[\"'`]?(?=[\w.-]{{1,60}}:)[\w.:-]{{0,80}}{_KEYED}[\w.:-]{{0,80}}"
        r"\\{0,3}[\"'`]?(?:,[ ]?|[ ])(?:[0-9]{1,12}(?:,[ ]?|[ ]))?\\{0,3}[\"'`]?"
        r"(?P<secret>[A-Za-z0-9_.~+/=-]{16,4096})",
        trigger=r"(?:set(?:ex|nx)?|getset|push|sadd)[ (]\\{0,3}[\"'`]?[\w.-]{1,60}:[\w.:-]{1,80}"
        r"\\{0,3}[\"'`]?(?:,[ ]?|[ ])(?:[0-9]{1,12}(?:,[ ]?|[ ]))?\\{0,3}[\"'`]?"
        r"[A-Za-z0-9_.~+/=-]{16}",
        rank=Rank.ASSIGNMENT,
        reach=260,
        after=4096,
        accept=is_strict_random,
    ),
    StructuralRule(
        "stored-secret",
        "values that a command stores as secrets",
        r"(?:secrets?[ :](?:set|put|create|add|update|import)|"
        r"config[ ]set[ ](?:--path[ ])?--secret)[ \t]",
        _find_stored(_is_stored_secret, takes_arguments=True),
    ),
    StructuralRule(
        "stored-secret",
        "the members of a secret that a command writes into a store",
        r"kv[ ](?:put|patch)[ ]",
        _find_stored(_is_stored_secret, takes_arguments=False),
    ),
    StructuralRule(
        "stored-secret",
        "random values that a command stores in an environment",
        r"(?:config:set|env:set|env[ ]set|env[ ]add|set-env|setenv|variables?[ ](?:set|--set|"
        r"add)|functions:config:set|"
        r"--(?:set|update)-(?:env-vars|secrets)|--env-vars|--environment|appsettings[ ]set|"
        r"--settings|"
        r"--app-settings|mise[ ]set)[ =\t]",
        _find_stored(is_strict_random, takes_arguments=False),
    ),
)
