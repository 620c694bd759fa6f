"""All engines are compiled from one table and find the same."""

from __future__ import annotations

import errno
import importlib
import importlib.util
import os
import random
import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import pytest

from ccsync_watch.privacy.dressing.table import all_triggers, build_engine
from ccsync_watch.privacy.engine import rules_cache
from ccsync_watch.privacy.engine import scanner as engines
from ccsync_watch.privacy.engine.scan_plan import plan_scan
from ccsync_watch.privacy.heuristics.name_strength import Strength, strength_of
from support.redaction_corpus.generator import negatives, positives
from support.redaction_corpus.reviewer import innocent, planted
from support.redaction_corpus.shared import build_redactor, cache_folder
from support.redaction_corpus.trigger_samples import TriggerSampler
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.privacy.engine.scan_plan import ScanPlan

TEXTS = (
    [item.text for item in positives(5, 1)]
    + [item.text for item in negatives(5, 1)]
    + [item.text for item in planted(5, 1)]
    + [item.text for item in innocent()]
)
INSTALLED = [name for name in ("hyperscan", "re2", "re") if importlib.util.find_spec(name)]


@lru_cache(maxsize=1)
def _reference() -> list[str]:
    redactor = build_redactor(engine=INSTALLED[0])
    return [redactor.redact(text) for text in TEXTS]


@pytest.mark.parametrize("name", INSTALLED[1:])
def test_each_engine_gives_the_same_result(name: str) -> None:
    """A platform without Hyperscan is slower, not less private."""
    redactor = build_redactor(engine=name)
    assert redactor.engine == name
    pairs = zip(TEXTS, _reference(), strict=True)
    assert [text for text, expected in pairs if redactor.redact(text) != expected] == []


@pytest.mark.parametrize("name", INSTALLED[1:])
def test_each_engine_gives_the_same_values(name: str) -> None:
    """Strings read together hide nothing from each other, whatever the engine."""
    assert build_redactor(engine=name).redact_value([*TEXTS[::7]]) == _reference()[::7]


def test_the_fastest_installed_engine_is_used() -> None:
    """Nobody has to know which engines there are."""
    assert build_redactor().engine == INSTALLED[0]


def test_without_libraries_the_standard_one_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unsupported platform falls back, which `engine` shows."""
    load = importlib.import_module

    def missing(name: str) -> object:
        if name in {"hyperscan", "re2"}:
            raise ImportError(name)
        return load(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    redactor = build_redactor()
    assert redactor.engine == "re"
    assert "hunter22" not in redactor.redact("password=hunter22")


def test_no_name_is_a_secrets_by_a_word_that_is_not_sought() -> None:
    """The scan does not look for `_path` and the like."""
    letters = "abcdefghijklmnopqrtuvwxyz"
    names = {f"my_pat{a}{b}" for a in letters for b in letters} - {"my_patkn"}  # `tkn` is sought
    assert {strength_of(name) for name in names} == {Strength.NONE}


_PAT_IN_A_WORD = re.compile(r"[_-](?i:pat)(?=[a-rt-z])")


@pytest.mark.parametrize("name", INSTALLED[:1])
def test_no_trigger_is_overlooked(name: str) -> None:
    """Hyperscan misses the shortest matches of some patterns, far enough from a text's start."""
    rng = random.Random(7)  # noqa: S311 - to be repeatable
    engine = build_engine(name, cache_folder())
    missed: Counter[str] = Counter()
    for index, trigger in enumerate(all_triggers()):
        flags = re.DOTALL | re.ASCII | (re.IGNORECASE if trigger.is_caseless else 0)
        sampler = TriggerSampler(trigger.pattern, rng, more=(0, 0, 0, 1))
        pattern = re.compile(trigger.pattern, flags)
        for _ in range(24):
            word = "password" if trigger.is_near_words else "ipsum"
            text = f"\nlorem {word} dolor sit amet {sampler.match()} "
            text = _PAT_IN_A_WORD.sub(r"\g<0>_", text)  # `_path` is not a secret's name
            match = pattern.search(text)
            hits = engine.scan_lines(text.encode("latin-1"))
            missed[trigger.pattern] += match is not None and (match.end(), index) not in hits
    assert +missed == Counter()


@pytest.mark.parametrize("name", INSTALLED)
@pytest.mark.parametrize(
    "text",
    [
        "cd /srv/app && su<<<'Rk4mTz81q' deploy",
        "cd /srv/app && zip  -pRk4mTz81q backup.zip dump.sql",
        "cd /srv/app && isql -P'Rk4mTz81q'",
        'const first = "Rk4mTz81qLw0" //secret',
    ],
)
def test_the_shortest_match_of_a_trigger_counts(name: str, text: str) -> None:
    """Nothing optional is between the program and its password."""
    assert "Rk4mTz81q" not in build_redactor(engine=name).redact(text)


