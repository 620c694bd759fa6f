"""Compare what two commits make of the same transcripts: figures, exports and uploads, to the byte.

    scripts/golden --against COMMIT [--mb 2] [--claude-dir FOLDER] [--migrate]

The corpora are generated ones (tests/support/import_corpora) and the accounting cases; FOLDER adds
another. Each program runs as people run it, from an environment of its own, with an empty state
folder and a backend on this machine. With `--migrate` this commit's program does not read the
transcripts: it updates the other one's state folder, and sends all to its own backend, which is
another destination. Prints what differs; the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.accounting_cases.catalogue import cases  # noqa: E402 - found by the line above
from support.import_corpora import CORPORA  # noqa: E402 - as above
from support.opensync_double.server import OpenSyncDouble  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Iterator

# Earlier versions have less of them.
_TABLES = ("day", "model", "project", "agent", "tool", "session")
_SHOWN_LINES = 12
_SECONDS = 1800
# When the backend received something; it dates what is sent with a date of its own by that.
_RECEIVED = ("id", "session_id", "user_id", "created_at_ms", "updated_at_ms")


class Tree:
    """A commit's program, and what it makes of a Claude folder."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self.folder = folder

    def outputs(self, claude_dir: Path) -> dict[str, str]:
        """Return all outputs, by name."""
        texts: dict[str, str] = {}
        with OpenSyncDouble() as opensync:
            self._configure(convex_url=opensync.url, api_key=opensync.api_key)
            self._run(claude_dir, "sync-now", "--timeout", str(_SECONDS))
            backend = opensync.backend
            for message in backend.all_messages():
                texts[f"upload of {message.external_id}"] = _shown(asdict(message))
            for session in backend.sessions():
                texts[f"upload of session {session.external_id}"] = _shown(asdict(session))
        for name in _TABLES:
            words = ("stats", "--utc", "--json", "--by", name)
            if table := self._run(claude_dir, *words, is_checked=False):
                texts[f"stats --by {name}"] = table
        sessions = {path.stem for path in claude_dir.glob("projects/*/*.jsonl")}
        for session_id in sorted(sessions):
            for form in ("md", "json"):
                words = ("export", session_id, "--format", form)
                texts[f"export {session_id} as {form}"] = self._run(
                    claude_dir, *words, is_checked=False
                )
        return texts

    def _configure(self, **settings: object) -> None:
        (self.folder / "home").mkdir(parents=True, exist_ok=True)
        path = self.folder / "home" / ".claude-code-sync.json"
        path.write_text(json.dumps(settings), encoding="utf-8")

    def _run(self, claude_dir: Path, *words: str, is_checked: bool = True) -> str:
        environment = {
            "HOME": str(self.folder / "home"),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "CLAUDE_CONFIG_DIR": str(claude_dir),
            "CCSYNC_WATCH_HOME": str(self.folder / "state"),
        }
        completed = subprocess.run(  # noqa: S603 - the programs to compare
            [self._program, *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if completed.returncode and is_checked:
            sys.exit(f"{self._program} {' '.join(words)} failed: {completed.stderr[-2000:]}")
        return completed.stdout


def _shown(values: dict[str, Any]) -> str:
    kept = {name: value for name, value in values.items() if name not in _RECEIVED}
    return json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False)


def installed(commit: str, folder: Path) -> Path:
    """Return the program of a commit, in an environment of its own."""
    clone = folder / "clone"
    _call("git", "clone", "--quiet", "--no-checkout", str(ROOT), str(clone))
    _call("git", "-C", str(clone), "checkout", "--quiet", "--detach", commit)
    _call("uv", "sync", "--quiet", "--project", str(clone), "--no-dev", "--locked")
    return clone / ".venv" / "bin" / "ccsync-watch"


def _call(*words: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run(words, check=True, env=env)  # noqa: S603 - git and uv, with our own arguments


def corpora(folder: Path, size: int, more: Path | None) -> Iterator[tuple[str, Path]]:
    """Write the transcripts; yield each corpus' name and Claude folder."""
    for name in ("dense", "modern", "many"):
        CORPORA[name](folder / name, size)
        yield name, folder / name
    for number, case in enumerate(cases()):
        case.write(folder / f"case-{number}")
        _add_case(folder / f"case-{number}", folder / "accounting" / "projects", number)
    yield "accounting", folder / "accounting"
    if more is not None:
        yield str(more), more


def _add_case(source: Path, projects: Path, number: int) -> None:
    """Add a case to a corpus of all: sessions and responses have the same ids in many cases."""
    for path in sorted(source.rglob("*.*")):
        name = _of_case(path.relative_to(source).as_posix(), number)
        (projects / name).parent.mkdir(parents=True, exist_ok=True)
        text = _of_case(path.read_bytes().decode("latin-1"), number)  # some bytes are not text
        (projects / name).write_bytes(text.encode("latin-1"))


def _of_case(text: str, number: int) -> str:
    text = re.sub(r"0000(\d{4})-1111-", rf"{number:04d}\1-1111-", text)
    return re.sub(r'"(msg|req|toolu)_', rf'"\1_{number:04d}', text)


def differences(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    """Yield what to print of each output that differs."""
    names = {name for name in before.keys() | after.keys() if not name.startswith("stats ")}
    for name in sorted(names | (before.keys() & after.keys())):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
            shown = list(lines)[2 : 2 + _SHOWN_LINES]
            yield "\n    ".join([f"  {name}", *(line[:160] for line in shown)])


def _first_of_each_kind(differing: list[str]) -> Iterator[str]:
    """Yield, of each kind of output, how many differ, and the first of them."""
    kinds: dict[str, list[str]] = {}
    for text in differing:
        name = text.partition("\n")[0]
        kind = re.sub(r"[0-9a-f]{8}-\S+", "", name).strip()
        kinds.setdefault(kind, []).append(text)
    for kind, texts in sorted(kinds.items()):
        yield f"  {kind}: {len(texts)} differ, the first:\n{texts[0]}"


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--against", required=True, metavar="COMMIT")
    parser.add_argument("--mb", type=float, default=2.0, help="size of each generated corpus")
    parser.add_argument("--claude-dir", type=Path, help="another Claude folder to compare by")
    parser.add_argument("--only", metavar="NAME", help="one corpus")
    parser.add_argument("--migrate", action="store_true", help="update the other's state folder")
    options = parser.parse_args()
    is_different = False
    with tempfile.TemporaryDirectory(prefix="ccsync-golden-") as name:
        folder = Path(name)
        old = installed(options.against, folder)
        new = Path(sys.executable).with_name("ccsync-watch")
        size = int(options.mb * 1e6)
        for number, (corpus, claude_dir) in enumerate(
            corpora(folder / "corpora", size, options.claude_dir)
        ):
            if options.only not in {None, corpus}:
                continue
            trees = Tree(old, folder / f"old{number}"), Tree(new, folder / f"new{number}")
            before = trees[0].outputs(claude_dir)
            if options.migrate:
                shutil.copytree(trees[0].folder / "state", trees[1].folder / "state")
            after = trees[1].outputs(claude_dir)
            differing = list(differences(before, after))
            is_different = is_different or bool(differing)
            print(f"{corpus}: {len(before)} outputs, {len(differing)} differ", flush=True)
            print(
                "\n".join(_first_of_each_kind(differing)), end="\n" if differing else "", flush=True
            )
    sys.exit(is_different)


if __name__ == "__main__":
    main()
