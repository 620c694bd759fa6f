"""Change one thing of a module at a time, and tell which changes its tests do not notice.

    scripts/mutate MODULE.py TESTS... [--only N ...] [--seconds S] [--list] [pytest's options]

Comparisons, constants, conditions, calls and returns are changed, and inside of SQL comparisons,
AND and OR, orders and numbers. A test run that fails or takes too long kills the mutant. Tests that
start the program as another process do not see it. The exit code is 1 where a mutant survives.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import inspect
import os
import re
import resource
import signal
import sys
import threading
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import runtestprotocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

ROOT = Path(__file__).resolve().parents[1]

# Wall time; a loop without end is stopped by its CPU time long before.
_PATIENCE_SECONDS = 300.0
_CONSTANTS = (str, int, float, bytes, tuple, frozenset, dict, re.Pattern)
_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,  # codespell:ignore notin
    ast.NotIn: ast.In,  # codespell:ignore notin
}
_CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_IS_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|WHERE|FROM|AND|JOIN|SET|ORDER BY)\b")
_SQL = {
    "AND NOT": "AND",
    "AND": "OR",
    "OR": "AND",
    "IS NULL": "IS NOT NULL",
    "IS NOT NULL": "IS NULL",
    "NOT EXISTS": "EXISTS",
    "WHERE NOT": "WHERE",
    "max(": "min(",
    "min(": "max(",
    "DESC": "ASC",
    "<=": "<",
    ">=": ">",
    "<": "<=",
    ">": ">=",
    "!=": "=",
    " + ": " - ",
    " - ": " + ",
    "LEFT JOIN": "JOIN",
    "OR IGNORE": "OR ABORT",
}
_IN_SQL = re.compile(
    "|".join(
        rf"\b{re.escape(word)}\b" if word[-1].isalpha() else re.escape(word)
        for word in sorted(_SQL, key=len, reverse=True)
    )
    + r"|(?<![?\w])(?<!SELECT )\d+(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed module. `number` is from 1, and the same as long as the module is."""

    number: int
    line: int
    lines: frozenset[int]
    """Of its statement; none where it runs when the module is imported."""
    says: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Yield all changed forms of a module."""
    tree = ast.parse(source)
    number = 0
    lines = _statement_lines(tree)
    for at, node in enumerate(_nodes(tree)):
        for change in _changes(node):
            changed = copy.deepcopy(tree)
            same = _nodes(changed)[at]
            before = ast.unparse(same)
            change(same)
            after = ast.unparse(same)
            number += 1
            says = f"{_short(before, after)} -> {_short(after, before)}"
            line = getattr(node, "lineno", 0)
            yield Mutant(number, line, lines[at], says, ast.unparse(changed))


def _short(text: str, other: str) -> str:
    """Return the part of a text that differs from another, with a little before it."""
    text, other = " ".join(text.split()), " ".join(other.split())
    pairs = zip(text, other, strict=False)
    start = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(text), len(other)))
    return text[max(0, start - 30) : start + 50]


def _nodes(tree: ast.Module) -> list[ast.AST]:
    """Return the nodes that may be changed: not of annotations, decorators and docstrings."""
    kept: list[ast.AST] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("__"):
            return
        kept.append(node)
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list", "type_comment"}:
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_docstring(child):
                    visit(child)

    visit(tree)
    return kept


def _statement_lines(tree: ast.Module) -> list[frozenset[int]]:
    """Return, for each node that may be changed, the lines of its innermost statement."""
    within: dict[ast.AST, frozenset[int]] = {}

    def visit(node: ast.AST, lines: frozenset[int], *, is_run: bool = False) -> None:
        if isinstance(node, ast.FunctionDef):
            # Its defaults matter where it is called, which its own lines show.
            lines = frozenset(range(node.body[0].lineno, (node.end_lineno or 0) + 1))
            is_run = True
        elif not is_run:
            pass
        elif isinstance(node, ast.If | ast.While | ast.For | ast.With | ast.Try):
            lines = frozenset(range(node.lineno, node.body[-1].lineno + 1))
        elif isinstance(node, ast.stmt):
            lines = frozenset(range(node.lineno, (node.end_lineno or 0) + 1))
        within[node] = lines
        for child in ast.iter_child_nodes(node):
            visit(child, lines, is_run=is_run)

    visit(tree, frozenset())
    # A constant matters where it is used.
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            uses = _uses(tree, statement.targets[0].id)
            used = [within[use] for use in uses]
            if used and all(used):
                within.update(dict.fromkeys(ast.walk(statement), frozenset().union(*used)))
    return [within[node] for node in _nodes(tree)]


def _uses(tree: ast.Module, name: str) -> list[ast.Name]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _changes(node: ast.AST) -> Iterator[Callable[[ast.AST], None]]:  # noqa: C901, PLR0912 - a table
    """Yield what changes such a node, each in place."""
    match node:
        case ast.Compare(ops=ops):
            for at, op in enumerate(ops):
                yield _setter("ops", _COMPARED[type(op)](), at)
        case ast.BoolOp(op=op):
            yield _setter("op", ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in _CALCULATED:
            yield _setter("op", _CALCULATED[type(op)]())
        case ast.If() | ast.While() | ast.IfExp() if not isinstance(
            node.test, ast.Compare | ast.Constant
        ):
            yield _setter("test", ast.UnaryOp(ast.Not(), node.test))
        case ast.comprehension(ifs=ifs):
            for at in range(len(ifs)):
                yield _setter("ifs", ast.Constant(True), at)  # noqa: FBT003 - a constant's value
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield _setter("value", ast.Constant(None))
        case ast.Constant(value=bool(value)):
            yield _setter("value", not value)
        case ast.Constant(value=int(value)):
            yield _setter("value", value + 1)
        case ast.Constant(value=str(value)):
            yield from (_setter("value", text) for text in _changed_texts(value))
        case ast.Continue() | ast.Break():
            yield _becomes_pass
        case ast.Expr(value=ast.Call()):
            yield _becomes_pass
        case ast.Call(keywords=keywords):
            # Left to its default, where it has one; otherwise this fails at once.
            for at, keyword in enumerate(keywords):
                if keyword.arg is not None:
                    yield _remover("keywords", at)
        case _:
            pass


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _changed_texts(text: str) -> Iterator[str]:
    if not _IS_SQL.search(text):
        yield f"XX{text}XX"
        return
    for match in _IN_SQL.finditer(text):
        word = match.group()
        other = str(int(word) + 1) if word.isdigit() else _SQL[word]
        yield text[: match.start()] + other + text[match.end() :]


def _setter(name: str, value: object, at: int | None = None) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        if at is None:
            setattr(node, name, value)
        else:
            getattr(node, name)[at] = value

    return change


def _remover(name: str, at: int) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        del getattr(node, name)[at]

    return change


def _becomes_pass(node: ast.AST) -> None:
    node.__class__ = ast.Pass  # its parent holds the node itself
    node.__dict__.pop("value", None)


@dataclass
class _Covering:
    """A pytest plugin: runs the tests once, then each mutant with the tests that run its lines."""

    path: Path
    chosen: list[Mutant]
    seconds: float
    survived: list[Mutant] = field(default_factory=list)
    results: Counter[str] = field(default_factory=Counter)
    _lines: dict[str, set[int]] = field(default_factory=dict)
    _took: dict[str, float] = field(default_factory=dict)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the mutants in the place of the tests."""
        until = time.monotonic() + self.seconds
        name = ".".join(self.path.with_suffix("").parts)
        self._module = importlib.import_module(name)
        for item in session.items:
            if not self._run_once(item, session):
                session.shouldfail = f"{item.nodeid} fails without a mutant"
                return True
        print(f"{len(session.items)} tests pass; {len(self.chosen)} mutants", flush=True)
        for mutant in self.chosen:
            if time.monotonic() > until:
                print(f"stopped before mutant {mutant.number}")
                break
            items = [
                item
                for item in session.items
                if not mutant.lines or self._lines[item.nodeid] & mutant.lines
            ]
            items.sort(key=lambda item: self._took[item.nodeid])
            result = self._run(mutant, items, session) if items else "survived"
            self.results[result] += 1
            if result == "survived":
                self.survived.append(mutant)
                print(f"survived: {_line(mutant)}   ({len(items)} tests)", flush=True)
        return True

    def _run_once(self, item: pytest.Item, session: pytest.Session) -> bool:
        lines: set[int] = set()
        path = self._module.__file__

        def trace(frame: FrameType, event: str, _: object) -> Callable[..., object] | None:
            if frame.f_code.co_filename != path:
                return None
            if event == "line":
                lines.add(frame.f_lineno)
            return trace

        started = time.process_time()
        sys.settrace(trace)
        threading.settrace(trace)
        try:
            has_passed = _passes(item, session)
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type] - as documented
        self._took[item.nodeid] = time.process_time() - started
        self._lines[item.nodeid] = lines
        return has_passed

    def _run(self, mutant: Mutant, items: list[pytest.Item], session: pytest.Session) -> str:
        """Run tests with a mutant in a process of its own; return what became of it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pid = os.fork()
        if not pid:
            code = 1
            try:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, 1)
                os.dup2(nowhere, 2)
                os.setpgid(0, 0)
                limit = 5 + 20 * max(self._took[item.nodeid] for item in items)
                resource.setrlimit(resource.RLIMIT_CPU, (int(limit * len(items)), -1))
                _apply(mutant, self._module)
                code = not all(_passes(item, session) for item in items)
            finally:
                os._exit(code)
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return "killed" if os.waitstatus_to_exitcode(status) else "survived"
            if time.monotonic() > until:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return "too slow"
            time.sleep(0.02)


def _passes(item: pytest.Item, session: pytest.Session) -> bool:
    """Run a test alone: only what the whole session shares is kept for the next one."""
    other = next((item_ for item_ in session.items if item_ is not item), None)
    session._setupstate.teardown_exact(item)  # noqa: SLF001 - as pytest does before an item
    reports = runtestprotocol(item, nextitem=other, log=False)
    return not any(report.failed for report in reports)


def _apply(mutant: Mutant, module: ModuleType) -> None:
    """Give the functions and constants of a module the mutant's code and values."""
    changed = ModuleType(module.__name__)
    changed.__file__ = module.__file__
    exec(compile(mutant.source, str(module.__file__), "exec"), changed.__dict__)  # noqa: S102 - our own
    _apply_names(vars(module), vars(changed), module.__name__)


