"""Read the file of a workflow's run: its agents, with their labels and phases; pure.

The file holds the script and all results, too; of these nothing is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.transcripts.fields import agent_identity, count, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator

_LISTS = ("workflowProgress", "agents", "progress", "phases")
_MAX_DEPTH = 4
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
        for item, phase in _list_agents(values.get(name), None, 0):
            agent_id = agent_identity(item.get("agentId"))
            if agent_id:
                agents.setdefault(agent_id, _read_agent(item, phase))
    return WorkflowRun(run_id, agent_identity(values.get("taskId")), agents)


def _list_agents(
    items: object, phase: str | None, depth: int
) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield the agents of a list, or of those of its phases, each with its phase."""
    for item in items if isinstance(items, list) and depth < _MAX_DEPTH else ():
        values = mapping(item)
        if "agentId" in values:
            yield values, phase
        else:
            yield from _list_agents(values.get("agents"), _first_text(values, _LABELS), depth + 1)


def _read_agent(item: dict[str, Any], phase: str | None) -> WorkflowAgent:
    return WorkflowAgent(
        label=_first_text(item, _LABELS),
        phase=_first_text(item, _PHASES) or phase,
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
