"""Bounds of an answer: how long it may take, and how much memory, compressed or not.

What stands before a backend, or in its place, may send a byte a minute for ever, or a few kilobytes
that unpack to gigabytes. Each timeout of the HTTP library is of one operation only.
"""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING, Any

import httpcore
import httpx
import orjson

from ccsync_watch.errors import UnexpectedAnswer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator


# The largest answer to a write is a list of errors, and the largest of all the list of sessions.
MAX_ANSWER_BYTES = 8 << 20
_MAX_PACKED_BYTES = MAX_ANSWER_BYTES + (1 << 16)
# A value of two bytes takes seventy once it is read: eight megabytes of `{},` a quarter gigabyte.
_MAX_VALUES = 300_000
_OF_PACKED = {b"content-encoding", b"content-length", b"transfer-encoding"}
_PAGE_START_BYTES = 1024
_BLANKS = b"\xef\xbb\xbf \t\r\n"
# gzip and zlib alike.
_ANY_HEADER = zlib.MAX_WBITS | 32


def limit_answers(transport: httpx.HTTPTransport, seconds: float) -> None:
    """Have each answer of a transport, headers included, arrive within so many seconds."""
    # httpx does not pass on what httpcore lets its users choose.
    pool = transport._pool  # noqa: SLF001 - see above
    pool._network_backend = _LimitedBackend(pool._network_backend, seconds)  # noqa: SLF001 - as above


def read_answer(
    response: httpx.Response,
    *,
    max_bytes: int = MAX_ANSWER_BYTES,
    is_late: Callable[[], bool] = lambda: False,
) -> httpx.Response | None:
    """Return an answer with its whole content, unpacked; one that is in memory as it is.

    None for one that is larger, or not there when `is_late`. Raises UnexpectedAnswer if it is
    packed in another way than we accept, and the errors of httpx.
    """
    if response.is_stream_consumed:
        return response
    content = bytearray()
    for chunk in _unpacked(response.headers.get("Content-Encoding", ""), response.iter_raw()):
        content += chunk
        if len(content) > max_bytes or is_late():
            return None
    # As bytes: those of a proxy, or of a login page, may have any letters.
    headers = [item for item in response.headers.raw if item[0].lower() not in _OF_PACKED]
    return httpx.Response(response.status_code, headers=headers, content=bytes(content))


def json_object(response: httpx.Response) -> dict[str, Any] | None:
    """Return the object that an answer is, None if it is anything else, or too many values."""
    if sum(map(response.content.count, (b",", b"{", b"["))) > _MAX_VALUES:
        return None
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None


def _unpacked(encoding: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        yield from chunks
        return
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise UnexpectedAnswer("its answer is packed in a way that was not asked for", hint="")
    unpacker, size = zlib.decompressobj(_ANY_HEADER), 0
    try:
        for chunk in chunks:
            size += len(chunk)
            # One byte more than is allowed is enough to know, and all that is unpacked.
            yield unpacker.decompress(chunk, MAX_ANSWER_BYTES + 1)
            if size > _MAX_PACKED_BYTES:  # of what unpacks to nothing
                raise UnexpectedAnswer("its answer cannot be unpacked", hint="")
    except zlib.error:
        raise UnexpectedAnswer("its answer cannot be unpacked", hint="") from None


def is_web_page(response: httpx.Response) -> bool:
    """Return whether an answer is made for browsers: the login page of a network, for example."""
    return response.content[:_PAGE_START_BYTES].lstrip(_BLANKS)[:1] == b"<"


class _LimitedBackend(httpcore.NetworkBackend):
    """Connects as another one does; its streams have a limit."""

    def __init__(self, backend: httpcore.NetworkBackend, seconds: float) -> None:
        self._backend = backend
        self._seconds = seconds

    def connect_tcp(self, *arguments: Any, **options: Any) -> httpcore.NetworkStream:  # noqa: ANN401 - as inherited
        return _LimitedStream(self._backend.connect_tcp(*arguments, **options), self._seconds)

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _LimitedStream(httpcore.NetworkStream):
    """A connection on which all that is read after a write must be there in time."""

    def __init__(self, stream: httpcore.NetworkStream, seconds: float) -> None:
        self._stream = stream
        self._seconds = seconds
        self._until: float | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        now = time.monotonic()
        if self._until is None:
            self._until = now + self._seconds
        left = self._until - now
        if left <= 0:
            raise httpcore.ReadTimeout("the answer takes too long")
        return self._stream.read(max_bytes, left if timeout is None else min(left, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._until = None
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, timeout)
        return _LimitedStream(stream, self._seconds)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as inherited
        return self._stream.get_extra_info(info)
