"""Which files are transcripts, whose they are, and what a scan may conclude."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ccsync_watch.stream import Stream
from ccsync_watch.transcripts import discovery
from ccsync_watch.transcripts.discovery import (
    TranscriptScan,
    identify_stream,
    run_id,
    scan_session,
    scan_transcripts,
    stat_transcript,
    transcript_paths,
)
from ccsync_watch.transcripts.fields import agent_identity
from support.lines import SESSION, Writer
from support.parsing import read_row

AGENT = "a0123456789abcdef"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return an empty `projects` folder."""
    folder = tmp_path / "projects"
    folder.mkdir()
    return folder


def put(path: Path, data: bytes = b"{}\n") -> Path:
    """Write a file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def listed(root: Path) -> list[str]:
    """Return the paths that a scan lists, relative to the root."""
    scan = scan_transcripts([str(root)])
    return sorted(os.path.relpath(transcript.path, root) for transcript in scan.transcripts)


class TestFileNames:
    """What a file's name identifies."""

    def test_a_session_is_identified_by_its_files_name(self) -> None:
        """Not by the folder, which is not unique."""
        assert identify_stream(f"/p/-home/{SESSION}.jsonl") == Stream(SESSION, SESSION, None)
        assert identify_stream(f"{SESSION}.jsonl") == Stream(SESSION, SESSION, None)
        longer = f"x{SESSION}"
        assert identify_stream(f"/p/{longer}.jsonl") == Stream(longer, longer, None)

    def test_a_subagent_belongs_to_the_session_above_it(self) -> None:
        """Whatever the depth: a workflow's agents lie deeper."""
        stream = Stream(f"agent-{AGENT}", SESSION, AGENT)
        folder = f"/p/-home/{SESSION}/subagents"
        assert identify_stream(f"{folder}/agent-{AGENT}.jsonl") == stream
        assert identify_stream(f"{folder}/workflows/wf_1/agent-{AGENT}.jsonl") == stream

    def test_a_subagent_outside_such_a_folder_gets_its_session_from_its_rows(self) -> None:
        """Older clients kept it next to the session's file."""
        assert identify_stream(f"/p/agent-{AGENT}.jsonl") == Stream(f"agent-{AGENT}", "", AGENT)

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
    def test_other_files_are_not_transcripts(self, name: str) -> None:
        """Neither are the client's temporary files."""
        assert identify_stream(f"/p/-home/{name}") is None

    @pytest.mark.parametrize(
        ("stem", "expected"),
        [
            ("a b", "a_b"),
            ("../x", "x"),
            ("-lead", "lead"),
            ("…", "unnamed"),
            ("ü" * 200, "unnamed"),
        ],
    )
    def test_a_name_that_is_not_an_id_is_normalized(self, stem: str, expected: str) -> None:
        """It goes into the store without redaction: letters and digits only."""
        stream = identify_stream(f"/p/{stem}.jsonl")
        assert stream is not None
        assert stream.session_id == expected

    def test_a_sidecar_leads_to_its_transcript(self) -> None:
        """When it changes, what is known of the transcript changes."""
        base = f"/p/{SESSION}/subagents/agent-{AGENT}"
        assert transcript_paths(f"{base}.meta.json") == [f"{base}.jsonl"]
        assert transcript_paths(f"{base}.jsonl") == [f"{base}.jsonl"]
        assert transcript_paths(f"{base}.meta.json.tmp.7") == []
        assert discovery.sidecar_path(f"{base}.jsonl") == f"{base}.meta.json"


