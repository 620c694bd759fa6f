"""The program `ccsync-watch`, and `python -m ccsync_watch`."""

from __future__ import annotations

import sys

from ccsync_watch.cli import main

if __name__ == "__main__":
    sys.exit(main())

__all__ = ["main"]
