"""Which files are transcripts, whose they are, and what a sweep may conclude."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.model import Stream
from ccsync_watch.transcripts import discovery
from ccsync_watch.transcripts.discovery import Sweep, look, stream_of, sweep, transcript_of
from ccsync_watch.transcripts.transcript_file import open_file, read_sidecar
from support.lines import SESSION

if TYPE_CHECKING:
    from collections.abc import Iterator

AGENT = "a0123456789abcdef"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return an empty `projects` folder."""
    made = tmp_path / "projects"
    made.mkdir()
    return made


def put(path: Path, data: bytes = b"{}\n") -> Path:
    """Write a file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def names(root: Path) -> list[str]:
    """Return what a sweep finds, relative to the root."""
    return sorted(os.path.relpath(found.path, root) for found in sweep([str(root)]).found)


class TestNames:
    """What a file's name says."""

    def test_a_session_is_named_by_its_file(self) -> None:
        """Not by the folder, which is not unique."""
        assert stream_of(f"/p/-home/{SESSION}.jsonl") == Stream(SESSION, SESSION, None)

    def test_a_subagent_belongs_to_the_session_above_it(self) -> None:
        """Whatever the depth: a workflow's agents lie deeper."""
        made = Stream(f"agent-{AGENT}", SESSION, AGENT)
        base = f"/p/-home/{SESSION}/subagents"
        assert stream_of(f"{base}/agent-{AGENT}.jsonl") == made
        assert stream_of(f"{base}/workflows/wf_1/agent-{AGENT}.jsonl") == made

    def test_a_subagent_outside_such_a_folder_has_its_session_from_its_rows(self) -> None:
        """Older clients kept it beside the session's file."""
        assert stream_of(f"/p/agent-{AGENT}.jsonl") == Stream(f"agent-{AGENT}", "", AGENT)

    @pytest.mark.parametrize(
        "name",
        [
            "subagents/workflows/wf_1/journal.jsonl",
            "x.jsonl.compact.tmp.0123abcd",
            "x.jsonl.superseded-1790000000000",
            "x.meta.json",
            "x.meta.json.tmp.1",
            "x.desktop-released.json",
            "custom-title.json",
            ".jsonl",
            "x.txt",
        ],
    )
    def test_other_files_are_no_transcripts(self, name: str) -> None:
        """Neither is what the client keeps beside them for a while."""
        assert stream_of(f"/p/-home/{name}") is None

    @pytest.mark.parametrize(
        ("stem", "made"),
        [
            ("a b", "a_b"),
            ("../x", "x"),
            ("-lead", "lead"),
            ("…", "unnamed"),
            ("ü" * 200, "unnamed"),
        ],
    )
    def test_a_name_that_is_no_id_is_made_one(self, stem: str, made: str) -> None:
        """What it says goes into the store, unredacted: no more than letters and digits."""
        stream = stream_of(f"/p/{stem}.jsonl")
        assert stream is not None
        assert stream.session_id == made

    def test_a_sidecar_leads_to_its_transcript(self) -> None:
        """A change of it is a change of what the transcript tells."""
        base = f"/p/{SESSION}/subagents/agent-{AGENT}"
        assert transcript_of(f"{base}.meta.json") == f"{base}.jsonl"
        assert transcript_of(f"{base}.jsonl") == f"{base}.jsonl"
        assert transcript_of(f"{base}.meta.json.tmp.7") is None
        assert discovery.sidecar_of(f"{base}.jsonl") == f"{base}.meta.json"


