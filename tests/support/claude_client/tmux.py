"""A private tmux server: started by its first command, reached by its socket."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.claude_client.install import ClientUnavailable
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tmux:
    """Run tmux commands at the server on `socket`, which sees `env` and nothing else."""

    socket: Path
    env: Mapping[str, str]

    def __call__(self, *args: str) -> str:
        """Run one command and return what it printed; raise RuntimeError when it fails."""
        try:
            completed = subprocess.run(
                ["tmux", "-u", "-S", self.socket, *args],
                env=self.env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                timeout=WAIT_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise ClientUnavailable("tmux is not on PATH: install it") from error
        if completed.returncode != 0:
            raise RuntimeError(f"tmux {args[0]} failed: {completed.stderr.strip()}")
        return completed.stdout
