"""Ask the running daemon: the client of the control API."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from ccsync_watch.control.address import ControlAddress
from ccsync_watch.control.messages import (
    CheckAnswer,
    DashboardAnswer,
    FlushAnswer,
    HelloAnswer,
    ReloadAnswer,
    ShrinkAnswer,
    SignOutAnswer,
    read_status,
)
from ccsync_watch.control.pidfile import is_being_started, is_coming_up, read_pidfile
from ccsync_watch.errors import DaemonUnavailable, NotAnswering, NotRunning, StillStarting
from ccsync_watch.processes import is_alive

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ccsync_watch.control.messages import FlushRequest, ShrinkRequest
    from ccsync_watch.control.pidfile import Pidfile

T = TypeVar("T")

# A healthy daemon answers hello in milliseconds, whatever else it does.
HELLO_SECONDS = 3.0
ANSWER_SECONDS = 30.0
# How much longer than its flush a client waits for the answer.
GRACE_SECONDS = 5.0
_RETRY_PAUSES_SECONDS = (0.05, 0.2, 0.5)
_OK, _SERVICE_UNAVAILABLE = 200, 503


class ControlClient:
    """The daemon of a state folder. Every call says hello first, to detect one that hangs.

    Every method raises NotRunning when no daemon runs, StillStarting when it does not listen yet,
    and NotAnswering when it hangs, fails, is of another version, or takes longer than `seconds`.
    """

    def __init__(self, folder: Path, *, hello_seconds: float = HELLO_SECONDS) -> None:
        self._folder = folder
        self._hello_seconds = hello_seconds

    def hello(self) -> HelloAnswer:
        """Return the daemon's version and process id."""
        return self._ask("/v1/hello", HelloAnswer.from_json)

    def status(
        self, *, seconds: float = ANSWER_SECONDS, max_sessions: int | None = None
    ) -> dict[str, Any]:
        """Return the daemon's `report.status`; of sessions all, or the latest `max_sessions`."""
        query = "" if max_sessions is None else f"?sessions={max_sessions}"
        return self._ask(f"/v1/status{query}", read_status, seconds=seconds)

    def check(self, *, seconds: float = ANSWER_SECONDS) -> CheckAnswer:
        """Have the daemon test the connection to the backend."""
        return self._ask("/v1/check", CheckAnswer.from_json, seconds=seconds)

    def flush(self, request: FlushRequest, *, grace_seconds: float = GRACE_SECONDS) -> FlushAnswer:
        """Have the daemon read and upload now; wait for it `request.seconds` and the grace."""
        seconds = request.seconds + grace_seconds
        return self._ask("/v1/flush", FlushAnswer.from_json, request.to_json(), seconds=seconds)

    def dashboard(self) -> DashboardAnswer:
        """Return a link that lets one browser into the dashboard."""
        return self._ask("/v1/dashboard", DashboardAnswer.from_json, {})

    def sign_out_all(self) -> SignOutAnswer:
        """End the dashboard's sessions of all browsers."""
        return self._ask("/v1/sign-out", SignOutAnswer.from_json, {})

    def reload(self, *, seconds: float = ANSWER_SECONDS) -> ReloadAnswer:
        """Have the daemon read its settings again now."""
        return self._ask("/v1/reload", ReloadAnswer.from_json, {}, seconds=seconds)

    def shrink(self, request: ShrinkRequest, *, seconds: float) -> ShrinkAnswer:
        """Have the daemon give unused space of its database back to the disk."""
        return self._ask("/v1/shrink", ShrinkAnswer.from_json, request.to_json(), seconds=seconds)

    def request(
        self, path: str, body: dict[str, Any] | None = None, *, seconds: float = ANSWER_SECONDS
    ) -> dict[str, Any]:
        """Return the JSON answer to a GET, or to a POST of `body`."""
        return self._ask(path, dict, body, seconds=seconds)

    def _ask(
        self,
        path: str,
        read: Callable[[Mapping[str, Any]], T],
        body: dict[str, Any] | None = None,
        *,
        seconds: float = ANSWER_SECONDS,
    ) -> T:
        pidfile, (status, content) = self._exchange(path, body, seconds)
        answer = self._read_answer(pidfile, status, content)
        try:
            return read(answer)
        except (KeyError, TypeError, ValueError):
            raise NotAnswering(
                f"ccsync-watch (process {pidfile.pid}) gave the answer of another version",
                hint="replace it: run `ccsync-watch stop`, then `ccsync-watch start`",
            ) from None

    def _exchange(
        self, path: str, body: dict[str, Any] | None, seconds: float
    ) -> tuple[Pidfile, tuple[int, bytes]]:
        """Return who answered, with status and content; ask again where the connection was closed.

        A daemon closes connections that it has no room for, which a request to come may need, and
        those of a moment in which it starts again: then its pidfile says so. Asking twice does no
        harm.
        """
        for pause_seconds in (*_RETRY_PAUSES_SECONDS, None):
            pidfile, address = self._holder()
            try:
                return pidfile, self._exchange_once(pidfile, address, path, body, seconds)
            except OSError:
                if pause_seconds is None or not is_alive(pidfile.pid):
                    raise _hung_up(pidfile) from None
                time.sleep(pause_seconds)
        raise AssertionError  # the last attempt returns or raises

    def _holder(self) -> tuple[Pidfile, ControlAddress]:
        """Return who listens, and where. Raises NotRunning, StillStarting."""
        pidfile = read_pidfile(self._folder)
        while pidfile is not None and pidfile.socket is not None:
            address = ControlAddress.parse(pidfile.socket)
            if _is_listening(pidfile, address, self._hello_seconds):
                return pidfile, address
            before, pidfile = pidfile, read_pidfile(self._folder)
            if pidfile == before:
                raise _not_running()
        # Not read once more: it may listen by now.
        is_starting = pidfile is not None and is_coming_up(self._folder, pidfile)
        raise still_starting() if is_starting else _not_running()

    def _exchange_once(
        self,
        pidfile: Pidfile,
        address: ControlAddress,
        path: str,
        body: dict[str, Any] | None,
        seconds: float,
    ) -> tuple[int, bytes]:
        """Say hello, then ask. Raises NotAnswering, OSError for a connection that was closed."""
        # Loaded here: where no daemon runs, nobody waits for an HTTP library to load.
        from ccsync_watch.control.exchange import exchange  # noqa: PLC0415 - see above

        try:
            exchange(address, "/v1/hello", None, self._hello_seconds)
        except TimeoutError:
            raise self._not_answering(pidfile, "does not answer") from None
        try:
            return exchange(address, path, body, seconds)
        except TimeoutError:
            # It has answered hello: it hangs in nothing but this, if at all.
            raise NotAnswering(
                f"ccsync-watch (process {pidfile.pid}) does not answer yet: it is busy",
                hint=f"try again in a moment; {self._folder / 'log'} may say what it does",
            ) from None

    def _read_answer(self, pidfile: Pidfile, status: int, content: bytes) -> dict[str, Any]:
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            answer = None
        if isinstance(answer, dict) and status == _OK:
            return answer
        if isinstance(answer, dict) and status == _SERVICE_UNAVAILABLE:
            raise NotAnswering(str(answer.get("error")), hint=str(answer.get("hint")))
        raise self._not_answering(pidfile, f"failed to answer (HTTP {status})")

    def _not_answering(self, pidfile: Pidfile, what: str) -> NotAnswering:
        return NotAnswering(
            f"ccsync-watch (process {pidfile.pid}) {what}",
            hint=f"see {self._folder / 'log'}; `kill -9 {pidfile.pid}` ends it without loss,"
            " then `ccsync-watch start` starts another",
        )


