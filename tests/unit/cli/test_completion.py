"""What a shell offers at Tab: commands, options, sessions and settings; by the real shells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccsync_watch.cli import main
from ccsync_watch.cli.completion import SHELLS
from support.storing import OTHER, SESSION, World, message

_SHELL = """
set -eu
{code}
COMP_LINE={line!r}
COMP_POINT=${{#COMP_LINE}}
COMP_WORDS=($COMP_LINE)
case $COMP_LINE in *' ') COMP_WORDS+=('') ;; esac
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
COMP_TYPE=9
IFS=$'\\013'
COMPREPLY=()
_python_argcomplete ccsync-watch "${{COMP_WORDS[COMP_CWORD]}}" "" || true
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def offered(env: dict[str, str], line: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what bash offers for a line, after it read what the program prints for it."""
    assert main(["completion", "bash"], env) == 0
    code = capsys.readouterr().out
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    completed = subprocess.run(
        ["bash", "-c", _SHELL.format(code=code, line=line)],
        env={**env, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return [word.strip() for word in completed.stdout.splitlines() if word.strip()]


def test_bash_offers_what_fits(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands, options with their choices, sessions of the store, and settings."""
    world = World(tmp_path / "state")
    world.ingest(message("a1"))
    world.ingest(message("b1", session_id=OTHER), session_id=OTHER)
    world.close()
    assert sorted(offered(env, "ccsync-watch sta", capsys)) == [
        "start", "stats", "status", "statusline"
    ]  # fmt: skip
    assert "--check-budget" in offered(env, "ccsync-watch stats --ch", capsys)
    assert set(offered(env, "ccsync-watch stats --by mo", capsys)) == {"month", "model"}
    assert offered(env, f"ccsync-watch explain {SESSION[:3]}", capsys) == [SESSION]
    assert offered(env, "ccsync-watch config set sync_th", capsys) == ["sync_thinking"]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_its_text(
    env: dict[str, str], shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named, or found by the variable that has the user's."""
    assert main(["completion", shell], env) == 0
    text = capsys.readouterr().out
    assert "ccsync-watch" in text
    assert main(["completion"], {**env, "SHELL": f"/usr/bin/{shell}"}) == 0
    assert capsys.readouterr().out == text


def test_an_unknown_shell_is_wrong_usage(
    env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """And says which are known."""
    assert main(["completion"], {**env, "SHELL": "/bin/tcsh"}) == 2
    assert "name one of bash, zsh, fish" in capsys.readouterr().err
