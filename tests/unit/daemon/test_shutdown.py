"""Signals end the program in order, and end it in any case."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.daemon.shutdown import FORCE_EXIT_SECONDS, Shutdown
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

_HANGS = """
import os, signal, sys, time
from ccsync_watch.clock import SystemClock
from ccsync_watch.daemon.shutdown import Shutdown
with Shutdown(SystemClock()) as shutdown:
    shutdown.on_request(lambda: print("asked", flush=True))
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def _hangup_by_default() -> Iterator[None]:
    """Undo `nohup`, under which the test run itself may have been started."""
    handler = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, handler)


@pytest.mark.usefixtures("_hangup_by_default")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_calls_stop_from_a_thread(name: str) -> None:
    """Not from the handler, which may have interrupted the holder of a lock."""
    called, threads = threading.Event(), list[str]()

    def stop() -> None:
        threads.append(threading.current_thread().name)
        called.set()

    with Shutdown(SystemClock()) as shutdown:
        shutdown.on_request(stop)
        os.kill(os.getpid(), getattr(signal, name))
        assert called.wait(WAIT_SECONDS)
        os.kill(os.getpid(), getattr(signal, name))  # an echo, as of a whole process group
    assert threads == ["shutdown"]


def test_a_signal_before_on_request_is_not_lost() -> None:
    """It may come while the database is opened."""
    called = threading.Event()
    with Shutdown(SystemClock()) as shutdown:
        os.kill(os.getpid(), signal.SIGTERM)
        assert shutdown.requested.wait(WAIT_SECONDS)
        shutdown.on_request(called.set)
    assert called.is_set()


def test_handlers_are_restored() -> None:
    """A larger program that runs the command keeps its own."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    with Shutdown(SystemClock()):
        assert signal.getsignal(signal.SIGTERM) != before[1]
    after = [signal.getsignal(number) for number in numbers]
    assert before == after


def test_nohup_is_respected() -> None:
    """An ignored SIGHUP stays ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Shutdown(SystemClock()):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("is_repeated", [False, True])
def test_a_program_that_hangs_exits_in_any_case(*, is_repeated: bool) -> None:
    """Within five seconds, or at a second Ctrl+C; with 0, as no data is lost."""
    with subprocess.Popen(
        [sys.executable, "-c", _HANGS], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"ready\n"
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == b"asked\n"
        if is_repeated:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1.2)
            process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_SECONDS) == 0
        seconds = time.monotonic() - start
        has_waited = b"stopping took too long" in process.stderr.read()
    assert has_waited is not is_repeated
    assert is_repeated or seconds >= FORCE_EXIT_SECONDS - 0.1
