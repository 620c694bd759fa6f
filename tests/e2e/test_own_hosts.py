"""No telemetry: the program speaks to the configured deployment, and to nobody else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.ccsync_program.transcript import Transcript
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from support.ccsync_program.program import Program
    from support.opensync_double.server import OpenSyncDouble

# Python calls the hook before it looks up a name, connects, or sends without a connection.
_WITNESS = """
import json, os, sys

def witness(event, arguments, path={path!r}):
    if event == "socket.getaddrinfo":
        seen = ["name", arguments[0], arguments[1]]
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        seen = [event, *address] if isinstance(address, tuple) else None
    else:
        return
    if seen:
        text = json.dumps([str(part) for part in seen]) + "\\n"
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, text.encode())
        os.close(handle)

sys.addaudithook(witness)
"""
_COMMANDS = (
    ["status"], ["doctor"], ["stats"], ["prices"], ["sessions"], ["search", "hello"], ["audit"],
    ["config"], ["dashboard", "--print-only"], ["sync-now"], ["ledger"], ["statusline"],
)  # fmt: skip

_ALONE = (["status"], ["stats"], ["sync-now"], ["statusline"])
"""What does more itself where no daemon runs."""


@pytest.fixture
def seen(program: Program, tmp_path: Path) -> Path:
    """Return the file that names every address that the program's processes ask for."""
    folder, path = tmp_path / "witness", tmp_path / "seen"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_WITNESS.format(path=str(path)))
    program.env = {**program.env, "PYTHONPATH": str(folder)}
    return path


def _addresses(seen: Path) -> set[tuple[str, ...]]:
    lines = seen.read_text().splitlines() if seen.exists() else []
    return {tuple(json.loads(line)) for line in lines}


def _work(program: Program) -> None:
    """Have the daemon and the commands do what they do."""
    transcript = Transcript(program.claude_dir)
    transcript.turn()
    program.start()
    wait_until(lambda: program.session(transcript.session_id) is not None, "the session is stored")
    for words in _COMMANDS:
        program.call(*words, stdin="{}")
    program.stop()
    for words in _ALONE:
        program.call(*words, stdin="{}")


def test_nothing_is_asked_of_the_network_without_a_backend(program: Program, seen: Path) -> None:
    """Neither by the daemon nor by a command; prices are those that were installed."""
    _work(program)
    assert _addresses(seen) == set()


def test_only_the_deployment_is_asked(
    program: Program, seen: Path, opensync: OpenSyncDouble
) -> None:
    """Not another address of the network, and no other name."""
    program.configure(convex_url=opensync.url, api_key=opensync.api_key)
    _work(program)
    host, _, port = opensync.url.removeprefix("http://").partition(":")
    assert {address[1:3] for address in _addresses(seen)} == {(host, port)}
    assert len(opensync.backend.calls) > 0
