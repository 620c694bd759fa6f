"""Finds values by the name they are assigned to, in whatever syntax.

Env files, JSON (escaped any number of times), YAML, TOML, INI, XML, code, headers, query strings,
connection strings, Markdown tables. A trigger's match is a keyword followed by something like a
value; here the whole name is read around the keyword, and the strength of the name and the form of
the value decide. Work per match is bounded: names by 64 bytes, values by 4096.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.privacy.detect import headers
from ccsync_watch.privacy.detect.assigned_secrets import Assigned, is_assigned_secret
from ccsync_watch.privacy.detect.assigned_value import LONGEST_VALUE, ValueReader
from ccsync_watch.privacy.detect.counted_names import is_counted_name
from ccsync_watch.privacy.detect.name_patterns import (
    AFTER_NAME,
    KEYWORD,
    LONGEST_KEYWORD,
    NAME_TAIL,
    name_start,
)
from ccsync_watch.privacy.detect.nearby_names import is_digest_of
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import BACKSLASH, Span, moved
from ccsync_watch.privacy.heuristics.name_strength import Strength, is_code_name, strength_of
from ccsync_watch.privacy.heuristics.password_forms import is_test_result
from ccsync_watch.privacy.heuristics.value_strength import is_strict_random

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

TRIGGER_REACH = 288
"""No trigger matches more bytes: this far before the end of a match there is a keyword."""
_MOST_READ = 512
"""How much of a value is read to decide, in bytes; all of it is removed."""
_NEAR = 80
"""Nearly all names are this near."""
_LONGEST_GROUP = 2048
"""How far names are read together, in bytes."""

_LEAST_REMEMBERED = 512
_MOST_REMEMBERED = 64
"""What long ranges hold is remembered, of so many."""
_SEEN_BEFORE = 256
_SEEN_AFTER = LONGEST_VALUE + 512
"""No name in a range is read further before it or past it, in bytes."""

_SETTER = re.compile(r"^(?:set|with|add|use|put|check|verify|hash|validate)_?")
_RESOURCE = re.compile(rb"(?<![\w:])[A-Z]\w{0,30}::\w{2,60}::\Z")
"""The text before the last part of a resource's type: `AWS::IAM::AccessKey`."""
_TYPES = frozenset({b"export", b"String", b"string", b"NSString", b"QString", b"str"})
"""Before the name of a variable, of which they say nothing."""
_DIGITS_OF_HASH = re.compile(rb"=[0-9a-f]{16,64}(?![\w-])")
_LOGIN_TIME = re.compile(rb"auth_date|expires|timestamp|[?&]t(?:s|ime)?=")
_LETS_IN = re.compile(
    rb"[/?&._-](?:reset|recover|verif|confirm|activat|invit|accept|log-?in|sign-?in|sign-?up|auth|"
    rb"sso|magic|unlock|unsubscribe|passw)[^\s\"'<>\\]{0,200}\Z",
    re.IGNORECASE,
)
"""In an address, before the hash that lets whoever has it in, or decide for someone."""
_NEAR_HASH = 320
_ERRORS = frozenset({b"bad", b"invalid", b"expired", b"wrong", b"unknown", b"rejected", b"revoked"})
"""Before the name in a message: it may say which."""
_OWNER_BEFORE = re.compile(rb"([A-Za-z]{2,20})\.\Z")
"""The part of a property's path before its last: `fs.s3a.secret.key`."""
_WORD_BEFORE = re.compile(rb"([A-Za-z]{2,20})(?:-?[0-9]{2,4})?\Z")
_CHECKSUM = re.compile(rb"(?:checksum|sha[0-9]{0,3}|digest|hash|md5)/\Z")
"""Before a name in an annotation: `checksum/secret`."""
_CHANGED_TO = re.compile(
    rb"\\{0,7}\"[ ]{1,2}[-=]>[ ]{1,2}\\{0,7}\"(?P<secret>[^\"\s\\$(]{4,512})(?=\\{0,7}\")"
)
"""What a plan shows after the old value."""
_PUBLIC_TYPE = re.compile(
    rb"pub(?:lic)?[_-]?key(?![_-]?auth)[\w.:/-]{0,24}\\{0,7}[\"'],?\s{0,16}\\{0,7}[\"']?\Z",
    re.IGNORECASE,
)
"""What a field before says that a `key` is: `{"type": "…/PubKeyEd25519", "value": …}`."""
_USER_IDS = re.compile(rb"[0-9]{1,10}:[0-9]{1,10}:")
"""What follows the password in a line of a file of users."""
_WORDS_OF_CODE = re.compile(
    rb"[A-Za-z_][A-Za-z_ .-]{0,63}\d{0,2}|[a-z]{1,16}\d{1,4}[a-z]{0,16}(?:-[a-z]{1,16}){0,4}"
)
"""The name of a type or filter, or what a program writes of itself: `b64enc`, `newPassword`."""
_QUOTES_OF_CODE = frozenset({b"'", b'"'})
_CHOICE = re.compile(rb"\?\s{1,4}[\"']\Z")
"""Before the first of two values, of which a condition chooses: `? 'password' : 'code'`."""
_MEMBER = re.compile(rb"(?:\.|\$\{?|\{\{-?[ ]?)\Z")
"""Before the name of a variable or a member."""
_CALL_OPEN = re.compile(rb"\(\s{0,4}\\{0,7}[\"'`](?:[\w-]{1,40}\.){0,6}\Z")
_NEXT_KEY = re.compile(rb"\\{0,7}[\"'`]\s{0,4}(?::(?!:)|=>)")
"""What follows a string that is the next key of an object: `"run password", "build:docs": …`."""
_CALL_CLOSE = re.compile(rb"\\{0,7}[\"'`]\s{0,4}(?:,[ ]?(?:[01]|true|false))?\)")
_SIGNATURES = frozenset({"signature", "sig", "hmac", "hash", "policy", "appid"})
_UNCERTAIN = frozenset({Strength.WEAK, Strength.TOKEN})
_HEADER_SIGNS = frozenset({b":", b"=", b"=>", b",", b"%3A", b"%3a"})


