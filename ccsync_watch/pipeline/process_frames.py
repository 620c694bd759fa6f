"""Messages between this process and one that it started: pickled, each after its length.

Only a program and the process that it started itself exchange them, over pipes that nobody else
has. Neither end of the parent blocks: a message may be longer than what a pipe takes, while the
child is writing one itself.
"""

from __future__ import annotations

import contextlib
import copyreg
import fcntl
import io
import os
import pickle
import select
import struct
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from ccsync_watch import model
from ccsync_watch.pipeline.garbage_pause import garbage_pause

if TYPE_CHECKING:
    from collections.abc import Callable

_LENGTH = struct.Struct("!Q")
_READ_BYTES = 1 << 20
# What Linux grants without privileges: a chunk's rows, so that the next one can be begun.
_PIPE_BYTES = 1 << 20
_RECORDS = (
    model.Redacted, model.Part, model.Message, model.Usage, model.UncountedUsage,
    model.SessionObservation, model.QueueOperation, model.Fact, model.AgentLink, model.Subagent,
    model.SidechainRow, model.Unreadable, model.Batch,
)  # fmt: skip


def _reducer(kind: type[Any]) -> Callable[[Any], tuple[type[Any], tuple[Any, ...]]]:
    """Return how a record is pickled: as a call with its values, which takes half of the time."""
    names = [item.name for item in fields(kind)]
    get = attrgetter(*names)
    if len(names) == 1:
        return lambda record: (kind, (get(record),))
    return lambda record: (kind, get(record))


_DISPATCH_TABLE = copyreg.dispatch_table.copy()
_DISPATCH_TABLE.update((kind, _reducer(kind)) for kind in _RECORDS)


def encode(message: object) -> bytes:
    """Return a message with its length before it."""
    buffer = io.BytesIO(b"\0" * _LENGTH.size)
    buffer.seek(0, io.SEEK_END)
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _DISPATCH_TABLE
    pickler.dump(message)
    data = buffer.getbuffer()
    _LENGTH.pack_into(data, 0, len(data) - _LENGTH.size)
    return bytes(data)


class ParentPipes:
    """The parent's ends of two pipes: `receive_fd` to read from, `send_fd` to write to."""

    def __init__(self, receive_fd: int, send_fd: int) -> None:
        self._receive_fd = receive_fd
        self._send_fd = send_fd
        self._received = bytearray()
        self._unsent = bytearray()
        os.set_blocking(receive_fd, False)
        os.set_blocking(send_fd, False)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):
                fcntl.fcntl(receive_fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def send(self, message: object) -> None:
        """Send a message: what the pipe takes now, and the rest during each `receive`."""
        self._unsent += encode(message)
        self._write()

    def receive(self, timeout_seconds: float) -> Any:  # noqa: ANN401 - whatever the child sends
        """Return the next message, None if there is none in time. Raises EOFError, OSError."""
        while (message := self._take()) is None:
            poll = select.poll()
            poll.register(self._receive_fd, select.POLLIN)
            if self._unsent:
                poll.register(self._send_fd, select.POLLOUT)
            ready = dict(poll.poll(int(timeout_seconds * 1000)))
            if not ready:
                return None
            if self._receive_fd in ready:
                self._read()
            if self._send_fd in ready:
                self._write()
        return message

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._receive_fd, _READ_BYTES)
            if not data:
                raise EOFError
            self._received += data

    def _write(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._unsent:
                del self._unsent[: os.write(self._send_fd, self._unsent)]

    def _take(self) -> Any:  # noqa: ANN401 - as above
        """Return the first message that was received whole."""
        if len(self._received) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._received)
        end = _LENGTH.size + length
        if len(self._received) < end:
            return None
        with garbage_pause(), memoryview(self._received) as view:
            message = pickle.loads(view[_LENGTH.size : end])  # noqa: S301 - from our own process
        del self._received[:end]
        return message


class ChildPipes:
    """The child's ends, which block. Raises EOFError or OSError once the parent has ended."""

    def __init__(self, receive_fd: int, send_fd: int) -> None:
        self._receive_fd = receive_fd
        self._send_fd = send_fd

    def send(self, message: object) -> None:
        """Send a message."""
        rest = memoryview(encode(message))
        while rest:
            rest = rest[os.write(self._send_fd, rest) :]

    def has_room(self) -> bool:
        """Return whether a short message can be sent at once."""
        poll = select.poll()
        poll.register(self._send_fd, select.POLLOUT)
        return bool(poll.poll(0))

    def has_message(self) -> bool:
        """Return whether there is one, or the parent has ended."""
        poll = select.poll()
        poll.register(self._receive_fd, select.POLLIN)
        return bool(poll.poll(0))

    def receive(self) -> Any:  # noqa: ANN401 - whatever the parent sends
        """Return the next message, once there is one."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return pickle.loads(self._read(length))  # noqa: S301 - from the process that started us

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            piece = os.read(self._receive_fd, count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)
