"""Files that describe subagents: sidecars of teams and workflows, runs, the client's helpers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import orjson
import pytest

from ccsync_watch.accounting.session_accounts import load_subagent_accounts
from ccsync_watch.store.conversations import list_subagents
from ccsync_watch.transcripts.discovery import transcript_paths
from support.lines import SESSION, Writer, call, text
from support.storing import price_list

if TYPE_CHECKING:
    from pathlib import Path

    from support.pumping import Bench

RUN = "wf_0a1b2c3d-4e5"
_AGENTS = f"p/{SESSION}/subagents"
_RUN_AGENTS = f"{_AGENTS}/workflows/{RUN}"


def _run_file(bench: Bench) -> Path:
    path = bench.root / "p" / SESSION / "workflows" / f"{RUN}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write_run(bench: Bench, **more: object) -> None:
    agents = [
        {"type": "workflow_phase", "index": 1, "title": "Count"},
        {
            "type": "workflow_agent", "index": 1, "label": "count the beds", "phaseIndex": 1,
            "phaseTitle": "Count", "agentId": "a2", "model": "claude-haiku",
        },
        {
            "type": "workflow_agent", "index": 2, "label": "water @rosé", "phaseIndex": 2,
            "phaseTitle": "Water", "agentId": "a1",
        },
    ]  # fmt: skip
    values = {"runId": RUN, "taskId": "w7", "script": "agent('a1')", "workflowProgress": agents}
    staged = bench.root / "staged"
    staged.write_bytes(orjson.dumps({**values, **more}))
    os.utime(staged, ns=(5, 5))
    staged.rename(_run_file(bench))


def _write_agents(bench: Bench) -> list[Path]:
    paths = [bench.path(f"agent-{name}", _RUN_AGENTS) for name in ("a1", "a2")]
    for path, name in zip(paths, ("a1", "a2"), strict=True):
        bench.append(path, Writer(agent_id=name).prompt(f"task of {name}"))
        path.with_name(f"agent-{name}.meta.json").write_bytes(b'{"agentType":"workflow-subagent"}')
        os.utime(path, ns=(10**18, 10**18))
    return paths


def _write_main(bench: Bench) -> None:
    main = Writer()
    launched = {"status": "async_launched", "taskId": "w7", "runId": RUN}
    bench.append(
        bench.path(),
        main.prompt("go"),
        main.answer(call("toolu_1", "Workflow", script="…")),
        main.result("toolu_1", "Workflow launched in background.", detail=launched),
    )


class TestWorkflows:
    """The agents of a run, which its file labels when it ends."""

    @pytest.mark.parametrize("is_announced", [True, False])
    def test_a_run_labels_its_agents(self, bench: Bench, *, is_announced: bool) -> None:
        """Whether an event announces its file or a scan finds it; they stand in the run's order."""
        paths = _write_agents(bench)
        _write_main(bench)
        bench.catch_up()
        _write_run(bench)
        if is_announced:
            changed = transcript_paths(str(_run_file(bench)))
            assert sorted(changed) == sorted(map(str, paths))
            bench.pump.queue_paths(changed)
            bench.drain()
        else:
            bench.catch_up()
        agents = list_subagents(bench.database, SESSION)
        assert [(item.agent_id, item.description, item.phase) for item in agents] == [
            ("a2", "count the beds", "Count"),
            ("a1", "water @rosé", "Water"),
        ]
        assert {item.tool_use_id for item in agents} == {"toolu_1"}
        assert bench.select("SELECT count(*) FROM transcripts") == [(3,)]
        assert bench.catch_up() == 0

    @pytest.mark.parametrize("is_report", [True, False])
    def test_texts_about_a_run_name_its_call(self, bench: Bench, *, is_report: bool) -> None:
        """The report of its task, and the text of the result that started it."""
        _write_agents(bench)
        _write_run(bench)
        main = Writer()
        report = "<task-notification>\n<task-id>w7</task-id>\n<tool-use-id>toolu_1</tool-use-id>\n"
        report += "<status>completed</status>\n</task-notification>"
        launched = f"Workflow launched in background. Task ID: w7\nSummary: x\nRun ID: {RUN}\nMore."
        started = main.answer(call("toolu_1", "Workflow", script="…"))
        row = main.prompt(report) if is_report else main.result("toolu_1", launched)
        bench.append(bench.path(), main.prompt("go"), started, row)
        bench.catch_up()
        agents = list_subagents(bench.database, SESSION)
        assert [item.tool_use_id for item in agents] == ["toolu_1", "toolu_1"]

    def test_agents_may_be_listed_by_phase(self, bench: Bench) -> None:
        """And a phase may be an object with a title."""
        _write_agents(bench)
        phases = [
            {"title": "Count", "agents": [{"agentId": "a1", "label": "beds"}]},
            {"agents": [{"agentId": "a2", "name": "hens", "phase": {"title": "Feed"}}]},
        ]
        _write_run(bench, workflowProgress=None, phases=phases)
        bench.catch_up()
        agents = list_subagents(bench.database, SESSION)
        assert [(item.description, item.phase) for item in agents] == [
            ("beds", "Count"),
            ("hens", "Feed"),
        ]

    @pytest.mark.parametrize("data", [b"", b"[]", b'{"workflowProgress":[7,{"agentId":[]}]}'])
    def test_an_unreadable_run_adds_nothing(self, bench: Bench, data: bytes) -> None:
        """It may be half written; the sidecars describe its agents as far as they do."""
        _write_agents(bench)
        _run_file(bench).write_bytes(data)
        bench.catch_up()
        agents = list_subagents(bench.database, SESSION)
        assert {(item.agent_type, item.description) for item in agents} == {
            ("workflow-subagent", None)
        }