@pytest.mark.parametrize("name", INSTALLED)
def test_each_trigger_says_whether_case_matters(name: str) -> None:
    """It is not the engine that decides."""
    triggers = [
        engines.Trigger("ab[0-9]", is_caseless=True),
        engines.Trigger("ab[0-9]", is_caseless=False),
    ]
    hits = engines.build(triggers, prefer=name).scan(b"xAB1 ab2")
    assert sorted(hits) == [(4, 0), (8, 0), (8, 1)]


def test_what_is_ready_is_not_compiled(tmp_path: Path) -> None:
    """Compiled triggers are used from the cache alone; the files of old versions are removed."""
    pytest.importorskip("hyperscan")
    triggers = [engines.Trigger("ghp_[a-z]{4}", is_caseless=False)]
    assert engines.build(triggers, prefer=engines.READY, cache=tmp_path).name != "hyperscan"
    assert list(tmp_path.iterdir()) == []
    old = [tmp_path / f"rules-{number}.hs" for number in range(9)]
    for number, path in enumerate(old):
        path.touch()
        os.utime(path, (number, number))
    assert engines.build(triggers, cache=tmp_path).name == "hyperscan"
    ready = engines.build(triggers, prefer=engines.READY, cache=tmp_path)
    assert ready.name == "hyperscan"
    assert ready.scan(b"ghp_abcd") == [(8, 0)]
    assert [path for path in old if path.exists()] == old[-5:]
    assert len(list(tmp_path.glob("rules-*.hs"))) == 6


def test_triggers_that_another_process_compiles_are_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would take the time of all; one that can be cached nowhere waits for nobody."""
    library = pytest.importorskip("hyperscan")
    triggers = [engines.Trigger("ghp_[a-z]{4}", is_caseless=False)]
    compiled = list[str]()
    compile_one = engines.HyperscanEngine._compile

    def count(engine: engines.HyperscanEngine, rows: Any) -> Any:  # noqa: ANN401 - as there
        compiled.append(threading.current_thread().name)
        return compile_one(engine, rows)

    monkeypatch.setattr(engines.HyperscanEngine, "_compile", count)
    build = partial(engines.build, triggers, prefer="hyperscan")
    with ThreadPoolExecutor() as pool:
        with rules_cache.RulesCache(tmp_path, library).alone():
            others = [pool.submit(build, cache=tmp_path) for _ in range(3)]
            assert build(cache=None).scan(b"ghp_abcd") == [(8, 0)]
            assert len(compiled) == 1
            assert not any(other.done() for other in others)
        assert [other.result(WAIT_SECONDS).scan(b"ghp_abcd") for other in others] == [[(8, 0)]] * 3
    assert len(compiled) == 2


def test_what_counts_lines_is_found_among_the_rest() -> None:
    """It has an automaton of its own; the hits of both are in order."""
    pytest.importorskip("hyperscan")
    triggers = [
        engines.Trigger(r"\n[a-z]{2}(?:[ ][a-z]{2}){10}", is_caseless=False),
        engines.Trigger(f"[#$] (?:{'|'.join(f'p{n} x' for n in range(99))})", is_caseless=False),
    ]
    row = b"ab" + b" cd" * 10
    data = b"# p7 x\n" + row + b"\n$ p98 x\n" + row
    assert plan_scan(triggers, "").apart == [(triggers[0].pattern, False, 0)]
    assert engines.build(triggers, prefer="hyperscan").scan(data) == [
        (6, 1),
        (39, 0),
        (47, 1),
        (80, 0),
    ]


@pytest.mark.parametrize("name", INSTALLED)
def test_words_change_nothing_that_is_found(name: str) -> None:
    """Text has several words near each other, one alone, and matches without any."""
    triggers = [
        engines.Trigger("[a-z]{0,9}key=[0-9]{2}", is_caseless=True),
        engines.Trigger("(?:key|pin)[ ][0-9]", is_caseless=True),
        engines.Trigger("pin[ ]", is_caseless=False),
        engines.Trigger(r"\x00", is_caseless=False),
    ]
    data = b"key=1 mykey=23 KEY 4" + b"." * 200 + b"pin 5\x00" + b"-" * 200 + b"thekey=67"
    plain = engines.build(triggers, prefer=name).scan(data)
    assert {index for _, index in plain} == {0, 1, 2, 3}
    assert sorted(set(engines.build(triggers, prefer=name, words="key").scan(data))) == sorted(
        set(plain)
    )


def test_words_can_be_sought_with_the_byte_after_them() -> None:
    """What is near a word of no interest is left out; a word at the text's end has no such byte."""
    pytest.importorskip("hyperscan")
    triggers = [
        engines.Trigger("[0-9]{3}", is_caseless=False, is_near_words=True),
        engines.Trigger("a_pat=[0-9]", is_caseless=True),
    ]
    build = partial(engines.build, triggers, words="_pat", sought="_pat[^h]")
    scan = build(prefer="hyperscan").scan
    far = b"-" * 300
    assert scan(b"123 a_path" + far + b"A_PAT=4") == [(317, 1)]
    assert scan(b"a_pat " + far[:100] + b"123" + far + b"456") == [(109, 0)]
    assert scan(b"a_path" + far + b"123 a_pat") == [(309, 0)]