class TestStat:
    """One transcript as it is now."""

    def test_stat_returns_size_time_device_and_inode(self, root: Path) -> None:
        """These four decide whether the file has to be opened."""
        path = put(root / "-home" / f"{SESSION}.jsonl", b"12345")
        transcript = stat_transcript(str(path))
        status = path.stat()
        assert transcript is not None
        assert (transcript.size, transcript.mtime_ns) == (5, status.st_mtime_ns)
        assert (transcript.device, transcript.inode) == (status.st_dev, status.st_ino)

    @pytest.mark.parametrize(
        "name", ["gone.jsonl", "folder.jsonl", "file/x.jsonl", "x.txt", "dangling.jsonl"]
    )
    def test_a_path_that_is_not_a_transcript_file_gives_none(self, root: Path, name: str) -> None:
        """A folder, a broken link and a path through a file count as absent."""
        (root / "folder.jsonl").mkdir()
        put(root / "file")
        (root / "dangling.jsonl").symlink_to(root / "nowhere")
        assert stat_transcript(str(root / name)) is None

    def test_a_file_whose_status_cannot_be_read_is_an_error(self, root: Path) -> None:
        """That is not the same as absent."""
        (root / "loop.jsonl").symlink_to("loop.jsonl")
        with pytest.raises(OSError, match="symbolic links"):
            stat_transcript(str(root / "loop.jsonl"))

    def test_a_changed_sidecar_makes_a_subagent_newer(self, root: Path) -> None:
        """Also one that was renamed into place, and is older than the transcript by its mtime."""
        path = put(root / "p" / SESSION / "subagents" / f"agent-{AGENT}.jsonl")
        before = stat_transcript(str(path))
        staged = put(path.with_name("staged"))
        os.utime(staged, ns=(1, 1))
        staged.rename(path.with_name(f"agent-{AGENT}.meta.json"))
        after = stat_transcript(str(path))
        assert before is not None
        assert after is not None
        assert after.mtime_ns > before.mtime_ns

    def test_a_session_has_no_sidecar(self, root: Path) -> None:
        """Only subagents have one."""
        path = put(root / "p" / f"{SESSION}.jsonl")
        put(root / "p" / f"{SESSION}.meta.json")
        os.utime(path, ns=(7, 7))
        transcript = stat_transcript(str(path))
        assert transcript is not None
        assert transcript.mtime_ns == 7


