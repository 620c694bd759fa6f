"""The user's part: patterns and allowances from the configuration, and values known to be secret.

Known values are literals for the engine. A pattern of the user's is any regular expression, so
it is refused when it could backtrack without end, and is tried on pieces of bounded length.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.errors import ConfigError
from ccsync_watch.privacy.engine import scanner as engines
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.known.secret_values import forms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PIECE = 4096
"""Longest text a user's pattern sees at once, in bytes; a longer line is read in pieces."""
_OVERLAP = 512

_LINE = re.compile(rb"[^\n]{1,%d}" % PIECE)
_PART = re.compile(
    r"\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?[^)]*?[:=!>])?|\)|[*+?]|\{\d*,?\d*\}|.", re.DOTALL
)
_UNBOUNDED = re.compile(r"[*+]|\{\d*,\}")


def compiled(pattern: str, setting: str) -> re.Pattern[bytes]:
    """Compile a pattern of the user's; raise ConfigError, with its text, when it cannot be used."""
    try:
        result = re.compile(pattern.encode())
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigError(
            f"{setting}: {pattern!r} is not a regular expression ({error})",
            hint="mend or remove the pattern",
        ) from error
    if result.search(b"") is not None:
        raise ConfigError(
            f"{setting}: {pattern!r} matches the empty text",
            hint="make a part of it required",
        )
    if _explodes(pattern):
        raise ConfigError(
            f"{setting}: {pattern!r} repeats a repeat, and could take forever",
            hint="write (a+)+ as a+, (a*b)* as [ab]*",
        )
    return result


def _explodes(pattern: str) -> bool:
    """Tell whether an unbounded repeat stands in a group that is itself repeated without bound."""
    open_groups: list[bool] = []
    closed_has_repeat = False
    for part in _PART.findall(pattern):
        if part.startswith("("):
            open_groups.append(False)
            closed_has_repeat = False
        elif part == ")":
            closed_has_repeat = open_groups.pop() if open_groups else False
            if open_groups:
                open_groups[-1] = open_groups[-1] or closed_has_repeat
        elif _UNBOUNDED.fullmatch(part):
            if closed_has_repeat:
                return True
            if open_groups:
                open_groups[-1] = True
            closed_has_repeat = False
        else:
            closed_has_repeat = False
    return False


class Custom:
    """Finds the user's patterns and known values; values may be added at any time."""

    def __init__(self, patterns: Sequence[re.Pattern[bytes]], engine: str) -> None:
        self._patterns = tuple(patterns)
        self._engine_name = engine
        self._forms: dict[bytes, tuple[bytes, str]] = {}
        self._engine: engines.Engine | None = None
        self._order: list[bytes] = []

    def __bool__(self) -> bool:
        """Tell whether there is anything to find."""
        return bool(self._patterns or self._forms)

    def add(self, value: str, kind: str) -> None:
        """Find `value` from now on, in every form it can take."""
        canonical = value.encode("utf-8", "surrogatepass")
        for form in forms(value):
            self._forms.setdefault(form, (canonical, kind))
        self._engine = None

    def canonical(self, secret: bytes) -> bytes:
        """Return the plain value whose form `secret` is; itself when it is unknown."""
        return self._forms.get(secret, (secret, ""))[0]

    def find(self, data: bytes) -> Iterator[Span]:
        """Yield what is the user's own to be removed."""
        for pattern in self._patterns:
            for start, end in _matches(pattern, data):
                yield Span(start, end, "custom", 70)
        if not self._forms:
            return
        if self._engine is None:
            self._order = list(self._forms)
            triggers = [engines.Trigger(_literal(form), is_caseless=False) for form in self._order]
            self._engine = engines.build(triggers, prefer=self._engine_name)
        for end, index in self._engine.scan(data):
            form = self._order[index]
            yield Span(end - len(form), end, self._forms[form][1], 0)


def _literal(form: bytes) -> str:
    """Return a pattern that matches `form` and is plain ASCII."""
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 0x80 else f"\\x{byte:02x}"  # noqa: PLR2004 - ASCII
        for byte in form
    )


def _matches(pattern: re.Pattern[bytes], data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the ranges that `pattern` matches, line by line and a bounded piece at a time."""
    for line in _LINE.finditer(data):
        start, end = line.span()
        if line.end() - line.start() == PIECE:  # a long line: let pieces overlap
            start = max(0, start - _OVERLAP)
        for match in pattern.finditer(data, start, end):
            if match.end() > match.start():
                yield match.span()
