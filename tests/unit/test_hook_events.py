"""The hooks' spool: what is a signal, what is not, and that nothing in the folder does harm."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from ccsync_watch.hook_events import MAX_ASIDE, MAX_HOOK_EVENT_BYTES, MAX_SWEPT, MAX_TAKEN, Spool

SESSION = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-2222-4333-8444-555555555555"


class Folder:
    """A state folder with a spool and a Claude folder."""

    def __init__(self, root: Path) -> None:
        self.claude = root / "claude"
        (self.claude / "projects").mkdir(parents=True)
        self.state = root / "state"
        self.spool = Spool(self.state, [self.claude])
        self.spool.prepare()

    def write(self, name: str, content: bytes | dict[str, object]) -> Path:
        """Put a file into the spool."""
        path = self.spool.folder / name
        path.write_bytes(
            content if isinstance(content, bytes) else f"{json.dumps(content)}\n".encode()
        )
        return path

    def signal(
        self, event: str = "SessionEnd", session_id: str = SESSION, number: int = 7, **more: object
    ) -> Path:
        """Put a signal there as a hook writes it."""
        fields = {
            "session_id": session_id,
            "transcript_path": str(self.claude / "projects" / "p" / f"{session_id}.jsonl"),
            "hook_event_name": event,
            **more,
        }
        return self.write(f"{event}.{session_id}.{number}", fields)

    def taken(self) -> list[tuple[str, str]]:
        """Take what is there, and be done with it; return events and sessions."""
        made = self.spool.take()
        for name, _signal in made.signals:
            self.spool.done(name)
        return [(signal.event, signal.session_id) for _, signal in made.signals]

    def left(self) -> list[str]:
        """Return what lies in the spool."""
        return sorted(os.listdir(self.spool.folder))  # noqa: PTH208 - names, not paths

    def aside(self) -> list[Path]:
        """Return what was set aside."""
        folder = self.state / "signals.aside"
        return sorted(folder.iterdir()) if folder.exists() else []


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return an empty spool."""
    return Folder(tmp_path)


class TestSignals:
    """What a hook wrote."""

    def test_in_the_order_in_which_they_came(self, folder: Folder) -> None:
        """By the file's time, as names tell none."""
        for number, event in enumerate(("SessionStart", "Stop", "SessionEnd")):
            os.utime(folder.signal(event), (1_000 + number, 1_000 + number))
        made = folder.spool.take()
        assert [signal.event for _, signal in made.signals] == [
            "SessionStart",
            "Stop",
            "SessionEnd",
        ]
        assert [signal.at_ms for _, signal in made.signals] == [1_000_000, 1_001_000, 1_002_000]
        assert not made.is_more

    def test_each_event_has_its_details(self, folder: Folder) -> None:
        """And nothing else of what the client says is taken: answers and titles stay out."""
        folder.signal(
            "SessionStart", source="startup", model="claude-x", cwd="/w", session_title="secret"
        )
        folder.signal("Stop", last_assistant_message="secret")
        folder.signal("SessionEnd", reason="other", cwd="/w", session_title="secret")
        details = {signal.event: signal.detail for _, signal in folder.spool.take().signals}
        assert details == {
            "SessionStart": {"source": "startup", "model": "claude-x", "cwd": "/w"},
            "Stop": {},
            "SessionEnd": {"reason": "other", "cwd": "/w"},
        }

    def test_a_model_may_be_an_object(self, folder: Folder) -> None:
        """Clients have told it both ways."""
        folder.signal("SessionStart", model={"id": "claude-x", "display_name": "X"})
        ((_, signal),) = folder.spool.take().signals
        assert signal.detail == {"model": "claude-x"}

    def test_a_signal_stays_until_it_is_done(self, folder: Folder) -> None:
        """A crash in between loses nothing."""
        folder.signal()
        assert folder.spool.take().signals == folder.spool.take().signals != []
        folder.taken()
        assert folder.left() == []
        assert folder.spool.take().signals == []

    def test_a_change_is_seen_by_one_stat(self, folder: Folder) -> None:
        """Before the first look, and whenever something came."""
        assert folder.spool.is_changed()
        folder.spool.take()
        assert not folder.spool.is_changed()
        os.utime(folder.signal().parent, (5, 5))
        assert folder.spool.is_changed()

    def test_a_missing_folder_holds_nothing(self, tmp_path: Path) -> None:
        """Somebody may delete it under us."""
        spool = Spool(tmp_path / "none", [])
        assert not spool.is_changed()
        assert spool.take().signals == []
        spool.done("Stop.x.1")

    def test_without_a_path_a_signal_names_its_session(self, folder: Folder) -> None:
        """The Stop hook writes no more than that."""
        folder.write(f"Stop.{SESSION}.1", {"hook_event_name": "Stop", "session_id": SESSION})
        assert folder.taken() == [("Stop", SESSION)]


