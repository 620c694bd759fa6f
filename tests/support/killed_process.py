"""Kill a process between any two of its system calls.

By ptrace, so that every step is met, whatever else the machine does; Linux only.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_TRACEME, _SYSCALL, _SET_OPTIONS, _GET_SYSCALL_INFO = 0, 24, 0x4200, 0x420E
_TRACESYSGOOD = 1
_SYSCALL_STOP = signal.SIGTRAP | 0x80
# The shell reads byte by byte, and reading changes nothing.
_READ = {"x86_64": 0, "aarch64": 63}.get(platform.machine())
_INFO_BYTES, _NUMBER_AT, _IS_ENTRY = 88, 24, 1


def run_until(
    steps: int, words: Sequence[str], *, env: Mapping[str, str], cwd: Path, data: bytes
) -> bool:
    """Run a command and kill it, with its process group, after so many system calls.

    Those that read are not counted. Return whether it ended by itself before that.
    """
    libc = _libc()
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        process = subprocess.Popen(
            list(words),
            env=dict(env),
            cwd=cwd,
            stdin=file,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: libc.ptrace(_TRACEME, 0, None, None),  # noqa: PLW1509 - no threads here
            start_new_session=True,
        )
    pid, process.returncode = process.pid, 0  # waited for here
    _pid, status = os.waitpid(pid, 0)
    libc.ptrace(_SET_OPTIONS, pid, None, _TRACESYSGOOD)
    passed = 0
    while os.WIFSTOPPED(status):
        if os.WSTOPSIG(status) != _SYSCALL_STOP:
            passed = 0 if os.WSTOPSIG(status) == signal.SIGTRAP else os.WSTOPSIG(status)
        elif _is_counted(libc, pid):
            if not steps:
                os.killpg(pid, signal.SIGKILL)
            steps -= 1
        libc.ptrace(_SYSCALL, pid, None, passed)
        passed = 0
        _pid, status = os.waitpid(pid, 0)
    return not os.WIFSIGNALED(status)


def _is_counted(libc: ctypes.CDLL, pid: int) -> bool:
    """Return whether a system call begins, of another kind than reading."""
    info = ctypes.create_string_buffer(_INFO_BYTES)
    libc.ptrace(_GET_SYSCALL_INFO, pid, _INFO_BYTES, info)
    number = int.from_bytes(info.raw[_NUMBER_AT : _NUMBER_AT + 8], sys.byteorder)
    return info.raw[0] == _IS_ENTRY and number != _READ


def _libc() -> ctypes.CDLL:
    if sys.platform != "linux":
        pytest.skip("ptrace is used as Linux has it")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    return libc
