"""What clients before 2.1 wrote differently, from lines in files to the figures."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from support.accounted import Accounted
from support.histories import Historian, Transcript
from support.lines import Writer, call, text

if TYPE_CHECKING:
    from pathlib import Path

FIRST_MS = 1_751_360_400_000  # 2025-07-01 09:00 UTC
DAY_MS = 86_400_000
Row = dict[str, Any]
ORDERS = list(itertools.permutations(range(3)))


@pytest.fixture
def accounted(tmp_path: Path) -> Accounted:
    """Return a store, and a pump on an empty folder."""
    return Accounted(tmp_path)


def _session(name: str, day: int = 0) -> Transcript:
    return Transcript(name, None, Writer(name, at_ms=FIRST_MS + day * DAY_MS), [])


def _task(number: int, kind: str = "general-purpose") -> dict[str, Any]:
    return call(
        f"toolu_{number}", "Task", description=f"plan {number}", prompt=f"Look at {number}",
        subagent_type=kind,
    )  # fmt: skip


def _call_tasks(session: Transcript, usage_id: str, *numbers: int) -> None:
    """Write an answer that starts subagents, a row for each call."""
    for number in numbers:
        row = session.writer.answer(_task(number), usage_id=usage_id, output_tokens=11)
        row["message"]["stop_reason"] = "tool_use"
        session.rows.append(row)


class TestSidechains:
    """Subagents inside the session's own transcript, until 2.0.14."""

    def _write_chains(self, session: Transcript, *numbers: int) -> None:
        """Write chains that answer in turn: the last of them first, each in two steps."""
        heads: dict[int, Row] = {}
        for number in numbers:
            heads[number] = session.writer.prompt(f"Look at {number}")
            session.rows.append({**heads[number], "isSidechain": True, "parentUuid": None})
        for step in range(2):
            for number in reversed(numbers):
                block = call(f"toolu_b{number}", "Bash", command="ls") if step == 0 else text("Ok")
                name = f"msg_s{number}_{step}"
                row = session.writer.answer(block, usage_id=name, output_tokens=100 * number)
                row |= {"isSidechain": True, "parentUuid": heads[number]["uuid"]}
                row["message"] |= {
                    "model": "claude-opus",
                    "stop_reason": "end_turn" if step else "tool_use",
                }
                session.rows.append(row)
                heads[number] = row
                if step == 0:
                    result = session.writer.result(f"toolu_b{number}", "out")
                    result |= {"isSidechain": True, "parentUuid": row["uuid"]}
                    session.rows.append(result)
                    heads[number] = result

    @pytest.mark.parametrize("chunk_bytes", [500, 1_000_000])
    def test_three_at_once_and_one_later_are_four_subagents(
        self, accounted: Accounted, chunk_bytes: int
    ) -> None:
        """Their steps are not turns, not the session's model, and not its answers."""
        accounted.bench.restart(chunk_bytes=chunk_bytes)
        session = _session("s0")
        writer = session.writer
        session.rows.append(writer.prompt("Compare three plans"))
        _call_tasks(session, "msg_m1", 1, 2, 3)
        self._write_chains(session, 1, 2, 3)
        session.rows += [writer.result(f"toolu_{number}", "Ok") for number in (3, 2, 1)]
        session.rows.append(writer.answer(text("Take two"), usage_id="msg_m2"))
        session.rows.append(writer.prompt("Another one"))
        _call_tasks(session, "msg_m3", 4)
        self._write_chains(session, 4)
        session.rows.append(writer.result("toolu_4", "Ok"))
        session.rows.append(writer.answer(text("Take four"), usage_id="msg_m4"))
        accounted.read(session)
        figures = accounted.sessions()["s0"]
        assert (figures.title, figures.model) == ("Compare three plans", "claude-opus-5-5")
        assert (figures.prompts, figures.turns, figures.calls) == (2, 2, 8)
        assert {agent[1:] for agent in figures.subagents} == {
            ("general-purpose", f"plan {number}", f"toolu_{number}") for number in (1, 2, 3, 4)
        }
        assert figures.models == {"claude-opus-5-5": (40, 32), "claude-opus": (80, 2000)}

    def test_a_session_whose_subagents_still_run_has_no_turn(self, accounted: Accounted) -> None:
        """Its model is the one that was asked."""
        session = _session("s0")
        session.rows.append(session.writer.prompt("Compare"))
        _call_tasks(session, "msg_m1", 1, 2)
        self._write_chains(session, 1, 2)
        accounted.read(session)
        figures = accounted.sessions()["s0"]
        assert (figures.turns, figures.model) == (0, "claude-opus-5-5")

    @pytest.mark.parametrize("how", ["redated", "recopied"])
    @pytest.mark.parametrize("one_by_one", [False, True])
    @pytest.mark.parametrize("order", ORDERS)
    def test_a_resumed_session_does_not_count_the_subagents_again(
        self, accounted: Accounted, how: str, order: tuple[int, ...], *, one_by_one: bool
    ) -> None:
        """Not their tokens, calls or turns, on whatever day they were copied."""
        history = Historian()
        source = _session("s0")
        source.rows.append(source.writer.prompt("Compare"))
        _call_tasks(source, "msg_m1", 1, 2)
        self._write_chains(source, 1, 2)
        source.rows += [source.writer.result(f"toolu_{number}", "Ok") for number in (2, 1)]
        source.rows.append(source.writer.answer(text("Take two"), usage_id="msg_m2"))
        first = history.copy(source, how, at_ms=FIRST_MS + 3 * DAY_MS)
        history.prompt(first)
        history.response(first)
        second = history.copy(first, how, at_ms=FIRST_MS + 50 * DAY_MS)
        history.prompt(second)
        history.response(second)
        files = [source, first, second]
        accounted.read(*[files[number] for number in order], one_by_one=one_by_one)
        sessions = accounted.sessions()
        assert [
            (item.tokens, item.prompts, item.turns, item.calls)
            for item in (sessions[transcript.session_id] for transcript in files)
        ] == [((60, 616), 1, 1, 4), ((10, 50), 1, 1, 0), ((10, 50), 1, 1, 0)]
        assert len(sessions["s0"].subagents) == 2


