"""Transcripts of old clients, gateways and rare features, from lines in files to the account."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from ccsync_watch.accounting.account import Cost
from ccsync_watch.accounting.session_accounts import load_account, load_accounts, load_summary
from support.accounted import Accounted
from support.histories import Historian, Transcript
from support.lines import Writer, call, line, text

if TYPE_CHECKING:
    from pathlib import Path

DAY_MS = 86_400_000
FIRST_MS = 1_751_360_400_000  # 2025-07-01 09:00 UTC
Row = dict[str, Any]


@pytest.fixture
def accounted(tmp_path: Path) -> Accounted:
    """Return a store, and a pump on an empty folder."""
    return Accounted(tmp_path)


def _orders(count: int) -> list[tuple[int, ...]]:
    return list(itertools.permutations(range(count)))


def _begin(history: Historian, day: int, prompt: str) -> Transcript:
    """Begin a session some days after the first of July."""
    session = history.session()
    session.writer.at_ms = FIRST_MS + day * DAY_MS
    session.rows.append(session.writer.prompt(prompt))
    return session


def _continue(history: Historian, session: Transcript, day: int, prompt: str, output: int) -> str:
    """Write a prompt and its answer on a day."""
    session.writer.at_ms = max(session.writer.at_ms, FIRST_MS + day * DAY_MS)
    session.rows.append(session.writer.prompt(prompt))
    return history.response(session, tokens=(10, output, 0, 0))


def _copied(history: Historian, source: Transcript, how: str, day: int) -> Transcript:
    """Start a session with the rows of another one on a day."""
    return history.copy(source, how, at_ms=FIRST_MS + day * DAY_MS)


class TestCopies:
    """Histories that a resume or a fork copied into a file of its own."""

    @pytest.mark.parametrize("order", _orders(3))
    @pytest.mark.parametrize("one_by_one", [False, True])
    @pytest.mark.parametrize("how", ["redated", "recopied"])
    def test_a_resume_of_a_resume_counts_each_day_once(
        self, accounted: Accounted, how: str, order: tuple[int, ...], *, one_by_one: bool
    ) -> None:
        """Clients until 2.0.14 dated copies by the time of copying."""
        history = Historian()
        first = _begin(history, 0, "Plan the garden")
        history.response(first, tokens=(10, 1000, 0, 0))
        second = _copied(history, first, how, 40)
        _continue(history, second, 40, "A pond", 20)
        third = _copied(history, second, how, 100)
        _continue(history, third, 100, "A fence", 3)
        files = [first, second, third]
        accounted.read(*[files[number] for number in order], one_by_one=one_by_one)
        sessions = accounted.sessions()
        assert {name: (item.days, item.prompts, item.turns) for name, item in sessions.items()} == {
            first.session_id: ({"2025-07-01": (10, 1000)}, 1, 1),
            second.session_id: ({"2025-08-10": (10, 20)}, 1, 1),
            third.session_id: ({"2025-10-09": (10, 3)}, 1, 1),
        }

    @pytest.mark.parametrize("order", _orders(3))
    @pytest.mark.parametrize("one_by_one", [False, True])
    @pytest.mark.parametrize("how", ["redated", "recopied", "rewritten"])
    def test_a_source_that_goes_on_after_its_forks_keeps_its_responses(
        self, accounted: Accounted, how: str, order: tuple[int, ...], *, one_by_one: bool
    ) -> None:
        """Forks of a fork too: each response counts for the session that asked."""
        history = Historian()
        source = _begin(history, 0, "Plan the garden")
        history.response(source, tokens=(10, 1000, 0, 0))
        fork = _copied(history, source, how, 2)
        _continue(history, fork, 2, "A pond", 20)
        nested = _copied(history, fork, how, 3)
        _continue(history, nested, 3, "A deep pond", 300)
        _continue(history, fork, 33, "A small pond", 7)
        _continue(history, source, 64, "More beds", 3)
        files = [source, fork, nested]
        accounted.read(*[files[number] for number in order], one_by_one=one_by_one)
        sessions = accounted.sessions()
        assert {name: (item.days, item.prompts, item.turns) for name, item in sessions.items()} == {
            source.session_id: ({"2025-07-01": (10, 1000), "2025-09-03": (10, 3)}, 2, 2),
            fork.session_id: ({"2025-07-03": (10, 20), "2025-08-03": (10, 7)}, 2, 2),
            nested.session_id: ({"2025-07-04": (10, 300)}, 1, 1),
        }

    @pytest.mark.parametrize("how", ["redated", "recopied", "rewritten", "fork", "branch"])
    @pytest.mark.parametrize("one_by_one", [False, True])
    def test_two_forks_of_one_session(
        self, accounted: Accounted, how: str, *, one_by_one: bool
    ) -> None:
        """What both copied counts for the source; what each asked, for it."""
        history = Historian()
        source = _begin(history, 0, "Plan the garden")
        history.response(source, tokens=(10, 1000, 0, 0))
        forks = [_copied(history, source, how, day) for day in (5, 9)]
        for fork, day, output in zip(forks, (5, 9), (20, 30), strict=True):
            _continue(history, fork, day, f"Fork {day}", output)
        _continue(history, source, 12, "More", 3)
        accounted.read(forks[1], source, forks[0], one_by_one=one_by_one)
        sessions = accounted.sessions()
        assert {name: item.tokens for name, item in sessions.items()} == {
            source.session_id: (20, 1003),
            forks[0].session_id: (10, 20),
            forks[1].session_id: (10, 30),
        }
        assert [sessions[item.session_id].prompts for item in (source, *forks)] == [2, 1, 1]
        assert [sessions[item.session_id].turns for item in (source, *forks)] == [2, 1, 1]

    @pytest.mark.parametrize("order", _orders(2))
    @pytest.mark.parametrize("one_by_one", [False, True])
    def test_a_fork_of_a_compacted_session_adds_nothing_for_what_it_copied(
        self, accounted: Accounted, order: tuple[int, ...], *, one_by_one: bool
    ) -> None:
        """The newest client copies what the compaction kept with 0 tokens, but their lifetimes."""
        history = Historian()
        source = _begin(history, 0, "Plan the garden")
        history.response(source, tokens=(10, 1000, 700, 20))
        fork = _copied(history, source, "fork", 2)
        for row in fork.rows:
            if "usage" in row.get("message", {}):
                written = row["message"]["usage"]["cache_creation_input_tokens"]
                row["message"]["usage"] = {
                    "input_tokens": 0,
                    "output_tokens": 0,
                    "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 0,
                    "cache_creation": {"ephemeral_5m_input_tokens": written},
                }
        _continue(history, fork, 2, "A pond", 20)
        files = [source, fork]
        accounted.read(*[files[number] for number in order], one_by_one=one_by_one)
        sessions = accounted.sessions()
        assert {name: item.days for name, item in sessions.items()} == {
            source.session_id: {"2025-07-01": (730, 1000)},
            fork.session_id: {"2025-07-03": (10, 20)},
        }
        assert {item.cost.provenance for item in sessions.values()} == {"computed"}


class TestIdentity:
    """Which rows report the same response."""

    @pytest.mark.parametrize("order", _orders(3))
    @pytest.mark.parametrize("one_by_one", [False, True])
    @pytest.mark.parametrize("blocks", [1, 2])
    def test_two_gateways_with_a_constant_id_each(
        self, accounted: Accounted, blocks: int, order: tuple[int, ...], *, one_by_one: bool
    ) -> None:
        """Three sessions, also with prompts of the same length."""
        files: list[Transcript] = []
        for number, sizes in enumerate([(100, 200, 200), (100, 250), (100, 300_000, 77)]):
            session = Transcript(f"s{number}", None, Writer(f"s{number}"), [])
            session.writer.at_ms = FIRST_MS + number * DAY_MS
            for size in sizes:
                name = "other/gateway" if size == 77 else "gateway"
                _ask_gateway(session, name, size, size // 10, blocks)
            files.append(session)
        accounted.read(*[files[number] for number in order], one_by_one=one_by_one)
        sessions = accounted.sessions()
        assert {name: (item.tokens, item.turns) for name, item in sessions.items()} == {
            "s0": ((500, 50), 3),
            "s1": ((350, 35), 2),
            "s2": ((300_177, 30_017), 3),
        }

    @pytest.mark.parametrize("one_by_one", [False, True])
    @pytest.mark.parametrize("how", ["kept", "recopied", "rewritten", "fork", "branch"])
    def test_a_copied_session_of_a_gateway_counts_once(
        self, accounted: Accounted, how: str, *, one_by_one: bool
    ) -> None:
        """A fork's rows have the ids of the source's rows."""
        source = Transcript("s0", None, Writer("s0", at_ms=FIRST_MS), [])
        _ask_gateway(source, "gateway", 100, 9, 2)
        _ask_gateway(source, "gateway", 200, 9, 1)
        fork = _copied(Historian(), source, how, 3)
        _ask_gateway(fork, "gateway", 200, 50, 2)
        accounted.read(fork, source, one_by_one=one_by_one)
        assert {name: item.tokens for name, item in accounted.sessions().items()} == {
            "s0": (300, 18),
            fork.session_id: (200, 50),
        }

    def test_tools_that_start_in_mid_answer_do_not_split_it(self, accounted: Accounted) -> None:
        """Their results stand between the blocks; what a result is followed by has its length."""
        session = Transcript("s0", None, Writer("s0", at_ms=FIRST_MS), [])
        _ask_gateway(session, "gateway", 100, 9, 1, call("t1", "Bash", command="ls"))
        session.rows.append(session.writer.result("t1", "out"))
        _add_blocks(session, "gateway", 100, 9, [call("t2", "Bash", command="ls")])
        session.rows.append(session.writer.result("t2", "out"))
        _add_blocks(session, "gateway", 150, 7, [text("Done")])
        accounted.read(session)
        assert accounted.sessions()["s0"].tokens == (250, 16)

    @pytest.mark.parametrize("one_by_one", [False, True])
    @pytest.mark.parametrize("prompt", [0, 500])
    def test_thinking_that_is_not_stored_belongs_to_its_own_response(
        self, accounted: Accounted, prompt: int, *, one_by_one: bool
    ) -> None:
        """Of its turn, wherever it stands among the blocks, and not of one of equal length."""
        session = Transcript("s0", None, Writer("s0", at_ms=FIRST_MS), [])
        thinking = {"type": "thinking", "thinking": "Well", "signature": "s"}
        for turn in range(3):
            run = call(f"t{turn}", "Bash", command="ls")
            before = [text("First")] if turn == 1 else []
            _ask_gateway(session, "gateway", prompt, 7, 0, *before, thinking, thinking, run)
            session.rows.append(session.writer.result(f"t{turn}", "out"))
            _add_blocks(session, "gateway", prompt * 2, 9, [thinking, text("Done")])
            if one_by_one:
                accounted.read(session)
        accounted.read(session)
        assert accounted.sessions()["s0"].tokens == (9 * prompt, 48)

    def test_a_gateway_may_count_no_prompt_at_all(self, accounted: Accounted) -> None:
        """Then the ends of responses differ."""
        session = Transcript("s0", None, Writer("s0", at_ms=FIRST_MS), [])
        _ask_gateway(session, "gateway", 0, 7, 2, call("t1", "Bash", command="ls"))
        session.rows.append(session.writer.result("t1", "out"))
        _add_blocks(session, "gateway", 0, 9, [text("Done"), text("Really")])
        _ask_gateway(session, "gateway", 0, 9, 2)
        accounted.read(session)
        assert accounted.sessions()["s0"].tokens == (0, 25)

    @pytest.mark.parametrize("one_by_one", [False, True])
    @pytest.mark.parametrize("has_request", [False, True])
    @pytest.mark.parametrize("order", _orders(3))
    def test_a_response_that_searches_reads_more_while_it_is_written(
        self, accounted: Accounted, order: tuple[int, ...], *, has_request: bool, one_by_one: bool
    ) -> None:
        """Its rows are one response, whose end counts."""
        writer = Writer("s0", at_ms=FIRST_MS)
        rows = [writer.prompt("Ask")]
        for size, output in ((2679, 3), (4000, 9), (10_682, 510)):
            row = writer.answer(
                text(str(size)), usage_id="msg_01ABCDEFGHIJKLMNOPQRSTUV",
                input_tokens=size, output_tokens=output,
            )  # fmt: skip
            row["requestId"] = "req_1"
            if not has_request:
                del row["requestId"]
            if output < 510:
                row["message"]["stop_reason"] = None
            rows.append(row)
        session = Transcript("s0", None, writer, [rows[0]])
        for number in order:
            session.rows.append(rows[1 + number])
            if one_by_one:
                accounted.read(session)
        accounted.read(session)
        figures = accounted.sessions()["s0"]
        assert figures.tokens == (10_682, 510)
        assert figures.cost.provenance == "computed"

    @pytest.mark.parametrize("message_id", ["absent", "empty", "null", "number"])
    def test_rows_without_an_id_are_identified_by_request_or_row(
        self, accounted: Accounted, message_id: str
    ) -> None:
        """The blocks of one response count once: they have its request's id, or follow each other.

        Two sizes in a row are two responses, and so is what a prompt stands between.
        """
        writer = Writer("s0", at_ms=FIRST_MS)
        rows = [writer.prompt("Ask")]
        for number, (size, has_request) in enumerate(
            [(1000, True), (1000, True), (2000, True), (3000, False), (3000, False), (0, False),
             (3000, False), (4000, False)]
        ):  # fmt: skip
            if not size:
                rows.append(writer.prompt("Ask again"))
                continue
            row = writer.answer(text(str(number)), input_tokens=size, output_tokens=size // 100)
            row["requestId"] = f"req_{size}"
            if not has_request:
                del row["requestId"]
            if message_id == "absent":
                del row["message"]["id"]
            else:
                row["message"]["id"] = {"empty": "", "null": None, "number": 7}[message_id]
            rows.append(row)
        accounted.read(Transcript("s0", None, writer, rows))
        assert accounted.sessions()["s0"].tokens == (13_000, 130)

    @pytest.mark.parametrize("one_by_one", [False, True])
    @pytest.mark.parametrize("request_id", [None, "req_of_all"])
    def test_a_response_without_an_id_counts_once_in_its_forks_too(
        self, accounted: Accounted, request_id: str | None, *, one_by_one: bool
    ) -> None:
        """As the client copies it: each row with a made-up message id, and its own request's."""
        source = Transcript("s0", None, Writer("s0", at_ms=FIRST_MS), [])
        for number in range(2):
            source.rows.append(source.writer.prompt("Ask"))
            for block in (text("First"), call(f"t{number}", "Bash", command="ls")):
                row = source.writer.answer(block, input_tokens=100, output_tokens=9)
                row["message"]["id"] = ""
                del row["requestId"]
                if request_id:
                    row["requestId"] = f"{request_id}_{number}"
                row["requestRef"] = str(UUID(int=number))
                source.rows.append(row)
            source.rows.append(source.writer.result(f"t{number}", "out"))
        fork = _copied(Historian(), source, "fork", 3)
        nested = _copied(Historian(), fork, "fork", 4)
        for copy in (fork, nested):
            for number, row in enumerate(copy.rows):
                if row["type"] == "assistant":
                    row["message"]["id"] = str(UUID(int=number, version=4))
        accounted.read(nested, fork, source, one_by_one=one_by_one)
        assert accounted.sessions()["s0"].tokens == (200, 18)
        assert accounted.tokens() == (200, 18)

    @pytest.mark.parametrize("name", ["gen/A+b==", "a|b", "é ü", "x" * 5000, "<b>&\"'", "msg_\n1"])
    def test_an_id_may_hold_any_character(self, accounted: Accounted, name: str) -> None:
        """Of responses and of calls, whose results are found by them."""
        writer = Writer("s0", at_ms=FIRST_MS)
        used = writer.answer(call(name, "Bash", command="ls"), usage_id=name, input_tokens=7)
        used["message"]["stop_reason"] = "tool_use"
        rows = [
            writer.prompt("Ask"),
            used,
            writer.result(name, "out"),
            writer.answer(text("Done"), usage_id=f"{name}2", input_tokens=8),
        ]
        accounted.read(Transcript("s0", None, writer, rows))
        session = accounted.sessions()["s0"]
        assert (session.tokens, session.turns, session.calls) == ((15, 10), 1, 1)
        (tool_name,) = accounted.bench.select(
            "SELECT tool_name FROM parts WHERE kind = 'tool-result'"
        )
        assert tool_name == ("Bash",)

    def test_counts_of_other_types_count_and_absurd_ones_are_said(
        self, accounted: Accounted
    ) -> None:
        """Floats and strings of digits are counts; what no response can have used is not."""
        good = [1200.0, "1200", " 1200 ", "1200.0", 1.2e3]
        bad = [10**18, "10e18", -5, "many", float(2**60), [5], {"n": 5}, True]
        writer = Writer("s0", at_ms=FIRST_MS)
        rows = [writer.prompt("Ask")]
        for number, value in enumerate([*good, *bad]):
            row = writer.answer(text("Yes"), usage_id=f"msg_{number}")
            row["message"]["usage"] = {"input_tokens": value, "output_tokens": 1}
            rows.append(row)
        accounted.read(Transcript("s0", None, writer, rows))
        session = accounted.sessions()["s0"]
        assert session.tokens == (6000, 5)
        assert session.cost.provenance == "partial"
        assert sum(accounted.uncounted().values()) == len(bad)

    @pytest.mark.parametrize("agent_id", [None, "a0123456789abcde0"])
    def test_unreadable_tokens_are_never_free(
        self, accounted: Accounted, agent_id: str | None
    ) -> None:
        """On their day and for their model, with those of an advisor and of a subagent."""
        main = Transcript("s0", None, Writer("s0", at_ms=FIRST_MS), [])
        main.rows.append(main.writer.prompt("Ask"))
        session = Transcript("s0", agent_id, Writer("s0", agent_id), []) if agent_id else main
        session.writer.at_ms = FIRST_MS + DAY_MS
        bad = session.writer.answer(text("Yes"), usage_id="msg_1")
        bad["message"]["usage"]["input_tokens"] = -7
        session.rows.append(bad)
        session.writer.at_ms = FIRST_MS + 2 * DAY_MS
        advised = session.writer.answer(text("Yes"), usage_id="msg_2", input_tokens=8)
        advised["message"]["usage"]["iterations"] = [
            {"type": "advisor_message", "model": "claude-opus", "input_tokens": 10**19}
        ]
        session.rows.append(advised)
        accounted.read(*([main, session] if agent_id else [main]))
        prices, database = accounted.prices, accounted.bench.database
        for account in (
            load_account(database, "s0", prices),
            load_accounts(database, prices)["s0"],
            load_accounts(database, prices, session_ids=["s0"])["s0"],
        ):
            assert account.cost.provenance == "partial"
            by_day = {share.day: share.cost.provenance for share in account.shares}
            assert by_day["2025-07-02"] == "unpriced"
            assert {model.cost.provenance for model in account.models} == {"partial"}
        since_ms = FIRST_MS + 4 * DAY_MS
        assert load_accounts(database, prices, since_ms=since_ms) == {}
        summary = load_summary(database, "s0", prices)
        assert summary is not None
        assert summary.value.cost_usd is None

    @pytest.mark.parametrize("has_total", [False, True])
    @pytest.mark.parametrize("is_final", [False, True])
    def test_responses_that_report_no_tokens_are_never_free(
        self, accounted: Accounted, *, has_total: bool, is_final: bool
    ) -> None:
        """Some gateways report 0 for all counts; the client's total then has 0 for them too."""
        session = Transcript("s0", None, Writer("s0", at_ms=FIRST_MS), [])
        session.rows.append(session.writer.prompt("Ask"))
        writer = session.writer
        empty = writer.answer(text("Yes"), usage_id="msg_1", input_tokens=0, output_tokens=0)
        empty["message"]["model"] = "gpt-5"
        if not is_final:
            empty["message"]["stop_reason"] = None
        session.rows.append(empty)
        total = _total({"gpt-5": (0, 0.0)})
        accounted.read(replace(session, rows=[*session.rows, *([total] if has_total else [])]))
        figures = accounted.sessions()["s0"]
        assert (figures.tokens, figures.cost) == ((0, 0), Cost(None, "unpriced"))
        assert "1 response reports no tokens" in " ".join(figures.notes)
        session.rows.append(
            writer.answer(text("Yes"), usage_id="msg_2", input_tokens=1_000_000, output_tokens=0)
        )
        total = _total({"gpt-5": (0, 0.0), "claude-opus-5-5": (1_000_000, 2.5)})
        accounted.read(replace(session, rows=[*session.rows, *([total] if has_total else [])]))
        figures = accounted.sessions()["s0"]
        assert figures.tokens == (1_000_000, 0)
        assert figures.cost.provenance == "partial"
        if has_total:
            assert figures.cost.usd == 2.5
        accounts = load_accounts(accounted.bench.database, accounted.prices)
        assert accounts["s0"].cost == figures.cost
        assert {model.model: model.cost.usd is None for model in accounts["s0"].models} == {
            "gpt-5": True,
            "claude-opus-5-5": False,
        }


