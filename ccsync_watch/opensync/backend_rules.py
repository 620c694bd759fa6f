"""Times and limits that follow from how the OpenSync backend behaves; its README has the facts."""

from __future__ import annotations

# It drops a session's state that comes within 10 s of the last write to the session, unless one
# of a few fields changed, and it ignores a message that it has and that is younger than 5 s.
SETTLE_MS = 11_000
# Each state that it accepts makes it read the whole session: an active one is sent this rarely.
ACTIVE_UPSERT_MS = 60_000
# Another machine may have written to a session to which this one has not for that long.
ELSEWHERE_MS = 300_000
# A session that was just written to is among the newest, of which so many are read.
NEWEST_SESSIONS = 50
# A session that began before this much time was not only there since its transcript was first read.
NEW_SESSION_MS = 60_000
# A row that was sent is not sent again with other content before this.
RESEND_DELAY_MS = SETTLE_MS
# After a batch without an answer some of its messages may be stored without their parts, which
# the backend would not replace while they are young.
YOUNG_MS = 6_000

# A batch is dated by the backend's clock on arrival. That is right for rows that were just
# written, if that clock is right and the previous row, which has a date of its own, is older.
# A row that another machine has sent is younger than 5 s then: a batch skips it, and says so by its
# count; an older one would lose its parts.
FRESH_MS = 4_000
MAX_BATCH_CLOCK_SKEW_SECONDS = 2.0
# Half a round trip to a far backend, by which its clock may seem wrong, and as much for drift.
# Rows that gather for `gathering.GATHER_SECONDS` after one that was sent alone are past it.
MIN_GAP_MS = 300
# A row is moved to the date of the batch before it, as the viewer sorts by date; but only if its
# own date is at most this much earlier: further back it is not noise.
MAX_DATE_SHIFT_MS = 60_000

MAX_BATCH_ROWS = 100
MAX_BATCH_BYTES = 1 << 20
# A row on which the backend fails this often, while it accepts others, is rejected.
MAX_ATTEMPTS = 12
