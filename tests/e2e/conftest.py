"""What all of these tests need: rules that are compiled, as they are on a machine in use."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.redaction_corpus.shared import cache_folder, compiling

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session", autouse=True)
def _compiled_rules(_isolated: Path) -> None:
    """Compile the rules once for the run, before any daemon starts.

    A daemon compiles them at a low priority, in a process that ends with it: on a busy machine test
    after test would start a daemon, redact slowly without the rules, and end before they are done.
    """
    cache = cache_folder()
    with compiling(cache):
        subprocess.run(
            [sys.executable, "-m", "ccsync_watch.privacy.compile_rules", str(cache)], check=True
        )