class TestForeign:
    """What is no signal is set aside, not obeyed."""

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
        """As written, and as its links lead."""
        (tmp_path / "elsewhere").mkdir()
        (folder.claude / "projects" / "link").symlink_to(tmp_path / "elsewhere")
        if isinstance(path, str):
            path = path.replace("{claude}", str(folder.claude))
        folder.signal(transcript_path=path)
        assert folder.taken() == []
        assert folder.left() == []
        assert len(folder.aside()) == 1

    def test_a_claude_folder_may_be_a_link(self, folder: Folder, tmp_path: Path) -> None:
        """Both of its names are good."""
        link = tmp_path / "link"
        link.symlink_to(folder.claude)
        for root, names in ((link, [link, folder.claude]), (folder.claude, [folder.claude])):
            spool = Spool(folder.state, [root])
            for number, each in enumerate(names):
                path = each / "projects" / "x.jsonl"
                folder.signal(number=number, transcript_path=str(path))
            assert len(spool.take().signals) == len(names)
            folder.taken()
            for name in folder.left():
                spool.done(name)

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
    def test_content_that_is_not_what_its_name_says(self, folder: Folder, content: bytes) -> None:
        """It is kept for someone to look at."""
        content += b"\n"
        folder.write(f"SessionEnd.{SESSION}.1", content)
        assert folder.taken() == []
        assert [each.read_bytes() for each in folder.aside()] == [content]

    @pytest.mark.parametrize(
        "name",
        ["x", "Stop", f"Stop.{SESSION}", "Stop..1", "Stop.a b.1", f"PreToolUse.{SESSION}.1", ".x"],
    )
    def test_a_name_that_is_none_of_ours(self, folder: Folder, name: str) -> None:
        """Whatever it holds."""
        folder.write(name, {"hook_event_name": "Stop", "session_id": SESSION})
        assert folder.taken() == []
        assert folder.left() == []
        assert len(folder.aside()) == 1

    @pytest.mark.parametrize("content", [b"", b"{", b'{"hook_event_name": "Stop"}'])
    def test_a_hook_that_is_at_work_is_waited_for(self, folder: Folder, content: bytes) -> None:
        """Until its newline is there; one that was killed is waited for no more after a while."""
        path = folder.write(f"Stop.{SESSION}.1", content)
        assert folder.taken() == []
        assert folder.left() == [path.name]
        long_ago = time.time() - 3600
        os.utime(path, (long_ago, long_ago))
        assert folder.taken() == []
        assert folder.left() == []
        assert len(folder.aside()) == 1
        folder.signal("Stop", number=1)
        assert folder.taken() == [("Stop", SESSION)]

    def test_links_folders_and_pipes_are_not_opened(self, folder: Folder, tmp_path: Path) -> None:
        """A pipe would hang us, a link would show us what is not ours."""
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
        folder.signal("Stop", number=5)
        assert folder.taken() == [("Stop", SESSION)]
        assert folder.left() == ["full"]
        assert secret.exists()
        assert folder.aside() == []
        assert folder.taken() == []

    def test_a_giant_is_neither_read_nor_kept(self, folder: Folder) -> None:
        """A sparse gigabyte costs nothing to make."""
        with folder.write(f"Stop.{SESSION}.1", b"").open("wb") as file:
            file.truncate(1 << 30)
        folder.write("giant", b"x" * (MAX_HOOK_EVENT_BYTES + 1))
        folder.signal(number=2)
        assert folder.taken() == [("SessionEnd", SESSION)]
        assert folder.left() == []
        assert folder.aside() == []

    def test_ten_thousand_files_of_rubbish(self, folder: Folder) -> None:
        """The live signal comes with the first look; the rest is tidied up step by step."""
        for number in range(10_000):
            (folder.spool.folder / f"junk-{number}").touch()
        folder.signal()
        assert folder.taken() == [("SessionEnd", SESSION)]
        looks = 1
        while folder.spool.take().is_more:
            looks += 1
        assert looks == 10_000 // MAX_SWEPT - 1
        folder.taken()
        assert folder.left() == []
        assert len(folder.aside()) == MAX_ASIDE
        assert folder.spool.foreign == 10_000

    def test_many_signals_come_in_bounded_turns(self, folder: Folder) -> None:
        """Nothing else has to wait for all of them."""
        for number in range(MAX_TAKEN + 50):
            folder.signal("Stop", number=number)
        assert len(folder.taken()) == MAX_TAKEN
        assert len(folder.taken()) == 50

    def test_a_file_that_cannot_be_moved_stays(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It costs one name in the list."""

        def refuse(*_args: object) -> None:
            raise PermissionError("no")

        folder.write("x", b"")
        monkeypatch.setattr(Path, "replace", refuse)
        assert folder.taken() == []
        assert folder.left() == ["x"]

    def test_a_signal_that_goes_while_we_look(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nobody misses it."""
        folder.signal()

        def gone(*_args: object) -> None:
            raise FileNotFoundError

        monkeypatch.setattr(os, "open", gone)
        assert folder.taken() == []
        assert folder.spool.foreign == 0
