"""Which browsers are signed in: a host name of the installation's own, sessions, one-time links.

Browsers send a cookie to every port of a host. So the pages have a host name that no other program
knows: a random name below `localhost`, which browsers resolve to this machine by themselves. A
session ends by signing out, after a week without use, and after a month in any case. Only a hash
of its cookie is kept, in the state folder, so that a browser stays signed in over a restart.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import secrets
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import orjson

from ccsync_watch.errors import UnsafePath
from ccsync_watch.private_files import read_private, write_private

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.clock import Clock

log = logging.getLogger(__name__)

FILE_NAME = "dashboard.sessions"
LINK_SECONDS = 600.0
IDLE_SECONDS = 7 * 86_400
LONGEST_SECONDS = 30 * 86_400
_RENEW_SECONDS = 3600
_MAX_LINKS = 32
_MAX_SESSIONS = 32
_NAME_BYTES = 16


@dataclass(slots=True)
class _Session:
    """When a browser was let in, and when its cookie was last renewed, in ms since 1970.

    By the clock as it was set when the process began: setting it back makes no session last longer.
    """

    since_ms: int
    renewed_ms: int

    def is_valid(self, now_ms: int) -> bool:
        is_used = now_ms < self.renewed_ms + IDLE_SECONDS * 1000
        return is_used and now_ms < self.since_ms + LONGEST_SECONDS * 1000


class BrowserAccess:
    """The sessions of one installation; safe to use from several threads.

    Links are valid in this process only, sessions as long as their file in `folder` has them.
    """

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self._path = folder / FILE_NAME
        self._clock = clock
        self._origin_ms = clock.wall_ms() - round(clock.monotonic() * 1000)
        self._lock = threading.Lock()
        self._links: dict[str, float] = {}
        self._name = ""
        self._sessions: dict[str, _Session] = {}
        self._load()

    @property
    def host(self) -> str:
        """The host name of the pages."""
        return f"{self._name}.localhost"

    def new_link(self) -> str:
        """Return a secret that lets one browser in, within ten minutes."""
        with self._lock:
            now = self._clock.monotonic()
            self._links = {link: expires for link, expires in self._links.items() if expires > now}
            while len(self._links) >= _MAX_LINKS:
                del self._links[next(iter(self._links))]
            link = secrets.token_urlsafe(24)
            self._links[link] = now + LINK_SECONDS
            return link

    def use_link(self, link: str) -> str | None:
        """Return the cookie of a new session if this link lets in; it does so once."""
        with self._lock:
            expires = self._links.pop(link, None)
            if expires is None or expires <= self._clock.monotonic():
                return None
            cookie = secrets.token_urlsafe(32)
            now_ms = self._now_ms()
            self._drop_invalid(now_ms)
            while len(self._sessions) >= _MAX_SESSIONS:
                oldest = min(self._sessions, key=lambda name: self._sessions[name].renewed_ms)
                del self._sessions[oldest]
            self._sessions[_hash(cookie)] = _Session(now_ms, now_ms)
            self._save()
            return cookie

    def is_signed_in(self, cookie: str) -> bool:
        """Return whether a browser with this cookie may see the pages."""
        with self._lock:
            session = self._sessions.get(_hash(cookie))
            return session is not None and session.is_valid(self._now_ms())

    def renew(self, cookie: str) -> int | None:
        """Return for how many seconds a browser keeps its cookie; None before it is time."""
        with self._lock:
            session, now_ms = self._sessions.get(_hash(cookie)), self._now_ms()
            if session is None or now_ms < session.renewed_ms + _RENEW_SECONDS * 1000:
                return None
            session.renewed_ms = now_ms
            self._save()
            return min(IDLE_SECONDS, LONGEST_SECONDS - (now_ms - session.since_ms) // 1000)

    def sign_out(self, cookie: str) -> None:
        """End the session of one browser."""
        with self._lock:
            self._sessions.pop(_hash(cookie), None)
            self._save()

    def sign_out_all(self) -> None:
        """End all sessions and links, and choose another host name."""
        with self._lock:
            self._links.clear()
            self._reset()

    def count_sessions(self) -> int:
        """Return how many browsers are signed in."""
        with self._lock:
            self._drop_invalid(self._now_ms())
            return len(self._sessions)

    def _now_ms(self) -> int:
        return self._origin_ms + round(self._clock.monotonic() * 1000)

    def _drop_invalid(self, now_ms: int) -> None:
        self._sessions = {
            name: session for name, session in self._sessions.items() if session.is_valid(now_ms)
        }

    def _load(self) -> None:
        """Read the file; without one that is valid and the user's own, all sessions are gone."""
        try:
            fields = orjson.loads(read_private(self._path))
            name, now_ms = fields["name"], self._now_ms()
            sessions = {
                # What is in the future was written while the clock was wrong.
                key: _Session(*(min(int(times[at]), now_ms) for at in ("since_ms", "renewed_ms")))
                for key, times in fields["sessions"].items()
            }
        except (OSError, UnsafePath, ValueError, TypeError, KeyError, AttributeError):
            self._reset()
            return
        if not isinstance(name, str) or not name.isalnum() or not name.isascii():
            self._reset()
            return
        self._name, self._sessions = name, sessions

    def _reset(self) -> None:
        self._name, self._sessions = f"ccsync{secrets.token_hex(_NAME_BYTES)}", {}
        self._save()

    def _save(self) -> None:
        sessions = {name: asdict(session) for name, session in self._sessions.items()}
        data = orjson.dumps({"name": self._name, "sessions": sessions})
        try:
            write_private(self._path, data)
        except OSError as error:
            # Rather signed in again after a restart than signed in for ever.
            log.warning("the dashboard's sessions cannot be saved: %s", error.strerror)
            with contextlib.suppress(OSError):
                self._path.unlink()


def forget_sessions(folder: Path) -> bool:
    """End all sessions where no daemon runs; return whether there were any. Raises OSError."""
    path = folder / FILE_NAME
    has_sessions = path.exists()
    path.unlink(missing_ok=True)
    return has_sessions


def form_token(cookie: str) -> str:
    """Return what the pages of a session send with a request that changes something."""
    return hmac.new(cookie.encode(), b"form", hashlib.sha256).hexdigest()


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()