class TestFlatAgents:
    """Files `agent-….jsonl` next to the session's, 2.0.42 to 2.1.120."""

    @pytest.mark.parametrize("order", ORDERS)
    @pytest.mark.parametrize("one_by_one", [False, True])
    def test_results_tie_them_to_their_calls(
        self, accounted: Accounted, order: tuple[int, ...], *, one_by_one: bool
    ) -> None:
        """Two of one session, without sidecars."""
        session = _session("s0")
        writer = session.writer
        session.rows.append(writer.prompt("Compare plans"))
        _call_tasks(session, "msg_m1", 1, 2)
        agents: list[Transcript] = []
        for number, name in ((1, "c226efc7"), (2, "0a1b2c3d")):
            agent = Transcript("s0", name, Writer("s0", name, at_ms=writer.at_ms), [])
            agent.rows.append(agent.writer.prompt(f"Look at {number}"))
            agent.rows.append(agent.writer.answer(text("Ok"), usage_id=f"msg_{name}"))
            agents.append(agent)
            detail = {"status": "completed", "agentId": name, "totalTokens": 40}
            session.rows.append(writer.result(f"toolu_{number}", "Ok", detail=detail))
        session.rows.append(writer.answer(text("Take one"), usage_id="msg_m2"))
        files = [session, *agents]
        accounted.read(*[files[number] for number in order], one_by_one=one_by_one, is_flat=True)
        figures = accounted.sessions()["s0"]
        assert figures.subagents == {
            ("c226efc7", "general-purpose", "plan 1", "toolu_1"),
            ("0a1b2c3d", "general-purpose", "plan 2", "toolu_2"),
        }
        assert (figures.title, figures.turns, figures.tokens) == ("Compare plans", 1, (40, 26))

    @pytest.mark.parametrize("one_by_one", [False, True])
    @pytest.mark.parametrize("order", ORDERS)
    def test_agents_of_a_session_without_rows_make_no_session(
        self, accounted: Accounted, order: tuple[int, ...], *, one_by_one: bool
    ) -> None:
        """Some clients start them before a resume: they count, and are neither listed nor sent."""
        other = _session("s1", day=2)
        other.rows += [other.writer.prompt("Hello"), other.writer.answer(text("Hi"))]
        agents = [
            Transcript("s0", name, Writer("s0", name, at_ms=FIRST_MS), [])
            for name in ("a0001244", "a0001245")
        ]
        for agent in agents:
            row = agent.writer.answer(text("Ready"), usage_id=f"msg_{agent.name}")
            agent.rows += [agent.writer.prompt("Warmup"), row]
        files = [other, *agents]
        accounted.read(*[files[number] for number in order], one_by_one=one_by_one, is_flat=True)
        assert list(accounted.sessions()) == ["s1"]
        assert accounted.tokens() == (30, 15)
        assert accounted.sent_texts() == ["Hello", "Hi"]


