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
    """
    env = os.environ if environment is None else environment
    if HANDLE_NAME in env:
        removed = _receive(env[HANDLE_NAME])
        del os.environ[HANDLE_NAME]
        # Libraries look there; what is added now is not visible from outside.
        os.environ.update({name: value for name, value in removed.items() if is_kept(name)})
        return {**os.environ, **removed}
    if any(not _is_visible(name, value) for name, value in env.items()):
        start_again(env)
    return dict(env)


def start_again(env: Mapping[str, str]) -> None:
    """Have this process become a new one of the same command line, with this environment.

    Of it only what may be seen is the process's own. Returns where that is not possible.
    """
    visible = {name: value for name, value in env.items() if _is_visible(name, value)}
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
        os.execve(sys.executable, arguments, {**visible, HANDLE_NAME: str(handle)})  # noqa: S606 - ourselves
    os.close(handle)


def is_kept(name: str) -> bool:
    """Return whether the daemon needs a variable, whatever is in it."""
    return _KEPT.fullmatch(name) is not None


def _is_visible(name: str, value: str) -> bool:
    """Return whether a variable is needed and not a secret: keys and passwords of proxies are."""
    return is_kept(name) and name != "CLAUDE_SYNC_API_KEY" and not _SECRET_URL.match(value)


def _send(removed: Mapping[str, str]) -> int | None:
    """Return a handle from which these variables can be read; None where that is not possible."""
    data = json.dumps(dict(removed)).encode()
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("environment")
        os.set_inheritable(handle, True)  # noqa: FBT003 - as it is declared
        with os.fdopen(os.dup(handle), "wb") as file:
            file.write(data)
        os.lseek(handle, 0, os.SEEK_SET)
        return handle
    if len(data) > _MAX_PIPE_BYTES:
        return None
    handle, end = os.pipe()
    os.set_inheritable(handle, True)  # noqa: FBT003 - as above
    with os.fdopen(end, "wb") as file:
        file.write(data)
    return handle


def _receive(handle: str) -> dict[str, str]:
    """Read the variables, once. Nothing else that the handle may lead to is accepted."""
    mistakes = (OSError, ValueError, AttributeError)
    with contextlib.suppress(*mistakes), os.fdopen(int(handle), "rb") as file:
        return {str(name): str(value) for name, value in json.load(file).items()}
    return {}