class TestHelpers:
    """What the client asks the model for by itself."""

    @pytest.mark.parametrize(
        ("agent_id", "name"),
        [
            ("aprompt_suggestion-0123ab", "prompt suggestion"),
            ("acompact-33eb9bdd097be81e", "compaction"),
            ("asession_memory-94d26433f3755c77", "memory"),
        ],
    )
    def test_a_helper_costs_and_says_nothing(self, bench: Bench, agent_id: str, name: str) -> None:
        """Its prompt is the client's own; what it cost is counted, under its purpose."""
        main, helper = Writer(), Writer(agent_id=agent_id)
        bench.append(bench.path(), main.prompt("go"), main.answer(text("gone"), usage_id="m1"))
        prompt = helper.prompt("[SUGGESTION MODE: suggest what the user might type]")
        answer = helper.answer(text("run the tests"), usage_id="h1", output_tokens=7)
        bench.append(bench.path(f"agent-{agent_id}", _AGENTS), prompt, answer)
        bench.catch_up()
        assert list_subagents(bench.database, SESSION) == []
        assert bench.texts() == ["go", "gone"]
        prices = price_list(bench.root)
        (account,) = load_subagent_accounts(bench.database, SESSION, prices)
        assert (account.agent_id, account.agent_type) == (agent_id, name)
        assert (account.tokens.output, account.is_helper) == (7, True)

    def test_what_a_person_asks_beside_the_conversation_is_kept(self, bench: Bench) -> None:
        """The client starts a subagent for it, but the words are a person's."""
        agent_id = "aside_question-94d26433f3755c77"
        path = bench.path(f"agent-{agent_id}", _AGENTS)
        bench.append(path, Writer(agent_id=agent_id).prompt("why so many hens?"))
        bench.catch_up()
        (agent,) = list_subagents(bench.database, SESSION)
        assert (agent.name, bench.texts()) == ("side question", ["why so many hens?"])

    def test_a_member_of_a_team_may_be_called_like_a_helper(self, bench: Bench) -> None:
        """Its sidecar names the team; its name comes before its type."""
        agent_id = "acompact-0123456789abcdef"
        path = bench.path(f"agent-{agent_id}", _AGENTS)
        meta = {"agentType": "general-purpose", "name": "compact", "teamName": "cov"}
        path.with_name(f"{path.stem}.meta.json").write_bytes(orjson.dumps(meta))
        bench.append(path, Writer(agent_id=agent_id).prompt("press the apples"))
        bench.catch_up()
        (agent,) = list_subagents(bench.database, SESSION)
        assert (agent.name, agent.messages) == ("compact", 1)


@pytest.mark.parametrize("name", ["auditor", "rosé", "名前"])
def test_a_member_of_a_team_belongs_to_the_call_that_started_it(bench: Bench, name: str) -> None:
    """The result says its name and team, its file only an id of its own."""
    main = Writer()
    member = f"{name}@cov"
    started = {"status": "teammate_spawned", "agent_id": member, "teammate_id": member}
    bench.append(
        bench.path(),
        main.prompt("go"),
        main.answer(call("toolu_1", "Agent", prompt="audit it", team_name="cov")),
        main.result("toolu_1", "Spawned", detail=started),
    )
    path = bench.path(f"agent-a{name}-0123456789abcdef", _AGENTS)
    meta = {"agentType": "general-purpose", "name": name, "teamName": "cov"}
    path.with_name(f"{path.stem}.meta.json").write_bytes(orjson.dumps(meta))
    agent_id = f"a{name}-0123456789abcdef"
    bench.append(path, Writer(agent_id=agent_id).prompt("another task"))
    bench.catch_up()
    (agent,) = list_subagents(bench.database, SESSION)
    assert (agent.agent_id, agent.name, agent.tool_use_id) == (agent_id, name, "toolu_1")
