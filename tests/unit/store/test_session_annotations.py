"""What a person says of sessions is in the database and in a file, and survives the database."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import orjson
import pytest

from ccsync_watch.errors import StateError
from ccsync_watch.model import Redacted
from ccsync_watch.private_files import read_private
from ccsync_watch.store import annotation_file, backups, rewriting, session_annotations
from ccsync_watch.store.annotation_writer import (
    MarkChange,
    SessionChange,
    restore_annotations,
    save_change,
)
from support.searching import search_for
from support.storing import OTHER, SESSION, World, message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW_MS = 1_790_000_000_000
UUID = f"{SESSION}:u1"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world with a session."""
    world = World(tmp_path)
    world.say("u1", "Hello")
    return world


def _say(world: World, **fields: object) -> None:
    change = SessionChange(SESSION, **fields)  # type: ignore[arg-type]  # as the tests have them
    save_change(world.database, Redacted(change), now_ms=NOW_MS)


def _mark(world: World, mark: session_annotations.Mark | None, note: str = "") -> None:
    save_change(
        world.database, Redacted(MarkChange(UUID, SESSION, None, mark, note)), now_ms=NOW_MS
    )


def _file(world: World) -> Path:
    return world.folder / annotation_file.FILE_NAME


def _lose_database(world: World) -> None:
    world.close()
    for path in world.folder.glob("ccsync.db*"):
        path.unlink()
    world.open()


def test_a_change_leaves_what_it_does_not_name(world: World) -> None:
    """An empty text removes a thing; what nothing is said of is not stored."""
    _say(world, is_starred=True)
    _say(world, name=" My  name ", note="First\nsecond\n", tags="slow, #db, Slow, needs work,")
    said = session_annotations.load_annotation(world.database, SESSION)
    assert said == session_annotations.SessionAnnotation(
        SESSION,
        is_starred=True,
        name="My name",
        note="First\nsecond",
        tags=("slow", "db", "needs-work"),
    )
    _say(world, is_starred=False, name="", tags="")
    assert session_annotations.load_annotation(world.database, SESSION).note == "First\nsecond"
    _say(world, note=" ")
    assert session_annotations.load_annotation(world.database, SESSION).is_empty
    assert session_annotations.every_annotation(world.database.read()) == []


def test_texts_and_tags_are_cut_at_their_limits(world: World) -> None:
    """So that the file stays small."""
    tags = ",".join(f"{number}-" + "t" * 100 for number in range(100))
    _say(world, name="n" * 1000, note="o" * 10_000, tags=tags)
    said = session_annotations.load_annotation(world.database, SESSION)
    assert (len(said.name or ""), len(said.note or "")) == (200, 4000)
    assert len(said.tags) == 20
    assert set(map(len, said.tags)) == {60}


def test_sessions_are_found_by_star_tag_and_mark(world: World) -> None:
    """Whatever the case of the tag."""
    _say(world, is_starred=True, tags="Slow")
    save_change(world.database, Redacted(SessionChange(OTHER, tags="slow")), now_ms=NOW_MS)
    _mark(world, "golden")
    find = session_annotations.annotated_sessions
    assert find(world.database, tag="SLOW") == [SESSION, OTHER]
    assert find(world.database, tag="slow", is_starred=True) == [SESSION]
    assert find(world.database, mark="golden") == [SESSION]
    assert find(world.database, mark="wrong", is_starred=True) == []
    assert session_annotations.known_tags(world.database) == ["slow"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("note:flak", [SESSION]),
        ('note:"ask ana"', [SESSION]),
        ("note:RENAMED", [OTHER]),
        ("note:*named*", [OTHER]),
        ("-note:flaky", [OTHER]),
        ("note:nothing", []),
        ("note:flaky note:renamed", []),
    ],
)
def test_a_session_is_searched_for_by_its_note_and_its_name(
    world: World, query: str, expected: list[str]
) -> None:
    """By any part of them, whatever the case; what nobody wrote is in none of them."""
    world.ingest(message("u2", "hello", session_id=OTHER), session_id=OTHER)
    _say(world, note="Flaky: ask Ana")
    save_change(world.database, Redacted(SessionChange(OTHER, name="Renamed")), now_ms=NOW_MS)
    groups = search_for(world.database, query).groups
    assert [group.session_id for group in groups] == expected


