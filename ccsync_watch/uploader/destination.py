"""What the uploader requires of a destination: the whole contract, in the comments below.

`tests/contract/test_destination_contract.py` holds every destination to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from ccsync_watch.outgoing import BackendInfo, DeliveryStep


class Destination(Protocol):
    """A place that sessions are uploaded to, together with the rules of delivering there.

    It is made with the outbox (`store.outbox.Outbox`) that it delivers from. The uploader decides
    which session is next, when to try again and what to report; a destination decides what is
    sent, in which order, and what counts as acknowledged.

    Threads: `deliver`, `deliver_together` and `settle` are called from several threads, but for one
    session by one thread at a time. `check` may be called while another session is being delivered.
    `close` is called once, at the end, possibly during a request in another thread, which must then
    succeed or raise `Unsent` or `Retryable`.

    Failures: every method but `close` raises children of `errors.DestinationError` and no other
    error of the network. The uploader treats them so:

    - `Retryable`: try again, after `retry_after` seconds if set; it is not known whether the rows
      arrived, and they must stay marked uncertain in the outbox.
    - `Unsent`: try again; certainly nothing arrived. Rows that were certain must be certain again
      (`Outbox.restore_certain`).
    - `Unauthorized`, `UnexpectedAnswer`: nothing is sent until `check` passes.
    - `Rejected`: for a whole session, tried again later. A row that will never be accepted is not
      an error: it is set aside with `Outbox.reject`, and the rows after it are sent.
    """

    resend_delay_ms: int
    """How long the destination ignores new content of a row that it has just stored; 0 if never."""

    address: str
    """Which destination this is: when it changes, what the new one does not have is sent to it."""

    @property
    def clock_skew_seconds(self) -> float | None:
        """Its clock minus ours, as both are now and as far as that is known."""
        ...

    def check(self) -> BackendInfo:
        """Test address and key; sends nothing.

        Called before the first delivery and again after `Unauthorized` or `UnexpectedAnswer`.
        """
        ...

    def deliver(self, session_id: str) -> DeliveryStep:
        """Take one bounded step: send the session's next rows, with as few requests as possible.

        The rows are those of `Outbox.rows`, in its order. Before they are sent they are marked
        uncertain (`Outbox.mark_uncertain`), and they are acknowledged (`Outbox.ack`) only after a
        positive answer that was checked. A crash or an error at any point, followed by another
        call, must neither lose a row nor store it twice: a row marked uncertain may be there
        already. Every request that may have left is recorded in the ledger, acknowledged or not.

        An error after rows were acknowledged is the step's, not raised: what it counts is sent. The
        step is the last one when there is nothing left to send now. Between two steps the
        uploader may turn to a session that was written to more recently.
        """
        ...

    def deliver_together(self, session_ids: Sequence[str]) -> Counter[str]:
        """Send rows of several sessions with one request.

        Return how many rows of each were acknowledged. All sessions were acknowledged before. What
        is not sent, for whatever reason, is delivered session by session afterwards: it may always
        send nothing. Otherwise the rules of `deliver` hold; an error concerns all the sessions.
        """
        ...

    def settle(self, session_id: str) -> int | None:
        """Send what is not a row: the session's title, tokens, cost. Called after the last step.

        Return None when the destination certainly holds the present state, else the wall-clock
        time in milliseconds at which to call again.
        """
        ...

    def close(self) -> None:
        """Close the connections; the destination cannot be used afterwards. Raises nothing."""
        ...
