"""Which program the plugin runs: its own script is asked, and then the program that it names."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ccsync_watch.regular_files import file_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 10.0
# The script only looks; nothing that it finds is run.
_ASK = (
    '[ -r "$plugin/hooks/state.sh" ] || exit 0; . "$plugin/hooks/find.sh"; find_ccsync;'
    ' printf "%s\\n" "$kind" "$absence" "$program" "$environment"'
)
_WORDS = 4
_MAX_LINE = 500


@dataclass(frozen=True, slots=True)
class FoundProgram:
    """What the script found. `absence` says why it found none; `version` is the program's answer.

    `failure` is how the program failed to answer, `log` how uv failed to prepare the plugin's copy.
    """

    rule: str
    absence: str
    path: str
    version: str | None = None
    failure: str | None = None
    log: str = ""


def find_program(scripts: Path, env: Mapping[str, str]) -> FoundProgram | None:
    """Ask the plugin with these scripts; None if the script itself cannot be run."""
    shell = shutil.which("sh", path=env.get("PATH")) or "/bin/sh"
    completed = _run([shell, "-c", _ASK], {**env, "plugin": str(scripts)})
    if not isinstance(completed, subprocess.CompletedProcess):
        return None
    lines = completed.stdout.split("\n")
    if len(lines) <= _WORDS:
        return None
    rule, absence, path, environment = lines[:_WORDS]
    if rule in {"", "uvx"}:
        # Asking uvx for the version would download it.
        log = _first_line(Path(environment).with_name("log")) if environment else ""
        return FoundProgram(rule, absence if not rule else "", path, log=log)
    words = [path]
    if rule == "copy":
        words.append(f"{environment}/command/ccsync-watch")
        # What the user can run, and what stays when an update changes the environment.
        path = str(Path(environment).with_name("ccsync-watch"))
    return _ask_version(FoundProgram(rule, "", path), [*words, "--version"], env)


def _first_line(path: Path) -> str:
    try:
        with file_of(path) as file:
            return file.readline(_MAX_LINE).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _ask_version(program: FoundProgram, words: list[str], env: Mapping[str, str]) -> FoundProgram:
    answer = _run(words, env)
    if isinstance(answer, str):
        return replace(program, failure=answer)
    if answer.returncode != 0:
        last = (answer.stderr.strip() or f"exit {answer.returncode}").splitlines()[-1]
        return replace(program, failure=last)
    return replace(program, version=answer.stdout.strip().rpartition(" ")[2])


def client_version(env: Mapping[str, str]) -> str | None:
    """Return the version of the `claude` on PATH, None if there is none that answers."""
    home = env.get("HOME", "")
    places = f"{env.get('PATH', '')}:{home}/.local/bin:{home}/.claude/local"
    claude = shutil.which("claude", path=places)
    if claude is None:
        return None
    answer = _run([claude, "--version"], {**env, "DISABLE_AUTOUPDATER": "1"})
    words = [] if isinstance(answer, str) else answer.stdout.split()
    return words[0] if words else None


def _run(words: list[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str] | str:
    """Run a program; return its answer, or why there is none."""
    try:
        return subprocess.run(  # noqa: S603 - the plugin's own script, the user's own programs
            words,
            env=dict(env),
            # Not the session's folder, in which somebody may have put a program.
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {_SECONDS:g} s"
    except OSError as error:
        return error.strerror or str(error)
