"""Read the file of a workflow's run: its agents, with their labels and phases; pure.

The file holds the script and all results, too; of these nothing is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from ccsync_watch.transcripts.fields import agent_identity, count, mapping, text

_LISTS = ("workflowProgress", "agents", "progress")
_LABELS = ("label", "name", "title")
_PHASES = ("phaseTitle", "phase", "phaseName")


@dataclass(frozen=True, slots=True)
class WorkflowAgent:
    """One agent of a run; `position` is its number in the run."""

    label: str | None = None
    phase: str | None = None
    model: str | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A run of a workflow; `task_id` is what the client calls it in its reports."""

    run_id: str
    task_id: str | None = None
    agents: dict[str, WorkflowAgent] = field(default_factory=dict)

    def find_agent(self, agent_id: str) -> WorkflowAgent:
        """Return what the run's file says of an agent: nothing if it does not name it."""
        return self.agents.get(agent_id, WorkflowAgent())


def read_run(data: bytes, run_id: str) -> WorkflowRun:
    """Return the run of this id as its file describes it; without agents if it is unreadable."""
    try:
        values = mapping(orjson.loads(data))
    except orjson.JSONDecodeError:
        values = {}
    agents: dict[str, WorkflowAgent] = {}
    for name in _LISTS:
        listed = values.get(name)
        for item in listed if isinstance(listed, list) else ():
            agent_id = agent_identity(mapping(item).get("agentId"))
            if agent_id:
                agents.setdefault(agent_id, _read_agent(item))
    return WorkflowRun(run_id, agent_identity(values.get("taskId")), agents)


def _read_agent(item: dict[str, Any]) -> WorkflowAgent:
    return WorkflowAgent(
        label=_first_text(item, _LABELS),
        phase=_first_text(item, _PHASES),
        model=text(item.get("model")),
        position=count(item.get("index")) or None,
    )


def _first_text(item: dict[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = item.get(name)
        value = text(value.get("title")) if isinstance(value, dict) else text(value)
        if value:
            return value
    return None
