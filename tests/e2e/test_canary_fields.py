"""Clean: no secret leaks from a string or key of any row or hook event, or from a file's name."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from support.canaries import Canaries
from support.canary_rows import client_rows_with_canaries, with_canaries
from support.ccsync_program.written_bytes import written_bytes
from support.lines import AGENT, SESSION, Writer, line
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble

_SIDECAR = {
    "agentType": "reviewer",
    "description": "Look",
    "toolUseId": "toolu_1",
    "parentAgentId": AGENT,
    "model": "claude-opus-5-5",
    "name": "lily",
    "teamName": "team",
    "color": "blue",
    "worktreePath": "/home/user/project",
}
_RUN = {
    "runId": "wf_1",
    "name": "review",
    "status": "completed",
    "script": "words",
    "agents": [{"agentId": AGENT, "label": "first", "phase": "look", "model": "claude-opus-5-5"}],
    "phases": [{"title": "look"}],
    "workflowProgress": [
        {"type": "workflow_agent", "agentId": AGENT, "label": "first", "phaseTitle": "look"}
    ],
}


def _hook_event(name: str, claude_dir: Path) -> dict[str, Any]:
    return {
        "session_id": SESSION,
        "transcript_path": str(claude_dir / "projects" / "-home-user-project" / f"{SESSION}.jsonl"),
        "cwd": "/home/user/project",
        "hook_event_name": name,
        "source": "startup",
        "model": "claude-opus-5-5",
        "reason": "exit",
        "permission_mode": "default",
    }


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _write_transcripts(projects: Path, next_canary: Callable[[], str]) -> None:
    """Write every row with a canary in every place, and files that have one in their names."""
    project = projects / "-home-user-project"
    rows = b"".join(line(row) for row in client_rows_with_canaries(next_canary))
    _write(project / f"{SESSION}.jsonl", rows)
    agents = project / SESSION / "subagents"
    task = line(Writer(agent_id=AGENT).prompt("words"))
    for number, (_place, sidecar) in enumerate(with_canaries(_SIDECAR, next_canary)):
        _write(agents / f"agent-a{number:016x}.jsonl", task)
        _write(agents / f"agent-a{number:016x}.meta.json", json.dumps(sidecar).encode())
    for number, (_place, run) in enumerate(with_canaries(_RUN, next_canary)):
        _write(agents / "workflows" / f"wf_{number}" / f"agent-{AGENT}.jsonl", task)
        _write(project / SESSION / "workflows" / f"wf_{number}.json", json.dumps(run).encode())
    for canary in (next_canary(), next_canary()):
        other = line(Writer(session_id=canary, cwd=f"/home/{canary}").prompt("words"))
        _write(projects / f"-home-{canary}" / f"{canary}.jsonl", other)
        _write(agents / f"agent-{canary}.jsonl", task)
        _write(agents / f"agent-{canary}.meta.json", json.dumps(_SIDECAR).encode())
        _write(agents / "workflows" / f"wf_{canary}" / f"agent-{canary}.jsonl", task)
        _write(project / SESSION / "tool-results" / f"{canary}.txt", canary.encode())
        title = json.dumps({"customTitle": canary}).encode()
        _write(project / SESSION / "custom-title.json", title)
        _write(project / f"{canary}.jsonl.compact.tmp.01234567", task)


def _write_hook_events(program: Program, next_canary: Callable[[], str]) -> None:
    spool = program.state / "signals"
    numbers = itertools.count(1)
    for name in ("SessionStart", "Stop", "SessionEnd"):
        event = _hook_event(name, program.claude_dir)
        for _place, changed in with_canaries(event, next_canary):
            _write(spool / f"{name}.{SESSION}.{next(numbers)}", line(changed))
        canary = next_canary()
        _write(spool / f"{name}.{canary}.1", line({**event, "session_id": canary}))
        _write(spool / next_canary(), line(event))


def test_no_canary_of_any_field_leaks(program: Program, opensync: OpenSyncDouble) -> None:
    """No string, no key and no name of what a client writes is kept or sent unredacted."""
    canaries = Canaries(seed=20261129)
    # As a mixed token and as a hexadecimal one: some fields keep what looks like an id.
    kinds = itertools.cycle((canaries.github_token, canaries.hex_token))

    def next_canary() -> str:
        return next(kinds)()

    opensync.backend.accepts_batch_created_at = True  # old rows go in batches, too: faster
    program.configure(convex_url=opensync.url, api_key=opensync.api_key, sync_thinking=True)
    _write_transcripts(program.claude_dir / "projects", next_canary)
    program.state.mkdir(mode=0o700)
    _write_hook_events(program, next_canary)
    assert len(canaries.planted) > 3000
    program.start()

    def is_done() -> bool:
        status = program.status()
        is_behind = status["bytes_behind"] or status["totals"]["rows_pending"]
        return not is_behind and not any((program.state / "signals").iterdir())

    wait_until(is_done, "everything is stored and sent", 300.0)
    assert len(opensync.backend.all_messages()) > 500
    planted = set(canaries.planted)
    for place, data in written_bytes(program, opensync).items():
        leaked = {canary for canary in canaries.find_all(data) if canary in planted}
        assert not leaked, f"{len(leaked)} canaries are in {place}: {sorted(leaked)[:5]}"
