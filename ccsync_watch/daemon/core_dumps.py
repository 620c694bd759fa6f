"""Keep the daemon's memory, with keys and unredacted lines in it, out of core dumps.

A core dump is a copy of it that outlives the process, and may leave the machine in a crash report.
"""

from __future__ import annotations

import contextlib
import sys

_PR_SET_DUMPABLE = 4


def forbid_core_dumps() -> None:
    """Have the system write no core dump of this process; on Linux no debugger attaches to it.

    Only root's can. Where it is not possible nothing changes.
    Call it after what writes to `/proc/self`: its files are root's afterwards.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - Windows has none

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # A program that collects crash reports gets one whatever the limit is.
        with contextlib.suppress(ImportError, OSError, AttributeError):
            import ctypes  # noqa: PLC0415 - only the daemon needs it

            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