def _apply_names(into: Mapping[str, object], names: Mapping[str, object], module: str) -> None:
    for name, value in names.items():
        old = into.get(name)
        if isinstance(value, FunctionType) and isinstance(old, FunctionType):
            new, old = inspect.unwrap(value), inspect.unwrap(old)
            if new.__module__ == module:
                old.__code__ = new.__code__
                old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
        elif isinstance(value, property) and isinstance(old, property):
            _apply_names({"fget": old.fget}, {"fget": value.fget}, module)
        elif isinstance(value, classmethod | staticmethod):
            _apply_names({"f": getattr(old, "__func__", None)}, {"f": value.__func__}, module)
        elif isinstance(value, type) and value.__module__ == module and isinstance(old, type):
            _apply_names(vars(old), vars(value), module)
        elif isinstance(value, _CONSTANTS) and isinstance(into, dict) and name[:2] != "__":
            into[name] = value


def main() -> int:
    """Run the tests with each mutant; print those that survive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("module", type=Path, help="its file, from the top of the repository")
    parser.add_argument("tests", nargs="*", help="the narrowest tests that cover it")
    parser.add_argument("--only", type=int, nargs="*", help="these mutants, by number")
    parser.add_argument("--seconds", type=float, default=3_600.0, help="for all together")
    parser.add_argument("--list", action="store_true", help="name the mutants, and run nothing")
    options, others = parser.parse_known_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    source = options.module.read_text()
    only = options.only
    chosen = [mutant for mutant in mutants(source) if not only or mutant.number in only]
    if options.list:
        print("\n".join(_line(mutant) for mutant in chosen))
        return 0
    run = _Covering(options.module, chosen, options.seconds)
    plugins = ["-p", "no:cacheprovider", "-p", "no:xdist", "-s", "-q"]
    code = pytest.main([*plugins, *others, *options.tests], plugins=[run])
    print(", ".join(f"{count} {result}" for result, count in sorted(run.results.items())))
    return 1 if run.survived else int(code)


def _line(mutant: Mutant) -> str:
    return f"{mutant.number:4} line {mutant.line}: {mutant.says}"


if __name__ == "__main__":
    sys.exit(main())
