"""The tokens of a response."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from ccsync_watch.model import Usage
from ccsync_watch.transcripts.usage import ROW_MARK, RowIdentity, read_usages, response_key
from support.lines import SESSION, Writer
from support.lines import text as text_block

SOURCE = RowIdentity(SESSION, None, "u1", timestamp_ms=7, start=9)


def usage_of(row: dict[str, Any]) -> Usage | None:
    """Read the usage of a row of the tests' session."""
    usages, _uncounted = read_usages(row, SOURCE)
    return usages[0] if usages else None


def answer(**counts: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return an assistant row with these counts."""
    return Writer().answer(text_block("hi"), usage_id="msg_1", **counts)


def test_every_count_is_read() -> None:
    """Cache writes are separate by their lifetime, which decides their price."""
    row = answer(
        input_tokens=1,
        output_tokens=2,
        cache_creation_input_tokens=7,
        cache_creation={"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
        cache_read_input_tokens=5,
        server_tool_use={"web_search_requests": 6},
        service_tier="standard",
    )
    assert usage_of(row) == Usage(
        id=response_key("msg_1", "req_msg_1", 13),
        session_id=SESSION,
        agent_id=None,
        model="claude-opus-5-5",
        timestamp_ms=7,
        input_tokens=1,
        output_tokens=2,
        cache_write_5m_tokens=3,
        cache_write_1h_tokens=4,
        cache_read_tokens=5,
        web_searches=6,
        tier="standard",
        is_marked=False,
        row_session_id=SESSION,
        uuid="u1",
        start=9,
        is_final=True,
        response_id="msg_1",
        request_id="req_msg_1",
    )


@pytest.mark.parametrize("written", [{}, {"cache_creation_input_tokens": 0}])
def test_lifetimes_count_where_their_sum_is_missing(written: dict[str, int]) -> None:
    """Some gateways fill in the lifetimes alone."""
    split = {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4}
    usage = usage_of(answer(cache_creation=split, **written))
    assert usage is not None
    assert (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens) == (3, 4)


def test_lifetimes_alone_are_not_tokens_of_a_response() -> None:
    """A fork's copies of what a compaction kept have 0 for all counts, but these."""
    split = {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4}
    counts = {"input_tokens": 0, "output_tokens": 0, "cache_creation_input_tokens": 0}
    usage = usage_of(answer(cache_creation=split, **counts))
    assert usage is not None
    assert (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens) == (0, 0)


def test_cache_writes_without_lifetimes_are_5_minute_writes() -> None:
    """Older clients had no other."""
    usage = usage_of(answer(cache_creation_input_tokens=9))
    assert usage is not None
    assert (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens) == (9, 0)


def test_a_copied_rows_tokens_belong_to_the_requesting_session() -> None:
    """A fork adds no costs."""
    usage = usage_of({**answer(), "requestSessionId": "parent"})
    assert usage is not None
    assert (usage.session_id, usage.is_marked) == ("parent", True)


def test_a_requesting_session_that_is_not_an_id_is_ignored() -> None:
    """It would go into the store without redaction."""
    usage = usage_of({**answer(), "requestSessionId": "no id at all"})
    assert usage is not None
    assert (usage.session_id, usage.is_marked) == (SESSION, False)


@pytest.mark.parametrize(
    "message",
    [
        None,
        {},
        {"id": "msg_1", "usage": None},
        {"id": "msg_1", "model": "<synthetic>", "usage": {"input_tokens": 0}},
    ],
)
def test_a_row_that_reports_no_response_has_no_usage(message: object) -> None:
    """Synthetic rows were never requests."""
    assert usage_of({"message": message}) is None


class TestCounts:
    """Gateways write counts in many forms."""

    @pytest.mark.parametrize("value", [1200, 1200.0, "1200", " 1200 ", "1200.0"])
    def test_a_count_of_any_type_counts(self, value: object) -> None:
        """As a whole number, a float or a text."""
        usage = usage_of(answer(input_tokens=value, output_tokens=value))
        assert usage is not None
        assert (usage.input_tokens, usage.output_tokens) == (1200, 1200)

    @pytest.mark.parametrize(
        "value",
        [
            10**18, 1 << 53, 1e30, 10**9, 1e12, "1000000000", -1, -1.0, "-5", 0.5, "0.5", "many",
            "", "1_000", "NaN", "1e400",
            float("nan"), float("inf"), True, [], {},
        ],
    )  # fmt: skip
    @pytest.mark.parametrize(
        "name",
        [
            "input_tokens", "output_tokens", "cache_creation_input_tokens",
            "cache_read_input_tokens",
        ],
    )  # fmt: skip
    def test_a_value_that_is_not_a_count_makes_the_usage_unreadable(
        self, name: str, value: object
    ) -> None:
        """A sum with 0 in its place would be too small, and look right."""
        usages, uncounted = read_usages(answer(**{name: value}), SOURCE)
        assert usages == []
        assert [(item.row_id, item.reason) for item in uncounted] == [
            ("u1", "counts that cannot be read")
        ]

    @pytest.mark.parametrize("lifetime", ["ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens"])
    def test_so_do_unreadable_lifetimes_and_searches(self, lifetime: str) -> None:
        """Both have prices."""
        assert usage_of(answer(cache_creation={lifetime: -1})) is None
        assert usage_of(answer(server_tool_use={"web_search_requests": -1})) is None

    @pytest.mark.parametrize(
        "values",
        [{}, {"total_tokens": 12}, {"usage": {"input_tokens": 12}}, {"input_tokens": None}, None],
    )
    def test_a_usage_without_a_count_is_not_one_of_zero_tokens(self, values: object) -> None:
        """What a response used is not known then, so it does not cost $0.00."""
        row = answer()
        row["message"]["usage"] = values
        usages, uncounted = read_usages(row, SOURCE)
        assert (usages, [item.row_id for item in uncounted]) == ([], ["u1"])
        # While a response is written, its counts may be still to come.
        row["message"]["stop_reason"] = None
        assert len(read_usages(row, SOURCE)[0]) == (values is not None)
        row["message"] |= {"model": "<synthetic>", "stop_reason": "stop_sequence"}
        assert read_usages(row, SOURCE) == ([], [])

    @pytest.mark.parametrize(
        "own", [{}, {"input_tokens": 0, "output_tokens": 0, "cache_creation": {"x": 0}}]
    )
    def test_the_names_of_another_vendors_api_are_read(self, own: dict[str, object]) -> None:
        """Some gateways leave them; there, the prompt includes what a cache gave."""
        row = answer()
        counts = {
            "prompt_tokens": 100, "completion_tokens": "7", "total_tokens": 107,
            "prompt_tokens_details": {"cached_tokens": 60},
        }  # fmt: skip
        row["message"]["usage"] = own | counts
        usage = usage_of(row)
        assert usage is not None
        assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (40, 7, 60)
        row["message"]["usage"] = own | counts | {"prompt_tokens_details": {"cached_tokens": -1}}
        assert usage_of(row) is None
        row["message"]["usage"] = own | counts | {"prompt_tokens": "many"}
        assert usage_of(row) is None

    @pytest.mark.parametrize(
        ("cached", "expected"), [(60, (40, 60)), (0, (100, 0)), ("60", (40, 60)), (200, (0, 200))]
    )
    def test_its_newer_form_includes_what_a_cache_gave_too(
        self, cached: object, expected: tuple[int, int]
    ) -> None:
        """Its sums have the API's names; the API's own count of the cache comes first."""
        row = answer()
        counts = {
            "input_tokens": 100, "output_tokens": 7, "total_tokens": 107,
            "input_tokens_details": {"cached_tokens": cached},
        }  # fmt: skip
        row["message"]["usage"] = counts
        usage = usage_of(row)
        assert usage is not None
        assert (usage.input_tokens, usage.cache_read_tokens) == expected
        row["message"]["usage"] = counts | {"cache_read_input_tokens": 5}
        usage = usage_of(row)
        assert usage is not None
        assert (usage.input_tokens, usage.cache_read_tokens) == (100, 5)

    @pytest.mark.parametrize("own", [{}, {"input_tokens": 0, "output_tokens": 0}])
    def test_details_of_its_newer_form_beside_sums_of_the_older(
        self, own: dict[str, object]
    ) -> None:
        """Gateways between both forms fill in the sums of one: none is lost for the details."""
        row = answer()
        row["message"]["usage"] = own | {
            "prompt_tokens": 100, "completion_tokens": 7,
            "input_tokens_details": {"cached_tokens": 60},
        }  # fmt: skip
        usage = usage_of(row)
        assert usage is not None
        assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (40, 7, 60)

    def test_a_cache_count_of_zero_as_text_is_none(self) -> None:
        """The details beside it say what the cache gave."""
        row = answer()
        row["message"]["usage"] = {
            "input_tokens": 100, "output_tokens": 7, "cache_read_input_tokens": "0",
            "input_tokens_details": {"cached_tokens": 60},
        }  # fmt: skip
        usage = usage_of(row)
        assert usage is not None
        assert (usage.input_tokens, usage.cache_read_tokens) == (40, 60)

    def test_of_both_vendors_names_the_apis_own_count(self) -> None:
        """Where they are filled in, they say more."""
        usage = usage_of(answer(input_tokens=40, prompt_tokens=100, completion_tokens=7))
        assert usage is not None
        assert (usage.input_tokens, usage.output_tokens) == (40, 5)

    def test_a_count_that_is_missing_is_zero(self) -> None:
        """Other vendors have no caches."""
        usage = usage_of(answer(cache_read_input_tokens=None))
        assert usage is not None
        assert usage.cache_read_tokens == 0


class TestIdentity:
    """Rows with the same id report the same response."""

    @staticmethod
    def identified(message_id: object, request_id: object = None, **counts: int) -> Usage:
        """Return the usage of a row with these ids."""
        row = answer(**counts)
        row["message"]["id"] = message_id
        row["requestId"] = request_id
        usage = usage_of(row)
        assert usage is not None
        return usage

    @pytest.mark.parametrize("message_id", ["gen/Abc+12==", "call|a|b", "a" * 128, "é", "x" * 999])
    def test_a_message_id_may_have_any_characters(self, message_id: str) -> None:
        """And any length; what could do harm is stored as a hash."""
        usage = self.identified(message_id)
        assert usage == self.identified(message_id)
        assert usage.id != self.identified(message_id + "2").id
        assert len(usage.id) <= 128 + 14

    def test_a_hash_contains_nothing_of_the_id(self) -> None:
        """It goes into pages and addresses."""
        assert self.identified("<b> 'x'").response_id.startswith("hash:")
        assert "<" not in self.identified("<b> 'x'").id

    @pytest.mark.parametrize("message_id", [None, "", 7])
    def test_without_a_message_id_the_request_and_then_the_row_identify_it(
        self, message_id: object
    ) -> None:
        """Some gateways send none."""
        assert self.identified(message_id, "req_1").response_id == "req_1"
        row = answer()
        row["message"]["id"] = message_id
        del row["requestId"]
        rows = [read_usages(row, replace(SOURCE, uuid=uuid))[0][0] for uuid in ("u1", "u2")]
        assert [usage.id.endswith(ROW_MARK) for usage in rows] == [True, True]
        assert rows[0].response_id == rows[1].response_id
        assert rows[0].id != rows[1].id

    @pytest.mark.parametrize("request_id", [None, "req_1"])
    def test_ids_that_the_client_made_up_say_nothing(self, request_id: str | None) -> None:
        """It gives each copied row of a response without an id a UUID; its request is the same."""
        usages = []
        for message_id in ("", str(UUID(int=1)), str(UUID(int=2))):
            row = answer()
            row["message"]["id"] = message_id
            row["requestRef"] = str(UUID(int=3))
            del row["requestId"]
            if request_id:
                row["requestId"] = request_id
            usages += read_usages(row, SOURCE)[0]
        assert len({usage.id for usage in usages}) == 1
        assert not usages[0].id.endswith(ROW_MARK)

    def test_the_clients_own_id_of_a_request_separates_responses_of_one_id(self) -> None:
        """Also if they have the same tokens; the API's own id of the request comes first."""
        row = answer()
        row["message"]["id"] = "same"
        row["requestRef"] = str(UUID(int=1))
        assert read_usages(row, SOURCE)[0][0].request_id == row["requestId"]
        del row["requestId"]
        other = {**row, "requestRef": str(UUID(int=2))}
        usages = [read_usages(reported, SOURCE)[0][0] for reported in (row, row, other)]
        assert usages[0].id == usages[1].id != usages[2].id

    def test_other_requests_and_other_prompts_are_other_responses(self) -> None:
        """Some gateways send the same message id always."""
        usages = [
            self.identified("same", "req_1"),
            self.identified("same", "req_2"),
            self.identified("same", "req_2", input_tokens=11),
            self.identified("same", None),
        ]
        assert len({usage.id for usage in usages}) == 4
        growing = self.identified("same", "req_1", output_tokens=99)
        assert growing.id == usages[0].id

    def test_tokens_of_the_clients_own_rows_are_not_counted_and_said(self) -> None:
        """They were no requests, but something is odd if they report tokens."""
        row = answer(input_tokens=5)
        row["message"]["model"] = "<synthetic>"
        assert [item.reason for item in read_usages(row, SOURCE)[1]] == [
            "written by the client itself, not a response"
        ]

    def test_a_usage_of_another_shape_is_not_counted_and_said(self) -> None:
        """Whatever it means."""
        row = answer()
        row["message"]["usage"] = [1, 2]
        assert [len(part) for part in read_usages(row, SOURCE)] == [0, 1]


def _iteration(kind: str = "message", **counts: object) -> dict[str, object]:
    return {"type": kind, "input_tokens": 1, "output_tokens": 2, **counts}


class TestIterations:
    """What a response was made by."""

    def test_the_requests_of_a_response_are_kept_if_they_add_up_to_it(self) -> None:
        """The price of a long prompt goes by the length of each."""
        parts = [_iteration(input_tokens=61_000), _iteration(input_tokens=62_000)]
        row = answer(input_tokens=123_000, output_tokens=4, iterations=parts)
        usage = usage_of(row)
        assert usage is not None
        assert [part[0] for part in usage.iterations] == [61_000, 62_000]

    @pytest.mark.parametrize(
        "parts",
        [
            None, {}, [], [7], [_iteration()], [_iteration(), _iteration(output_tokens=9)],
            [_iteration(), _iteration(input_tokens=-1)],
        ],
    )  # fmt: skip
    def test_other_lists_say_nothing(self, parts: object) -> None:
        """Then the whole has one price."""
        usage = usage_of(answer(input_tokens=2, output_tokens=4, iterations=parts))
        assert usage is not None
        assert usage.iterations == ()

    def test_an_advisors_response_is_one_of_its_own(self) -> None:
        """Of its own model; the tokens of the row do not contain it."""
        parts = [
            _iteration(),
            _iteration("advisor_message", model="claude-opus-4-7", input_tokens=159_419),
            _iteration(),
            _iteration("advisor_message", input_tokens=70, cache_read_input_tokens=5),
        ]
        row = answer(input_tokens=2, output_tokens=4, iterations=parts)
        row["advisorModel"] = "claude-opus-5"
        row["costUSD"] = 0.5
        (own, *advisors), uncounted = read_usages(row, SOURCE)
        assert uncounted == []
        assert (own.input_tokens, own.output_tokens, len(own.iterations)) == (2, 4, 2)
        assert [(one.model, one.input_tokens, one.prompt_tokens) for one in advisors] == [
            ("claude-opus-4-7", 159_419, 159_419),
            ("claude-opus-5", 70, 75),
        ]
        assert {one.timestamp_ms for one in advisors} == {7}
        assert {one.cost_usd for one in advisors} == {None}
        assert len({own.id, *(one.id for one in advisors)}) == 3

    def test_a_summary_of_the_conversation_is_one_too(self) -> None:
        """Of the row's model, unless it names one; it is billed with the answer."""
        parts = [
            _iteration("compaction", input_tokens=180_000, output_tokens=3500),
            _iteration("compaction", model="claude-haiku-5-5"),
            _iteration(),
        ]
        row = answer(output_tokens=2, speed="fast", iterations=parts)
        row["advisorModel"] = "claude-opus-5"
        (own, *summaries), uncounted = read_usages(row, SOURCE)
        assert uncounted == []
        assert [(one.model, one.is_fast, one.input_tokens) for one in summaries] == [
            (own.model, True, 180_000),
            ("claude-haiku-5-5", True, 1),
        ]

    @pytest.mark.parametrize("kind", ["message", "another", None, 7, ["compaction"], {}])
    def test_a_part_of_another_kind_is_not(self, kind: Any) -> None:  # noqa: ANN401 - any JSON
        """Nothing says that the row's tokens do not contain it."""
        row = answer(iterations=[_iteration(kind)])
        assert len(read_usages(row, SOURCE)[0]) == 1

    def test_an_advisors_unreadable_counts_are_said(self) -> None:
        """The row's own response counts."""
        row = answer(iterations=[_iteration("advisor_message", output_tokens="many")])
        usages, uncounted = read_usages(row, SOURCE)
        assert len(usages) == 1
        assert [item.row_id for item in uncounted] == ["u1/0"]