def _total(models: dict[str, tuple[int, float]]) -> Row:
    """Return the client's total of session s0: input tokens and dollars of each model."""
    return {
        "type": "cost-state",
        "sessionId": "s0",
        "totalCostUSD": sum(usd for _input, usd in models.values()),
        "modelUsage": {
            name: {"inputTokens": tokens, "costUSD": usd} for name, (tokens, usd) in models.items()
        },
    }


def _ask_gateway(
    session: Transcript, name: str, prompt: int, output: int, blocks: int, *more: dict[str, Any]
) -> None:
    """Write a prompt and its answer, whose rows have nothing but a message id."""
    session.rows.append(session.writer.prompt("Ask"))
    _add_blocks(session, name, prompt, output, [*more] or [text(str(at)) for at in range(blocks)])


def _add_blocks(
    session: Transcript, name: str, prompt: int, output: int, blocks: list[dict[str, Any]]
) -> None:
    for block in blocks:
        row = session.writer.answer(block, usage_id=name, input_tokens=prompt, output_tokens=output)
        del row["requestId"]
        session.rows.append(row)


class TestIterations:
    """Requests inside a response, as the API lists them."""

    @pytest.mark.parametrize("one_by_one", [False, True])
    def test_advisors_count_for_their_own_models_once(
        self, accounted: Accounted, *, one_by_one: bool
    ) -> None:
        """Two advisors, on both blocks of a response, in a fork's copy and in a subagent too."""
        history = Historian()
        main = Transcript("s0", None, Writer("s0", at_ms=FIRST_MS), [])
        agent = Transcript("s0", "a0123456789abcde0", Writer("s0", "a0123456789abcde0"), [])
        agent.writer.at_ms = FIRST_MS + DAY_MS
        for transcript, name in ((main, "msg_main"), (agent, "msg_agent")):
            transcript.rows.append(transcript.writer.prompt("Ask"))
            for block in ("one", "two"):
                row = transcript.writer.answer(
                    text(block), usage_id=name, input_tokens=2, output_tokens=491
                )
                row["message"]["usage"]["iterations"] = [
                    {"type": "message", "input_tokens": 2, "output_tokens": 491},
                    _advisor("claude-opus", 1000, 70),
                    _advisor("claude-late", 2000, 80),
                ]
                transcript.rows.append(row)
        fork = _copied(history, main, "fork", 3)
        _continue(history, fork, 3, "More", 5)
        accounted.read(fork, main, agent, one_by_one=one_by_one)
        sessions = accounted.sessions()
        assert sessions["s0"].models == {
            "claude-opus-5-5": (4, 982),
            "claude-opus": (2000, 140),
            "claude-late": (4000, 160),
        }
        assert sessions["s0"].days == {"2025-07-01": (3002, 641), "2025-07-02": (3002, 641)}
        assert sessions[fork.session_id].tokens == (10, 5)

    def test_an_advisor_that_was_counted_by_the_client_is_dated_and_named(
        self, accounted: Accounted
    ) -> None:
        """The client's total has it, and so do the rows."""
        writer = Writer("s0", at_ms=FIRST_MS)
        row = writer.answer(text("Yes"), input_tokens=1_000_000, output_tokens=0)
        row["message"]["usage"]["iterations"] = [_advisor("claude-opus", 500_000, 0)]
        total = {
            "type": "cost-state",
            "sessionId": "s0",
            "totalCostUSD": 1.5,
            "modelUsage": {
                "claude-opus-5-5": {"inputTokens": 1_000_000, "costUSD": 1.0},
                "claude-opus": {"inputTokens": 500_000, "costUSD": 0.5},
            },
        }
        accounted.read(Transcript("s0", None, writer, [writer.prompt("Ask"), row, total]))
        session = accounted.sessions()["s0"]
        assert session.days == {"2025-07-01": (1_500_000, 0)}
        assert session.models == {"claude-opus-5-5": (1_000_000, 0), "claude-opus": (500_000, 0)}
        assert (session.cost.usd, session.cost.provenance) == (1.5, "client")


