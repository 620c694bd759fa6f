"""The words of the field are used: retired words and names do not come back.

`RETIRED` maps each pattern to the words to use instead. A pattern matches whole words and whole
parts of an identifier, in every text file that git tracks but those of `EXEMPT`.
"""

from __future__ import annotations

import ast
import re
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.table_rows import for_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

RETIRED = {
    r"mend(s|ed|ing)?": "fix, hint, repair",
    r"tak(e|es|en|ing) (it |them )?up|took up": "import, load, reload, pick up (a signal)",
    r"go(es|ing)? on|went on": "continue, resume; happen",
    r"what waits": "pending rows",
    r"lessons?|taught|teach(es|able|ing)?": "known secrets, disclosed",
    r"learn(s|t|ed|ing)?": "track, find out, load",
    r"sightings?": "session observation",
    r"recognition": "checkpoint resolver",
    r"judg(e|es|ed|ing|e?ment)": "compare, evaluate",
    r"refus(e|es|ed|ing|al) (the )?rows?|park(s|ed|ing)?": "reject, rejected",
    r"kick(s|ed)?|nudg(e|es|ed)|bells?": "wake_all, wake_one, notifier",
    r"greet(s|ed|ing|ings)?": "handshake, BackendInfo",
    r"ahead_seconds": "clock_skew_seconds",
    r"foreign(?![ _]keys?)": "preexisting (sessions), unexpected (files)",
    r"forgiv(e|es|en|ing)|pardon(s|ed)?": "reset_attempts, reset",
    r"hasten(s|ed)?|aim_at": "run_by, set_destination",
    r"suspects?|suspicion|distrust(ed)?": "event health, unconfirmed",
    r"giv(e|es|en|ing) way|gave way": "lower priority, yield",
    r"last resort": "force exit",
    r"not(e|es|ed|ing) in (the )?(meta|ledger)": "set_meta, record",
    r"stand[-_]ins?": "dummy values, doubles",
    r"is no(?! longer)|(?-i:is none)": "is not a",
    r"are no(?! longer)|(?-i:are none)": "are not",
    r"holds? no": "has no",
    r"beyond the rows": "not in transcripts",
    r"signs? of life": "heartbeat",
    r"rubbish": "junk",
    r"frenzy": "restart loop",
    r"anew": "again",
    r"at will": "freely",
    r"in all": "total",
    r"humble(r|st)?": "low priority",
    r"impatien(t|ce)": "timeout",
    r"round (the|a|an|it|its|them)": "around",
    r"told|tells|telling": "disclosed; returns, shows, states, distinguishes",
    r"bears|sees to it|merely|whereto|hitherto": "has, ensures, only, where",
    r"unasked": "without a request",
}
RETIRED_NAMES = {"each", "found", "made", "given", "news", "said_of", "told", "some"}

EXEMPT = re.compile(
    r"""
    uv\.lock | .*LICENSE | .*\.(png|svg|gz|bin)
    | CHANGELOG\.md                                # says which keys were renamed
    | tests/unit/test_vocabulary\.py               # the words themselves
    | tests/support/redaction_corpus/.*            # texts that people wrote
    | ccsync_watch/privacy/heuristics/.*\.txt      # word lists
    | ccsync_watch/store/migrations\.py            # released migrations never change
    """,
    re.VERBOSE,
)

_ALL = "|".join(f"(?P<w{at}>{pattern})" for at, pattern in enumerate(RETIRED))
# Most places are inside a word: said first, that rules them out before any word is tried.
_WORDS = re.compile(rf"(?<![^\W_])(?:{_ALL})", re.IGNORECASE)
_WITHIN_WORD = re.compile(r"[^\W_]")
_ADDRESS = re.compile(r"https://\S+")
_BEFORE_WORDS = " \t#*/\"'"
_INSTEAD = list(RETIRED.values())


def _tracked_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = sorted(set(listed.stdout.splitlines()))
    return [path for path in files if not EXEMPT.fullmatch(path) and (ROOT / path).is_file()]


def _words(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """Yield the line number, the retired word and the words to use instead."""
    for number, full in enumerate(lines, 1):
        line, at = _ADDRESS.sub("", full), 0
        while match := _WORDS.search(line, at):
            at = match.start() + 1
            if not _WITHIN_WORD.match(line, match.end()):
                index = int((match.lastgroup or "w0")[1:])
                yield number, match[0], _INSTEAD[index]


def _words_across_lines(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """Yield the retired phrases that begin on one line and end on the next."""
    breaks = [
        f"{line.rpartition(' ')[2]} {following.lstrip(_BEFORE_WORDS).partition(' ')[0]}"
        for line, following in pairwise(lines)
    ]
    for number, word, instead in _words(breaks):
        if " " in word:
            yield number, word, instead


def _names(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield where a variable, parameter, function or class has a name that says nothing."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        elif isinstance(node, ast.arg):
            name = node.arg
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = node.name
        elif isinstance(node, ast.ExceptHandler):
            name = node.name or ""
        else:
            continue
        if name.strip("_") in RETIRED_NAMES:
            yield node.lineno, f"the name {name}", "what it is: session, row, path"


def _hits(path: str) -> list[str]:
    text = (ROOT / path).read_text(encoding="utf-8")
    lines = text.split("\n")
    hits = [*_words([path]), *_words(lines), *_words_across_lines(lines)]
    hits += _names(text) if path.endswith(".py") else ()
    return [f"{path}:{number}: {word!r}: use {use}" for number, word, use in sorted(set(hits))]


@for_rows(_tracked_files())
def test_retired_words_do_not_come_back(path: str) -> None:
    """Names, comments, messages, pages and docs use the field's own words."""
    hits = _hits(path)
    assert not hits, "\n".join(hits)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("the mended file", ["mended"]),
        ("def is_parked(row):", ["parked"]),
        ("recommend an amendment", []),
        ("what goes on here is no secret", ["goes on", "is no"]),
        ("see https://learn.example.org/learn/it", []),
        ("It is no longer around the foreign_keys", []),
    ],
)
def test_whole_words_and_parts_of_identifiers_match(line: str, words: list[str]) -> None:
    """A retired word inside another word is not a hit."""
    assert [word for _, word, _ in _words([line])] == words


def test_a_phrase_across_two_lines_is_a_hit() -> None:
    """Comments and docstrings are wrapped anywhere."""
    assert [word for _, word, _ in _words_across_lines(["# it goes", "# on and", "on"])] == [
        "goes on"
    ]


def test_names_that_say_nothing_are_hits() -> None:
    """Variables, parameters and functions are looked at, attributes and texts are not."""
    source = "def _made(given): found = given.each; return [each for each in found], 'news'"
    assert sorted({word for _, word, _ in _names(source)}) == [
        "the name _made",
        "the name each",
        "the name found",
        "the name given",
    ]