class TestLook:
    """One transcript as it is now."""

    def test_it_tells_size_time_and_place(self, root: Path) -> None:
        """These four decide whether the file need be opened."""
        path = put(root / "-home" / f"{SESSION}.jsonl", b"12345")
        found = look(str(path))
        seen = path.stat()
        assert found is not None
        assert (found.size, found.mtime_ns) == (5, seen.st_mtime_ns)
        assert (found.device, found.inode) == (seen.st_dev, seen.st_ino)

    @pytest.mark.parametrize(
        "name", ["gone.jsonl", "folder.jsonl", "file/x.jsonl", "x.txt", "dangling.jsonl"]
    )
    def test_what_is_no_transcript_file_is_none(self, root: Path, name: str) -> None:
        """A folder, a broken link and a path through a file are as good as absent."""
        (root / "folder.jsonl").mkdir()
        put(root / "file")
        (root / "dangling.jsonl").symlink_to(root / "nowhere")
        assert look(str(root / name)) is None

    def test_what_cannot_be_looked_at_is_an_error(self, root: Path) -> None:
        """That is not the same as absent."""
        (root / "loop.jsonl").symlink_to("loop.jsonl")
        with pytest.raises(OSError, match="symbolic links"):
            look(str(root / "loop.jsonl"))

    def test_a_changed_sidecar_makes_a_subagent_newer(self, root: Path) -> None:
        """Also one that was renamed into place, and is older than the transcript by its mtime."""
        path = put(root / "p" / SESSION / "subagents" / f"agent-{AGENT}.jsonl")
        before = look(str(path))
        staged = put(path.with_name("staged"))
        os.utime(staged, ns=(1, 1))
        staged.rename(path.with_name(f"agent-{AGENT}.meta.json"))
        after = look(str(path))
        assert before is not None
        assert after is not None
        assert after.mtime_ns > before.mtime_ns

    def test_a_session_does_not_ask_for_a_sidecar(self, root: Path) -> None:
        """Only subagents have one."""
        path = put(root / "p" / f"{SESSION}.jsonl")
        put(root / "p" / f"{SESSION}.meta.json")
        os.utime(path, ns=(7, 7))
        found = look(str(path))
        assert found is not None
        assert found.mtime_ns == 7


class TestSweep:
    """All transcripts there are."""

    def test_it_finds_transcripts_at_any_depth(self, root: Path) -> None:
        """Sessions and subagents, and nothing else."""
        put(root / "p" / f"{SESSION}.jsonl")
        put(root / "p" / SESSION / "subagents" / f"agent-{AGENT}.jsonl")
        put(root / "p" / SESSION / "subagents" / "workflows" / "wf_1" / "journal.jsonl")
        put(root / "p" / SESSION / "tool-results" / "x.txt")
        put(root / "q" / "two.jsonl")
        assert names(root) == [
            f"p/{SESSION}.jsonl", f"p/{SESSION}/subagents/agent-{AGENT}.jsonl", "q/two.jsonl"
        ]  # fmt: skip

    def test_a_root_that_is_absent_is_no_finding(self, root: Path) -> None:
        """Nothing was listed, so nothing is concluded."""
        made = sweep([str(root / "absent")])
        assert (made.found, made.folders, made.unread) == ([], [], {})

    def test_a_folder_that_is_a_file_is_passed(self, root: Path) -> None:
        """As a root, it is absent."""
        assert sweep([str(put(root / "file"))]).folders == []

    def test_every_folder_listed_is_named(self, root: Path) -> None:
        """The observer's watches can be compared with them."""
        put(root / "p" / "one.jsonl")
        assert set(sweep([str(root)]).folders) == {str(root), str(root / "p")}

    def test_links_are_followed_once(self, root: Path) -> None:
        """A file reached by two paths counts once, and a loop of folders ends."""
        original = put(root / "p" / "one.jsonl")
        os.link(original, root / "p" / "two.jsonl")
        (root / "p" / "three.jsonl").symlink_to(original)
        (root / "p" / "loop").symlink_to(root / "p")
        (root / "alias").symlink_to(root / "p")
        (root / "root").symlink_to(root)
        assert len(names(root)) == 1

    def test_a_linked_folder_outside_is_read(self, root: Path, tmp_path: Path) -> None:
        """A user may keep a project's transcripts elsewhere."""
        put(tmp_path / "elsewhere" / "one.jsonl")
        (root / "link").symlink_to(tmp_path / "elsewhere")
        assert names(root) == ["link/one.jsonl"]

    def test_names_that_are_no_text_are_found(self, root: Path) -> None:
        """A file system's names are bytes; newlines and invalid UTF-8 are bytes too."""
        for name in (b"in\xffvalid.jsonl", b"new\nline.jsonl"):
            path = os.path.join(os.fsencode(root), name)  # noqa: PTH118 - bytes, which Path does not take
            put(Path(os.fsdecode(path)))
        made = sweep([str(root)])
        assert len(made.found) == 2
        assert {found.stream.name for found in made.found} == {"in_valid", "new_line"}
        assert all(look(found.path) == found for found in made.found)

    def test_what_cannot_be_looked_at_is_reported_and_the_rest_found(self, root: Path) -> None:
        """One bad entry hides no other."""
        put(root / "p" / "one.jsonl")
        (root / "p" / "loop.jsonl").symlink_to("loop.jsonl")
        made = sweep([str(root)])
        assert [Path(found.path).name for found in made.found] == ["one.jsonl"]
        assert list(made.unread) == [str(root / "p" / "loop.jsonl")]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_folder_without_permission_is_reported(self, root: Path) -> None:
        """What lies in it is out of sight, not gone."""
        put(root / "p" / "one.jsonl")
        (root / "p").chmod(0)
        made = sweep([str(root)])
        (root / "p").chmod(0o700)
        assert made.unread == {str(root / "p"): "Permission denied"}
        assert not made.is_certainly_gone(str(root / "p" / "one.jsonl"))

    def test_a_folder_whose_name_is_too_long_is_reported(self, root: Path) -> None:
        """Any error but absence leaves the question open."""
        made = Sweep()
        folder = str(root / ("x" * 300))
        discovery._list_folder(folder, made, [], set())
        assert made.unread == {folder: "File name too long"}
        assert not made.is_certainly_gone(f"{folder}/one.jsonl")
        assert made.is_certainly_gone(f"{folder}y/one.jsonl")

    def test_a_folder_deleted_during_the_sweep_is_no_error(self, root: Path) -> None:
        """It is gone, and so is what was in it."""
        made = Sweep()
        discovery._list_folder(str(root / "gone"), made, [], set())
        assert (made.unread, made.folders) == ({}, [])


