"""Every way in which the double fails on purpose, as a client sees it over HTTP."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from support.opensync_double import faults
from support.opensync_double.faults import Fault, FaultPlan, Reply
from support.opensync_double.samples import message, session

if TYPE_CHECKING:
    from support.opensync_double.clock import ManualClock
    from support.opensync_double.records import Fields
    from support.opensync_double.server import OpenSyncDouble

BATCH: Fields = {"sessions": [session()], "messages": [message("m1"), message("m2")]}


class TestFaults:
    """Every way to fail, as the client sees it."""

    @pytest.mark.parametrize("fault", faults.ways(late_seconds=0), ids=lambda fault: fault.name)
    def test_each_way_stores_or_not_as_it_says(
        self, double: OpenSyncDouble, client: httpx.Client, fault: Fault
    ) -> None:
        """The name of the fault is in the record, and the next request is served."""
        double.faults = FaultPlan.of(fault)
        try:
            status = client.post("/sync/batch", json=BATCH).status_code
        except httpx.TransportError:
            status = 0
        assert status == (0 if fault.reply in {Reply.NOTHING, Reply.HALF} else fault.status)
        stored = {row.external_id for row in double.backend.all_messages()}
        spared = {
            faults.Spoil.NOTHING: {"m1", "m2"},
            faults.Spoil.MESSAGES: set[str](),
            faults.Spoil.ONE_MESSAGE: {"m2"},
        }[fault.spoils]
        assert stored == (spared if fault.stores else set())
        assert len(double.backend.sessions()) == fault.stores
        assert client.get("/health").status_code == 200
        assert [call.fault for call in double.backend.calls] == [fault.name, None]

    def test_names_of_the_ways_are_distinct(self) -> None:
        """A record shows which fault it was."""
        names = [fault.name for fault in faults.ways()]
        assert len(names) == len(set(names)) == 20

    def test_retry_after_comes_in_seconds(
        self, double: OpenSyncDouble, client: httpx.Client
    ) -> None:
        """The shorter of the two forms."""
        double.faults = FaultPlan.of(faults.refuse(429, retry_after_seconds=7))
        answer = client.get("/health")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")

    def test_retry_after_comes_as_a_date(
        self, double: OpenSyncDouble, client: httpx.Client, clock: ManualClock
    ) -> None:
        """It is as far ahead of the double's own clock."""
        wait = faults.refuse(503, retry_after_seconds=7, retry_after_is_date=True)
        double.faults = FaultPlan.of(wait)
        header = client.get("/health").headers["Retry-After"]
        assert parsedate_to_datetime(header).timestamp() == clock() + 7

    def test_a_late_answer_comes_after_the_clients_timeout(
        self, double: OpenSyncDouble, client: httpx.Client
    ) -> None:
        """The request is carried out at once; going offline does not wait for the answer."""
        double.faults = FaultPlan.of(faults.answer_late(3600))
        with pytest.raises(httpx.ReadTimeout):
            client.post("/sync/session", json=session(), timeout=httpx.Timeout(30, read=0.5))
        assert double.backend.session("s1").title == "Fix the parser"

    @pytest.mark.parametrize("way", ["refused", "late"])
    def test_a_client_that_needs_the_list_of_sessions_uploads_nothing(
        self, double: OpenSyncDouble, client: httpx.Client, way: str
    ) -> None:
        """▲ The list alone may fail, with a 500 or no answer, while writing works."""
        fault = faults.refuse(500) if way == "refused" else faults.answer_late(3600)
        double.faults = FaultPlan.always(fault, paths=frozenset({"/sync/sessions/list"}))
        timeout = httpx.Timeout(30, read=0.5)
        with pytest.raises(httpx.HTTPError):
            client.get("/sync/sessions/list", timeout=timeout).raise_for_status()
        assert client.post("/sync/batch", json=BATCH).json()["messages"] == 2

    def test_failed_messages_leave_the_sessions_written(
        self, double: OpenSyncDouble, client: httpx.Client
    ) -> None:
        """200 and ok; only the counts and `errors` show it."""
        double.faults = FaultPlan.of(faults.MESSAGES_FAIL)
        answer = client.post("/sync/batch", json=BATCH).json()
        assert (answer["ok"], answer["sessions"], answer["messages"]) == (True, 1, 0)
        assert answer["errors"][0].startswith("Messages batch error: Error: Documents read from")

    def test_one_failed_message_is_named(
        self, double: OpenSyncDouble, client: httpx.Client
    ) -> None:
        """The index wraps around the batch's length."""
        double.faults = FaultPlan.of(faults.one_message_fails(3))
        answer = client.post("/sync/batch", json=BATCH).json()
        assert (answer["messages"], len(answer["errors"])) == (1, 1)
        assert answer["errors"][0].startswith("m2: Error: ")

    def test_a_batch_without_messages_cannot_be_spoiled(
        self, double: OpenSyncDouble, client: httpx.Client
    ) -> None:
        """There is nothing to lose: it is served, and so is a body that cannot be read."""
        double.faults = FaultPlan.always(faults.MESSAGES_FAIL)
        answer = client.post("/sync/batch", json={"sessions": [session()]}).json()
        assert (answer["sessions"], answer["errors"]) == (1, [])
        assert client.post("/sync/batch", content=b"{").status_code == 500

    @pytest.mark.parametrize("status", [302, 307])
    def test_following_a_redirect_is_caught(
        self, double: OpenSyncDouble, client: httpx.Client, status: int
    ) -> None:
        """The other host answers ok and stores nothing; the record shows who followed."""
        double.faults = FaultPlan.of(faults.redirect(status))
        answer = client.post("/sync/message", json=message(), follow_redirects=True)
        assert answer.json() == {"ok": True, "sessions": 0, "messages": 1, "errors": []}
        assert double.backend.all_messages() == []
        assert double.backend.calls[1].path == "/elsewhere/sync/message"


