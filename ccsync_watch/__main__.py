"""The program `ccsync-watch`, and `python -m ccsync_watch`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run one command; return its exit code."""
    if sys.argv[1:] == ["statusline"]:
        # The client asks for it all the time: the parser alone would take longer than the line.
        from ccsync_watch.statusline import entry  # noqa: PLC0415 - see above

        return entry.main()
    from ccsync_watch.cli import main as run_command  # noqa: PLC0415 - see above

    return run_command()


if __name__ == "__main__":
    sys.exit(main())