def test_a_cached_scan_is_not_planned_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To plan takes longer than to load what was compiled; what was damaged is made again."""
    pytest.importorskip("hyperscan")
    triggers = [
        engines.Trigger("tok[0-9]{3}", is_caseless=False),
        engines.Trigger("my (?:secret|other)=[0-9]", is_caseless=True),
        engines.Trigger(r"\x60", is_caseless=False),
    ]
    data = b"tok123 My Secret=7 my other=8 `x` secret"
    planned: list[int] = []

    def plan(*arguments: Any) -> ScanPlan:  # noqa: ANN401 - as they are passed on
        planned.append(1)
        return plan_scan(*arguments)

    monkeypatch.setattr(engines, "plan_scan", plan)

    def hits(words: str = "secret") -> list[tuple[int, int]]:
        return engines.build(triggers, prefer="hyperscan", cache=tmp_path, words=words).scan(data)

    first = hits()
    assert sorted({index for _, index in first}) == [0, 1, 2]
    assert (hits(), len(planned)) == (first, 1)
    assert (hits("other"), len(planned)) == (first, 2)
    for path in tmp_path.glob("rules-*.hs"):
        path.write_bytes(b"damaged")
    assert (hits(), len(planned)) == (first, 3)
    for path in tmp_path.glob("rules-*.json"):
        path.write_bytes(b"[[]")
    assert (hits(), len(planned)) == (first, 4)
    assert len(list(tmp_path.glob("rules-*.json"))) == 2


@pytest.mark.parametrize(
    ("part", "wrong"),
    [(b'["60"', b'["61"'), (b'"rules-', b'"rulez-'), (b"[[[", b"[[5,["), (b"", b"")],
)
def test_one_wrong_bit_of_a_cached_plan_hides_nothing(
    tmp_path: Path, part: bytes, wrong: bytes
) -> None:
    """It may still be valid JSON, by which something else would be looked for."""
    pytest.importorskip("hyperscan")
    triggers = [
        engines.Trigger(r"\x60", is_caseless=False),
        engines.Trigger("ab", is_caseless=True),
    ]
    build = partial(engines.build, triggers, prefer="hyperscan", cache=tmp_path)
    assert build().scan(b"a`ab") == [(2, 0), (4, 1)]
    (path,) = tmp_path.glob("rules-*.json")
    whole = path.read_bytes()
    assert part in whole
    path.write_bytes(whole.replace(part, wrong) if part else whole[:-1])
    assert build().scan(b"a`ab") == [(2, 0), (4, 1)]
    assert path.read_bytes() == whole


def test_code_that_is_being_replaced_prevents_no_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update removes the files of the code that still runs."""
    pytest.importorskip("hyperscan")

    def missing() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(rules_cache, "_planning_code", missing)
    triggers = [engines.Trigger("ghp_[a-z]{4}", is_caseless=False)]
    assert engines.build(triggers, cache=tmp_path).scan(b"ghp_abcd") == [(8, 0)]
    assert [path.suffix for path in tmp_path.glob("rules-*")] == [".hs"]


def test_what_could_not_be_kept_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each start on a full disk would leave a part of a file, which nothing removes."""
    pytest.importorskip("hyperscan")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(type(tmp_path), "replace", fail)
    triggers = [engines.Trigger("ghp_[a-z]{4}", is_caseless=False)]
    assert engines.build(triggers, cache=tmp_path).scan(b"ghp_abcd") == [(8, 0)]
    assert list(tmp_path.glob("rules-*")) == []
