"""One scan over a text for every trigger, by the fastest engine this machine has.

All engines are compiled from the same triggers, and their hits have the same meaning: "a match of
this trigger ends here". Hyperscan reports every end in one pass; re2 and the standard library
search for the beginnings of triggers, then try the triggers that begin so. Triggers have bounded
repeats only, so that no engine does more than a constant amount of work per byte.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ccsync_watch.privacy.engine.pattern_syntax import (
    HEAD,
    heads,
    prefix_tree,
    required,
    width,
)
from ccsync_watch.privacy.engine.rules_cache import RulesCache, ScanLayout
from ccsync_watch.privacy.engine.scan_plan import plan_scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ccsync_watch.privacy.engine.scan_plan import Expression

Hit = tuple[int, int]
"""Where a trigger's match ends, in bytes, and the trigger's index."""


class Trigger(NamedTuple):
    """A pattern over bytes, in the syntax that all engines share."""

    pattern: str
    is_caseless: bool
    is_near_words: bool = False
    """Whether hits away from the words of `build` may be left out."""


class Engine(Protocol):
    """A compiled set of triggers."""

    name: str
    reports_all: bool
    """Whether a match inside another match is reported too."""

    def scan(self, data: bytes) -> list[Hit]:
        """Return the hits in `data`."""

    def scan_lines(self, data: bytes) -> list[Hit]:
        """Return the hits in `data`, which begins with a line break: so that it is not copied."""


READY = "ready"
"""The engine that can be had at once, where compiled rules are cached."""

_CLOSE = 512
"""To begin a scan takes as long as to read so many bytes."""

_LINE_BREAK = b"\n"
"""Put before every text, so that a trigger can ask for the beginning of a line."""

_COMMON = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \t\"'(")
"""Single characters that occur everywhere: no trigger is searched for by one of these alone."""


class NotCompiledError(Exception):
    """The triggers are not in the cache, and were not to be compiled."""


def _load_all(files: RulesCache, *key: object) -> tuple[ScanLayout, list[Any]] | None:
    """Return what was compiled before of some triggers, None if a part of it is not there."""
    layout = files.load_layout(*key)
    if layout is None:
        return None
    databases = [files.load(name) if name else None for name in layout.files]
    is_whole = all(
        database is not None for name, database in zip(layout.files, databases, strict=True) if name
    )
    return (layout, databases) if is_whole else None


class HyperscanEngine:
    """Triggers in a few automata; for one thread at a time, since it has one scratch space.

    Triggers whose matches contain some words are in an automaton of their own, which reads only
    what is near these words. Most text has few of them.
    """

    name = "hyperscan"
    reports_all = True

    def __init__(
        self,
        triggers: Sequence[Trigger],
        *,
        cache: Path | None = None,
        may_compile: bool = True,
        words: str = "",
        sought: str = "",
    ) -> None:
        """Compile `triggers`, or load them from `cache`, a folder only the user may write to.

        Raises NotCompiledError if they are not there and `may_compile` is false.
        """
        self._library: Any = importlib.import_module("hyperscan")
        self._words = len(triggers)
        self._has_sought = bool(sought)
        files = RulesCache(cache, self._library)
        key = list(triggers), words, sought
        loaded = _load_all(files, *key)
        if loaded is None and files.is_there and not may_compile:
            raise NotCompiledError
        if loaded is None:
            with files.alone():
                # Another process may have compiled them meanwhile.
                loaded = _load_all(files, *key) or self._compile_all(files, *key)
        layout, databases = loaded
        self._bytes, self._before, self._after = layout.bytes, layout.before, layout.after
        self._everywhere, self._apart, self._near_words = databases

    def _compile_all(
        self, files: RulesCache, triggers: Sequence[Trigger], words: str, sought: str
    ) -> tuple[ScanLayout, list[Any]]:
        """Compile what is not cached, and cache it."""
        plan = plan_scan(triggers, words, sought)
        parts = plan.everywhere, plan.apart, plan.near_words
        names = [files.name_of(rows) for rows in parts]
        databases = []
        for name, rows in zip(names, parts, strict=True):
            database = files.load(name) if name else None
            if name and database is None:
                database = self._compile(rows)
                files.save(name, database)
            databases.append(database)
        layout = ScanLayout(plan.bytes, plan.before, plan.after, names)
        files.save_layout(layout, triggers, words, sought)
        return layout, databases

    def _compile(self, rows: Sequence[Expression]) -> Any:  # noqa: ANN401 - as above
        library = self._library
        database = library.Database()
        database.compile(
            expressions=[row.pattern.encode("latin-1") for row in rows],
            ids=[row.number for row in rows],
            elements=len(rows),
            flags=[
                library.HS_FLAG_DOTALL | (library.HS_FLAG_CASELESS if row.is_caseless else 0)
                for row in rows
            ],
        )
        return database

    def scan(self, data: bytes) -> list[Hit]:
        """Return the hits in `data`, in order of their ends."""
        return self._scan(_LINE_BREAK + data, len(_LINE_BREAK))

    def scan_lines(self, data: bytes) -> list[Hit]:
        """Return the same for a text that begins with a line break."""
        return self._scan(data, 0)

    def _scan(self, data: bytes, before: int) -> list[Hit]:
        """Return the hits as those of the text without the first bytes, as many as `before`."""
        hits: list[Hit] = []
        words: list[int] = []
        append, words_at = hits.append, self._words

        def on_match(trigger: int, _start: int, end: int, _flags: int, _context: object) -> None:
            if trigger == words_at:
                words.append(end)
            else:
                append((end - before, trigger))

        if self._everywhere is not None:
            self._everywhere.scan(data, match_event_handler=on_match)
        number_of_hits = len(hits)
        if self._apart is not None:
            self._apart.scan(data, match_event_handler=on_match)
        more = [
            (match.end() - before, number)
            for byte, number in self._bytes
            if byte in data
            for match in re.finditer(re.escape(byte), data)
        ]
        if self._has_sought and data[-1:].isalpha():
            words.append(len(data))  # there may be a word without the byte after it
        if words:
            more += self._scan_near(data, words, before)
        if more or len(hits) > number_of_hits:
            hits += more
            hits.sort()
        return hits

    def _scan_near(self, data: bytes, words: list[int], before: int) -> list[Hit]:
        """Return the hits of the triggers that are searched for near words, by the words' ends."""
        hits: list[Hit] = []
        append = hits.append

        def on_match(trigger: int, _start: int, end: int, _flags: int, offset: int) -> None:
            append((offset + end, trigger))

        for low, high in _windows(words, self._before, self._after):
            self._near_words.scan(
                data[low:high], match_event_handler=on_match, context=low - before
            )
        return hits


