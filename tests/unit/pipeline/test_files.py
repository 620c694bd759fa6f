"""No link leads out of a folder that only a hook event named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.pipeline.files import RealFiles
from support.lines import OTHER, SESSION

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a `projects` folder with a transcript, and links to others outside of it."""
    root = tmp_path / "work" / "projects"
    for folder in (root / "p", tmp_path / "elsewhere"):
        folder.mkdir(parents=True)
    (root / "p" / f"{SESSION}.jsonl").touch()
    (tmp_path / "elsewhere" / f"{OTHER}.jsonl").touch()
    (root / "out").symlink_to(tmp_path / "elsewhere")
    (root / "p" / "file.jsonl").symlink_to(tmp_path / "elsewhere" / f"{OTHER}.jsonl")
    (root / "same").symlink_to(root / "p")
    return root


def test_a_confined_folder_contains_only_its_own_files(root: Path) -> None:
    """By a scan, by an event and by a session's id; what is left out is reported."""
    files = RealFiles(confined=[str(root)])
    scan = files.scan([str(root)])
    assert [item.path for item in scan.transcripts] == [str(root / "p" / f"{SESSION}.jsonl")]
    assert scan.links == []
    assert list(scan.unread) == [str(root / "out"), str(root / "p" / "file.jsonl")]
    assert files.stat(str(root / "p" / "file.jsonl")) is None
    assert files.stat(str(root / "out" / f"{OTHER}.jsonl")) is None
    assert files.stat(str(root / "same" / f"{SESSION}.jsonl")) is not None
    assert files.scan_session([str(root)], OTHER).transcripts == []
    assert len(files.scan_session([str(root)], SESSION).transcripts) == 1


def test_links_in_a_folder_of_the_users_list_are_followed(root: Path, tmp_path: Path) -> None:
    """Whatever else is confined."""
    files = RealFiles(confined=[str(tmp_path / "other")])
    assert len(files.scan([str(root)]).transcripts) == 2
    assert files.stat(str(root / "out" / f"{OTHER}.jsonl")) is not None
