"""Everything that the program wrote, printed or sent, to search it for what must not be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.browser import DashboardAccess
from support.present_files import contents, present_files

if TYPE_CHECKING:
    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble


def written_bytes(program: Program, opensync: OpenSyncDouble) -> dict[str, bytes]:
    """Return the raw bytes of everything that the program wrote, printed or sent."""
    paths = [path.relative_to(program.state) for path, _status in present_files(program.state)]
    places = {
        str(path.relative_to(program.state)): data for path, data in contents(program.state).items()
    }
    places["names of files"] = "\n".join(map(str, paths)).encode()
    places["output"] = program.output().encode()
    places["requests"] = b"\n".join(call.body for call in opensync.backend.calls)
    ids = [row["session_id"] for row in program.status()["sessions"]]
    exports = [
        ["export", session_id, "--format", form] for session_id in ids for form in ("md", "json")
    ]
    for words in (["status", "--json"], ["status"], ["preview"], ["ledger"], *exports):
        completed = program.call(*words)
        places[" ".join(words)] = (completed.out + completed.err).encode()
    with DashboardAccess.request(program).client() as client:
        for path in ("/?range=all", "/sessions", "/sync", "/search?q=done"):
            places[path] = client.get(path).content
        for session_id in ids:
            places[session_id] = client.get(f"/sessions/{session_id}").content
            assert b"entry" in places[session_id]
    return places