def _windows(ends: Sequence[int], before: int, after: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges that are near any of `ends`, which are in order; joined where close."""
    low, high = max(0, ends[0] - before), ends[0] + after
    for end in ends:
        if end - before > high + _CLOSE:
            yield low, high
            low = end - before
        high = end + after
    yield low, high


class SearchEngine:
    """re2 or `re`: searches for the beginning of any trigger, then tries those that begin so.

    Triggers whose beginning can be anything are searched one by one.
    """

    reports_all = False

    def __init__(self, triggers: Sequence[Trigger], *, name: str) -> None:
        self.name = name
        library: Any = importlib.import_module(name)
        options = _library_options(library)
        self._by_head: dict[bytes, list[tuple[int, Any, int]]] = {}
        self._open: list[tuple[int, Any, bytes]] = []
        for index, trigger in enumerate(triggers):
            flag = "(?i:" if trigger.is_caseless else "(?:"
            pattern = library.compile(f"{flag}{trigger.pattern})".encode("latin-1"), *options)
            beginnings, (_, longest) = heads(trigger.pattern), width(trigger.pattern)
            if any(len(head) == 0 or head in _COMMON for head in beginnings):
                literal = required(trigger.pattern).encode("latin-1").lower()
                self._open.append((index, pattern, literal))
                continue
            for head in {beginning.encode("latin-1").lower() for beginning in beginnings}:
                self._by_head.setdefault(head, []).append((index, pattern, longest))
        words = [head.decode("latin-1") for head in self._by_head]
        self._heads = (
            library.compile(prefix_tree(words).encode("latin-1"), *options) if words else None
        )

    def scan(self, data: bytes) -> list[Hit]:
        """Return the hits in `data`, in order of their starts."""
        hits = self.scan_lines(_LINE_BREAK + data)
        return [(end - len(_LINE_BREAK), index) for end, index in hits]

    def scan_lines(self, data: bytes) -> list[Hit]:
        """Return the same for a text that begins with a line break."""
        hits: list[Hit] = []
        lowered = data.lower()
        for index, pattern, literal in self._open:
            if literal not in lowered:
                continue
            hits.extend((match.end(), index) for match in pattern.finditer(data))
        self._scan_heads(data, lowered, hits)
        return hits

    def _scan_heads(self, data: bytes, lowered: bytes, hits: list[Hit]) -> None:
        """Try the triggers that begin as the text does, at each beginning; these may overlap."""
        by_head, tried = self._by_head, 0
        for match in self._heads.finditer(lowered) if self._heads is not None else ():
            for start in range(max(tried, match.start()), match.end()):
                for size in range(1, min(HEAD, len(lowered) - start) + 1):
                    for index, pattern, longest in by_head.get(lowered[start : start + size], ()):
                        # a slice, since re2 reads all of a text however little it may match
                        hit = pattern.match(data[start : start + longest])
                        if hit is not None:
                            hits.append((start + hit.end(), index))
            tried = match.end()


def _library_options(library: Any) -> tuple[Any, ...]:  # noqa: ANN401 - as above
    """Return what makes `library` treat patterns as bytes, with `.` for every byte."""
    if library is re:
        return (re.DOTALL,)
    options = library.Options()
    options.encoding = library.Options.Encoding.LATIN1
    options.dot_nl = True
    options.max_mem = 1 << 28  # the default is too small for all triggers in one
    return (options,)


def build(
    triggers: Sequence[Trigger],
    *,
    prefer: str = "",
    cache: Path | None = None,
    words: str = "",
    sought: str = "",
) -> Engine:
    """Return the fastest engine that can be imported; `prefer` names one, for tests and benches.

    READY: the fastest that does not take seconds to compile. `words` are alternatives that many
    triggers contain and few texts: that makes a scan faster. `sought` is how
    the scan looks for them, if not as they are: some with a byte after the word, where another byte
    makes it a word of no interest.
    """
    if prefer in {"", READY, "hyperscan"}:
        with contextlib.suppress(ImportError, NotCompiledError):
            may_compile = prefer != READY or cache is None
            return HyperscanEngine(
                triggers, cache=cache, may_compile=may_compile, words=words, sought=sought
            )
    if prefer in {"", READY, "re2"}:
        with contextlib.suppress(ImportError):
            return SearchEngine(triggers, name="re2")
    return SearchEngine(triggers, name="re")
