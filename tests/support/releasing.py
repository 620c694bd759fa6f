"""Write a release's version wherever it is repeated, and date its section of the changelog.

    scripts/release VERSION

The version is `ccsync_watch.__version__`. The plugin's manifests and hooks repeat it, as they
cannot read Python; `tests/unit/test_plugin_manifests.py` compares them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NUMBER = r"\d+\.\d+\.\d+"
# Each pattern's group is the text before the version.
REPEATED = {
    "ccsync_watch/__init__.py": rf'(__version__ = "){_NUMBER}',
    ".claude-plugin/marketplace.json": rf'("version": "){_NUMBER}',
    ".claude-plugin/plugin.json": rf'("version": "){_NUMBER}',
    "plugin/.claude-plugin/plugin.json": rf'("version": "){_NUMBER}',
    "plugin/hooks/state.sh": rf"(version=){_NUMBER}",
}
_UNRELEASED = re.compile(r"^## \[Unreleased\].*$", re.MULTILINE)


def write_version(root: Path, version: str) -> None:
    """Write the version into the files of `REPEATED`, once each; SystemExit if one has none."""
    for name, pattern in REPEATED.items():
        path = root / name
        text, count = re.subn(pattern, rf"\g<1>{version}", path.read_text(encoding="utf-8"))
        if count != 1:
            sys.exit(f"{name}: the version occurs {count} times instead of once")
        path.write_text(text, encoding="utf-8")


def date_changelog(text: str, version: str, today: dt.date) -> str:
    """Return the changelog with what was unreleased below the version and its date, and its links.

    Raises SystemExit if there is nothing to release, or if the version was released before.
    """
    if f"## [{version}]" in text:
        sys.exit(f"CHANGELOG.md: {version} was released before")
    if _UNRELEASED.search(text) is None:
        sys.exit("CHANGELOG.md: a section [Unreleased] is missing")
    previous = re.search(rf"^## \[({_NUMBER})\]", text, re.MULTILINE)
    text = _UNRELEASED.sub(f"## [Unreleased]\n\n## [{version}] - {today}", text, count=1)
    kept = re.sub(r"^\[Unreleased\]: .*\n", "", text, flags=re.MULTILINE).rstrip()
    compared = f"v{previous[1]}...v{version}" if previous else f"v{version}"
    return (
        f"{kept}\n"
        f"[{version}]: ../../compare/{compared}\n"
        f"[Unreleased]: ../../compare/v{version}...main\n"
    )


def main() -> None:
    """Write the version and date the changelog."""
    parser = argparse.ArgumentParser(description="Write a version, and date the changelog.")
    parser.add_argument("version", metavar="VERSION", help="such as 0.3.0")
    version = parser.parse_args().version
    if re.fullmatch(_NUMBER, version) is None:
        parser.error(f"{version!r} is not a version such as 0.3.0")
    changelog = ROOT / "CHANGELOG.md"
    today = dt.datetime.now(tz=dt.timezone.utc).date()
    dated = date_changelog(changelog.read_text(encoding="utf-8"), version, today)
    write_version(ROOT, version)
    changelog.write_text(dated, encoding="utf-8")


if __name__ == "__main__":
    main()
