"""Digests of everything that decides what the redactor removes, as recorded with a REVISION.

    uv run --group dev python tests/support/rules_golden.py

writes the record; `tests/unit/privacy/test_rules_version.py` compares with it.
"""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path

from ccsync_watch.privacy import RULES_VERSION, rules_version

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "unit" / "privacy" / "rules_golden.json"
PRIVACY = ROOT / "ccsync_watch" / "privacy"
FINDERS = (
    "detect",
    "dressing",
    "engine",
    "heuristics",
    "known/known_values.py",
    "known/secret_values.py",
    "known/user_patterns.py",
    "redactor.py",
    "secret_finder.py",
)


def current() -> dict[str, object]:
    """Return the revision, the digest of the tables, and one for the code of each module."""
    return {
        "revision": rules_version.REVISION,
        "tables": RULES_VERSION.partition("-")[2],
        "finders": {
            str(path.relative_to(PRIVACY)): digest(path.read_text("utf-8"))
            for path in _finder_modules()
        },
    }


def digest(source: str) -> str:
    """Return a digest of a module's code: the same on every Python, without comments and texts.

    Comments, docstrings, annotations, imports and the layout of the source do not count.
    """
    return hashlib.sha256(repr(_plain(ast.parse(source))).encode()).hexdigest()[:12]


def _finder_modules() -> list[Path]:
    modules: list[Path] = []
    for name in FINDERS:
        path = PRIVACY / name
        modules.extend(path.rglob("*.py") if path.is_dir() else [path])
    return sorted(modules)


_IGNORED = {"annotation", "returns", "ctx", "kind", "type_comment", "type_params"}


def _plain(node: object) -> object:
    """Return a node as nested lists of names and constants, without what does not count."""
    if isinstance(node, (ast.Import, ast.ImportFrom)) or _is_text(node):
        return None
    if isinstance(node, ast.AST):
        fields = [(name, _plain(value)) for name, value in ast.iter_fields(node)]
        kept = [(name, value) for name, value in fields if name not in _IGNORED and value]
        return [type(node).__name__, *kept]
    if isinstance(node, list):
        return [plain for plain in map(_plain, node) if plain is not None]
    return None if node is None else repr(node)


def _is_text(node: object) -> bool:
    """Tell whether a statement is a docstring, or the text under a constant."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(current(), indent=2) + "\n", "utf-8")
