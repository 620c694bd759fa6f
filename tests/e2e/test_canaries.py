"""Clean: none of two hundred secrets, in every place of a session that can hold one, leaks."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from support.canaries import Canaries
from support.ccsync_program.written_bytes import written_bytes
from support.claude_client.client import SKIP_PERMISSIONS
from support.claude_client.script import reply, say, sealed_prompt, subagent, think, tool
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.ccsync_program.program import Program
    from support.claude_client.client import ClaudeHome
    from support.claude_client.terminal import Terminal
    from support.opensync_double.server import OpenSyncDouble

pytestmark = pytest.mark.client


def _repository(folder: Path, branch: str) -> None:
    folder.mkdir(parents=True)
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    for words in (["init", "-q", "-b", branch], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *who, *words], cwd=folder, check=True)


def test_no_canary_leaks(
    claude_home: ClaudeHome,
    watching_program: Program,
    opensync: OpenSyncDouble,
    open_terminal: Callable[..., Terminal],
) -> None:
    """No secret of a session is in the database's bytes, a log, an answer or a request."""
    canaries = Canaries(seed=20261122)
    folder = claude_home.root / f"work-{canaries.token()}"
    _repository(folder, f"fix/{canaries.token()}")
    claude_home.trust(folder)
    (folder / "dump.txt").write_text(canaries.mixed(25))
    (folder / f"{canaries.token()}.txt").write_text("named")
    phrases = [canaries.phrase() for _ in range(4)]
    (folder / ".env").write_text(f"DB_PASSWORD='{phrases[0]}'\nSMTP_PASSWORD='{phrases[1]}'\n")
    (folder / ".env.local").write_text(f"APP_SECRET='{phrases[2]}'\nADMIN_PASSWORD='{phrases[3]}'")
    watching_program.configure(
        convex_url=opensync.url, api_key=opensync.api_key, sync_thinking=True
    )
    watching_program.start()
    below = sealed_prompt(canaries.mixed(15), reply(say(f"Transcript {canaries.mixed(10)}")))
    run = claude_home.run(
        sealed_prompt(
            f"Use these:\n{canaries.mixed(55)}",
            reply(
                think(canaries.mixed(20)),
                say(f"I see {canaries.mixed(20)}"),
                tool("Bash", command=f"cat dump.txt; echo '{canaries.assignment()}'; ls"),
                tool("Write", file_path=f"{canaries.token()}.env", content=canaries.mixed(30)),
                tool("Read", file_path=str(folder / "dump.txt")),
                tool("Read", file_path=str(folder / ".env")),
            ),
            reply(tool("Bash", command="cat .env.local")),
            reply(say(f"They are {phrases[0]}, {phrases[2]}."), tool("Bash", command="cat .env*")),
            reply(tool("Bash", command=f"export {canaries.assignment()}; env")),
            reply(tool("Bash", command=f"curl -H '{canaries.header()}' {canaries.url()}; exit 3")),
            reply(subagent("Look", below)),
            reply(say("Done.")),
        ),
        SKIP_PERMISSIONS,
        cwd=folder,
    )
    terminal = open_terminal(SKIP_PERMISSIONS, "--resume", run.session_id, cwd=folder)
    terminal.submit(f"/rename {canaries.token()}")
    terminal.wait_for_row(lambda row: row.get("type") == "custom-title")
    terminal.submit(
        sealed_prompt(
            f"More: {canaries.mixed(20)} {canaries.jwt()} {phrases[1]} {phrases[3]}",
            say("All done."),
        )
    )
    terminal.wait_for_row(lambda row: "All done." in str(row.get("message")))
    terminal.exit()
    on_disk = b"".join(path.read_bytes() for path in claude_home.transcripts())
    planted = [secret for secret in canaries.planted if secret.encode() in on_disk]
    assert len(set(planted)) >= 200, "too few canaries reached a transcript"

    def is_done() -> bool:
        status = watching_program.status()
        return not status["bytes_behind"] and not status["totals"]["rows_pending"]

    wait_until(is_done, "everything is stored and sent")
    assert any("Done." in (row.text_content or "") for row in opensync.backend.all_messages())
    for place, data in written_bytes(watching_program, opensync).items():
        leaked = [secret for secret in canaries.planted if secret.encode() in data]
        assert not leaked, f"{len(leaked)} secrets are in {place}: {leaked[:5]}"
