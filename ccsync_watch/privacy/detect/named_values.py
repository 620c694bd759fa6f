"""Finds values under a secret's name where a language puts more than a sign between.

Property initialisers, wrapped values, defaults of options, maps as programs print them. The value
is quoted or bracketed, and must look chosen or generated: code has words and references there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.detect.name_patterns import PASSWORD_WORDS, TOKEN_WORDS
from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    Finder,
    Hits,
    StructuralRule,
    at_groups_of_hits,
    late_pattern,
    text_of,
    window,
)
from ccsync_watch.privacy.engine.trigger_derivation import trigger_of
from ccsync_watch.privacy.heuristics.dummy_values import is_regex
from ccsync_watch.privacy.heuristics.name_strength import (
    Strength,
    may_name_secret,
    strength_of_label,
)
from ccsync_watch.privacy.heuristics.password_forms import (
    is_drawn_or_phrase,
    is_surely_chosen,
    looks_chosen,
)
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import is_password, is_secret, is_strict_random

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SETTER = re.compile(r"^(?:set|with|use)_?", re.IGNORECASE)
_REACH_BEFORE = 100
"""How far what precedes a name is read, in bytes."""
_AT_WORD = r"(?<![\w-])[\w-]{"
_LONGEST_WORD = 128
WORD = rf"{_AT_WORD}2,{_LONGEST_WORD}}}"
"""A name in code, for `find_named`; tried where a word begins, not at each of its letters."""
_WORDS_OF_TEXT = re.compile(WORD.encode())
WORDS = rf"(?:{PASSWORD_WORDS}|{TOKEN_WORDS})"
"""What the name of a secret contains, for triggers."""


def is_value_in_code(value: str, strength: Strength) -> bool:
    """Tell whether a literal under a name of `strength` is a secret, and not a word of the code."""
    if is_regex(value):
        return False
    if strength is Strength.TOKEN:
        return is_secret(value, quoted=True)
    is_password_name = strength is Strength.PASSWORD
    is_chosen = is_drawn_or_phrase(value) or is_surely_chosen(value)
    return is_password_name and is_chosen and is_password(value, quoted=True)


def find_named(
    name: str,
    after_name: str,
    reach: int,
    accept: Callable[[str, Strength], bool] = is_value_in_code,
    *,
    before: str = "",
) -> Finder:
    """Return the finder for a name's pattern, and one with the group `secret` that follows it.

    What precedes the name ends as `before` says.
    """
    opening = re.compile(before.encode(), re.IGNORECASE)
    pattern = f"(?P<name>{name}){after_name}"
    matches = _matches_at_words if name.startswith(_AT_WORD) else _matches
    compile_late = late_pattern(pattern.encode())

    @at_groups_of_hits
    def find(data: bytes, hits: Hits) -> Iterator[Span]:
        position, limit = window(data, hits, reach, 600)
        for match in matches(compile_late(), data, position, hits.end, limit):
            label = match["name"].decode("latin-1")
            strength = strength_of_label(label)
            if data[match.end("name") : match.end("name") + 1] == b"(":
                strength = max(strength, strength_of_label(_SETTER.sub("", label)))
            span = match.span("secret")
            if (
                strength
                and opening.search(data, max(0, match.start() - _REACH_BEFORE), match.start())
                and accept(text_of(data, span), strength)
            ):
                kind = "password" if strength is Strength.PASSWORD else "secret"
                yield Span(*span, kind, Rank.NAMED_FIELD)

    return find


def _matches(
    pattern: re.Pattern[bytes], data: bytes, position: int, stop: int, limit: int
) -> Iterator[re.Match[bytes]]:
    """Yield the matches that start before `stop` and end before `limit`, none within a name."""
    while (match := pattern.search(data, position, limit)) is not None and match.start() < stop:
        yield match
        position = match.end("name")


def _matches_at_words(
    pattern: re.Pattern[bytes], data: bytes, position: int, stop: int, limit: int
) -> Iterator[re.Match[bytes]]:
    """Yield those of a pattern that starts with a word, at words that may name a secret."""
    for word in _WORDS_OF_TEXT.finditer(data, position, min(limit, stop + _LONGEST_WORD)):
        if word.start() >= stop:
            return
        if may_name_secret(word[0]):
            match = pattern.match(data, word.start(), limit)
            if match is not None:
                yield match


_QUOTED = r"[a-z@$]{0,2}\\{0,7}[\"'](?P<secret>[^\"'\\\s]{4,512})(?=\\{0,7}[\"'])"
_CLOSE = r"\\{0,7}[\"']?[\])]?"
_TYPE = (
    r"(?:\[\d{0,4}\]|\??(?:[ ]?\{[^{}\n\"']{1,60}\}|[ ]get\(\)|[ ]?:?[ ](?:as[ ]|"
    r"constant[ ]|\*|&(?:'static[ ])?|\[\]const[ ])?[a-z\[][\w.<>\[\]?*]{0,30}"
    r"(?:\(\d{1,4}\))?(?:[ ]?\|[ ]?[a-z][\w.]{0,20}){0,3}))"
)
_EQUALS = r"[ ]{0,4}(?:=|:=|<-|=>|\|\|=)[ ]{0,4}"
_WRAPPERS = (
    r"(?:new )?(?:[\w:.]{1,12}(?:::|\.))?"
    r"(?:\[\]byte|string(?:::from|::new)?|str|b?text|bytes|some|buffer\.from|ok|"
    r"optional\.of|"
    r"md5|sha1|sha256|sha512|password|pwd|secretstr|secret|quote|urlencode|encodeuricomponent|_t|"
    r"strdup|field|(?:typer\.)?option|(?:typer\.)?argument|pack|bytestring|securestring|config|env|"
    r"variable|crypt|hash|digest|encode|expr|value|lit|\w{1,12}\.pack|qstringliteral|qbytearray|"
    r"tr|l|ptr|qstring|text|qbytearrayliteral|fromhex|unhexlify|decodestring|fromhexstring|frombase64string|b64decode|toutf8|utf8)"
)
_WRAPPED = (
    rf"{_CLOSE}(?::[ ]?[a-z][\w.\[\]<>?| ]{{0,30}})?[ ]{{0,4}}(?:=|:=|=>|:|<-|by lazy|\()[ ]{{0,4}}"
    rf"(?:{_WRAPPERS}(?:[({{]|[ ](?=[\"']))|[{{(])(?:\s|\\n){{0,40}}{_QUOTED}"
)
_DECODED = (
    r"[ ]{0,2}(?::=|=)[ ]{0,2}(?:new )?(?:\[\]byte|[\w.:]{0,24}"
    r"(?:fromhex|decode|unhexlify|getbytes|base64string|hexstring|\.from|b64decode))\([ ]?b?"
    + _QUOTED
)
_RETURNED = r"[ ]?\{[ ]?(?:get[ ]?(?:\{[ ]?return|=>)|return)[ ]" + _QUOTED
_BRACED = r"\{" + _QUOTED
_TCL = r"\)?[ ]{1,4}\{(?P<secret>[^\s{}\"'$\\,;:()=<>]{6,256})\}"
_ASSIGNED_ARROW = _CLOSE + r"[ ]{0,4}(?:<-|\|\|=|\?\?=)[ ]{0,4}" + _QUOTED
_GIVEN = r"default(?:_?value)?\\{0,7}[\"']?[ ]?(?:=>|=|:)[ ]?" + _QUOTED
_DEFAULT = r"[\"']?[^\n;]{0,160}?[ ,(\[{]\\{0,7}[\"']?" + _GIVEN
_DEFAULT_FIRST = r"(?:[ ]?[:=][ ]?[\w.]{1,20}\(|[\"'],[ ]?)[ ]?default[ ]?=[ ]?" + _QUOTED
_BLOCK_DEFAULT = r"[\"'][ ]?\{[^{}]{0,300}?\bdefault[ ]{0,12}=[ ]{0,12}" + _QUOTED
_GO_MAP = r":\[(?:bearer |basic |token )?(?P<secret>[\w.+/=~!@#$%^&*:-]{4,1024})\](?=[ \]\n]|\Z)"
_LISTED = (
    _CLOSE + r"[ ]?(?::|=>)[ ]?(?:\[\]string\{|\[)[ ]?b?\\{0,7}[\"'](?P<secret>[^\"'\\\s]{6,1024})"
)
_DUMPED = (
    _CLOSE + r"[ ]?=>(?:\s|\\n){1,8}(?:(?:\d{1,6}(?:\xe2\x86\x92|:)|[+>|#])[ ]{0,8})?"
    r"string\(\d{1,4}\)[ ]\\{0,7}\"(?P<secret>[^\"\s]{4,512})"
)
_ASSIGNS = r"[ ]{0,4}(?:=>|:=|=|:)[ ]{0,4}"
_FALLBACK = (
    _CLOSE + _ASSIGNS + r"[^\s\"'=;#][^\"'\n;#]{0,80}(?:[\"'][\w.]{0,60}[\"'][^\"'\n;#]{0,20})?"
    r"(?:\|\||\?\?|\?:|[ ]or|[ ]else|[ ]:)[ ]{0,2}(?:[\w.]{1,16}\()?" + _QUOTED
)
_UNSET = (
    _CLOSE + _ASSIGNS + r"[\w.]{0,24}(?:env|environ\.get|env\.(?:fetch|str|get)|getproperty)"
    r"\([\"'][\w.-]{1,60}[\"'],[ ]?" + _QUOTED
)
_FILTERED = _CLOSE + _ASSIGNS + r"[\"']?\{\{[^\n{}]{1,120}\|[ ]?default\([ ]?" + _QUOTED
_DESCRIBED = r"(?:[ ][<\[][^\n\"']{1,30})?[\"'],[ ]?[\"'][^\"'\n]{0,100}[\"'],[ ]?" + _QUOTED
_MARKED = (
    _CLOSE + r"[ ]?(?:[:=][ ]?)?(?:[ ]\.|(?:just|some|ok)[ ]|\(string\)[ ]\(len=\d{1,4}\)|"
    r";s:\d{1,4}:)[ ]?" + _QUOTED
)
_SHOWN_AS = (
    r"(?:=>[ ]|Out\[\d{1,4}\]:[ ]|\[\d{1,4}\][ ]|val it: string = |string\(\d{1,4}\)[ ]|\{ok,|"
    r"(?:\([a-z ]{1,16}\*\)[ ])?\$\d{1,4}[ ]=[ ](?:0x[0-9a-f]{1,16}[ ])?|0x[0-9a-f]{1,16}:[ \t])"
)
_CHANGED = r"[\"']?[ ]{0,12}[:=][ ]\"[^\"\n]{0,200}\"[ ](?:->|=>)[ ]" + _QUOTED
_FORMER = (
    r"[^\n]{1,120}?(?:#|//|--|/\*|;)[ ]{0,2}(?:was|old|previously|formerly|before|used to be)"
    r"[ :=]{1,3}[\"'`]?(?P<secret>[^\s\"'`]{6,512})"
)
_POINTER = r"[ ]=[ ]0x[0-9a-f]{1,16}[ ](?:<[^<>\n]{1,60}>[ ])?" + _QUOTED
_INSPECTED = (
    r"(?:[\"'\])};.]{0,5}|[ ][\w$]{1,12}\)?)[ ]{0,2}(?:\r?\n|\\n)"
    + _SHOWN_AS
    + r"?(?:[a-z@]?\\{0,7}[\"'](?=[^\"'\\\s]{4})|(?=[\w.+/=-]{12}))(?P<secret>[^\"'\\\s]{4,512})"
    r"(?=\\{0,7}[\"']|[ ]{0,4}(?:\r?\n|\\n|\Z))"
)
_PROMPT = re.compile(
    rb"(?:(?:>>>|In \[\d{1,4}\]:|(?:gdb|pdb|lldb|dlv)\) (?:p|print|pp|po|x/s))|"
    rb"(?:\A|\n|\\n)[^\n>]{0,60}(?:>|=#)) [^\n]{0,100}?(?:\n|\\n)[^\n]{0,60}\Z",
    re.IGNORECASE,
)
"""Before a value that an interpreter shows: its prompt, an expression, the next line's begin."""
_find_shown = find_named(WORD, _INSPECTED, 200)