class TestTitles:
    """Lines `summary` with the id of a row, up to 2.1.0."""

    @pytest.mark.parametrize("order", ORDERS)
    @pytest.mark.parametrize("one_by_one", [False, True])
    def test_the_session_that_has_the_row_gets_the_title(
        self, accounted: Accounted, order: tuple[int, ...], *, one_by_one: bool
    ) -> None:
        """The line stands in another session's file; of several, that of the latest row counts."""
        sessions = [_session(f"s{number}", day=number) for number in range(3)]
        for number, session in enumerate(sessions):
            session.rows.append(session.writer.prompt(f"Do {number}"))
            row = session.writer.answer(text("Done"), usage_id=f"msg_{number}")
            session.rows.append(row)
        named = ((0, -1, "Garden planning"), (0, -2, "Old name"), (1, -1, "The pond"))
        for number, index, title in named:
            leaf = sessions[number].rows[index]["uuid"]
            summary = {"type": "summary", "summary": title, "leafUuid": leaf}
            sessions[2].rows.insert(0, summary)
        accounted.read(*[sessions[number] for number in order], one_by_one=one_by_one)
        titles = {name: item.title for name, item in accounted.sessions().items()}
        assert titles == {"s0": "Garden planning", "s1": "The pond", "s2": "Do 2"}

    @pytest.mark.parametrize("how", ["redated", "recopied", "rewritten"])
    @pytest.mark.parametrize("one_by_one", [False, True])
    def test_the_title_of_a_copied_row_is_not_the_copy_s(
        self, accounted: Accounted, how: str, *, one_by_one: bool
    ) -> None:
        """It is that of the session that has the original."""
        history = Historian()
        source = _session("s0")
        source.rows += [source.writer.prompt("Plan"), source.writer.answer(text("Beds"))]
        copy = history.copy(source, how, at_ms=FIRST_MS + DAY_MS)
        leaf = source.rows[-1]["uuid"]
        copy.rows.insert(0, {"type": "summary", "summary": "Garden planning", "leafUuid": leaf})
        copy.rows.append(copy.writer.prompt("Paint the shed"))
        history.response(copy)
        accounted.read(copy, source, one_by_one=one_by_one)
        titles = {name: item.title for name, item in accounted.sessions().items()}
        assert titles["s0"] == "Garden planning"


class TestUnfinished:
    """Responses that were written before they ended, by 2.1.20 and 2.1.51."""

    def test_tokens_and_cost_are_a_lower_bound(self, accounted: Accounted) -> None:
        """Each answered prompt is a turn, also after calls."""
        session = _session("s0")
        writer = session.writer
        for number in range(2):
            session.rows.append(writer.prompt(f"Do {number}"))
            blocks = [call(f"t{number}", "Bash", command="ls"), text("Done")]
            for at, block in enumerate(blocks):
                row = writer.answer(block, usage_id=f"msg_{number}_{at}", output_tokens=1)
                row["message"]["stop_reason"] = None
                session.rows.append(row)
                if at == 0:
                    session.rows.append(writer.result(f"t{number}", "out"))
        accounted.read(session)
        figures = accounted.sessions()["s0"]
        assert (figures.tokens, figures.turns) == ((40, 4), 2)
        assert figures.cost.provenance == "partial"
        assert any("4 responses were written before the end" in note for note in figures.notes)

    def test_a_response_that_is_completed_later_is_whole(self, accounted: Accounted) -> None:
        """Older clients wrote the first block early, the last one with the end."""
        session = _session("s0")
        session.rows.append(session.writer.prompt("Do"))
        early = session.writer.answer(text("On"), usage_id="msg_1", output_tokens=1)
        early["message"]["stop_reason"] = None
        late = session.writer.answer(text("it"), usage_id="msg_1", output_tokens=90)
        session.rows += [early, late]
        accounted.read(session)
        figures = accounted.sessions()["s0"]
        assert (figures.tokens, figures.turns) == ((10, 90), 1)
        assert figures.cost.provenance == "computed"

    def test_a_summary_alone_is_the_compaction(self, accounted: Accounted) -> None:
        """Until 1.0.88 there was no boundary; the summary is not a prompt."""
        session = _session("s0")
        writer = session.writer
        session.rows += [
            writer.prompt("Do"),
            writer.answer(text("Done"), usage_id="msg_1"),
            writer.prompt("This session is continued from a previous one.", isCompactSummary=True),
            writer.prompt("More"),
            writer.answer(text("Done"), usage_id="msg_2"),
        ]
        accounted.read(session)
        figures = accounted.sessions()["s0"]
        assert (figures.prompts, figures.turns) == (2, 2)
