"""Compiles the redactor's rules beside the daemon, which reads with a slower engine meanwhile.

Nothing is stored before it is redacted: all engines find the same.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ccsync_watch.privacy import Redactor

_COMPILED = "hyperscan"


class RulesCompiler:
    """The process that compiles, if any. `on_start` is called when it begins."""

    def __init__(self, on_start: Callable[[], None] = lambda: None) -> None:
        self._on_start = on_start
        self._process: subprocess.Popen[bytes] | None = None
        self._redactor: Redactor | None = None
        self._cache: Path | None = None

    def start(self, redactor: Redactor, cache: Path | None) -> None:
        """Compile the rules for a redactor into this folder, if it needs that."""
        if (
            redactor.engine == _COMPILED
            or cache is None
            or importlib.util.find_spec(_COMPILED) is None
        ):
            return
        self._redactor, self._cache = redactor, cache
        if self._process is None:
            self._on_start()
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-m", "ccsync_watch.privacy.compile_rules", str(cache)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def turn(self) -> None:
        """Have the redactor use the rules once they are compiled; not while it redacts.

        If the process failed, they are compiled here.
        """
        if self._process is None or self._process.poll() is None:
            return
        self._process = None
        if self._redactor is not None:
            self._redactor.use_compiled(self._cache)
            self._redactor = None

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
