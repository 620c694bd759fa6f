"""The log: redacted, private, and without failures of its own."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli import log_files
from ccsync_watch.errors import RedactorUnavailable, StateError
from support.redaction_corpus.shared import build_redactor, cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ccsync_watch.privacy import Redactor

TOKEN = "ghp_" + "Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL"


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    """Put the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook
    root.handlers = []
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = handlers, level
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
    logging.captureWarnings(False)  # noqa: FBT003 - as it is declared


def test_secrets_are_removed_from_both_places(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also from a traceback, which may quote what it failed on."""
    log_files.log_to(tmp_path, build_redactor)
    log = logging.getLogger("ccsync_watch.test")
    log.info("token %s", TOKEN)
    try:
        raise ValueError(TOKEN)  # noqa: TRY301 - the traceback is the subject
    except ValueError:
        log.exception("failed")
    written = (tmp_path / "log").read_text()
    assert TOKEN not in written
    assert "Traceback" in written
    assert TOKEN not in capsys.readouterr().err


CRASHES = {
    "main": "raise ValueError(TOKEN)",
    "thread": "t = threading.Thread(target=lambda: int(TOKEN)); t.start(); t.join()",
    "destructor": "C = type('C', (), {'__del__': lambda self: int(TOKEN)}); C(); gc.collect()",
    "warning": "warnings.warn(TOKEN)",
}


@pytest.mark.parametrize("crash", CRASHES)
def test_what_a_crash_prints_is_redacted(tmp_path: Path, crash: str) -> None:
    """In every thread, of warnings and with Python's own handler of faults, too."""
    code = f"""if True:
        import gc, pathlib, sys, threading, warnings
        from ccsync_watch.cli.log_files import log_to
        from ccsync_watch.privacy import Redactor
        TOKEN = sys.stdin.read()
        cache = pathlib.Path({str(cache_folder())!r})
        log_to(pathlib.Path({str(tmp_path)!r}), lambda: Redactor(key=b"k" * 32, cache=cache))
        {CRASHES[crash]}
    """
    completed = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "always", "-c", code],
        input=TOKEN,
        capture_output=True,
        text=True,
        check=False,
    )
    written = (tmp_path / "log").read_text()
    assert (completed.returncode == 1) is (crash == "main")
    for text in (written, completed.stderr):
        assert TOKEN not in text
        assert "github-token" in text
        assert ("Traceback" in text) is (crash != "warning")


def test_every_file_is_private_after_a_rotation_too(tmp_path: Path) -> None:
    """0600 whatever the umask says."""
    before = os.umask(0)
    try:
        log_files.log_to(tmp_path, build_redactor, max_bytes=40)
        log = logging.getLogger("ccsync_watch.test")
        for number in range(3):
            log.info("line %d", number)
    finally:
        os.umask(before)
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["log", "log.1", "log.2"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_the_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    """Three files, none larger than the limit by more than its last line; the newest lines stay."""
    log_files.log_to(tmp_path, build_redactor, max_bytes=2000)
    log = logging.getLogger("ccsync_watch.test")
    for number in range(400):
        log.info("line %d", number)
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["log", "log.1", "log.2"]
    assert max(path.stat().st_size for path in files) <= 2000
    assert (tmp_path / "log").read_text().endswith("line 399\n")


def test_the_log_is_appended_to(tmp_path: Path) -> None:
    """A restart keeps the lines of the last run, and does not repeat them."""
    for word in ("first", "second"):
        log_files.log_to(tmp_path, build_redactor)
        logging.getLogger("ccsync_watch.test").info(word)
    lines = (tmp_path / "log").read_text().splitlines()
    assert [line.rsplit(" ", 1)[1] for line in lines] == ["first", "second"]


@pytest.mark.parametrize("is_renamed", [True, False])
def test_a_log_that_was_taken_away_is_begun_again(tmp_path: Path, *, is_renamed: bool) -> None:
    """Lines do not go into a file that nobody sees, also where its folder was deleted."""
    folder = tmp_path / "state"
    folder.mkdir()
    log_files.log_to(folder, build_redactor)
    log = logging.getLogger("ccsync_watch.test")
    log.info("first")
    if is_renamed:
        (folder / "log").rename(tmp_path / "log.1")
    else:
        (folder / "log").unlink()
        folder.rmdir()
        log.info("nowhere")
        folder.mkdir()
    log.info("second")
    assert (folder / "log").read_text().split()[2:] == ["INFO", "second"]


def test_a_long_line_is_cut_between_words(tmp_path: Path) -> None:
    """An error may quote megabytes; and half a secret would not be recognised."""
    log_files.log_to(tmp_path, build_redactor)
    logging.getLogger("ccsync_watch.test").info("%s %s", "word " * 1629 + TOKEN, "x" * 10**6)
    written = (tmp_path / "log").read_text()
    assert len(written) < 9000
    assert written.endswith(" …\n")
    assert "ghp_" not in written


def test_libraries_are_quiet(tmp_path: Path) -> None:
    """Every request of httpx would be a line otherwise."""
    log_files.log_to(tmp_path, build_redactor)
    logging.getLogger("httpx").info("HTTP Request: POST")
    assert (tmp_path / "log").read_text() == ""


def test_a_full_disk_or_a_lost_terminal_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon continues without its log."""

    class Lost(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Lost())
    (tmp_path / "log").symlink_to("/dev/full")
    log_files.log_to(tmp_path, build_redactor)
    logging.getLogger("ccsync_watch.test").error("nobody hears it")


def test_what_cannot_be_redacted_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It fails closed; and whoever logs continues."""

    def unavailable() -> Redactor:
        raise RedactorUnavailable("the rules cannot be compiled", hint="reinstall")

    log_files.log_to(tmp_path, unavailable)
    logging.getLogger("ccsync_watch.test").error("token %s", TOKEN)
    line = "ERROR a line that could not be redacted (the rules cannot be compiled: reinstall)\n"
    assert (tmp_path / "log").read_text() == line
    assert capsys.readouterr().err == line


def test_a_log_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """One line with the file and what to do."""
    (tmp_path / "log").mkdir()
    with pytest.raises(StateError, match=r"cannot write .*log: a folder is where a file has to be"):
        log_files.log_to(tmp_path, build_redactor)
