"""Every failure that ccsync-watch raises on purpose, in one tree.

::

    CcsyncError                 what went wrong, and a hint at what to do
    ├── ConfigError             a setting is wrong                     exit 2
    ├── QueryError              a search cannot be understood          exit 2
    ├── UnsafePath              another user can change a file of ours exit 2
    ├── StateError              the state folder cannot be used        exit 2
    │   ├── OtherSchema         another version wrote its database     exit 2
    │   │   └── NewerSchema     a newer one, which this cannot read    exit 2
    │   └── DatabaseDamaged     the file of the database is damaged    exit 2
    ├── AlreadyRunning          another daemon holds the state folder  exit 1
    ├── DaemonUnavailable       no daemon answers                      exit 3
    │   ├── NotRunning          there is none
    │   ├── StillStarting       one was started, and is not ready yet
    │   └── NotAnswering        one has the control socket, but hangs or fails
    ├── StartFailed             a daemon in the background, at once    exit 1
    ├── NothingStored           a command reads, and no store exists   exit 1
    ├── ServiceManagerSilent    systemd or launchd does not answer     exit 1
    ├── RedactorUnavailable     nothing may pass: fail closed          exit 1
    └── DestinationError        the destination did not accept rows    exit 4
        ├── Retryable           a later attempt may succeed
        │   └── Unsent          the request certainly did not arrive
        ├── Unauthorized        the API key is wrong: pause until it is changed
        ├── UnexpectedAnswer    something else answers at that address
        └── Rejected            these rows will never be accepted

Stages raise meaning; the loop that owns the outcome logs it once.
"""

from __future__ import annotations


class CcsyncError(Exception):
    """What went wrong (`message`, a clause without a full stop) and what to do (`hint`).

    `title` names the kind of problem, if it is known. `is_resumed`: a daemon that runs works again
    by itself once the user did what the hint says.
    """

    exit_code = 1
    is_resumed = False

    def __init__(self, message: str, *, hint: str, title: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.title = title

    @property
    def hint_while_running(self) -> str:
        """What to do, where a daemon met the error that tries it again."""
        if not self.is_resumed:
            return self.hint
        return f"{self.hint}; nothing is lost, and it continues by itself"

    @property
    def hint_at_start(self) -> str:
        """What to do, where a daemon met the error that ends with it."""
        if not self.is_resumed:
            return self.hint
        return f"{self.hint}, then start it again; nothing is lost"

    def __str__(self) -> str:
        """Return one line: what went wrong, then what to do."""
        return f"{self.message}: {self.hint}" if self.hint else self.message


class ConfigError(CcsyncError):
    """A setting in the file, the environment or a flag is wrong."""

    exit_code = 2


class QueryError(CcsyncError):
    """A search cannot be understood: the message names the part, the hint how to write it."""

    exit_code = 2


class UnsafePath(CcsyncError):  # noqa: N818 - a state of the world, not a defect
    """Another user can change a file or folder that must be this user's own."""

    exit_code = 2


class StateError(CcsyncError):
    """The state folder or its database cannot be used. `is_full`: its disk has no room."""

    exit_code = 2
    is_full = False


class OtherSchema(StateError):  # noqa: N818 - as below
    """The database is of another version of ccsync-watch, which may be running."""


class NewerSchema(OtherSchema):
    """A newer version wrote the database: this program cannot use it."""


class DatabaseDamaged(StateError):  # noqa: N818 - as below
    """The database is damaged: a daemon sets it aside, and fills another one."""


class AlreadyRunning(CcsyncError):  # noqa: N818 - a state of the world, not a defect
    """Another daemon holds the state folder."""


class DaemonUnavailable(CcsyncError):  # noqa: N818 - as above
    """No daemon answers on the control socket."""

    exit_code = 3


class NotRunning(DaemonUnavailable):
    """No daemon listens on the control socket."""


class StillStarting(DaemonUnavailable):
    """A daemon was started, its process runs, and it does not listen yet: nothing is wrong."""


class NotAnswering(DaemonUnavailable):
    """A daemon is there, but hangs, fails, or is on its way out."""


class StartFailed(CcsyncError):  # noqa: N818 - as above
    """A daemon that was started in the background did not come up."""


class NothingStored(CcsyncError):  # noqa: N818 - as above
    """A command reads what is stored, and nothing is yet."""


class ServiceManagerSilent(CcsyncError):  # noqa: N818 - as above
    """The service manager does not answer: nothing more is asked of it."""


class RedactorUnavailable(CcsyncError):  # noqa: N818 - as above
    """The redactor cannot be built or failed on a line: nothing may pass it."""


class DestinationError(CcsyncError):
    """The destination did not accept rows. `is_passing`: another attempt soon may succeed."""

    exit_code = 4
    is_passing = False


class Retryable(DestinationError):  # noqa: N818 - a verdict on a request
    """A later attempt may succeed; the destination may or may not have stored the rows.

    `retry_after` is in seconds from now, where the destination asked for a delay. `is_throttled`:
    it takes no more requests now, whatever is in them.
    """

    is_passing = True

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        retry_after: float | None = None,
        is_throttled: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.is_throttled = is_throttled


class Unsent(Retryable):
    """The request certainly stored nothing: rows that were certainly not stored still are not."""


class Unauthorized(DestinationError):  # noqa: N818 - as above
    """The destination does not accept the API key (HTTP 401, 403)."""


class UnexpectedAnswer(DestinationError):  # noqa: N818 - as above
    """Something answers at the address, but not as the configured destination does."""


class Rejected(DestinationError):  # noqa: N818 - as above
    """The destination will never accept these rows as they are."""