def test_a_message_has_one_mark(world: World) -> None:
    """The last one, until it is removed."""
    _mark(world, "golden", "exactly so")
    _mark(world, "wrong", "not at all")
    (mark,) = session_annotations.list_marks(world.database, session_id=SESSION)
    assert mark == session_annotations.MessageMark(
        UUID, SESSION, None, "wrong", "not at all", NOW_MS
    )
    _mark(world, None)
    assert session_annotations.list_marks(world.database) == []


def test_a_new_database_gets_what_the_file_has(world: World) -> None:
    """Whose file is nobody else's to read."""
    _say(world, is_starred=True, name="Name", note="Note", tags="a, b")
    _mark(world, "review", "again")
    before = session_annotations.load_annotation(world.database, SESSION)
    marks = session_annotations.list_marks(world.database)
    assert stat.S_IMODE(_file(world).stat().st_mode) == 0o600 or os.name == "nt"
    _lose_database(world)
    assert session_annotations.load_annotation(world.database, SESSION).is_empty
    assert restore_annotations(world.database, now_ms=NOW_MS) is None
    assert session_annotations.load_annotation(world.database, SESSION) == before
    assert session_annotations.list_marks(world.database) == marks
    _say(world, is_starred=False)
    assert not session_annotations.load_annotation(world.database, SESSION).is_starred


def test_what_was_removed_after_the_copy_is_not_there_again(world: World) -> None:
    """The file has more changes than the copy that takes a damaged database's place."""
    world.drain()
    _say(world, is_starred=True, note="removed later")
    assert backups.write_backup(world.database.read())
    _say(world, note="")
    world.close()
    world.database.path.write_bytes(b"no database" * 100)
    world.open()
    assert session_annotations.load_annotation(world.database, SESSION).note == "removed later"
    restore_annotations(world.database, now_ms=NOW_MS)
    said = session_annotations.load_annotation(world.database, SESSION)
    assert (said.is_starred, said.note) == (True, None)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(_earlier(path)),
    ],
    ids=["deleted", "one change behind"],
)
def test_a_file_that_is_behind_is_written_again(
    world: World, change: Callable[[Path], object]
) -> None:
    """The database has what it lacks."""
    _say(world, is_starred=True)
    path = _file(world)
    content = path.read_bytes()
    change(path)
    assert restore_annotations(world.database, now_ms=NOW_MS) is None
    assert path.read_bytes() == content
    assert session_annotations.load_annotation(world.database, SESSION).is_starred


def _earlier(path: Path) -> bytes:
    document = orjson.loads(path.read_bytes())
    return orjson.dumps({**document, "revision": document["revision"] - 1, "sessions": []})


_ONE = {"session_id": SESSION, "is_starred": True, "name": None, "note": None, "tags": []}
_MARKED = {
    "message_id": UUID, "session_id": SESSION, "agent_id": None, "mark": "golden", "note": None,
    "marked_ms": 1,
}  # fmt: skip


def _document(**changes: object) -> bytes:
    document = {"version": 1, "revision": 9, "sessions": [_ONE], "messages": [_MARKED]}
    return orjson.dumps({**document, **changes})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        _document(version=2),
        _document(revision=-1),
        _document(revision=True),
        _document(revision=1 << 63),
        _document(sessions=None),
        _document(sessions=[1]),
        _document(sessions=[{**_ONE, "session_id": ""}]),
        _document(sessions=[{**_ONE, "is_starred": 1}]),
        _document(sessions=[{**_ONE, "tags": [None]}]),
        _document(sessions=[{**_ONE, "note": {}}]),
        _document(messages=[{**_MARKED, "mark": "silver"}]),
        _document(messages=[{**_MARKED, "marked_ms": "1"}]),
        _document(messages=[{"mark": "golden"}]),
        _document(padding="x" * (17 << 20)),
    ],
    ids=range(19),
)
def test_a_damaged_file_is_set_aside(world: World, data: bytes) -> None:
    """It is kept under another name, and the database's own is written in its place."""
    assert annotation_file.read_file(_file(world), now_ms=1) == (None, None)
    _file(world).write_bytes(_document())
    assert restore_annotations(world.database, now_ms=1) is None
    _file(world).write_bytes(data)
    aside = restore_annotations(world.database, now_ms=1)
    assert aside is not None
    assert aside.name == "annotations.json.damaged-1"
    assert aside.read_bytes() == data
    assert session_annotations.load_annotation(world.database, SESSION).is_starred
    assert restore_annotations(world.database, now_ms=2) is None
    for at in (3, 4, 5):
        _file(world).write_bytes(b"{")
        restore_annotations(world.database, now_ms=at)
    kept = sorted(path.name[-1] for path in world.folder.glob("annotations.json.damaged-*"))
    assert kept == ["4", "5"]


