"""`redact`, as a user calls it: a stream without secrets, or what is found in it."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from ccsync_watch import __version__
from ccsync_watch.cli import main
from ccsync_watch.cli.commands import redact
from ccsync_watch.privacy import RULES_VERSION
from ccsync_watch.privacy.findings import ExplainingRedactor
from support.redaction_corpus.shared import KEY, cache_folder

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "ghp_" + "Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL"


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Return the path of a file with two secrets."""
    path = tmp_path / "notes.txt"
    path.write_text(f"one\nuse {TOKEN}, please\nhttps://user:kX9vQ2wLm@example.com/\n")
    return str(path)


def test_a_file_is_printed_without_its_secrets(
    env: dict[str, str], file: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """As a stream is."""
    assert main(["redact", file], env) == 0
    first, second, third = capfdbinary.readouterr().out.splitlines()
    assert first == b"one"
    assert second.startswith(b"use [REDACTED:github-token:")
    assert third.startswith(b"https://user:REDACTED-url-password-")


def test_an_explanation_can_be_pasted(
    env: dict[str, str], file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Versions, places, kinds and rules; neither the secrets nor the text around them."""
    assert main(["redact", "--explain", file], env) == 0
    head, *lines, last = capsys.readouterr().out.splitlines()
    assert head.startswith(f"ccsync-watch {__version__}, rules {RULES_VERSION}, ")
    assert lines[0] == "line 2, columns 5 to 44: github-token, 40 characters"
    assert lines[1].startswith("  rule github-token: GitHub token")
    assert lines[2].startswith("    https://docs.github.com/")
    assert "line 3, columns 14 to 22: url-password, 9 characters" in lines
    assert last == "2 secrets: github-token 1, url-password 1"
    for word in (TOKEN[4:12], "kX9v", "example.com", "please"):
        assert word not in "\n".join(line for line in lines if "docs." not in line)


def test_json_has_the_same(
    env: dict[str, str], file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One object, with the names of its fields."""
    assert main(["redact", "--json", file], env) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["version", "rules", "engine", "findings"]
    token, password = document["findings"]
    assert list(token) == [
        "kind", "line", "column", "end_line", "end_column", "characters", "rules",
    ]  # fmt: skip
    assert (token["line"], password["line"]) == (2, 3)
    assert token["rules"][0]["source"].startswith("https://docs.github.com/")
    assert password["rules"][0]["source"] is None


def test_lines_are_counted_over_the_pieces_of_a_stream() -> None:
    """A stream is read in pieces, of whole lines each."""

    class Slow(io.BytesIO):
        def read1(self, _size: int | None = -1, /) -> bytes:
            return super().read(10)

    text = f"first\nsecond\nthird {TOKEN}\nfourth\nfifth {TOKEN}"
    redactor = ExplainingRedactor(key=KEY, cache=cache_folder())
    findings = list(redact.explain_stream(Slow(text.encode()), redactor))
    assert [(finding.line, finding.column) for finding in findings] == [(3, 7), (5, 7)]


@pytest.mark.parametrize("size", [18, 22, 40])
def test_a_last_line_without_an_end_is_read_with_its_label(size: int) -> None:
    """As in a file that ends with a password, or where a piece of a stream ends in a line."""

    class Pieces(io.BytesIO):
        def read1(self, _size: int | None = -1, /) -> bytes:
            return super().read(size)

    target = io.BytesIO()
    redactor = ExplainingRedactor(key=KEY, cache=cache_folder())
    redact.redact_stream(Pieces(b"first\nPassword\nKu7mx9Qp2v"), target, redactor)
    first, label, value = target.getvalue().splitlines()
    assert (first, label) == (b"first", b"Password")
    assert value.startswith(b"[REDACTED:password:")


def test_nothing_found_is_said(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of standard input, which `-` names."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"nothing\n")))
    assert main(["redact", "-", "--explain"], env) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["0 secrets"]


def test_a_file_that_cannot_be_read_is_named(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a mistake in how it was called."""
    assert main(["redact", str(tmp_path / "missing")], env) == 2
    assert "missing: No such file" in capsys.readouterr().err