class _Range(NamedTuple):
    """What a range of a text holds, from its start on: secrets, and how the reading stood after."""

    spans: list[Span]
    names: frozenset[int]
    covered: int
    state: tuple[int, int]


class AssignmentFinder:
    """The finder for one text; remembers the names that it has read, so that each is read once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._values = ValueReader(data)
        self._read_names: set[int] = set()
        self._searched = 0
        self._covered = 0
        self._ranges: dict[tuple[object, ...], _Range] = {}

    def find(self, ends: Iterable[int]) -> Iterator[Span]:
        """Yield the secrets under the names whose triggers' matches end at `ends`, in order."""
        last = 0
        for end in ends:
            if end - last > _NEAR:
                yield from self._read_until(last)
                yield from self._read_before(end)
            elif end - self._searched > _LONGEST_GROUP:
                yield from self._read_until(end)
            last = end
        yield from self._read_until(last)

    def _read_until(self, end: int) -> Iterator[Span]:
        """Read on from where the last names were read; hits in close succession are one range."""
        if end > self._searched:
            low = max(0, self._searched - LONGEST_KEYWORD)
            read = self._between if end - low < _LEAST_REMEMBERED else self._once_between
            yield from read(low, end)
            self._searched = end

    def _read_before(self, end: int) -> Iterator[Span]:
        """Read the names near a hit's end, and those further back if none there has a value."""
        near = yield from self._between(end - _NEAR, end)
        if not near:  # a long name, or much space: look as far back as a trigger can reach
            far = max(self._searched - LONGEST_KEYWORD, end - TRIGGER_REACH)
            yield from self._between(far, end - _NEAR + LONGEST_KEYWORD)
        self._searched = end

    def _once_between(self, low: int, high: int) -> list[Span]:
        """Read the names in a range, if there was none with the same text in it and around it."""
        first = max(0, low - _SEEN_BEFORE)
        names = frozenset(name - low for name in self._read_names if name >= first)
        covered = max(self._covered - low, -_SEEN_BEFORE)
        around, state = self._data[first : high + _SEEN_AFTER], self._values.state_at(low)
        key = (around, low - first, high - low, covered, names, state)
        known = self._ranges.get(key)
        if known is not None:
            self._read_names = {low + name for name in known.names}
            self._covered = max(self._covered, low + known.covered)
            self._values.resume(known.state, low)
            return [moved(span, low) for span in known.spans]
        spans = list(self._between(low, high))
        self._read_names = {name for name in self._read_names if name >= high - _SEEN_BEFORE}
        if len(self._ranges) >= _MOST_REMEMBERED:
            self._ranges.clear()
        self._ranges[key] = _Range(
            [moved(span, -low) for span in spans],
            frozenset(name - low for name in self._read_names),
            self._covered - low,
            self._values.state_at(low),
        )
        return spans

    def _between(self, low: int, high: int) -> Generator[Span, None, bool]:
        """Read the names with a keyword in a range; return whether any has a value."""
        low = max(0, low)
        is_assigned = False
        for match in KEYWORD.finditer(self._data[low:high].lower()):
            start = name_start(self._data, low + match.start())
            if start in self._read_names or start < self._covered:
                continue
            self._read_names.add(start)
            spans, has_value = self._read(start, low + match.end())
            is_assigned = is_assigned or has_value
            for span in spans:
                self._covered = span.end  # names inside a secret are removed with it
                yield span
        return is_assigned

    def _read(self, start: int, keyword_end: int) -> tuple[list[Span], bool]:
        """Return the secrets under the name at `start`, and whether it has a value at all."""
        data = self._data
        tail = NAME_TAIL.match(data, keyword_end)
        name_end = tail.end() if tail else keyword_end
        name = data[start:name_end].decode("latin-1")
        in_query = start > 0 and data[start - 1] in b"?&#"
        strength = self._strength(name, start, name_end, in_query=in_query)
        if data[start - 2 : start] == b"::" and _RESOURCE.search(data[max(0, start - 80) : start]):
            return [], False
        after = AFTER_NAME.match(data, name_end) if strength else None
        if after is None:
            return [], False
        limit = self._values.limit(start)
        first, last, quoted = self._values.read(start, after, limit)
        if strength is Strength.HEADER:
            return self._header(name, after, last if quoted else None, limit), True
        if first >= last or not self._is_syntax(start, after, first, last):
            return [], first < last
        close, sign, pad = after.group("close", "sep", "pad")
        value = data[first : min(last, first + limit, first + _MOST_READ)].decode(
            "utf-8", "replace"
        )
        assigned = Assigned(
            name,
            strength,
            sign,
            is_padded=bool(pad),
            is_quoted=quoted,
            is_name_quoted=close is not None,
            in_query=in_query and sign != b":",
            is_call=sign == b"," and self._is_call(start, last),
            value=value,
        )
        if not is_assigned_secret(assigned) or (
            not quoted and is_counted_name(data, name, start, (first, last))
        ):
            return [], True
        kind = "password" if strength is Strength.PASSWORD else "secret"
        if "token" in name.lower() and kind == "secret":
            kind = "token"
        if last - first >= limit:
            _, last, _ = self._values.read(start, after, LONGEST_VALUE)
        spans = [Span(first, last, kind, Rank.ASSIGNMENT)]
        changed = _CHANGED_TO.match(data, last) if quoted else None
        if changed is not None:
            spans.append(Span(*changed.span("secret"), kind, Rank.ASSIGNMENT))
        return spans, True

    def _strength(self, name: str, start: int, end: int, *, in_query: bool) -> Strength:
        """Return what the name proves, with the word before it and the call after assigned."""
        data = self._data
        is_result = name == "PASS" and is_test_result(data, start)
        if is_result or (in_query and name.lower() == "hash" and self._is_of_file(start, end)):
            return Strength.NONE
        strength = strength_of(name)
        if data[end : end + 1] == b"(":
            strength = strength_of(_SETTER.sub("", name))
        if strength is Strength.NONE:
            is_weak = (in_query and name.lower() in _SIGNATURES) or is_code_name(name)
            return Strength.WEAK if is_weak else strength
        is_public = strength is Strength.WEAK and _PUBLIC_TYPE.search(
            data, max(0, start - 64), start
        )
        if is_public or is_digest_of(data, start, name):
            return Strength.NONE
        before = data[start - 1 : start]
        if before == b"/" and _CHECKSUM.search(data, max(0, start - 24), start):
            return Strength.NONE
        if before == b"." and strength is Strength.WEAK:
            owner = _OWNER_BEFORE.search(data, max(0, start - 24), start)
            return max(
                strength, strength_of(f"{owner[1].decode('latin-1')}_{name}" if owner else "")
            )
        is_word = strength in _UNCERTAIN or name == "pass"
        # not of a variable: `export ACME_KEY=`
        if is_word and before == b" " and not (name.isupper() and "_" in name):
            word = _WORD_BEFORE.search(data, max(0, start - 24), start - 1)
            is_option = word is not None and data[word.start() - 1 : word.start()] == b"-"
            if word is not None and word[1] not in _TYPES and not is_option:
                wider = strength_of(f"{word[1].decode('latin-1')}_{name}")
                is_error = wider is Strength.NONE and word[1].lower() in _ERRORS
                strength = Strength.WEAK if is_error else min(wider, max(strength, Strength.TOKEN))
        return strength

    def _is_of_file(self, start: int, end: int) -> bool:
        """Tell whether a hash in an address is a content's, and not what lets someone in."""
        low, high = max(0, start - _NEAR_HASH), end + _NEAR_HASH
        is_login = _LOGIN_TIME.search(self._data, low, high) is not None
        is_login = is_login or _LETS_IN.search(self._data, low, start) is not None
        return not is_login and _DIGITS_OF_HASH.match(self._data, end) is not None

    def _is_syntax(self, name_start: int, after: re.Match[bytes], first: int, last: int) -> bool:
        """Tell whether it is an assignment, and not punctuation that looks like one."""
        data, sign = self._data, after["sep"]
        before = data[name_start - 1 : name_start]
        is_shortened = data.startswith((b"...", b"\xe2\x80\xa6"), last)  # for display
        if is_shortened or self._joins_others(name_start, after, data[first:last]):
            return False
        is_member = data[last - 1 : last + 1] == b"->"  # `pass => $self->{pass}`
        is_next = sign == b"," and _NEXT_KEY.match(data, last) is not None
        if is_member or is_next or self._is_command(after, first, last):
            return False
        if sign == b">":
            if data[name_start : after.start()].lower() == b"code":
                return False  # HTML's element for any code
            return before in {b"<", b":"} and data.startswith(b"</", last)
        if (sign == b"->" and after["bracket"]) or data[first] == BACKSLASH:
            return False
        # a list with colons: an ARN, a path of groups, a member of a class
        is_path = before == b":" or data[first : first + 1] == b":"
        if before == b"!":
            is_path = not is_strict_random(data[first:last].decode("utf-8", "replace"))
        is_path = is_path or _USER_IDS.match(data, first) is not None
        return not (sign == b":" and not after["pad"] and is_path)

    def _joins_others(self, name_start: int, after: re.Match[bytes], value: bytes) -> bool:
        """Tell whether the sign is a pipe, joins types, or separates what a condition chooses."""
        if _WORDS_OF_CODE.fullmatch(value) is None:
            return False
        before = self._data[max(0, name_start - 8) : name_start]
        is_of_code = after["close"] in _QUOTES_OF_CODE
        if after["sep"] == b"|":
            return is_of_code or _MEMBER.search(before) is not None
        return after["sep"] == b":" and is_of_code and _CHOICE.search(before) is not None

    def _is_command(self, after: re.Match[bytes], first: int, last: int) -> bool:
        """Tell whether a shell assigns what a command prints: NAME=`command arguments`."""
        is_shell = after["quote"] == b"`" and after["sep"] == b"=" and not after["pad"]
        return is_shell and self._data.find(b" ", first, last) >= 0

    def _is_call(self, name_start: int, value_end: int) -> bool:
        """Tell whether it is `define('NAME', 'value')`, and not a list of words."""
        before = self._data[max(0, name_start - 80) : name_start]
        return (
            _CALL_OPEN.search(before) is not None
            and _CALL_CLOSE.match(self._data, value_end) is not None
        )

    def _header(self, name: str, after: re.Match[bytes], end: int | None, limit: int) -> list[Span]:
        """Return the credentials in a header, whose quoted value ends at `end`."""
        sign = after["sep"]
        if sign not in _HEADER_SIGNS or (sign == b"=" and after["pad"] and end is None):
            return []
        start = after.end()
        if end is None:
            end = headers.line_end(self._data, start, limit)
            self._values.charge(2 * (end - start))
            space = self._data.find(b" ", start, end) if sign == b"=" else -1
            end = space if space >= 0 else end  # no quotes, no blanks: `cookie=False, line=1`
        if "ookie" in name.lower():
            return headers.find_cookies(self._data, start, end, is_set="set" in name.lower())
        credential = headers.find_authorization(self._data, start, end)
        return [] if credential is None else [credential]