def still_starting() -> StillStarting:
    """Return what to raise while a daemon is coming up."""
    return StillStarting(
        "ccsync-watch is starting",
        hint="on a busy machine that takes a while; `ccsync-watch status` shows when it runs",
    )


def explain_absence(folder: Path, absence: DaemonUnavailable) -> DaemonUnavailable:
    """Return why no daemon answers: where a hook starts one now, that it is starting."""
    if isinstance(absence, NotRunning) and is_being_started(folder):
        return still_starting()
    return absence


def _hung_up(pidfile: Pidfile) -> NotAnswering:
    name = f"ccsync-watch (process {pidfile.pid})"
    if is_alive(pidfile.pid):
        return NotAnswering(
            f"{name} closed the connection before it answered", hint="try again in a moment"
        )
    return NotAnswering(
        f"{name} ended before it answered", hint="start it again with `ccsync-watch start`"
    )


def _not_running() -> NotRunning:
    return NotRunning("ccsync-watch is not running", hint="start it with `ccsync-watch start`")


def _is_listening(pidfile: Pidfile, address: ControlAddress, seconds: float) -> bool:
    """Return whether something accepts connections: the process id may have been reused."""
    if not is_alive(pidfile.pid):
        return False
    try:
        address.connect(seconds).close()
    except TimeoutError:
        return True  # it does not accept: hello will find that out
    except OSError:
        return False
    return True