def find_inspected(data: bytes, ends: Iterable[int]) -> Iterator[Span]:
    """Yield what an interpreter or debugger shows of an expression that ends in a secret's name."""
    for span in _find_shown(data, ends):
        if _PROMPT.search(data, max(0, span.start - 240), span.start):
            yield span


_SAID = (
    r"[\"'`]{1,2}[ ](?:to|is|as|with|(?:is|was|to)[ ](?:now|currently|set to|the))[ ][\"'`]"
    r"(?P<secret>[^\s\"'`]{6,512})(?=[\"'`])"
)
_SAID_PLAIN = r"[\"'`]{0,2}[ ](?:to|is|as)[ ](?P<secret>[^\s\"'`,;]{8,512}?)(?=\.?(?:[\s,;\"]|\Z))"
_PICTURE = r"[ ]{1,12}pic[ ]{1,4}[xa9]\(\d{1,4}\)[ ]{1,12}value[ ]{1,4}" + _QUOTED
_ABAP_VALUE = (
    r"[ ]{1,12}type[ ]{1,4}\w{1,30}(?:[ ]length[ ]\d{1,4})?[ ]{1,12}value[ ]{1,4}" + _QUOTED
)
_BLOCK_VALUE = r"[\"'][ ]?\{[^{}]{0,300}?\bvalue[ ]{0,12}=[ ]{0,12}" + _QUOTED
_INLINE_DEFAULT = (
    r":[ ]?\{[^{}\n]{0,120}?\bdefault:[ ](?P<q>[\"'])?(?P<secret>[^\s\"'{},]{4,512})(?(q)[\"'])"
)
_TUPLE = r"(?:,[ ]?|[ ]=>[ ]?)(?:<<)?\"(?P<secret>[^\"\\\s]{4,512})\"(?:>>)?[ ]?\}"


