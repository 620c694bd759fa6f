"""The hooks' spool: what is a hook event, what is not, and that no file in the folder does harm."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.hook_events import (
    MAX_ASIDE,
    MAX_EVENTS,
    MAX_HOOK_EVENT_BYTES,
    MAX_UNEXPECTED,
    Spool,
)
from support.ended_process import ended_pid
from support.lines import SESSION


def _without_secrets(text: str) -> str:
    return text.replace("hunter2", "…")


class Folder:
    """A state folder with a spool and a Claude folder."""

    def __init__(self, root: Path) -> None:
        self.claude = root / "claude"
        (self.claude / "projects").mkdir(parents=True)
        self.state = root / "state"
        self.spool = Spool(self.state, [self.claude], clock=SystemClock(), redact=_without_secrets)
        self.spool.prepare()

    def write(self, name: str, content: bytes | dict[str, object]) -> Path:
        """Put a file into the spool."""
        path = self.spool.folder / name
        path.write_bytes(
            content if isinstance(content, bytes) else f"{json.dumps(content)}\n".encode()
        )
        return path

    def emit(
        self, event: str = "SessionEnd", session_id: str = SESSION, number: int = 7, **more: object
    ) -> Path:
        """Write a hook event as a hook does."""
        fields = {
            "session_id": session_id,
            "transcript_path": str(self.claude / "projects" / "p" / f"{session_id}.jsonl"),
            "hook_event_name": event,
            **more,
        }
        return self.write(f"{event}.{session_id}.{number}", fields)

    def read_all(self) -> list[tuple[str, str]]:
        """Read what is there, and remove it; return events and sessions."""
        events = self.spool.read().events
        for name, _event in events:
            self.spool.remove(name)
        return [(event.name, event.session_id) for _, event in events]

    def left(self) -> list[str]:
        """Return the names in the spool."""
        return sorted(os.listdir(self.spool.folder))  # noqa: PTH208 - names, not paths

    def aside(self) -> list[Path]:
        """Return what was set aside."""
        folder = self.state / "signals.aside"
        return sorted(folder.iterdir()) if folder.exists() else []


def age(path: Path, seconds: float) -> None:
    """Let a file have been written so long ago."""
    at = SystemClock().wall_ms() / 1000 - seconds
    os.utime(path, (at, at))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return an empty spool."""
    return Folder(tmp_path)


class TestHookEvents:
    """What a hook wrote."""

    def test_events_are_sorted_by_time(self, folder: Folder) -> None:
        """By the file's time: names have none."""
        for number, event in enumerate(("SessionStart", "Stop", "SessionEnd")):
            os.utime(folder.emit(event), (1_000 + number, 1_000 + number))
        batch = folder.spool.read()
        assert [event.name for _, event in batch.events] == [
            "SessionStart",
            "Stop",
            "SessionEnd",
        ]
        assert [event.at_ms for _, event in batch.events] == [1_000_000, 1_001_000, 1_002_000]
        assert not batch.has_more

    def test_each_event_has_its_details(self, folder: Folder) -> None:
        """Other fields of the client, such as answers and titles, are not read."""
        folder.emit(
            "SessionStart", source="startup", model="claude-x", cwd="/w", session_title="secret"
        )
        folder.emit("Stop", last_assistant_message="secret")
        folder.emit("SessionEnd", reason="other", cwd="/w", session_title="secret")
        details = {event.name: event.detail for _, event in folder.spool.read().events}
        assert details == {
            "SessionStart": {"source": "startup", "model": "claude-x", "cwd": "/w"},
            "Stop": {},
            "SessionEnd": {"reason": "other", "cwd": "/w"},
        }

    def test_a_model_may_be_an_object(self, folder: Folder) -> None:
        """Clients report it as a name or as an object."""
        folder.emit("SessionStart", model={"id": "claude-x", "display_name": "X"})
        ((_, event),) = folder.spool.read().events
        assert event.detail == {"model": "claude-x"}

    def test_an_event_stays_until_it_is_removed(self, folder: Folder) -> None:
        """A crash in between loses nothing."""
        folder.emit()
        assert folder.spool.read().events == folder.spool.read().events != []
        folder.read_all()
        assert folder.left() == []
        assert folder.spool.read().events == []

    def test_a_change_is_seen_by_one_stat(self, folder: Folder) -> None:
        """Before the first read, and whenever something came."""
        assert folder.spool.is_changed()
        folder.spool.read()
        assert not folder.spool.is_changed()
        os.utime(folder.emit().parent, (5, 5))
        assert folder.spool.is_changed()

    def test_a_missing_folder_is_empty(self, tmp_path: Path) -> None:
        """A user may delete it while the daemon runs."""
        spool = Spool(tmp_path / "none", [], clock=SystemClock())
        assert not spool.is_changed()
        assert spool.read().events == []
        spool.remove("Stop.x.1")

    def test_an_event_needs_no_path(self, folder: Folder) -> None:
        """The Stop hook writes event and session alone."""
        folder.write(f"Stop.{SESSION}.1", {"hook_event_name": "Stop", "session_id": SESSION})
        assert folder.read_all() == [("Stop", SESSION)]


