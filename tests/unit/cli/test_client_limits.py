"""What clients cannot do: a table that names each version once for a thing, and who asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli.client_limits import (
    CLIENT_LIMITS,
    limits_of,
    marked_version,
    session_version,
)
from ccsync_watch.daemon.background import is_older
from support.claude_client.plugin_record import read_record
from support.claude_client.plugin_trial import AT_ONCE, BY_A_TURN, EVENTS
from support.claude_client.versions import CLIENT_VERSION, PLUGIN_VERSIONS

if TYPE_CHECKING:
    from pathlib import Path


def codes(version: str | None) -> set[str]:
    """Return the codes of a client's limits."""
    return {problem.code for problem in limits_of(version)}


def test_every_limit_ends() -> None:
    """The newest client has none, nor one whose version nobody knows."""
    assert all(is_older(limit.since, limit.fixed_in) for limit in CLIENT_LIMITS)
    assert codes(CLIENT_VERSION) == codes(None) == set()
    assert codes("1.0.41") == {"client-without-plugins"}


def test_the_record_has_every_client() -> None:
    """Each one starts the daemon, and the first two hooks always fire."""
    assert tuple(read_record()) == PLUGIN_VERSIONS
    for trial in read_record().values():
        assert trial.starts_daemon, trial
        assert trial.hooks[:2] == EVENTS[:2], trial


@pytest.mark.parametrize("version", read_record())
def test_the_limits_are_what_the_clients_did(version: str) -> None:
    """In the record of the last trial of each."""
    trial, known = read_record()[version], codes(version)
    answers = trial.status_in_terminal, trial.status_in_print
    assert answers == (trial.now_in_terminal, trial.now_in_print)
    answered = {AT_ONCE, BY_A_TURN}
    assert ("client-refuses-commands" in known) == (not answered.issuperset(answers))
    lacks_hook = "SessionEnd" not in trial.hooks or answers[0] == BY_A_TURN
    assert ("hook-unknown-to-client" in known) == lacks_hook
    assert ("client-prints-no-answer" in known) == (answers == (AT_ONCE, BY_A_TURN))


@pytest.mark.parametrize(
    ("mark", "version"),
    [
        ("claude-code/2.1.120/harness", "2.1.120"),
        ("claude-code_2-1-332_agent", "2.1.332"),
        ("codex/1.2.3", None),
        ("", None),
    ],
)
def test_a_client_names_itself(mark: str, version: str | None) -> None:
    """In two spellings; other agents have the variable too."""
    assert marked_version(mark) == version


def test_a_transcript_names_its_client(tmp_path: Path) -> None:
    """The one that wrote last; rows without a version, and what is not a row, say nothing."""
    path = tmp_path / "projects" / "-a" / "11112222-aaaa.jsonl"
    path.parent.mkdir(parents=True)
    rows = [{"version": "2.0.76"}, {"version": "2.1.75"}, {"version": 3}, {"type": "summary"}, []]
    path.write_text("\n".join([*map(json.dumps, rows), '{"version": "2.1.332', ""]))
    folders = (tmp_path / "none", tmp_path)
    assert session_version(folders, "11112222-aaaa") == "2.1.75"
    path.write_text("x" * 1_000_000)
    for session_id in ("11112222-aaaa", "2222", "../-a/11112222-aaaa", "*", "", None):
        assert session_version(folders, session_id) is None