@pytest.mark.parametrize("failure", [OSError(errno.EIO, "Input/output error"), b"{half"])
def test_a_file_that_is_not_read_for_a_moment_is_not_damaged(
    world: World, monkeypatch: pytest.MonkeyPatch, failure: OSError | bytes
) -> None:
    """It has what no database may have any more."""
    _say(world, name="Mine")
    failures = [failure]

    def read_once(path: Path, max_bytes: int) -> bytes:
        outcome = failures.pop() if failures else read_private(path, max_bytes)
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    monkeypatch.setattr("ccsync_watch.store.annotation_file.read_private", read_once)
    stored, aside = annotation_file.read_file(_file(world), now_ms=1)
    assert aside is None
    assert stored is not None
    assert [item.name for item in stored.sessions] == ["Mine"]


@pytest.mark.skipif(os.name == "nt", reason="no users, no links")
def test_a_folder_or_another_users_file_in_its_place_is_set_aside(world: World) -> None:
    """What others can write is not believed."""
    _file(world).mkdir()
    assert restore_annotations(world.database, now_ms=1) is not None
    _file(world).write_bytes(_document())
    _file(world).chmod(0o666)
    assert restore_annotations(world.database, now_ms=2) is not None
    assert session_annotations.load_annotation(world.database, SESSION).is_empty


def test_nothing_is_changed_where_the_file_cannot_be_written(world: World) -> None:
    """What a person was answered is in both, or in neither."""
    _say(world, note="before")
    _file(world).unlink()
    _file(world).mkdir()
    with pytest.raises(StateError, match="cannot write"):
        _say(world, note="after")
    assert session_annotations.load_annotation(world.database, SESSION).note == "before"


def test_more_than_the_file_may_hold_is_rejected(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to do; a redaction that makes it larger is not rejected."""
    monkeypatch.setattr(annotation_file, "MAX_BYTES", 300)
    _say(world, note="short")
    with pytest.raises(StateError, match="too many to be stored") as caught:
        _say(world, note="long" * 100)
    assert caught.value.hint == "remove some of them"
    assert session_annotations.load_annotation(world.database, SESSION).note == "short"


def test_a_repair_redacts_them_in_both_places(world: World) -> None:
    """No word is longer in the file than in the database."""
    _say(world, name="hunter2 name", note="hunter2", tags="hunter2")
    _mark(world, "wrong", "hunter2")
    changed = []
    for rows in rewriting.other_rows(world.database, 100):
        for row in rows:
            values = orjson.loads(orjson.dumps(row.values).replace(b"hunter2", b"[gone]"))
            if values != row.values:
                changed.append(
                    rewriting.RewritableRow(row.table, row.key, row.session_id, values, row.before)
                )
    assert len(changed) == 2
    rewriting.rewrite_rows(world.database, Redacted(changed), is_released=True)
    assert b"hunter2" not in _file(world).read_bytes()
    said = session_annotations.load_annotation(world.database, SESSION)
    assert (said.name, said.note, said.tags) == ("[gone] name", "[gone]", ("[gone]",))
    assert session_annotations.list_marks(world.database)[0].note == "[gone]"
    assert restore_annotations(world.database, now_ms=NOW_MS) is None
    assert session_annotations.load_annotation(world.database, SESSION) == said
