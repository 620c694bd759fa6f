"""The program `ccsync-watch`, and `python -m ccsync_watch`."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run one command; return its exit code."""
    _open_closed_streams()
    if sys.argv[1:] == ["statusline"]:
        # The client asks for it all the time: the parser alone would take longer than the line.
        from ccsync_watch.statusline import entry  # noqa: PLC0415 - see above

        return entry.main()
    from ccsync_watch.cli import main as run_command  # noqa: PLC0415 - see above

    try:
        code: int | str | None = run_command()
    except SystemExit as end:  # a help was printed, or an argument is wrong
        code = end.code
    return _flushed(code if isinstance(code, int) else 0)


def _flushed(code: int) -> int:
    """Write what is left of the answer; return the exit code, 1 if that fails.

    Python would print an error of its own at the end, and the rest of a pipe that nobody reads.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError) or code:
            return code
        print(f"ccsync-watch: the answer cannot be written: {error.strerror}", file=sys.stderr)  # noqa: T201 - the command line's own output
        return 1
    return code


def _open_closed_streams() -> None:
    """Have standard streams that the caller closed (`>&-`) lead to nowhere.

    Python has None for them, and the next file that is opened would be in their place.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            stream = open(number, "w" if number else "r", encoding="utf-8")  # noqa: PTH123, SIM115 - a number
            setattr(sys, name, stream)


if __name__ == "__main__":
    sys.exit(main())
