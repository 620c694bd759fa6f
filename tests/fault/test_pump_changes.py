"""Change the file at step 1, 2, 3 … of a run: what is in it afterwards is in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.failing import Counter, FailingFiles, runs
from support.lines import Writer, line
from support.pumping import Bench

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def appended(bench: Bench, path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write one more row."""
    bench.append(path, rows[-1])
    return path


def refilled(bench: Bench, path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write other rows in place, so many that every offset lies inside them."""
    bench.rewrite(path, *rows)
    return path


def retracted(bench: Bench, path: Path, rows: list[dict[str, Any]]) -> Path:
    """Take the last row back and write others in its place, as a model fallback does."""
    kept = path.read_bytes().splitlines(keepends=True)[:-1]
    bench.rewrite(path, *kept, *rows)
    return path


def replaced(bench: Bench, path: Path, rows: list[dict[str, Any]]) -> Path:
    """Rename another file over it."""
    bench.replace(path, *rows)
    return path


def emptied(bench: Bench, path: Path, _rows: list[dict[str, Any]]) -> Path:
    """Cut it to nothing."""
    bench.rewrite(path)
    return path


def moved(bench: Bench, path: Path, rows: list[dict[str, Any]]) -> Path:
    """Rename it into another project, and append there."""
    target = bench.path(project="worktree")
    path.rename(target)
    bench.append(target, rows[-1])
    return target


def deleted(_bench: Bench, path: Path, _rows: list[dict[str, Any]]) -> Path:
    """Remove it."""
    path.unlink()
    return path


@pytest.mark.parametrize("act", [appended, refilled, retracted, replaced, emptied, moved, deleted])
@pytest.mark.parametrize("rows_before", [6, 12], ids=["small", "large"])
def test_a_change_during_any_file_operation_is_noticed(
    tmp_path: Path, act: Callable[[Bench, Path, list[dict[str, Any]]], Path], rows_before: int
) -> None:
    """What is in the file afterwards is in the store: no fingerprint vouches for unread bytes."""
    for at in runs():
        writer = Writer()
        before = [writer.prompt(f"row {number}") for number in range(rows_before)]
        after = [writer.prompt(f"new {number}") for number in range(rows_before + 3)]
        bench = Bench(tmp_path / str(at), config={"chunk_bytes": 1500})
        path = bench.path()
        bench.append(path, *before)
        changed: list[Path] = []

        def change(
            bench: Bench = bench, path: Path = path, after: list[dict[str, Any]] = after,
            changed: list[Path] = changed,
        ) -> None:  # fmt: skip
            changed.append(act(bench, path, after))

        counter = Counter(at, change)
        bench.files = FailingFiles(counter)
        bench.restart()
        bench.catch_up()
        if not counter.disarm():
            bench.close()
            break
        bench.catch_up()
        data = changed[0].read_bytes() if changed[0].exists() else b""
        rows = data.splitlines(keepends=True)
        stored = bench.uuids()
        missing = [row["uuid"] for row in (*before, *after) if line(row) in rows]
        missing = [uuid for uuid in missing if uuid not in stored]
        assert missing == [], f"step {at}"
        assert len(stored) == len(set(stored))
        assert bench.catch_up() == 0
        bench.close()
    else:
        pytest.fail("the run never ended")
    assert at > 5, "the change came at more than a few moments"
