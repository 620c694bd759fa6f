"""The subagents of a session as a tree: each below the one that started it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccsync_watch.store.subagent_works import SubagentWork, load_works

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ccsync_watch.accounting.session_accounts import SubagentAccount
    from ccsync_watch.dashboard.site import Site
    from ccsync_watch.store.conversations import SubagentRow
    from ccsync_watch.store.database import Database

_MAX_DEPTH = 20
"""What is started below is shown at this depth; templates call themselves for every level."""


@dataclass(slots=True)
class SubagentNode:
    """A subagent with what it did and used, and those that it started; None: it used nothing."""

    row: SubagentRow
    work: SubagentWork
    account: SubagentAccount | None
    children: list[SubagentNode] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SubagentTree:
    """All subagents by their ids; `roots` are those that no other subagent started."""

    nodes: dict[str, SubagentNode]
    roots: list[SubagentNode]

    def ancestors(self, agent_id: str) -> list[SubagentNode]:
        """Return those that led to a subagent, the outermost first."""
        path: list[SubagentNode] = []
        current = self.nodes[agent_id].row.parent_id
        while current in self.nodes and len(path) < len(self.nodes):
            path.append(self.nodes[current])
            current = path[-1].row.parent_id
        return path[::-1]


def load_tree(
    site: Site,
    session_id: str,
    subagents: Sequence[SubagentRow],
    worked: Iterable[str] | None = None,
) -> SubagentTree:
    """Return the tree of a session's subagents, in their order.

    With `worked` only those are shown with what they did: it is read from all their messages.
    """
    if not subagents:
        return SubagentTree({}, [])
    accounts = site.figures.subagents(session_id)
    return build_tree(site.database, session_id, subagents, accounts, worked)


def build_tree(
    database: Database,
    session_id: str,
    subagents: Sequence[SubagentRow],
    accounts: Mapping[str, SubagentAccount],
    worked: Iterable[str] | None = None,
) -> SubagentTree:
    """Return the same of subagents with these accounts."""
    ids = [row.agent_id for row in subagents] if worked is None else list(worked)
    works = load_works(database, session_id, ids) if ids else {}
    nodes = {
        row.agent_id: SubagentNode(
            row, works.get(row.agent_id, SubagentWork()), accounts.get(row.agent_id)
        )
        for row in subagents
    }
    roots = []
    for node in nodes.values():
        parent = _shown_parent(nodes, node)
        if parent is None:
            roots.append(node)
        else:
            parent.children.append(node)
    return SubagentTree(nodes, roots)


def _shown_parent(nodes: dict[str, SubagentNode], node: SubagentNode) -> SubagentNode | None:
    """Return below which one a subagent is shown: what started it, but never too deep.

    One that is below itself, as no client writes it, would have no place: it is below none.
    """
    path: list[SubagentNode] = []
    current = nodes.get(node.row.parent_id or "")
    while current is not None:
        if current is node or len(path) > len(nodes):
            return None
        path.append(current)
        current = nodes.get(current.row.parent_id or "")
    return path[max(0, len(path) - _MAX_DEPTH)] if path else None
