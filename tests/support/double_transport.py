"""The double without sockets: an httpx transport that treats requests as the double's server does.

Beyond that it can reject messages for good, which the backend does to none that this program sends.
"""

from __future__ import annotations

import itertools
from email.utils import formatdate
from typing import TYPE_CHECKING

import httpx
import orjson

from support.opensync_double.faults import Fault, FaultPlan, Reply, spoil, with_errors
from support.opensync_double.records import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.opensync_double.backend import Backend


class DoubleTransport(httpx.BaseTransport):
    """Requests to a backend, by a plan of faults; setting `faults` restarts its numbering.

    `on_arrival` runs when a request has arrived, `on_answer` when it was carried out. Messages
    with an id in `rejected_ids` are never stored: alone they are answered with 400, and a batch
    that contains one is rejected as a whole; with a fault in `rejected_by` either meets that.
    `date` is what its answers are dated by, in seconds since the epoch.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.is_offline = False
        self.date: Callable[[], float] = lambda: backend.clock()  # noqa: PLW0108 - tests replace it
        self.on_arrival: Callable[[str], None] = lambda _path: None
        self.on_answer: Callable[[str], None] = lambda _path: None
        self.met: list[str] = []
        self.rejected_ids: set[str] = set()
        self.rejected_by: Fault | None = None
        self._faults = FaultPlan.none()
        self._numbers = itertools.count()

    @property
    def faults(self) -> FaultPlan:
        """Return the plan in force."""
        return self._faults

    @faults.setter
    def faults(self, plan: FaultPlan) -> None:
        self._faults = plan
        self._numbers = itertools.count()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Serve one request, or fail it as the plan says."""
        if self.is_offline:
            raise httpx.ConnectError("refused", request=request)
        path, body = request.url.path, request.read()
        target = request.url.raw_path.decode()
        is_covered = self._faults.covers(path)
        fault = self._faults.decide(next(self._numbers), path) if is_covered else None
        authorization = request.headers.get("Authorization")
        name = fault.name if fault else None
        self.backend.record(request.method, path, authorization, body, fault=name)
        self.on_arrival(path)
        if self.rejected_ids and _message_ids(path, body) & self.rejected_ids:
            if self.rejected_by is None:
                return self._response(_rejection(path), {})
            fault = self.rejected_by
        if fault is None:
            answer = self.backend.answer(request.method, target, authorization, body)
            self.on_answer(path)
            return self._response(answer, {})
        self.met.append(fault.name)
        answer = Answer(fault.status, fault.body, fault.content_type)
        if fault.stores:
            body, errors = spoil(fault, body)
            answer = with_errors(
                self.backend.answer(request.method, target, authorization, body), errors
            )
        self.on_answer(path)
        return self._reply(request, fault, answer)

    def _reply(self, request: httpx.Request, fault: Fault, answer: Answer) -> httpx.Response:
        if fault.delay_seconds:
            raise httpx.ReadTimeout("late", request=request)
        if fault.reply is Reply.NOTHING:
            raise httpx.RemoteProtocolError("disconnected", request=request)
        if fault.reply is Reply.HALF:
            raise httpx.ReadError("cut", request=request)
        if fault.reply is Reply.GENUINE:
            return self._response(answer, {})
        headers = {"Location": "http://elsewhere.invalid/"} if fault.redirects else {}
        wait = fault.retry_after_seconds
        if wait is not None:
            date = formatdate(self.backend.clock() + wait, usegmt=True)
            headers["Retry-After"] = date if fault.retry_after_is_date else str(wait)
        return self._response(Answer(fault.status, fault.body, fault.content_type), headers)

    def _response(self, answer: Answer, headers: dict[str, str]) -> httpx.Response:
        dated = {"Date": formatdate(self.date(), usegmt=True)}
        return httpx.Response(
            answer.status,
            content=answer.body,
            headers={"Content-Type": answer.content_type, **dated, **headers},
        )


def _message_ids(path: str, body: bytes) -> set[str]:
    if path == "/sync/message":
        return {orjson.loads(body)["externalId"]}
    if path == "/sync/batch":
        return {message["externalId"] for message in orjson.loads(body)["messages"]}
    return set()


def _rejection(path: str) -> Answer:
    if path == "/sync/message":
        return Answer.of({"error": "too odd"}, 400)
    errors = ["Messages batch error: Error: too odd"]
    return Answer.of({"ok": True, "sessions": 0, "messages": 0, "errors": errors})
