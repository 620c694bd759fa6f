"""The rules are compiled by a process of its own, while a slower engine redacts."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.daemon.rules_compiler import RulesCompiler
from ccsync_watch.privacy import READY, Redactor
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("hyperscan")

KEY = b"k" * 32
TEXT = "a token ghp_16C7e42F292c6912E7710c838347Ae178B4a in a text"


def test_the_engine_changes_when_the_rules_are_compiled(tmp_path: Path) -> None:
    """And what is found does not; the next redactor has them at once, and nothing is compiled."""
    started = []
    rules = RulesCompiler(lambda: started.append(1))
    redactor = Redactor(key=KEY, cache=tmp_path, engine=READY)
    before = redactor.redact(TEXT)
    assert redactor.engine != "hyperscan"
    assert "REDACTED" in before
    rules.start(redactor, tmp_path)
    rules.start(redactor, tmp_path)

    def is_compiled() -> bool:
        rules.turn()
        return redactor.engine == "hyperscan"

    wait_until(is_compiled, "the rules are compiled")
    assert redactor.redact(TEXT) == before
    after = Redactor(key=KEY, cache=tmp_path, engine=READY)
    assert after.engine == "hyperscan"
    rules.start(after, tmp_path)
    rules.start(Redactor(key=KEY, cache=tmp_path, engine="re"), None)
    assert started == [1]


class SlowRedactor:
    """Has a slow engine; records that it is to use another one."""

    engine = "re"

    def __init__(self) -> None:
        self.caches: list[Path | None] = []

    def use_compiled(self, cache: Path | None) -> None:
        """Record the call."""
        self.caches.append(cache)


def test_the_newest_redactor_gets_the_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings may change while they are compiled; where the process failed, it compiles them."""
    rules = RulesCompiler()
    first, second = SlowRedactor(), SlowRedactor()
    monkeypatch.setattr(sys, "executable", shutil.which("false"))  # a process that fails at once
    rules.start(first, tmp_path)  # type: ignore[arg-type]  # what it uses of it
    rules.start(second, tmp_path)  # type: ignore[arg-type]  # as above

    def is_used() -> bool:
        rules.turn()
        return bool(second.caches)

    wait_until(is_used, "the process has ended")
    assert (first.caches, second.caches) == ([], [tmp_path])
    rules.stop()


def test_stopping_ends_the_process(tmp_path: Path) -> None:
    """At once: a signal ends the daemon within seconds."""
    rules = RulesCompiler()
    redactor = SlowRedactor()
    rules.start(redactor, tmp_path)  # type: ignore[arg-type]  # as above
    rules.stop()
    rules.turn()
    assert (redactor.caches, list(tmp_path.glob("*.hs"))) == ([], [])
