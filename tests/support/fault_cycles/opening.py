"""Open the database of a state folder, with one fault: a program that prints what it has then.

It is started with the library preloaded that makes calls fail.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

from ccsync_watch.daemon.opening_log import log_opening
from ccsync_watch.store.database import open_database
from support.fault_cycles.plans import CallFault
from support.fault_cycles.preload import CallCounter

NOW_MS = 1_790_000_000_000


def main() -> int:
    """Open `state` in the folder of the first argument, with the fault that the second names."""
    folder, fault = Path(sys.argv[1]), CallFault.of(sys.argv[2])
    logging.basicConfig(format="%(message)s")
    counter = CallCounter()
    counter.arm(fault.call, fault.file, fault.number, fault.code, is_lasting=fault.is_lasting)
    counter.start(folder)
    database = open_database(folder / "state", now_ms=NOW_MS)
    counter.stop()
    log_opening(database)
    rows = database.read().execute("SELECT id FROM messages WHERE kind <> 'session' ORDER BY seq")
    result = {"rows": [row[0] for row in rows], "met": counter.read().met}
    database.close()
    sys.stdout.write(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