def test_a_total_behind_a_torn_row_counts(accounted: Accounted) -> None:
    """Of a type that is dropped otherwise; what was torn is reported."""
    session = Transcript("s0", None, Writer("s0", at_ms=FIRST_MS), [])
    session.rows += [session.writer.prompt("Ask"), session.writer.answer(text("Yes"))]
    total = {
        "type": "cost-state",
        "sessionId": "s0",
        "totalCostUSD": 5.0,
        "modelUsage": {"claude-opus-5-5": {"inputTokens": 10, "outputTokens": 5, "costUSD": 5.0}},
    }
    accounted.write(session)
    torn = b'{"type":"queue-operation","content":"torn'
    accounted.bench.append(accounted.path(session), torn + line(total))
    accounted.bench.catch_up()
    cost = accounted.sessions()["s0"].cost
    assert (cost.usd, cost.provenance) == (5.0, "client")
    assert len(accounted.bench.unreadable()) == 1


def _advisor(model: str, prompt: int, output: int) -> dict[str, Any]:
    return {
        "type": "advisor_message",
        "model": model,
        "input_tokens": prompt,
        "output_tokens": output,
    }


class TestSearches:
    """Searches of the client's own tool, whose requests leave no row."""

    def session(self, *, reported: int = 0, searches: object = 3) -> Transcript:
        """Return a session with a search whose result reports how many requests it took."""
        writer = Writer("s0", at_ms=FIRST_MS)
        answer = writer.answer(
            call("toolu_0123456789", "WebSearch", query="bees"), usage_id="msg_1"
        )
        answer["message"]["usage"]["server_tool_use"] = {"web_search_requests": reported}
        detail = {"query": "bees", "results": [], "searchCount": searches}
        rows = [writer.prompt("Ask"), answer, writer.result("toolu_0123456789", "x", detail=detail)]
        rows.append(writer.answer(text("Done"), usage_id="msg_2"))
        return Transcript("s0", None, writer, rows)

    @pytest.mark.parametrize("one_by_one", [False, True])
    @pytest.mark.parametrize(
        ("reported", "searches", "counted"), [(0, 3, 3), (2, 3, 2), (0, "3", 3), (0, 10**9, 0)]
    )
    def test_they_are_priced_unless_the_response_reports_them(
        self, accounted: Accounted, reported: int, searches: object, counted: int, *,
        one_by_one: bool,
    ) -> None:  # fmt: skip
        """They have the price of the model that asked, and are not responses of their own."""
        session = self.session(reported=reported, searches=searches)
        for end in range(1, len(session.rows) + 1) if one_by_one else ():
            accounted.read(Transcript("s0", None, session.writer, session.rows[:end]))
        accounted.read(session)
        account = load_account(accounted.bench.database, "s0", accounted.prices)
        assert (account.tokens.web_searches, account.responses) == (counted, 2)
        assert account.cost.usd == pytest.approx((20 + 2 * 10) / 1e6 + counted * 32 / 1000)
        assert account.cost.provenance == "computed"

    def test_a_resume_does_not_repeat_them(self, accounted: Accounted) -> None:
        """Old clients copied them with new uuids."""
        history = Historian()
        session = self.session()
        copy = history.copy(session, "redated", at_ms=FIRST_MS + DAY_MS)
        accounted.read(session, copy)
        accounts = load_accounts(accounted.bench.database, accounted.prices)
        assert sum(account.tokens.web_searches for account in accounts.values()) == 3

    def test_the_clients_total_contains_them(self, accounted: Accounted) -> None:
        """Under the model that made them, which need not be the one that asked."""
        session = self.session()
        usage = {"inputTokens": 20, "outputTokens": 10, "costUSD": 0.5}
        search = {"inputTokens": 900, "outputTokens": 80, "webSearchRequests": 3, "costUSD": 0.25}
        models = {"claude-opus-5-5": usage, "claude-haiku": search}
        session.rows.append(
            {"type": "cost-state", "sessionId": "s0", "totalCostUSD": 0.75, "modelUsage": models}
        )
        accounted.read(session)
        account = load_account(accounted.bench.database, "s0", accounted.prices)
        assert account.tokens.web_searches == 3
        assert (account.cost.usd, account.cost.provenance) == (0.75, "client")
