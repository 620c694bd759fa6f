"""Signals end the program in order, and in any case."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from ccsync_watch.daemon.shutdown import FORCE_EXIT_SECONDS, Shutdown

_HANGS = """
import os, signal, sys, time
from ccsync_watch.daemon.shutdown import Shutdown
with Shutdown() as ending:
    ending.call(lambda: print("asked", flush=True))
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_calls_stop_from_a_thread(name: str) -> None:
    """Not from the handler, which may have interrupted the holder of a lock."""
    called, threads = threading.Event(), list[str]()

    def stop() -> None:
        threads.append(threading.current_thread().name)
        called.set()

    with Shutdown() as ending:
        ending.call(stop)
        os.kill(os.getpid(), getattr(signal, name))
        assert called.wait(10)
        os.kill(os.getpid(), getattr(signal, name))  # an echo, as of a whole process group
    assert threads == ["ending"]


def test_a_signal_that_came_first_is_not_lost() -> None:
    """It may come while the database is opened."""
    called = threading.Event()
    with Shutdown() as ending:
        os.kill(os.getpid(), signal.SIGTERM)
        assert ending.asked.wait(10)
        ending.call(called.set)
    assert called.is_set()


def test_handlers_are_put_back() -> None:
    """Whoever runs the command in a larger program keeps his own."""
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with Shutdown():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    after = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert before == after


def test_nohup_is_respected() -> None:
    """An ignored SIGHUP stays ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Shutdown():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("is_impatient", [False, True])
def test_what_hangs_is_ended_all_the_same(*, is_impatient: bool) -> None:
    """Within five seconds, or at a second Ctrl+C; with 0, as nothing is lost."""
    with subprocess.Popen([sys.executable, "-c", _HANGS], stdout=subprocess.PIPE) as made:
        assert made.stdout is not None
        assert made.stdout.readline() == b"ready\n"
        start = time.monotonic()
        made.send_signal(signal.SIGINT)
        assert made.stdout.readline() == b"asked\n"
        if is_impatient:
            with pytest.raises(subprocess.TimeoutExpired):
                made.wait(1.2)
            made.send_signal(signal.SIGINT)
        assert made.wait(20) == 0
        seconds = time.monotonic() - start
    assert seconds < 4.5 if is_impatient else seconds >= FORCE_EXIT_SECONDS - 0.1