def _rule(
    about: str, after_name: str, *, reach: int = 200, before: str = "", trigger: str = ""
) -> StructuralRule:
    """Return the rule for a value that follows the pattern `after_name` after a secret's name.

    `trigger` replaces the derived one, where that would begin with a name and a long gap.
    """
    return StructuralRule(
        "named-value",
        about,
        trigger or rf"{before}{WORDS}[\w-]{{0,24}}{trigger_of(after_name)}",
        find_named(WORD, after_name, reach),
    )


_SIGN = re.compile(r"\w[@#$%&*!]+\w|\w!+\Z")


def _is_said(value: str, strength: Strength) -> bool:
    """Tell whether what a variable is set to in a sentence is a secret, and not its next word."""
    if strength is Strength.PASSWORD:
        is_signed = has_digit(value) and _SIGN.search(value) is not None
        return is_surely_chosen(value) or (is_signed and looks_chosen(value))
    return strength is Strength.TOKEN and is_strict_random(value)


_NAMES_SECRET = re.compile(r"[a-z]Key(?![a-z0-9])|Token|Secret|-Key-")
"""Within the name of something, as code and headers have it: `apiKeyV2`."""


def _is_said_in_quotes(value: str, strength: Strength) -> bool:
    """Tell whether it is a secret: `"apiKey" is now "apiKeyV2"` says what it is called."""
    is_other_name = strength is Strength.TOKEN and _NAMES_SECRET.search(value) is not None
    return is_value_in_code(value, strength) and not is_other_name


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "named-value",
        "what a sentence says that a variable is, both in quotes",
        rf"{WORDS}[\w-]{{0,24}}{trigger_of(_SAID)}",
        find_named(WORD, _SAID, 200, _is_said_in_quotes),
    ),
    StructuralRule(
        "named-value",
        "what a sentence says that a variable is set to",
        rf"{WORDS}[\w-]{{0,24}}{trigger_of(_SAID_PLAIN)}",
        find_named(r"(?<![\w-])[A-Z][A-Z0-9_]{1,127}(?![a-z])", _SAID_PLAIN, 200, _is_said),
    ),
    _rule("an initialiser after a type or accessors", _TYPE + _EQUALS + _QUOTED),
    _rule("a value made by a wrapper: `String::from(…)`, `Field(…)`", _WRAPPED),
    StructuralRule(
        "named-value",
        "bytes made of a literal under the name of a key: `key = bytes.fromhex(…)`",
        rf"(?:key|secret|token|pass|salt)[\w-]{{0,16}}{trigger_of(_DECODED)}",
        find_named(WORD, _DECODED, 160),
    ),
    _rule("a value that a property returns", _RETURNED),
    _rule("a value in braces after a name", _BRACED),
    _rule("a value in braces after a name and a blank, of Tcl", _TCL),
    _rule("a value assigned by an arrow, or where there is none yet", _ASSIGNED_ARROW),
    _rule("the default of an option or a setting", _DEFAULT, reach=260, trigger=trigger_of(_GIVEN)),
    _rule("a default that comes first", _DEFAULT_FIRST),
    _rule("the default in a block of Terraform", _BLOCK_DEFAULT, reach=420),
    _rule("the value in a block of Terraform", _BLOCK_VALUE, reach=420),
    _rule("the default of a parameter in one line of YAML", _INLINE_DEFAULT, reach=260),
    _rule("a map as Go prints it", _GO_MAP),
    _rule("the value of a variable in COBOL", _PICTURE),
    _rule("the value of a variable in ABAP", _ABAP_VALUE),
    _rule("a list of one value, as headers are kept", _LISTED),
    _rule("a value as PHP prints it", _DUMPED),
    _rule(
        "what is used where an environment's variable is not set, after an operator",
        _FALLBACK,
        reach=280,
    ),
    _rule("what is used where an environment's variable is not set, in a call", _UNSET),
    _rule("what a template's filter uses where nothing is set", _FILTERED, reach=280),
    _rule(
        "the default of an option after its description",
        _DESCRIBED,
        before=r"option\([ ]?[\"'](?:-[a-z],?[ ])?--",
        reach=260,
    ),
    _rule("the new value of a change, after the old one", _CHANGED),
    _rule(
        "a former value in a comment",
        _FORMER,
        trigger=r"(?:#|//|--|/\*|;)[ ]{0,2}(?:was|old|previously|formerly|before|used to be)[ :=]",
    ),
    _rule("a pointer and the string at it, as debuggers show them", _POINTER),
    _rule("a value in the spelling of Lisp, Haskell, Go's dumps or serialised PHP", _MARKED),
    StructuralRule(
        "named-value",
        "what an interpreter or debugger shows of an expression",
        rf"{WORDS}[\w-]{{0,24}}(?:[\"'\])}};.]{{0,5}}|[ ][\w$]{{1,12}}\)?)[ ]{{0,2}}(?:\r?\n|\\n)"
        rf"{_SHOWN_AS}?(?:[a-z@]?\\{{0,7}}[\"'][^\"'\\\s]{{4}}|[\w.+/=-]{{12}})",
        find_inspected,
    ),
    _rule(
        "a tuple or a map of Erlang", _TUPLE, before=r"\{[ ]?(?:[^\n{}]{0,80}[ ,{])?:?[\w-]{0,24}"
    ),
)
