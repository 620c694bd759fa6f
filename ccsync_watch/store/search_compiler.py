"""What a query means for the store: an expression for the index, and conditions in SQL.

A message matches if the index finds it by `words` and not by what is left out, if `sql` is true of
it, and `of_session` of its session. The index alone decides about words; an operator may name words
too, by which the rows that can have it are found sooner.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ccsync_watch.errors import QueryError
from ccsync_watch.store.search_language import parse_query
from ccsync_watch.store.search_nodes import (
    And,
    Not,
    OperatorField,
    ParsedQuery,
    Words,
    leaves,
    positive_words,
)
from ccsync_watch.store.search_operator_names import unknown_operators
from ccsync_watch.store.search_operators import ANY_SESSION, BY_NAME, Condition, Moment, scope_of
from ccsync_watch.store.search_substrings import MIN_CHARS, find_beginnings, find_words
from ccsync_watch.store.search_words import UNSPACED, phrase_query

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from ccsync_watch.store.database import Database
    from ccsync_watch.store.search_nodes import Node

WORD = re.compile(rf"[\w{UNSPACED}]+")
_UNSPACED = re.compile(f"[{UNSPACED}]")
_COMMON = 3000
"""Messages with a word: with so many nobody misses those with longer ones."""
_HAS_WORDS = "EXISTS (SELECT 1 FROM search WHERE search MATCH ? AND search.rowid = m.seq)"


class _PartMeaning(NamedTuple):
    """What one part of a query asks for; None and empty restrict nothing.

    `text` is an expression that the index has to match; `hint` one that it matches wherever `sql`
    is true.
    """

    text: str | None = None
    hint: str | None = None
    sql: str | None = None
    values: tuple[object, ...] = ()

    def as_condition(self) -> Condition:
        """Return the whole of it as a condition of a row."""
        conditions = [self.sql] if self.sql else []
        values = self.values
        if self.text:
            conditions.append(_HAS_WORDS)
            values = (*values, self.text)
        return Condition(" AND ".join(f"({sql})" for sql in conditions) or "true", values)


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A query, ready to be asked.

    `words` is an FTS5 expression, None for a query without words; `typed` that of the words that
    were typed as such; `sql` a condition of a message,
    None if only its session matters; `of_session` one of its session. `is_of_time`: `sql` asks for
    a time alone, which a session's own times answer nearly as well. `marked` are the words to show
    as words_of_text, `notices` what the reader is to know of the search.
    """

    parsed: ParsedQuery
    words: str | None = None
    typed: str | None = None
    sql: str | None = None
    values: tuple[object, ...] = ()
    of_session: Condition = ANY_SESSION
    is_of_time: bool = False
    marked: tuple[str, ...] = ()
    notices: tuple[str, ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for."""
        return self.parsed.root is None

    @property
    def is_of_sessions(self) -> bool:
        """Whether a session matches or not without a look at its messages."""
        return self.words is None and (self.sql is None or self.is_of_time)


def compile_query(
    database: Database, text: str, now_ms: int, zone: tzinfo | None = None
) -> CompiledQuery:
    """Return what a text means for this store. Raises QueryError where it means nothing.

    A blank text asks for nothing, which `is_empty`; one of signs alone has no words, and raises.
    Times are relative to `now_ms`, days those of `zone`, by default the machine's.
    """
    parsed = parse_query(text, BY_NAME)
    if parsed.root is None:
        if text.strip():
            # Signs and pictures are not searched for: all sessions would not be what was meant.
            raise QueryError("this search has no words", hint="write letters or digits")
        return CompiledQuery(parsed)
    return _Compiler(Moment(database.read(), now_ms, zone), parsed).compile()


class _Compiler:
    def __init__(self, moment: Moment, parsed: ParsedQuery) -> None:
        self._moment = moment
        self._parsed = parsed
        self._notices = list(unknown_operators(parsed))

    def compile(self) -> CompiledQuery:
        texts: list[str] = []
        hints: list[str] = []
        left_out: list[str] = []
        of_message: list[Condition] = []
        of_session: list[Condition] = []
        is_of_time = True
        for node in self._parsed.parts:
            if _is_of_session(node):
                of_session.append(self._read(node).as_condition())
                continue
            times = self._implied(node)
            of_session += times
            is_of_time &= bool(times)
            part = self._read(node.node if isinstance(node, Not) else node)
            if isinstance(node, Not):
                if part.sql is None and part.text:
                    left_out.append(part.text)
                    continue
                part = _negated(part)
            texts += [part.text] if part.text else []
            hints += [part.hint] if part.hint else []
            if part.sql:
                of_message.append(Condition(part.sql, part.values))
        if left_out and not texts + hints:
            of_message += [Condition(f"NOT {_HAS_WORDS}", (text,)) for text in left_out]
            left_out, is_of_time = [], False
        words = _joined(texts + hints, "AND")
        if words and left_out:
            words = f"({words}) NOT ({_joined(left_out, 'OR')})"
        together = _all_of(of_message) if of_message else None
        return CompiledQuery(
            self._parsed,
            words,
            _joined(texts, "AND"),
            together.sql if together else None,
            together.values if together else (),
            _all_of(of_session),
            is_of_time=is_of_time and together is not None,
            marked=_marked(self._parsed),
            notices=tuple(self._notices),
        )

    def _implied(self, node: Node) -> list[Condition]:
        """Return what is true of each session with such a message."""
        if not isinstance(node, OperatorField):
            return []
        condition = BY_NAME[node.name].read(self._moment, node.value)
        return [condition.of_session] if condition.of_session else []

    def _read(self, node: Node) -> _PartMeaning:
        if isinstance(node, Words):
            text = self._read_words(node)
            return _PartMeaning(text=text) if text else _PartMeaning()
        if isinstance(node, OperatorField):
            condition = BY_NAME[node.name].read(self._moment, node.value)
            hint = self._hint(condition.words) if condition.words else None
            return _PartMeaning(hint=hint, sql=condition.sql, values=condition.values)
        if isinstance(node, Not):
            return _negated(self._read(node.node))
        parts = [self._read(inner) for inner in node.nodes]
        return _both(parts) if isinstance(node, And) else _either(parts)

    def _read_words(self, words: Words) -> str | None:
        """Return the index's expression for words, None where it has nothing of them."""
        core = words.text if words.is_quoted else words.text.strip("*")
        words_of_text = WORD.findall(core)
        if not words_of_text:
            return None
        if words.is_quoted:
            return _phrase(words_of_text)
        if words.text.startswith("*"):
            return self._inside(words_of_text, core, is_asked=True) or _phrase(words_of_text)
        begins = words.text.endswith("*") or (words.is_last and not self._is_common(words_of_text))
        plain = self._begun(words_of_text) if begins else _phrase(words_of_text)
        if self._is_in_index(plain):
            return plain
        return self._inside(words_of_text, core, is_asked=False) or plain

    def _begun(self, words_of_text: list[str], *, is_exact: bool = False) -> str:
        """Return the expression for words of which the last one may be the beginning of another.

        SQLite would collect all messages with any such word, each time that it is asked.
        """
        last = words_of_text[-1]
        words = None if _UNSPACED.search(last) else find_beginnings(self._moment.read, last)
        if words is None or (is_exact and not words.is_all):
            return _phrase(words_of_text, is_prefix=True)
        if not words.is_all:
            self._say_many(f"begin with {last}", len(words.words))
        phrases = [_phrase([*words_of_text[:-1], word]) for word in words.words]
        return _joined([_phrase(words_of_text), *phrases], "OR") or ""

    def _inside(self, words_of_text: list[str], core: str, *, is_asked: bool) -> str | None:
        """Return the expression for words that contain what was typed."""
        first, *rest = words_of_text
        if len(first) < MIN_CHARS or _UNSPACED.search(core):
            if is_asked and not _UNSPACED.search(core):
                self._notices.append(f"*{core} is too short: write {MIN_CHARS} characters or more.")
            return None
        words = find_words(self._moment.read, first, is_end=bool(rest))
        if not words.is_all:
            self._say_many(f"contain {first}", len(words.words))
        if not words.words:
            return None
        if not is_asked:
            self._notices.append(
                f"No message has the word {core}: words that contain it are shown."
            )
        phrases = [_phrase([word, *rest], is_prefix=bool(rest)) for word in [first, *words.words]]
        return _joined(phrases, "OR")

    def _say_many(self, what: str, count: int) -> None:
        self._notices.append(f"Very many words {what}: the {count} shortest are searched for.")

    def _hint(self, text: str) -> str | None:
        """Return an expression that each row with a text matches; None if the index has none.

        A `*` before it: it may begin inside of a word; behind it: it may end there.
        """
        first, *rest = words_of_text = WORD.findall(text.strip("*").replace("_", " ")) or [""]
        if not first or _UNSPACED.search(text):
            return None
        if text.startswith("*"):
            # What is not letters may be in words that are not looked up.
            if first.isalpha() and len(first) >= MIN_CHARS:
                words = find_words(self._moment.read, first, is_end=bool(rest))
                if words.is_all:
                    phrases = [
                        _phrase([word, *rest], is_prefix=True) for word in [first, *words.words]
                    ]
                    return _joined(phrases, "OR")
            words_of_text = rest
        if not words_of_text:
            return None
        return (
            self._begun(words_of_text, is_exact=True)
            if text.endswith("*")
            else _phrase(words_of_text)
        )

    def _is_common(self, words_of_text: list[str]) -> bool:
        """Return whether a word has enough matches without those that begin with it."""
        (count,) = self._moment.read.execute(
            "SELECT count(*) FROM (SELECT 1 FROM search WHERE search MATCH ? LIMIT ?)",
            (_phrase(words_of_text), _COMMON),
        ).fetchone()
        return bool(count == _COMMON)

    def _is_in_index(self, expression: str) -> bool:
        query = "SELECT 1 FROM search WHERE search MATCH ? LIMIT 1"
        return self._moment.read.execute(query, (expression,)).fetchone() is not None


def _phrase(words_of_text: list[str], *, is_prefix: bool = False) -> str:
    """Return the expression for words that follow each other."""
    if len(words_of_text) == 1:
        return phrase_query(words_of_text[0], is_prefix=is_prefix)
    if any(map(_UNSPACED.search, words_of_text)):
        # Their places in the index are not those in the text.
        last = len(words_of_text) - 1
        phrases = (
            phrase_query(word, is_prefix=is_prefix and at == last)
            for at, word in enumerate(words_of_text)
        )
        return _joined(list(phrases), "AND") or ""
    return f'"{" ".join(words_of_text)}"{"*" if is_prefix else ""}'


def _joined(expressions: list[str], word: str) -> str | None:
    if not expressions:
        return None
    return expressions[0] if len(expressions) == 1 else f"({f' {word} '.join(expressions)})"


def _all_of(conditions: Iterable[Condition]) -> Condition:
    conditions = list(conditions)
    sql = " AND ".join(f"({condition.sql})" for condition in conditions) or "true"
    return Condition(sql, tuple(value for condition in conditions for value in condition.values))


def _negated(part: _PartMeaning) -> _PartMeaning:
    condition = part.as_condition()
    return _PartMeaning(sql=f"NOT coalesce({condition.sql}, false)", values=condition.values)


def _both(parts: list[_PartMeaning]) -> _PartMeaning:
    conditions = [Condition(part.sql, part.values) for part in parts if part.sql]
    together = _all_of(conditions)
    return _PartMeaning(
        _joined([part.text for part in parts if part.text], "AND"),
        _joined([part.hint for part in parts if part.hint], "AND"),
        together.sql if conditions else None,
        together.values if conditions else (),
    )


def _either(parts: list[_PartMeaning]) -> _PartMeaning:
    if all(part.text and not part.sql for part in parts):
        return _PartMeaning(text=_joined([part.text or "" for part in parts], "OR"))
    conditions = [part.as_condition() for part in parts]
    hints = [part.text or part.hint for part in parts]
    return _PartMeaning(
        hint=_joined([hint for hint in hints if hint], "OR") if all(hints) else None,
        sql=" OR ".join(f"({condition.sql})" for condition in conditions),
        values=tuple(value for condition in conditions for value in condition.values),
    )


def _is_of_session(node: Node) -> bool:
    return all(
        isinstance(leaf, OperatorField) and scope_of(leaf.name, leaf.value) == "session"
        for leaf in leaves(node)
    )


def _marked(parsed: ParsedQuery) -> tuple[str, ...]:
    """Return the typed words, the longest first."""
    typed = (word for words in positive_words(parsed.root) for word in WORD.findall(words.text))
    return tuple(sorted(set(typed), key=lambda word: (-len(word), word)))
