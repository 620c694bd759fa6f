"""A machine: the program with a home, clock, limits and disk of its own, which may fail."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from support.ccsync_program.program import Program
from support.small_disk import mount
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

_DISK = "size=256m,nr_inodes=4000"  # an hour's store with its copies, several times
_FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
_MAX_COMMANDS = 2
_COMMAND_SECONDS = 300.0
SECOND_START = ("run",)
_EXCUSED_SECONDS = 30.0
_WATCHES = "/proc/sys/user/max_inotify_watches"


@dataclass
class Command:
    """A command of another process, under way."""

    words: Sequence[str]
    process: subprocess.Popen[bytes]
    output: Path
    since: float = field(default_factory=time.monotonic)


@dataclass
class Abilities:
    """What may be done on this system; what may not is said once, in plain words."""

    mounts: bool = False
    clock: bool = False
    namespaces: bool = False

    @classmethod
    def find(cls, folder: Path) -> Abilities:
        """Try out."""
        disk = folder / "disk-trial"
        disk.mkdir()
        mounts = mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk))
        if mounts:
            subprocess.run(["umount", "-l", str(disk)], check=True)
        return cls(mounts=mounts, clock=bool(_FAKETIME), namespaces=_has_namespaces())

    def missing(self) -> list[str]:
        """Return which faults are left out, and why."""
        reasons = {
            "disk faults: mounting is not allowed here": self.mounts,
            "clock jumps: libfaketime is not installed": self.clock,
            "used-up watches: no user namespaces here": self.namespaces,
        }
        return [f"left out: {reason}" for reason, is_possible in reasons.items() if not is_possible]


def _has_namespaces() -> bool:
    if not shutil.which("unshare") or not shutil.which("nsenter"):
        return False
    words = ["unshare", "--user", "--map-root-user", "test", "-w", _WATCHES]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


class Machine:
    """One of the machines of a run; its first one has a disk and a clock that fail."""

    def __init__(
        self, root: Path, number: int, abilities: Abilities, *, earlier: Path | None
    ) -> None:
        self.number = number
        self.root = root / f"machine-{number}"
        self.is_special = number == 0
        self.has_disk = self.is_special and abilities.mounts
        self.has_clock = self.is_special and abilities.clock
        self.has_limits = self.is_special and abilities.namespaces
        self.offset_seconds = 0.0
        self.commands: list[Command] = []
        self.finished: list[tuple[Sequence[str], int, str]] = []
        self.excuses: set[str] = set()
        self._excused_until: dict[str, float] = {}
        self.is_wanted = True
        self.earlier = earlier
        self.is_updated = earlier is None or self.is_special
        self._clock_file = self.root / "clock"
        self.claude_dir = self.root / "claude"
        (self.claude_dir / "projects").mkdir(parents=True)
        self.program = Program(self.root / "ccsync", self.claude_dir, env=self._environment())
        if not self.is_updated and earlier:
            self.program.path = earlier
        if self.has_limits:
            self.program.prefix = ["unshare", "--user", "--map-root-user"]
        self.program.state.mkdir(mode=0o700)
        if self.has_disk:
            done = mount(
                "-t", "tmpfs", "-o", f"{_DISK},mode=0700", "tmpfs", str(self.program.state)
            )
            assert done, "mounting was allowed before"

    def _environment(self) -> dict[str, str]:
        if not self.has_clock:
            return {}
        self._clock_file.write_text("+0\n")
        return {
            "LD_PRELOAD": str(_FAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock_file),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def end_excuse(self, name: str) -> None:
        """Let a fault count no longer: what had begun by then may fail a while after."""
        if name in self.excuses:
            self.excuses.discard(name)
            self._excused_until[name] = time.monotonic() + _EXCUSED_SECONDS

    def is_excused(self) -> bool:
        """Return whether a fault explains that the daemon ends by itself."""
        now = time.monotonic()
        return bool(self.excuses) or any(until > now for until in self._excused_until.values())

    def now_ms(self) -> int:
        """Return the time by this machine's clock."""
        return round((time.time() + self.offset_seconds) * 1000)

    # The daemon -------------------------------------------------------------------------------

    def is_running(self) -> bool:
        """Return whether the daemon's process is there."""
        return self.program.is_running()

    def start(self) -> None:
        """Start the daemon, if it does not run."""
        self.is_wanted = True
        if not self.is_running():
            self.program.kill()
            self.program.start_unready()

    def kill(self) -> None:
        """Kill the daemon."""
        self.is_wanted = False
        self.program.kill()
        self.end_second_starts()

    def terminate(self) -> int | None:
        """Stop the daemon as a service manager does; return its exit code, None without one."""
        if not self.is_running():
            return None
        self.is_wanted = False
        self.send(signal.SIGCONT)
        self.end_second_starts()
        return self.program.stop()

    def send(self, number: int) -> None:
        """Send the daemon a signal."""
        if self.is_running():
            os.kill(self.program.pid, number)

    # Other processes --------------------------------------------------------------------------

    def command(self, *words: str) -> bool:
        """Start a command beside the daemon; return whether there was room for another one."""
        self.collect()
        if len(self.commands) >= _MAX_COMMANDS:
            return False
        output = self.root / f"command-{len(self.commands) + len(self.finished)}"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [*self.program.words, *words],
                env=self.program.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self.commands.append(Command(words, process, output))
        return True

    def end_second_starts(self) -> None:
        """Kill processes that were started beside the daemon: one of them may have become it."""
        for command in list(self.commands):
            if tuple(command.words) == SECOND_START:
                self.commands.remove(command)
                command.process.kill()
                command.process.wait()

    def collect(self, *, is_last: bool = False) -> None:
        """Keep what commands printed that have ended; at last, wait for all."""
        if is_last:
            self.end_second_starts()
        for command in list(self.commands):
            if is_last:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    command.process.wait(_COMMAND_SECONDS)
            is_late = time.monotonic() - command.since > _COMMAND_SECONDS
            if command.process.poll() is None and is_late:
                command.process.kill()
                command.process.wait()
            if command.process.poll() is not None:
                self.commands.remove(command)
                text = command.output.read_text(errors="replace")
                self.finished.append((command.words, command.process.returncode, text))

    def run_earlier(self, seconds: float = 300.0) -> tuple[int | None, str]:
        """Run the earlier version on this store; return its exit code, None if it did not end.

        What it does then is in what it printed.
        """
        assert self.earlier is not None
        dumping = {"PYTHONFAULTHANDLER": "1", "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(
            [str(self.earlier)],
            env={**self.program.environment, **dumping},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            # Read while it runs: one that prints more than a pipe holds would wait for ever.
            try:
                printed, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGABRT)
                printed, _ = process.communicate()
                return None, printed
            return process.returncode, printed

    def redact_by_earlier(self, lines: Sequence[str]) -> list[str]:
        """Return lines as the earlier version's `redact` prints them."""
        assert self.earlier is not None
        completed = subprocess.run(
            [str(self.earlier), "redact"],
            env=self.program.environment,
            input="".join(f"{text}\n" for text in lines),
            capture_output=True,
            text=True,
            check=True,
        )
        return completed.stdout.splitlines()

    # Faults -----------------------------------------------------------------------------------

    def fill_disk(self) -> None:
        """Use all of the disk's space."""
        path = self.program.state / "filling"
        with contextlib.suppress(OSError), path.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))
        with contextlib.suppress(OSError), path.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def free_disk(self) -> None:
        """Free it again."""
        with contextlib.suppress(OSError):
            (self.program.state / "filling").unlink(missing_ok=True)

    def remount(self, how: str) -> bool:
        """Mount the disk `ro` or `rw`; return whether that worked."""
        return mount("-o", f"remount,{how}", str(self.program.state))

    def set_clock(self, offset_seconds: float) -> None:
        """Set the machine's clock, for the program and for those that write transcripts."""
        self.offset_seconds = offset_seconds
        self._clock_file.write_text(f"{offset_seconds:+.0f}\n")

    def limit_descriptors(self, *, spare: int | None) -> None:
        """Let the daemon open only so many files more; None: as many as before.

        Not before it has started: Python would fail, which says so in its own way.
        """
        if not self.is_running() or (spare is not None and not self.program.has_announced()):
            return
        with contextlib.suppress(OSError, ValueError):
            _soft, hard = resource.prlimit(self.program.pid, resource.RLIMIT_NOFILE)
            now = len(list(Path(f"/proc/{self.program.pid}/fd").iterdir()))
            limit = hard if spare is None else now + spare
            resource.prlimit(self.program.pid, resource.RLIMIT_NOFILE, (min(limit, hard), hard))

    def limit_watches(self, count: int) -> None:
        """Let the daemon watch only so many folders."""
        if self.is_running():
            words = ["nsenter", "--user", "-t", str(self.program.pid)]
            subprocess.run(
                [*words, "sh", "-c", f"echo {count} > {_WATCHES}"], capture_output=True, check=False
            )

    def restore(self) -> None:
        """End all faults."""
        self.send(signal.SIGCONT)
        if self.has_disk:
            self.free_disk()
            if not self.remount("rw"):
                self.kill()
                assert self.remount("rw")
        if self.has_clock:
            self.set_clock(0)
        self.limit_descriptors(spare=None)
        if self.has_limits:
            self.limit_watches(1 << 20)
        self.excuses.clear()

    def close(self) -> None:
        """End everything."""
        for command in self.commands:
            command.process.kill()
            command.process.wait()
        self.program.kill()
        if self.has_disk:
            subprocess.run(["umount", "-l", str(self.program.state)], check=True)

    def wait_until_ready(self) -> None:
        """Wait until the daemon answers."""
        wait_until(self.program.is_ready, f"the daemon of machine {self.number} answers")