class TestFiles:
    """Opening a transcript."""

    def test_it_is_read_by_offsets(self, root: Path) -> None:
        """And it is the file that was opened that is described."""
        path = put(root / "one.jsonl", b"0123456789")
        with open_file(str(path)) as file:
            path.unlink()
            assert file.read_at(3, 4) == b"3456"
            assert file.read_at(8, 99) == b"89"
            assert file.size == 10

    def test_no_descriptor_stays_open(self, root: Path) -> None:
        """Ten thousand transcripts are looked at with one."""
        path = str(put(root / "one.jsonl"))

        def descriptors() -> Iterator[str]:
            yield from os.listdir("/dev/fd")  # noqa: PTH208 - no paths wanted

        before = len(list(descriptors()))
        for _ in range(20):
            with open_file(path):
                pass
        assert len(list(descriptors())) == before

    def test_a_file_that_is_absent_is_an_error(self, root: Path) -> None:
        """The pump tells it from an unreadable one."""
        with pytest.raises(FileNotFoundError), open_file(str(root / "gone")):
            pass

    def test_a_sidecar_may_be_absent(self, root: Path) -> None:
        """It is written after the transcript, if at all."""
        assert read_sidecar(str(root / "gone")) == b""
        assert read_sidecar(str(put(root / "there", b"123")), 2) == b"12"


class TestSession:
    """One session's transcripts, without a look at the others."""

    def test_its_own_and_its_subagents(self, tmp_path: Path) -> None:
        """In whichever project they stand; nobody else's."""
        name = "11111111-2222-4333-8444-555555555555"
        wanted = [
            tmp_path / "one" / f"{name}.jsonl",
            tmp_path / "two" / f"{name}.jsonl",
            tmp_path / "two" / name / "subagents" / "agent-a.jsonl",
            tmp_path / "two" / name / "subagents" / "workflows" / "w" / "agent-b.jsonl",
        ]
        others = [tmp_path / "one" / "other.jsonl", tmp_path / "one" / "other" / "agent-c.jsonl"]
        for path in (*wanted, *others):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x\n")
        (tmp_path / "file").touch()
        (tmp_path / "one-again").symlink_to(tmp_path / "one")
        made = discovery.sweep_session([str(tmp_path), str(tmp_path / "none")], name)
        names = sorted(os.path.realpath(each.path) for each in made.found)
        assert names == sorted(str(path) for path in wanted)
        assert made.unread == {}

    @pytest.mark.parametrize("name", ["../one/x", "", ".", "a/b", "a b", "*", "a\0b"])
    def test_a_name_that_is_none_finds_nothing(self, tmp_path: Path, name: str) -> None:
        """It comes from outside."""
        (tmp_path / "one").mkdir()
        (tmp_path / "one" / "x.jsonl").touch()
        assert discovery.sweep_session([str(tmp_path)], name).found == []

    def test_one_that_cannot_be_looked_at_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is there; the next look may see it."""
        (tmp_path / "one").mkdir()

        def refuse(_path: str) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(discovery, "look", refuse)
        made = discovery.sweep_session([str(tmp_path)], "name")
        assert made.unread == {str(tmp_path / "one" / "name.jsonl"): "Permission denied"}