class TestOtherFolders:
    """An event of a Claude folder that is not read: that of another account."""

    def test_an_event_names_its_claude_folder(self, folder: Folder, tmp_path: Path) -> None:
        """Whether it is read or not."""
        other = tmp_path / "other"
        folder.emit(number=1)
        folder.emit(number=2, transcript_path=f"{other}/projects/-p/{SESSION}.jsonl")
        events = sorted(folder.spool.read().events)
        assert [(event.claude_dir, event.is_read) for _name, event in events] == [
            (folder.claude, True),
            (other, False),
        ]

    @pytest.mark.parametrize("name", ["other", "../other", "its folder/other"])
    def test_a_relative_claude_folder_is_in_the_working_folder(
        self, folder: Folder, tmp_path: Path, name: str
    ) -> None:
        """As with a relative `CLAUDE_CONFIG_DIR`: the client writes the path as it is."""
        path, cwd = f"{name}/projects/-p/{SESSION}.jsonl", tmp_path / "work"
        folder.emit("SessionStart", transcript_path=path, cwd=str(cwd))
        ((_name, event),) = folder.spool.read().events
        assert event.claude_dir == Path(os.path.normpath(cwd / name))
        assert not event.is_read
        folder.read_all()
        folder.emit("SessionStart", transcript_path=path, cwd="work")
        assert folder.read_all() == []

    @pytest.mark.parametrize(
        "path",
        [
            "{other}/projects/-p/another.jsonl",
            "{other}/projects/{session}.jsonl",
            "{other}/files/-p/{session}.jsonl",
            "{other}/projects/-p/deep/{session}.jsonl",
            "{other}/../x/projects/-p/{session}.jsonl",
            "{other}//projects/-p/{session}.jsonl",
            "/projects/-p/{session}.jsonl",
            "other/projects/-p/{session}.jsonl",
            "{other}\n/projects/-p/{session}.jsonl",
        ],
    )
    def test_a_path_that_no_client_writes_names_none(
        self, folder: Folder, tmp_path: Path, path: str
    ) -> None:
        """The event is set aside."""
        path = path.replace("{other}", str(tmp_path / "other")).replace("{session}", SESSION)
        folder.emit(transcript_path=path)
        assert folder.read_all() == []
        assert len(folder.aside()) == 1