class TestScan:
    """All transcripts below the roots."""

    def test_transcripts_are_listed_at_any_depth(self, root: Path) -> None:
        """Sessions and subagents, and nothing else."""
        put(root / "p" / f"{SESSION}.jsonl")
        put(root / "p" / SESSION / "subagents" / f"agent-{AGENT}.jsonl")
        put(root / "p" / SESSION / "subagents" / "workflows" / "wf_1" / "journal.jsonl")
        put(root / "p" / SESSION / "tool-results" / "x.txt")
        put(root / "q" / "two.jsonl")
        assert listed(root) == [
            f"p/{SESSION}.jsonl", f"p/{SESSION}/subagents/agent-{AGENT}.jsonl", "q/two.jsonl"
        ]  # fmt: skip

    def test_an_absent_root_lists_nothing(self, root: Path) -> None:
        """Nothing was listed, so nothing is concluded."""
        scan = scan_transcripts([str(root / "absent")])
        assert (scan.transcripts, scan.folders, scan.unread) == ([], [], {})

    def test_a_root_that_is_a_file_counts_as_absent(self, root: Path) -> None:
        """There is nothing to list in it."""
        assert scan_transcripts([str(put(root / "file"))]).folders == []

    def test_every_folder_that_was_listed_is_returned(self, root: Path) -> None:
        """The observer's watches can be compared with them."""
        put(root / "p" / "one.jsonl")
        assert set(scan_transcripts([str(root)]).folders) == {str(root), str(root / "p")}

    @pytest.mark.tailing_case("30")
    def test_links_are_followed_once(self, root: Path) -> None:
        """A file reached by two paths counts once, and a loop of folders ends."""
        original = put(root / "p" / "one.jsonl")
        os.link(original, root / "p" / "two.jsonl")
        (root / "p" / "three.jsonl").symlink_to(original)
        (root / "p" / "loop").symlink_to(root / "p")
        (root / "alias").symlink_to(root / "p")
        (root / "root").symlink_to(root)
        assert len(listed(root)) == 1

    def test_a_linked_folder_outside_is_read(self, root: Path, tmp_path: Path) -> None:
        """A user may keep a project's transcripts elsewhere."""
        put(tmp_path / "elsewhere" / "one.jsonl")
        (root / "link").symlink_to(tmp_path / "elsewhere")
        assert listed(root) == ["link/one.jsonl"]

    def test_a_file_is_listed_by_its_path_without_links(self, root: Path, tmp_path: Path) -> None:
        """In whichever order the names are; folders that only links lead to are named."""
        put(root / "p" / "one.jsonl")
        put(tmp_path / "elsewhere" / "two.jsonl")
        (root / "a").symlink_to(root / "p")
        (root / "z").symlink_to(root / "p")
        (root / "b").symlink_to(tmp_path / "elsewhere")
        (root / "c").symlink_to(tmp_path / "elsewhere")
        (root / "up").symlink_to(root)
        alias = tmp_path / "alias"
        alias.symlink_to(root)
        for roots in ([root, alias], [alias, root]):
            scan = scan_transcripts(map(str, roots))
            paths = [transcript.path for transcript in scan.transcripts]
            assert paths == [str(root / "p" / "one.jsonl"), str(root / "b" / "two.jsonl")]
            assert scan.links == [str(root / "b")]
        scan = scan_transcripts([str(alias)])
        assert [scan.links[0], scan.transcripts[0].path] == [
            str(alias),
            str(alias / "p" / "one.jsonl"),
        ]

    def test_a_project_on_a_missing_drive_is_reported(self, root: Path, tmp_path: Path) -> None:
        """Its transcripts are unreadable, not gone; other links to nowhere do not matter."""
        (root / "p").mkdir()
        (root / "p" / "note").symlink_to(tmp_path / "gone")
        (root / "q").symlink_to(tmp_path / "gone")
        scan = scan_transcripts([str(root)])
        assert scan.unread == {str(root / "q"): "a link to a folder that does not exist"}
        assert not scan.is_certainly_gone(str(root / "q" / "one.jsonl"))

    def test_a_root_that_is_a_file_is_reported(self, tmp_path: Path) -> None:
        """One that does not exist has no transcripts yet."""
        path = put(tmp_path / "projects")
        scan = scan_transcripts([str(path), str(path / "deeper"), str(tmp_path / "none")])
        assert scan.unread == {str(path): "Not a directory"}

    def test_a_session_is_listed_by_its_path_without_links(self, root: Path) -> None:
        """With its companion folder."""
        path = put(root / "p" / f"{SESSION}.jsonl")
        agent = put(root / "p" / SESSION / "subagents" / f"agent-{AGENT}.jsonl")
        (root / "a").symlink_to(root / "p")
        scan = scan_session([str(root)], SESSION)
        assert [transcript.path for transcript in scan.transcripts] == [str(path), str(agent)]

    def test_names_that_are_not_text_are_listed(self, root: Path) -> None:
        """A file system's names are bytes; newlines and invalid UTF-8 are bytes too."""
        for name in (b"in\xffvalid.jsonl", b"new\nline.jsonl"):
            path = os.path.join(os.fsencode(root), name)  # noqa: PTH118 - bytes, which Path does not take
            put(Path(os.fsdecode(path)))
        transcripts = scan_transcripts([str(root)]).transcripts
        assert len(transcripts) == 2
        assert {transcript.stream.name for transcript in transcripts} == {"in_valid", "new_line"}
        assert all(stat_transcript(transcript.path) == transcript for transcript in transcripts)

    def test_an_unreadable_entry_is_reported_and_the_rest_is_listed(self, root: Path) -> None:
        """One bad entry hides no other."""
        put(root / "p" / "one.jsonl")
        (root / "p" / "loop.jsonl").symlink_to("loop.jsonl")
        scan = scan_transcripts([str(root)])
        assert [Path(transcript.path).name for transcript in scan.transcripts] == ["one.jsonl"]
        assert list(scan.unread) == [str(root / "p" / "loop.jsonl")]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_folder_without_permission_is_reported(self, root: Path) -> None:
        """Its transcripts are unreadable, not gone."""
        put(root / "p" / "one.jsonl")
        (root / "p").chmod(0)
        scan = scan_transcripts([str(root)])
        (root / "p").chmod(0o700)
        assert scan.unread == {str(root / "p"): "Permission denied"}
        assert not scan.is_certainly_gone(str(root / "p" / "one.jsonl"))

    def test_a_folder_whose_name_is_too_long_is_reported(self, root: Path) -> None:
        """After any error but absence, nothing below counts as deleted."""
        scan = TranscriptScan()
        folder = str(root / ("x" * 300))
        scan.list_folder(folder, [])
        assert scan.unread == {folder: "File name too long"}
        assert not scan.is_certainly_gone(f"{folder}/one.jsonl")
        assert scan.is_certainly_gone(f"{folder}y/one.jsonl")

    def test_a_folder_deleted_during_the_scan_is_not_an_error(self, root: Path) -> None:
        """It is gone, and so is what was in it."""
        scan = TranscriptScan()
        scan.list_folder(str(root / "gone"), [])
        assert (scan.unread, scan.folders) == ({}, [])


