"""Fail each call of a cycle of the program, one at a time, and check what must hold after it.

It compiles the library that fails calls, then runs `support.fault_cycles.enumeration` with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.fault_cycles import preload  # noqa: E402 - found by the line above


def main() -> int:
    """Run the cycles with the arguments of the command line."""
    if reason := preload.missing():
        print(f"not run: {reason}")
        return 2
    with tempfile.TemporaryDirectory(prefix="ccsync-faults-") as folder:
        os.environ["XDG_CACHE_HOME"] = str(Path(folder) / "cache")
        library = preload.compile_to(Path(folder))
        words = [sys.executable, "-m", "support.fault_cycles.enumeration", *sys.argv[1:]]
        environment = preload.environment(library)
        return subprocess.run(words, env=environment, check=False).returncode  # noqa: S603 - ourselves


if __name__ == "__main__":
    sys.exit(main())
