"""The architecture page says what the code is: the layers, and names that exist."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ccsync_watch"
PAGE = (PACKAGE / "README.md").read_text(encoding="utf-8")


def _documented_layers() -> list[set[str]]:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", PAGE, re.MULTILINE)
    layers = groupby(rows, key=lambda row: int(row[0]))
    numbers = [int(number) for number, _ in rows]
    assert numbers == sorted(numbers, reverse=True)
    return [{package for _, package in group} for _, group in layers]


def _checked_layers() -> list[set[str]]:
    """Return the layers of import-linter's contract; `__main__` only calls the first."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^layers = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert block is not None
    layers = re.findall(r'"(.+)"', block[1])
    return [set(layer.split(" | ")) for layer in layers if layer != "__main__"]


def test_the_layers_are_those_that_are_checked() -> None:
    """The table has the packages of import-linter's contract, in its order."""
    assert _documented_layers() == _checked_layers()


def test_every_package_is_in_a_layer() -> None:
    """A new package gets a place, and so a rule for its imports."""
    packages = {
        path.stem
        for path in PACKAGE.iterdir()
        if (path / "__init__.py").exists() or path.suffix == ".py"
    }
    assert packages - {"__init__", "__main__"} == set().union(*_checked_layers())


def _exists(name: str) -> bool:
    """Return whether `package.module`, `module.function` or `Class.method` is in the package."""
    first, second = name.split(".")
    if any((folder / f"{second}.py").exists() for folder in PACKAGE.rglob(first)):
        return True
    definition = re.compile(rf"\b(def|class) {second}\b")
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        is_place = path.stem == first or re.search(rf"^class {first}\b", text, re.MULTILINE)
        if is_place and definition.search(text):
            return True
    return False


def test_every_name_on_the_page_exists() -> None:
    """Dotted names are modules, functions or methods of today."""
    names = set(re.findall(r"`([A-Za-z_]+\.[a-z_]+)`", PAGE)) - {"redact.patterns"}
    assert len(names) > 10
    assert sorted(name for name in names if not _exists(name)) == []
