"""Run the daemon without the secrets that are in its caller's environment.

A process's first environment can be read in `/proc` for as long as it runs, whatever it removes
from it later, and the daemon runs for weeks. So it starts itself once more, with what it needs.
The rest is passed through memory that has no name, since it contains the values to redact.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from typing import TYPE_CHECKING

from ccsync_watch.errors import StartFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

HANDLE_NAME = "CCSYNC_WATCH_ENVIRONMENT"
# As in the plugin's start.sh, and what a terminal or Python itself needs.
_KEPT = re.compile(
    r"HOME|PATH|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TEMP|TMP|XDG_\w+_(?:HOME|DIR)|"
    r"CCSYNC_WATCH_(?:HOME|COMMAND)|CLAUDE_CONFIG_DIR|CLAUDE_SYNC_\w+|"
    r"(?:https?|all|no)_proxy|SSL_CERT_(?:FILE|DIR)|PYTHON\w*|COVERAGE_\w+|VIRTUAL_ENV|"
    r"LD_LIBRARY_PATH|DYLD_\w+|TERM|COLORTERM|COLUMNS|LINES|NO_COLOR|FORCE_COLOR",
    re.IGNORECASE,
)
_SECRET_URL = re.compile(r"[^/]*//[^/@]*@")
# A pipe takes less than this before anybody reads it.
_MAX_PIPE_BYTES = 60_000


def enter(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the whole environment; the process's own has only what may be seen in it.

    In a process that was started with more, this does not return: it is replaced.
    Raises StartFailed when what was passed to this process cannot be read.
    """
    env = dict(os.environ if environment is None else environment)
    os.environ.pop(HANDLE_NAME, None)
    handle = _own_handle(env.pop(HANDLE_NAME, ""))
    if handle is not None:
        removed = _receive(handle)
        # Libraries look there; what is added now is not visible from outside.
        os.environ.update({name: value for name, value in removed.items() if is_kept(name)})
        return {**env, **removed}
    if any(not is_visible(name, value) for name, value in env.items()):
        start_again(env)
    return env


def start_again(env: Mapping[str, str]) -> None:
    """Have this process become a new one of the same command line, with this environment.

    Of it only what may be seen is the process's own. Returns where that is not possible.
    """
    visible = {name: value for name, value in env.items() if is_visible(name, value)}
    removed = {name: value for name, value in env.items() if name not in visible}
    if os.name != "posix" or not sys.executable:
        return
    handle = _send(removed)
    if handle is None:
        return
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with contextlib.suppress(OSError):
        arguments = [sys.executable, *sys.orig_argv[1:]]
        # A process that is replaced keeps its id.
        mark = f"{os.getpid()}:{handle}"
        os.execve(sys.executable, arguments, {**visible, HANDLE_NAME: mark})  # noqa: S606 - ourselves
    os.close(handle)


def is_kept(name: str) -> bool:
    """Return whether the daemon needs a variable, whatever is in it."""
    return _KEPT.fullmatch(name) is not None


def is_visible(name: str, value: str) -> bool:
    """Return whether a variable is needed and not a secret: keys and passwords of proxies are."""
    if name.lower().endswith("_proxy") and "@" in value:  # with a scheme or without
        return False
    return is_kept(name) and name != "CLAUDE_SYNC_API_KEY" and not _SECRET_URL.match(value)


def _send(removed: Mapping[str, str]) -> int | None:
    """Return a handle from which these variables can be read; None where that is not possible."""
    data = json.dumps(dict(removed)).encode()
    handle = _create_memory_file()
    if handle is not None:
        with os.fdopen(os.dup(handle), "wb") as file:
            file.write(data)
        os.lseek(handle, 0, os.SEEK_SET)
    elif len(data) <= _MAX_PIPE_BYTES:
        handle, end = os.pipe()
        # Where the user has many pipes, a new one takes less: writing to it would never end.
        os.set_blocking(end, False)
        try:
            is_whole = os.write(end, data) == len(data)
        except BlockingIOError:
            is_whole = False
        finally:
            os.close(end)
        if not is_whole:
            os.close(handle)
            return None
    if handle is not None:
        os.set_inheritable(handle, True)  # noqa: FBT003 - as above
    return handle


def _create_memory_file() -> int | None:
    """Return a file without a name; None where the system has none, or forbids it."""
    if not hasattr(os, "memfd_create"):
        return None
    with contextlib.suppress(OSError):
        return os.memfd_create("environment")
    return None


def _own_handle(mark: str) -> int | None:
    """Return the handle that this process passed to itself; None for a variable from elsewhere."""
    match = re.fullmatch(r"(\d{1,10}):(\d{1,10})", mark, re.ASCII)
    return int(match[2]) if match and int(match[1]) == os.getpid() else None


def _receive(handle: int) -> dict[str, str]:
    """Read the variables, once. Raises StartFailed: without them secrets would not be known."""
    try:
        with os.fdopen(handle, "rb") as file:
            return {str(name): str(value) for name, value in json.load(file).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise StartFailed(
            f"the daemon cannot read the environment that it was started with: {error}",
            hint="start it again",
        ) from error