class TestUnexpectedFiles:
    """A file that is not a hook event is set aside."""

    @pytest.mark.parametrize(
        "path",
        [
            "/etc/passwd",
            "relative/x.jsonl",
            "{claude}/../other/x.jsonl",
            "{claude}x/projects/x.jsonl",
            "{claude}/projects/link/x.jsonl",
            "a\0b",
            7,
            [],
            "",
        ],
    )
    def test_a_path_that_is_not_below_a_claude_folder(
        self, folder: Folder, tmp_path: Path, path: object
    ) -> None:
        """As it is written, and with its links resolved."""
        (tmp_path / "elsewhere").mkdir()
        (folder.claude / "projects" / "link").symlink_to(tmp_path / "elsewhere")
        if isinstance(path, str):
            path = path.replace("{claude}", str(folder.claude))
        folder.emit(transcript_path=path)
        assert folder.read_all() == []
        assert folder.left() == []
        assert len(folder.aside()) == 1

    def test_a_claude_folder_may_be_a_link(self, folder: Folder, tmp_path: Path) -> None:
        """Both of its names are accepted."""
        link = tmp_path / "link"
        link.symlink_to(folder.claude)
        for root, names in ((link, [link, folder.claude]), (folder.claude, [folder.claude])):
            spool = Spool(folder.state, [root], clock=SystemClock())
            for number, name in enumerate(names):
                path = name / "projects" / "x.jsonl"
                folder.emit(number=number, transcript_path=str(path))
            assert len(spool.read().events) == len(names)
            folder.read_all()
            for left in folder.left():
                spool.remove(left)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"[]",
            b"7",
            b"\xff\xfe",
            b'{"hook_event_name": "Stop", "session_id": "%s"}' % SESSION.encode(),
            b'{"hook_event_name": "SessionEnd", "session_id": "another"}',
            b'{"hook_event_name": "SessionEnd"}',
            b"[" * 60_000,
        ],
    )
    def test_content_that_contradicts_its_name(self, folder: Folder, content: bytes) -> None:
        """It is kept for inspection, without its secrets."""
        content += b"hunter2\n"
        folder.write(f"SessionEnd.{SESSION}.1", content)
        assert folder.read_all() == []
        kept = _without_secrets(content.decode("utf-8", "replace"))
        assert [path.read_text("utf-8") for path in folder.aside()] == [kept]

    def test_a_reader_without_a_redactor_leaves_them(self, folder: Folder) -> None:
        """Commands read the spool, too: what is not a hook event stays for the daemon."""
        path = folder.write("x", b"hunter2\n")
        spool = Spool(folder.state, [folder.claude], clock=SystemClock())
        assert spool.read().events == []
        assert (folder.left(), folder.aside(), spool.unexpected) == ([path.name], [], 0)

    @pytest.mark.parametrize(
        "name",
        ["x", "Stop", f"Stop.{SESSION}", "Stop..1", "Stop.a b.1", f"PreToolUse.{SESSION}.1", ".x"],
    )
    def test_a_name_that_no_hook_writes(self, folder: Folder, name: str) -> None:
        """Whatever its content."""
        folder.write(name, {"hook_event_name": "Stop", "session_id": SESSION})
        assert folder.read_all() == []
        assert folder.left() == []
        assert len(folder.aside()) == 1

    @pytest.mark.parametrize("content", [b"", b"{", b'{"hook_event_name": "Stop"}'])
    @pytest.mark.parametrize("name", ["Stop", "SessionEnd", "SessionStart"])
    def test_an_unfinished_file_stays_while_its_hook_runs(
        self, folder: Folder, content: bytes, name: str
    ) -> None:
        """After a minute it is taken for one that was killed: its name says what to read."""
        path = folder.write(f"{name}.{SESSION}.{os.getpid()}", content)
        for seconds in (0, 3, 59):
            age(path, seconds)
            assert folder.read_all() == []
            assert folder.left() == [path.name]
        age(path, 60)
        assert folder.read_all() == ([] if name == "SessionStart" else [("Stop", SESSION)])
        assert folder.left() == []
        assert folder.aside() == []

    def test_an_unfinished_file_of_a_killed_hook_does_not_stay(self, folder: Folder) -> None:
        """A moment after its process ended; what is newer may be of another machine's process."""
        path = folder.write(f"SessionEnd.{SESSION}.{ended_pid()}", b"{")
        assert folder.read_all() == []
        age(path, 3)
        assert folder.read_all() == [("Stop", SESSION)]
        assert folder.left() == []

    def test_options_on_their_way_do_not_stay(self, folder: Folder) -> None:
        """They may contain a key: they are removed, not set aside, once nobody writes them."""
        written = folder.write(f"options.{os.getpid()}", b"api_key=osk_x")
        left = folder.write(f"options.{ended_pid()}", b"api_key=osk_x")
        assert folder.read_all() == []
        for path in (written, left):
            age(path, 3)
        assert folder.read_all() == []
        assert folder.left() == [written.name]
        age(written, 60)
        assert folder.read_all() == []
        assert folder.left() == []
        assert folder.aside() == []
        assert folder.spool.unexpected == 0

    def test_links_folders_and_pipes_are_not_opened(self, folder: Folder, tmp_path: Path) -> None:
        """A pipe would block the reader, a link would lead to other files."""
        secret = tmp_path / "secret"
        secret.write_text(json.dumps({"hook_event_name": "Stop", "session_id": SESSION}))
        spool = folder.spool.folder
        (spool / f"Stop.{SESSION}.1").symlink_to(secret)
        (spool / f"Stop.{SESSION}.2").symlink_to(tmp_path / "missing")
        os.mkfifo(spool / f"Stop.{SESSION}.3")
        (spool / f"Stop.{SESSION}.4").mkdir()
        (spool / "full").mkdir()
        (spool / "full" / "file").touch()
        (spool / "loop").symlink_to("loop")
        folder.emit("Stop", number=5)
        assert folder.read_all() == [("Stop", SESSION)]
        assert folder.left() == ["full"]
        assert secret.exists()
        assert folder.aside() == []
        assert folder.read_all() == []

    def test_a_huge_file_is_neither_read_nor_kept(self, folder: Folder) -> None:
        """A sparse gigabyte costs nothing to make."""
        with folder.write(f"Stop.{SESSION}.1", b"").open("wb") as file:
            file.truncate(1 << 30)
        folder.write("giant", b"x" * (MAX_HOOK_EVENT_BYTES + 1))
        folder.emit(number=2)
        assert folder.read_all() == [("SessionEnd", SESSION)]
        assert folder.left() == []
        assert folder.aside() == []

    def test_ten_thousand_unexpected_files_are_removed_in_steps(self, folder: Folder) -> None:
        """The hook event comes with the first read."""
        for number in range(10_000):
            (folder.spool.folder / f"junk-{number}").touch()
        folder.emit()
        assert folder.read_all() == [("SessionEnd", SESSION)]
        reads = 1
        while folder.spool.read().has_more:
            reads += 1
        assert reads == 10_000 // MAX_UNEXPECTED - 1
        folder.read_all()
        assert folder.left() == []
        assert len(folder.aside()) == MAX_ASIDE
        assert folder.spool.unexpected == 10_000

    def test_many_events_are_read_in_bounded_batches(self, folder: Folder) -> None:
        """Other work does not wait for all of them."""
        for number in range(MAX_EVENTS + 50):
            folder.emit("Stop", number=number)
        assert len(folder.read_all()) == MAX_EVENTS
        assert len(folder.read_all()) == 50

    def test_a_file_that_cannot_be_moved_stays(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It costs one name in the list."""

        def refuse(*_args: object) -> None:
            raise PermissionError("no")

        folder.write("x", b"")
        monkeypatch.setattr(Path, "replace", refuse)
        assert folder.read_all() == []
        assert folder.left() == ["x"]

    def test_an_event_that_disappears_meanwhile_is_ignored(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It does not count as unexpected."""
        folder.emit()

        def gone(*_args: object) -> None:
            raise FileNotFoundError

        monkeypatch.setattr(os, "open", gone)
        assert folder.read_all() == []
        assert folder.spool.unexpected == 0
