"""Compile the redactor's rules: `python -m ccsync_watch.privacy.compile_rules FOLDER`.

A process of its own does it: the seconds that it takes and the memory that it needs are not the
daemon's.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ccsync_watch.privacy.dressing.table import build_engine

if __name__ == "__main__":
    build_engine(cache=Path(sys.argv[1]))
