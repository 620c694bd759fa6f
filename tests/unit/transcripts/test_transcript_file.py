"""Opening a transcript and its sidecar."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.transcripts.transcript_file import open_file, read_sidecar

if TYPE_CHECKING:
    from pathlib import Path


def test_a_transcript_is_read_by_offsets(tmp_path: Path) -> None:
    """And it is the file that was opened that is described."""
    path = tmp_path / "one.jsonl"
    path.write_bytes(b"0123456789")
    with open_file(str(path)) as file:
        path.unlink()
        assert file.read_at(3, 4) == b"3456"
        assert file.read_at(8, 99) == b"89"
        assert file.size == 10


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    """Ten thousand transcripts are read with one."""
    path = tmp_path / "one.jsonl"
    path.touch()
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208 - no paths wanted
    for _ in range(20):
        with open_file(str(path)):
            pass
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208 - as above


def test_an_absent_file_is_an_error_of_its_own(tmp_path: Path) -> None:
    """The pump treats it differently from an unreadable one."""
    with pytest.raises(FileNotFoundError), open_file(str(tmp_path / "gone")):
        pass


def test_a_sidecar_may_be_absent(tmp_path: Path) -> None:
    """It is written after the transcript, if at all."""
    assert read_sidecar(str(tmp_path / "gone")) == b""
    (tmp_path / "there").write_bytes(b"123")
    assert read_sidecar(str(tmp_path / "there"), 2) == b"12"