class TestScanSession:
    """One session's transcripts, without a stat of the others."""

    def test_it_lists_the_session_and_its_subagents(self, tmp_path: Path) -> None:
        """In whichever project they are; nobody else's."""
        name = "11111111-2222-4333-8444-555555555555"
        expected = [
            put(tmp_path / "one" / f"{name}.jsonl"),
            put(tmp_path / "two" / f"{name}.jsonl"),
            put(tmp_path / "two" / name / "subagents" / "agent-a.jsonl"),
            put(tmp_path / "two" / name / "subagents" / "workflows" / "w" / "agent-b.jsonl"),
        ]
        put(tmp_path / "one" / "other.jsonl")
        put(tmp_path / "one" / "other" / "agent-c.jsonl")
        (tmp_path / "file").touch()
        (tmp_path / "one-again").symlink_to(tmp_path / "one")
        scan = scan_session([str(tmp_path), str(tmp_path / "none")], name)
        paths = sorted(os.path.realpath(transcript.path) for transcript in scan.transcripts)
        assert paths == sorted(str(path) for path in expected)
        assert scan.unread == {}

    @pytest.mark.parametrize("name", ["../one/x", "", ".", "a/b", "a b", "*", "a\0b"])
    def test_a_name_that_is_not_an_id_lists_nothing(self, tmp_path: Path, name: str) -> None:
        """It comes from outside."""
        put(tmp_path / "one" / "x.jsonl")
        assert scan_session([str(tmp_path)], name).transcripts == []

    def test_a_file_whose_status_cannot_be_read_is_reported(self, tmp_path: Path) -> None:
        """It exists; the next scan may read it."""
        (tmp_path / "one").mkdir()
        path = tmp_path / "one" / "name.jsonl"
        path.symlink_to(path.name)
        scan = scan_session([str(tmp_path)], "name")
        assert scan.unread == {str(path): os.strerror(errno.ELOOP)}


@pytest.mark.parametrize("name", ["rose@garden", "gärtner", "a b", "研究@team", "x" * 200])
def test_a_subagent_may_have_a_name_in_any_script(name: str) -> None:
    """Its rows and its file lead to the same id; other names are hashed."""
    stream = identify_stream(f"/p/{SESSION}/subagents/agent-{name}.jsonl")
    assert stream is not None
    row = {**Writer(agent_id=name).prompt("weed"), "sessionId": SESSION}
    (message,) = read_row(row, stream).messages
    assert message.agent_id == stream.agent_id
    assert message.kind == "task"
    assert stream.session_id == SESSION
    assert (stream.agent_id == name) == (name not in {"a b", "x" * 200})


def test_a_run_that_is_named_for_a_token_has_a_hash_for_an_id() -> None:
    """Its file's name is kept, as ids are."""
    token = "ghp_" + "0aZ1" * 9
    assert run_id("/p/s/workflows/wf_0123456789ab.json") == "wf_0123456789ab"
    assert run_id(f"/p/s/workflows/wf_{token}.json") == agent_identity(f"wf_{token}")
    assert token not in run_id(f"/p/s/workflows/wf_{token}.json")
