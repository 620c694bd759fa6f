"""The command line: one module per command in `commands`, found by listing that package.

Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 the daemon is not running, 4 the backend
rejected the request or cannot be reached. An error is one line: what is wrong, then what to do.
"""

from ccsync_watch.cli.command_line import main

__all__ = ["main"]
