"""How much memory SQLite itself has allocated in this process."""

from __future__ import annotations

import _sqlite3
import ctypes

import pytest


def bytes_of_sqlite() -> int:
    """Return SQLite's own count of bytes, all connections together; skip where nobody says it."""
    library = ctypes.CDLL(_sqlite3.__file__)
    if not hasattr(library, "sqlite3_memory_used"):
        pytest.skip("SQLite's own function cannot be found")
    library.sqlite3_memory_used.restype = ctypes.c_int64
    return int(library.sqlite3_memory_used())
