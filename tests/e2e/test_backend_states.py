"""The state of a session at the backend: its project, how long it lasted, its model and cost."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from support.ccsync_program.transcript import Transcript
from support.lines import AGENT, Writer, line, text

if TYPE_CHECKING:
    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble

MINUTE_MS = 60_000


@pytest.fixture
def uploading(program: Program, opensync: OpenSyncDouble) -> Program:
    """Return the program with a backend, not started."""
    program.configure(convex_url=opensync.url, api_key=opensync.api_key)
    return program


def _transcript(program: Program, name: str, cwd: str = "/home/posy/pots") -> Transcript:
    """Return a transcript of its own, as a session that works in a folder has it."""
    transcript = Transcript(program.claude_dir, str(uuid.uuid5(uuid.NAMESPACE_URL, name)), name)
    transcript.writer.cwd = cwd
    return transcript


def _states(opensync: OpenSyncDouble, session_id: str) -> list[dict[str, Any]]:
    """Return every state that was sent of a session, alone or in a batch."""
    bodies = [json.loads(call.body) for call in opensync.backend.calls if call.body]
    sent = [state for body in bodies for state in (body, *body.get("sessions", ()))]
    return [state for state in sent if state.get("externalId") == session_id and "source" in state
            and "role" not in state]  # fmt: skip


def test_a_project_is_that_of_the_repository_without_this_machine(
    uploading: Program, opensync: OpenSyncDouble
) -> None:
    """In the client's worktrees, in others, and on Windows; as `preview` says."""
    repository, outside = "/home/posy/dev/pots", "/var/tmp/trees/weeds"  # noqa: S108 - not opened
    folders = {
        repository: ("~/dev/pots", "pots"),
        f"{repository}/.claude/worktrees/weeds": ("~/dev/pots", "pots"),
        f"{repository}/.claude/worktrees/weeds/src": ("~/dev/pots", "pots"),
        outside: ("~/dev/pots", "pots"),
        "C:\\Users\\posy\\dev\\seeds": ("~/dev/seeds", "seeds"),
        "c:/Users/posy/dev/seeds/": ("~/dev/seeds", "seeds"),
        "D:\\garden\\.claude\\worktrees\\weeds": ("garden", "garden"),
        "/srv/www/garden": ("garden", "garden"),
    }
    transcripts = {}
    for number, cwd in enumerate(folders):
        transcript = transcripts[cwd] = _transcript(uploading, f"project-{number}", cwd)
        if cwd == outside:
            tree = {"originalCwd": repository, "worktreePath": outside, "worktreeName": "weeds"}
            state = {"type": "worktree-state", "worktreeSession": tree}
            transcript.append({**state, "sessionId": transcript.session_id})
        transcript.turn()
    assert uploading.call("sync-now").code == 0
    sessions = {cwd: opensync.backend.session(one.session_id) for cwd, one in transcripts.items()}
    sent = {cwd: (row.project_path, row.project_name) for cwd, row in sessions.items()}
    assert sent == folders
    requests = [json.loads(request) for request in uploading.call("preview").out.splitlines()]
    previewed = {
        request["body"]["externalId"]: request["body"]["projectPath"]
        for request in requests
        if request["path"] == "/sync/session"
    }
    assert previewed == {row.external_id: row.project_path for row in sessions.values()}
    for transcript in transcripts.values():
        assert "posy" not in json.dumps(_states(opensync, transcript.session_id))


def test_a_session_lasted_without_its_long_gaps(
    uploading: Program, opensync: OpenSyncDouble
) -> None:
    """Half an hour counts, more does not; nor is it a gap while a subagent works."""
    minutes = {"once": (0, 30, 61, 71), "twice": (0, 600, 601, 9000), "busy": (0, 50)}
    lasted = {"once": 40, "twice": 1, "busy": 50}
    transcripts = {name: _transcript(uploading, name) for name in minutes}
    for name, transcript in transcripts.items():
        start_ms = transcript.writer.at_ms
        for minute in minutes[name]:
            transcript.writer.at_ms = start_ms + minute * MINUTE_MS
            transcript.append(transcript.writer.prompt(f"Question {minute}?"))
    busy = transcripts["busy"]
    agent = Writer(session_id=busy.session_id, agent_id=AGENT, cwd=busy.writer.cwd)
    agent.at_ms += 25 * MINUTE_MS
    file = busy.path.with_suffix("") / "subagents" / f"agent-{AGENT}.jsonl"
    file.parent.mkdir(parents=True)
    file.write_bytes(line(agent.prompt("Look")))
    assert uploading.call("sync-now").code == 0
    sessions = {name: opensync.backend.session(one.session_id) for name, one in transcripts.items()}
    sent = {name: row.duration_ms for name, row in sessions.items()}
    assert sent == {name: minutes * MINUTE_MS for name, minutes in lasted.items()}


def test_what_is_not_known_is_not_sent(uploading: Program, opensync: OpenSyncDouble) -> None:
    """A cost of zero, or a model that was none, would be shown as if it were known."""
    asked, unpriced, failed = (_transcript(uploading, name) for name in ("asked", "odd", "failed"))
    asked.append(asked.writer.prompt("Anybody there?"))
    answer = unpriced.writer.answer(text("Yes."))
    answer["message"]["model"] = "garden-model-9"
    unpriced.append(unpriced.writer.prompt("And there?"), answer)
    error = failed.writer.answer(text("API Error: 400"), input_tokens=0, output_tokens=0)
    error["message"]["model"] = "<synthetic>"
    failed.append(failed.writer.prompt("Here?"), {**error, "isApiErrorMessage": True})
    assert uploading.call("sync-now").code == 0
    for transcript, model in ((asked, None), (unpriced, "garden-model-9"), (failed, None)):
        states = _states(opensync, transcript.session_id)
        assert states
        assert [state["cost"] for state in states if "cost" in state] == []
        assert states[-1].get("model") == model
        assert all("model" not in state for state in states if model is None)