class TestPlans:
    """Which requests fail."""

    def test_a_list_decides_request_by_request(
        self, double: OpenSyncDouble, client: httpx.Client
    ) -> None:
        """After the list everything is served; a new plan counts from its own start."""
        plan = FaultPlan.of(None, faults.refuse(500), faults.refuse(503))
        for _ in range(2):
            double.faults = plan
            statuses = [client.get("/health").status_code for _ in range(4)]
            assert statuses == [200, 500, 503, 200]
        assert double.faults is plan

    def test_a_plan_may_be_limited_to_paths(
        self, double: OpenSyncDouble, client: httpx.Client
    ) -> None:
        """Other paths are served and not counted."""
        double.faults = FaultPlan.of(faults.refuse(500), paths=frozenset({"/sync/session"}))
        assert client.get("/health").status_code == 200
        assert client.post("/sync/session", json=session()).status_code == 500

    def test_a_seed_repeats_its_decisions(self) -> None:
        """Number and path decide, whatever the order in which threads ask."""
        once = [FaultPlan.random(7).decide(number, "/sync/batch") for number in range(200)]
        again = [FaultPlan.random(7).decide(number, "/sync/batch") for number in range(199, -1, -1)]
        other = [FaultPlan.random(8).decide(number, "/sync/batch") for number in range(200)]
        assert once == again[::-1]
        assert once != other

    def test_a_random_plan_uses_all_ways_at_its_rate(self) -> None:
        """A share of the requests fails, and no way is left out."""
        drawn = [FaultPlan.random(1).decide(number, "/sync/batch") for number in range(2000)]
        names = {fault.name for fault in drawn if fault is not None}
        assert names == {fault.name for fault in faults.ways()}
        assert 0.25 < sum(fault is not None for fault in drawn) / 2000 < 0.35

    def test_only_a_batch_half_succeeds(self) -> None:
        """For other paths the spoiling ways are not drawn, and a listed one is ignored."""
        drawn = [
            FaultPlan.random(1, rate=1).decide(number, "/sync/message") for number in range(2000)
        ]
        assert all(fault and fault.spoils is faults.Spoil.NOTHING for fault in drawn)
        assert FaultPlan.of(faults.MESSAGES_FAIL).decide(0, "/sync/message") is None
