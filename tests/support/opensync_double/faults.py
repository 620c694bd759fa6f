"""Everything that can go wrong between a client and the backend, as frozen plans.

A plan decides by a request's number and path alone, so that a seed repeats a run.
"""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass, field, replace

import orjson

from support.opensync_double.records import Answer, Fields
from support.opensync_double.wire import ScriptError, decoded

OCC_MESSAGE = (
    'Documents read from or written to the "sessions" table changed while this mutation was'
    " being run and on every subsequent retry."
)
HTML = b"<!doctype html><title>Sign in to the network</title><p>Please accept the terms.</p>"


class Reply(enum.Enum):
    """What reaches the client."""

    GENUINE = "the backend's own answer"
    MADE_UP = "the fault's status and body"
    HALF = "the backend's own answer, cut in the middle"
    NOTHING = "the connection is dropped"


class Spoil(enum.Enum):
    """What of a batch the backend fails to write while it answers 200."""

    NOTHING = "all is written"
    MESSAGES = "the whole messages array"
    ONE_MESSAGE = "one message"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: whether the request is carried out, and what is answered.

    Body and headers of a `MADE_UP` reply are the fault's own. `redirects` sends the client to
    another host name, where everything is answered ok and nothing is kept.
    """

    name: str
    stores: bool
    reply: Reply
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    retry_after_seconds: int | None = None
    retry_after_is_date: bool = False
    delay_seconds: float = 0.0
    spoils: Spoil = Spoil.NOTHING
    spoiled_index: int = 0
    redirects: bool = False

    def applies_to(self, path: str) -> bool:
        """Return whether the fault can happen there: only a batch can half succeed."""
        return self.spoils is Spoil.NOTHING or path == "/sync/batch"


def _said(code: str, message: str) -> bytes:
    return orjson.dumps({"code": code, "message": message})


def refuse(
    status: int, *, retry_after_seconds: int | None = None, retry_after_is_date: bool = False
) -> Fault:
    """Answer `status` and do nothing; Retry-After in seconds, or as a date that far ahead."""
    after = ""
    if retry_after_seconds is not None:
        after = "-after-date" if retry_after_is_date else "-after-seconds"
    return Fault(
        f"refuse-{status}{after}",
        stores=False,
        reply=Reply.MADE_UP,
        status=status,
        body=_said("Overloaded", "Too many requests in a short time"),
        retry_after_seconds=retry_after_seconds,
        retry_after_is_date=retry_after_is_date,
    )


def answer_late(delay_seconds: float) -> Fault:
    """Carry the request out at once and answer after `delay_seconds`."""
    return Fault("answer-late", stores=True, reply=Reply.GENUINE, delay_seconds=delay_seconds)


def redirect(status: int) -> Fault:
    """Send the client elsewhere without carrying the request out."""
    return Fault(
        f"redirect-{status}", stores=False, reply=Reply.MADE_UP, status=status, redirects=True
    )


def one_message_fails(index: int = 0) -> Fault:
    """Write all but the message at `index` (modulo the batch) and name it in `errors`."""
    return Fault(
        "one-message-fails",
        stores=True,
        reply=Reply.GENUINE,
        spoils=Spoil.ONE_MESSAGE,
        spoiled_index=index,
    )


COMMIT_THEN_500 = Fault(
    "commit-then-500",
    stores=True,
    reply=Reply.MADE_UP,
    status=500,
    body=_said("InternalServerError", "Your request couldn't be completed. Try again later."),
)
COMMIT_THEN_DROP = Fault("commit-then-drop", stores=True, reply=Reply.NOTHING)
COMMIT_THEN_HALF_ANSWER = Fault("commit-then-half-answer", stores=True, reply=Reply.HALF)
DROP_BEFORE = Fault("drop-before", stores=False, reply=Reply.NOTHING)
OCC_CONFLICT = Fault(
    "occ-conflict",
    stores=False,
    reply=Reply.MADE_UP,
    status=503,
    body=_said("OptimisticConcurrencyControlFailure", OCC_MESSAGE),
)
MESSAGES_FAIL = Fault("messages-fail", stores=True, reply=Reply.GENUINE, spoils=Spoil.MESSAGES)
HTML_ANSWER = Fault(
    "html-answer", stores=False, reply=Reply.MADE_UP, body=HTML, content_type="text/html"
)
OTHER_JSON_ANSWER = Fault(
    "other-json-answer", stores=False, reply=Reply.MADE_UP, body=b'{"status":"up"}'
)
COMMIT_THEN_HTML_ANSWER = replace(HTML_ANSWER, name="commit-then-html-answer", stores=True)


def ways(*, retry_after_seconds: int = 1, late_seconds: float = 0.05) -> tuple[Fault, ...]:
    """Return every way to fail, once each; the two waits are what a retrying client pays."""
    return (
        refuse(500),
        refuse(503),
        refuse(429),
        refuse(503, retry_after_seconds=retry_after_seconds),
        refuse(503, retry_after_seconds=retry_after_seconds, retry_after_is_date=True),
        refuse(429, retry_after_seconds=retry_after_seconds),
        refuse(429, retry_after_seconds=retry_after_seconds, retry_after_is_date=True),
        COMMIT_THEN_500,
        COMMIT_THEN_DROP,
        COMMIT_THEN_HALF_ANSWER,
        COMMIT_THEN_HTML_ANSWER,
        DROP_BEFORE,
        answer_late(late_seconds),
        OCC_CONFLICT,
        MESSAGES_FAIL,
        one_message_fails(),
        HTML_ANSWER,
        OTHER_JSON_ANSWER,
        redirect(302),
        redirect(307),
    )


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Which requests fail, and how.

    First the listed decisions, one for each request, None for served; after them the drawn ones
    at `rate`. `paths` limits the plan: other paths are served and not counted.
    """

    listed: tuple[Fault | None, ...] = ()
    drawn_from: tuple[Fault, ...] = ()
    seed: int = 0
    rate: float = 0.0
    paths: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def none(cls) -> FaultPlan:
        """Serve everything."""
        return cls()

    @classmethod
    def of(cls, *listed: Fault | None, paths: frozenset[str] = frozenset()) -> FaultPlan:
        """Decide the first requests one by one and serve the rest."""
        return cls(listed=listed, paths=paths)

    @classmethod
    def always(cls, fault: Fault, *, paths: frozenset[str] = frozenset()) -> FaultPlan:
        """Fail every request in the same way."""
        return cls(drawn_from=(fault,), rate=1.0, paths=paths)

    @classmethod
    def random(
        cls,
        seed: int,
        *,
        rate: float = 0.3,
        retry_after_seconds: int = 1,
        late_seconds: float = 0.05,
        paths: frozenset[str] = frozenset(),
    ) -> FaultPlan:
        """Fail a share of the requests, uniformly in every way that fits each path."""
        drawn_from = ways(retry_after_seconds=retry_after_seconds, late_seconds=late_seconds)
        return cls(drawn_from=drawn_from, seed=seed, rate=rate, paths=paths)

    def covers(self, path: str) -> bool:
        """Return whether requests to `path` are counted and may fail."""
        return not self.paths or path in self.paths

    def decide(self, number: int, path: str) -> Fault | None:
        """Return what happens to the request with this number, counted from 0."""
        if number < len(self.listed):
            fault = self.listed[number]
            return fault if fault is not None and fault.applies_to(path) else None
        # A string seeds the same on every Python; a tuple's hash would not.
        rng = random.Random(f"{self.seed}:{number}")  # noqa: S311 - repeatable, not secret
        candidates = [fault for fault in self.drawn_from if fault.applies_to(path)]
        if not candidates or rng.random() >= self.rate:
            return None
        return replace(rng.choice(candidates), spoiled_index=rng.randrange(8192))


def spoil(fault: Fault, body: bytes) -> tuple[bytes, list[str]]:
    """Take out of a batch what the fault keeps from being written; return the errors to add."""
    if fault.spoils is Spoil.NOTHING:
        return body, []
    try:
        fields = decoded(body)
    except ScriptError:
        return body, []
    messages: list[Fields] = fields.get("messages") or []
    if not messages:
        return body, []
    if fault.spoils is Spoil.MESSAGES:
        rest: list[Fields] = []
        errors = [f"Messages batch error: Error: {OCC_MESSAGE}"]
    else:
        index = fault.spoiled_index % len(messages)
        rest = [*messages[:index], *messages[index + 1 :]]
        errors = [f"{messages[index]['externalId']}: Error: {OCC_MESSAGE}"]
    return orjson.dumps({**fields, "messages": rest}), errors


def with_errors(answer: Answer, errors: list[str]) -> Answer:
    """Return a batch's answer with more lines in its `errors`."""
    if not errors or answer.status != 200:
        return answer
    payload: Fields = answer.json
    return Answer.of({**payload, "errors": [*payload["errors"], *errors]})
