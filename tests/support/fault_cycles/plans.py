"""Which faults there are: each has a name by which it is repeated."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.opensync_double import faults as backend_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHORT, FLIPPED, ENDED = "short", "flipped", "ended"
_SPECIAL = {SHORT: -1, FLIPPED: -2, ENDED: -3}
DAMAGING = {FLIPPED, "SQLITE_CORRUPT", "SQLITE_NOTADB"}
"""What says that the database is damaged, whether it is or not."""
# https://www.sqlite.org/rescode.html
_SQLITE = {
    "SQLITE_BUSY": 5,
    "SQLITE_READONLY": 8,
    "SQLITE_IOERR": 10,
    "SQLITE_CORRUPT": 11,
    "SQLITE_FULL": 13,
    "SQLITE_CANTOPEN": 14,
    "SQLITE_NOTADB": 26,
}
_STATEMENTS = tuple(_SQLITE)
# By call, or by call and file where a file has others.
_EFFECTS: dict[str, tuple[str, ...]] = {
    "open": ("EACCES", "EMFILE", "EIO", "ENOSPC", "EINTR"),
    "read": ("EIO", "EINTR", SHORT),
    "read copy": ("EIO", "EINTR", SHORT, ENDED),
    "pread": ("EIO", "EINTR", SHORT),
    "pread copy": ("EIO", "EINTR", SHORT, FLIPPED),
    "pread database": ("EIO", "EINTR", SHORT, FLIPPED),
    # Not flipped: nobody could tell a page of it that is changed so and then written back.
    "pread log": ("EIO", "EINTR", SHORT),
    "write": ("ENOSPC", "EIO", "EINTR", SHORT),
    "pwrite": ("ENOSPC", "EIO", "EDQUOT", "EINTR", SHORT),
    "fsync": ("EIO", "ENOSPC", "EINTR"),
    "truncate": ("EIO", "ENOSPC", "EINTR"),
    "lock": ("EAGAIN", "ENOLCK", "EIO", "EINTR"),
    "map": ("ENOMEM", "EACCES"),
    "rename": ("EIO", "ENOSPC", "EACCES"),
    "unlink": ("EIO", "EACCES"),
    "mkdir": ("ENOSPC", "EACCES"),
    "chmod": ("EPERM", "EIO"),
    "status": ("EIO", "EACCES"),
    "socket": ("EMFILE", "ENOBUFS"),
    "connect": ("ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "EINTR"),
    "accept": ("EMFILE", "ECONNABORTED", "ENOMEM"),
    "bind": ("EADDRINUSE", "EACCES"),
    "send": ("ECONNRESET", "EPIPE", "ETIMEDOUT", "EINTR", SHORT),
    "receive": ("ECONNRESET", "ETIMEDOUT", "EINTR", SHORT, ENDED),
    "watch": ("ENOSPC", "EMFILE"),
    "step": _STATEMENTS,
    "prepare": _STATEMENTS,
    "open_database": ("SQLITE_CANTOPEN", "SQLITE_BUSY", "SQLITE_IOERR"),
}
_LASTING = {
    "open": ("EACCES", "EMFILE", "EIO"),
    "pread": ("EIO",),
    "write": ("ENOSPC",),
    "pwrite": ("ENOSPC", "EIO"),
    "fsync": ("EIO",),
    "lock": ("EAGAIN", "ENOLCK"),
    "map": ("ENOMEM",),
    "connect": ("ECONNREFUSED", "ETIMEDOUT"),
    "send": ("ECONNRESET",),
    "receive": ("ECONNRESET",),
    "step": ("SQLITE_BUSY", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CORRUPT"),
}
ANSWER = "answer"
"""Not a call of the program, but what the backend answers to its n-th request."""


@dataclass(frozen=True, slots=True)
class CallFault:
    """What fails: the call with this number, from 1, of its kind on its kind of file."""

    call: str
    file: str
    number: int
    effect: str
    is_lasting: bool = False

    @property
    def name(self) -> str:
        """Its name."""
        lasting = " lasting" if self.is_lasting else ""
        return f"{self.call} {self.file} {self.number} {self.effect}{lasting}"

    @classmethod
    def of(cls, name: str) -> CallFault:
        """Return the fault with a name."""
        call, file, number, effect, *lasting = name.split()
        return cls(call, file, int(number), effect, bool(lasting))

    @property
    def code(self) -> int:
        """What the library calls the effect."""
        if self.effect in _SPECIAL:
            return _SPECIAL[self.effect]
        return _SQLITE.get(self.effect) or int(getattr(errno, self.effect))

    @property
    def says(self) -> str:
        """What the system says of it."""
        return os.strerror(self.code) if self.code > 0 else self.effect


def enumerate_faults(
    counts: Mapping[tuple[str, str], int], requests: int, *, most: int
) -> Iterator[CallFault]:
    """Yield the faults of a cycle with these calls: each of the first `most` of every kind.

    Of later ones every further step is a tenth longer. What lasts begins at 1, 2, 4, 8 …
    """
    for (call, file), count in sorted(counts.items()):
        for effect in _EFFECTS.get(f"{call} {file}", _EFFECTS[call]):
            for number in _numbers(count, most):
                yield CallFault(call, file, number, effect)
        for effect in _LASTING.get(call, ()):
            for power in range(count.bit_length()):
                yield CallFault(call, file, 1 << power, effect, is_lasting=True)
    if requests < 0:  # without a backend
        return
    for fault in backend_faults.ways(late_seconds=0.5):
        for number in range(1, requests + 2):
            yield CallFault(ANSWER, "backend", number, fault.name)


def _numbers(count: int, most: int) -> Iterator[int]:
    number = 1
    # Two more than were counted: threads do not take the same steps each time.
    while number <= count + 2:
        yield number
        number += 1 + max(0, number - most) // 10


def backend_fault(name: str) -> backend_faults.Fault:
    """Return the way in which a backend fails."""
    (fault,) = [way for way in backend_faults.ways(late_seconds=0.5) if way.name == name]
    return fault


def plan_of(fault: CallFault | None) -> backend_faults.FaultPlan:
    """Return what the backend does to the requests of a cycle with this fault."""
    if fault is None or fault.call != ANSWER:
        return backend_faults.FaultPlan.none()
    return backend_faults.FaultPlan.of(*[None] * (fault.number - 1), backend_fault(fault.effect))
