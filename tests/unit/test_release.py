"""What a release needs: one version everywhere, a dated changelog."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from ccsync_watch import __version__
from support import releasing

ROOT = Path(__file__).parents[2]
TODAY = dt.date(2027, 1, 2)
CHANGELOG = """# Changelog

## [Unreleased] - 0.9.0

### Added

- A thing.

## [0.1.0]

- The first.
"""


def test_version_is_written_everywhere(tmp_path: Path) -> None:
    """The client, the hooks and people see the new one."""
    for name in releasing.REPEATED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    releasing.write_version(tmp_path, "7.8.9")
    for name in releasing.REPEATED:
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert text == (ROOT / name).read_text(encoding="utf-8").replace(__version__, "7.8.9")
        assert "7.8.9" in text


def test_file_without_a_version_stops_the_release(tmp_path: Path) -> None:
    """It is named, and the release is not half a one in silence."""
    (tmp_path / "ccsync_watch").mkdir()
    (tmp_path / "ccsync_watch/__init__.py").write_text("")
    with pytest.raises(SystemExit, match=r"ccsync_watch/__init__\.py"):
        releasing.write_version(tmp_path, "7.8.9")


def test_changelog_is_dated() -> None:
    """What was unreleased stands below the version; the links compare with the release before."""
    dated = releasing.date_changelog(CHANGELOG, "0.9.0", TODAY)
    assert dated == CHANGELOG.replace(
        "## [Unreleased] - 0.9.0", "## [Unreleased]\n\n## [0.9.0] - 2027-01-02"
    ) + ("[0.9.0]: ../../compare/v0.1.0...v0.9.0\n[Unreleased]: ../../compare/v0.9.0...main\n")
    again = releasing.date_changelog(dated, "1.0.0", TODAY)
    assert again.count("[Unreleased]:") == 1
    assert "[1.0.0]: ../../compare/v0.9.0...v1.0.0" in again


@pytest.mark.parametrize("text", [CHANGELOG.replace("Unreleased", "0.9.0"), "# Changelog\n"])
def test_release_that_is_none_is_an_error(text: str) -> None:
    """A version that was released before, or nothing to release."""
    with pytest.raises(SystemExit, match="CHANGELOG"):
        releasing.date_changelog(text, "0.9.0", TODAY)
