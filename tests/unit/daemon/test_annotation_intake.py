"""Changes of what a person says are redacted and stored by the reading thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.daemon.annotation_intake import AnnotationIntake
from ccsync_watch.errors import NotRunning, RedactorUnavailable, StateError
from ccsync_watch.store import annotation_file, session_annotations
from ccsync_watch.store.annotation_writer import MarkChange, SessionChange
from support.redaction_corpus.shared import build_redactor
from support.storing import SESSION, World

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.model import JsonValue
    from ccsync_watch.privacy.clean import Redacting

TOKEN = "ghp_" + "Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL"


class _Broken:
    def redact_value(self, obj: JsonValue) -> JsonValue:
        raise AssertionError(obj)


class _Reader:
    """The reading thread: it serves when it is woken, until it is stopped."""

    def __init__(self, world: World, redactor: Redacting) -> None:
        self._woken, self._is_ending = threading.Event(), False
        self.intake = AnnotationIntake(
            world.database, redactor=redactor, clock=SystemClock(), wake=self._woken.set
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._is_ending:
            self._woken.wait()
            self._woken.clear()
            self.intake.serve()

    def stop(self) -> None:
        self._is_ending = True
        self._woken.set()
        self._thread.join()


def test_texts_are_redacted_before_they_are_stored(tmp_path: Path) -> None:
    """In the database and in the file, in names, notes, tags and marks."""
    world = World(tmp_path)
    world.say("u1")
    reader = _Reader(world, build_redactor())
    try:
        change = SessionChange(SESSION, name=f"a {TOKEN}", note=f"b\n{TOKEN}", tags=f"c,{TOKEN}")
        reader.intake.submit(change, seconds=60)
        mark = MarkChange(f"{SESSION}:u1", SESSION, None, "wrong", f"d {TOKEN}")
        reader.intake.submit(mark, seconds=60)
    finally:
        reader.stop()
    said = session_annotations.load_annotation(world.database, SESSION)
    (marked,) = session_annotations.list_marks(world.database)
    texts = [said.name, said.note, *said.tags, marked.note]
    assert [text[:2] for text in texts if text] == ["a ", "b\n", "c", "[R", "d "]
    assert all("[REDACTED:github-token:" in str(text) for text in texts if text != "c")
    assert TOKEN.encode() not in (tmp_path / annotation_file.FILE_NAME).read_bytes()


def test_without_a_redactor_nothing_is_stored(tmp_path: Path) -> None:
    """And whoever asked gets to know it."""
    world = World(tmp_path)
    reader = _Reader(world, _Broken())
    try:
        with pytest.raises(RedactorUnavailable):
            reader.intake.submit(SessionChange(SESSION, note="text"), seconds=60)
    finally:
        reader.stop()
    assert session_annotations.every_annotation(world.database.read()) == []


def test_what_nobody_serves_in_time_is_not_stored_later(tmp_path: Path) -> None:
    """The answer to the person stays true."""
    world = World(tmp_path)
    intake = AnnotationIntake(
        world.database, redactor=_Broken(), clock=world.clock, wake=lambda: None
    )
    with pytest.raises(StateError, match="busy"):
        intake.submit(SessionChange(SESSION, is_starred=True), seconds=5)
    intake.serve()
    assert session_annotations.every_annotation(world.database.read()) == []


def test_a_daemon_that_stops_rejects_changes(tmp_path: Path) -> None:
    """Those that were added and those that come later."""
    world = World(tmp_path)

    def close() -> None:
        intake.close()

    intake = AnnotationIntake(world.database, redactor=_Broken(), clock=SystemClock(), wake=close)
    for _number in range(2):
        with pytest.raises(NotRunning):
            intake.submit(SessionChange(SESSION, is_starred=True), seconds=60)
