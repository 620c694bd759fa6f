"""The house in order: small modules, one name for one thing, a README in every room.

The layers and other import cycles are checked by import-linter, by contracts in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections import defaultdict
from pathlib import Path

from support.table_rows import for_rows

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ccsync_watch"
TOP_LEVEL = {
    "CHANGELOG.md", "LICENSE", "README.md", "ccsync_watch", "plugin", "pyproject.toml", "scripts",
    "tests", "uv.lock",
}  # fmt: skip
MAX_MODULE_LINES = 350
MAX_README_LINES = 60

# Tables rather than code: they grow by entries.
DATA_TABLES = {"ccsync_watch/store/migrations.py"}
# These also hold the facts about the client and the backend that the code relies on, or what users
# ask of the package, to which the main README links; the first is the architecture.
LONGER_READMES = {
    "ccsync_watch": 150,
    "ccsync_watch/accounting": 90,
    "ccsync_watch/cli": 75,
    "ccsync_watch/dashboard": 75,
    "ccsync_watch/privacy": 100,
    "ccsync_watch/opensync": 250,
    "ccsync_watch/transcripts": 250,
}

_MODULES = sorted(str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*.py"))
_ROOMS = sorted(str(path.parent.relative_to(ROOT)) for path in PACKAGE.glob("*/__init__.py"))
_READMES = sorted(str(path.relative_to(ROOT)) for path in PACKAGE.rglob("README.md"))


def _line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_the_top_level_is_fixed() -> None:
    """What the repository needs there for its tools, or for being a plugin, has a dot before it."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    names = {path.partition("/")[0] for path in tracked if path and (ROOT / path).exists()}
    assert {name for name in names if not name.startswith(".")} == TOP_LEVEL


@for_rows([path for path in _MODULES if path not in DATA_TABLES])
def test_a_module_is_small(module: str) -> None:
    """A module that grows past the limit is split by responsibility."""
    assert _line_count(ROOT / module) <= MAX_MODULE_LINES


def test_no_module_name_is_used_twice() -> None:
    """Whoever searches for a module finds one file; a command's is named after the command."""
    paths = defaultdict(list)
    for module in _MODULES:
        if not module.endswith("__init__.py") and "/commands/" not in module:
            paths[Path(module).name].append(module)
    assert [places for places in paths.values() if len(places) > 1] == []


def test_no_class_name_is_used_twice() -> None:
    """Whoever searches for a class finds one definition."""
    places = defaultdict(list)
    for module in _MODULES:
        for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{module}:{node.lineno}")
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


@for_rows(_MODULES)
def test_a_module_imports_nothing_that_its_own_package_collects(module: str) -> None:
    """A package's `__init__` imports its modules: that would be a cycle, which no contract sees."""
    own = [".".join(parent.parts) for parent in Path(module).parents if len(parent.parts) > 1]
    cycles = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module in own
        for alias in node.names
        if not _is_module(f"{node.module}.{alias.name}")
    ]
    assert module.endswith("__init__.py") or cycles == []


def _is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").exists()


@for_rows(["ccsync_watch", *_ROOMS])
def test_every_room_has_a_readme(room: str) -> None:
    """A newcomer reads its job, the way in and how to add to it before any code."""
    assert (ROOT / room / "README.md").exists()


@for_rows(_ROOMS)
def test_a_readme_names_every_module(room: str) -> None:
    """And no module that does not exist, so that its table can be trusted."""
    text = (ROOT / room / "README.md").read_text(encoding="utf-8")
    modules = {path.stem for path in (ROOT / room).glob("*.py")} - {"__init__"}
    modules |= {path.parent.name for path in (ROOT / room).glob("*/__init__.py")}
    names = {part for name in re.findall(r"`([\w./]+)`", text) for part in re.split(r"[./]", name)}
    assert modules - names == set()
    cells = re.findall(r"^\| (`[\w/]+`(?:, `[\w/]+`)*) \|", text, re.MULTILINE)
    listed = {name.strip("`/").rpartition("/")[2] for cell in cells for name in cell.split(", ")}
    assert listed - {path.stem for path in (ROOT / room).rglob("*")} == set()


@for_rows(_READMES)
def test_a_readme_is_short(readme: str) -> None:
    """It is read whole, or not at all."""
    limit = LONGER_READMES.get(str(Path(readme).parent), MAX_README_LINES)
    assert _line_count(ROOT / readme) <= limit


def test_no_test_compiles_the_rules_for_itself() -> None:
    """That takes seconds each time: `build_redactor` loads those of the whole run."""
    alone = re.compile(r"(?<!\w)(?:Explaining)?Redactor\(key=[^,()]+\)")
    raising = "test_redactor.py"  # it has none: building it fails
    compiling = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if path.name != raising and alone.search(path.read_text(encoding="utf-8"))
    ]
    assert compiling == []
