"""What a command prints with `--json` is what its schema says, and nothing else."""

from __future__ import annotations

import io
import json
import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from ccsync_watch.cli import main
from ccsync_watch.cli.command_index import list_commands
from ccsync_watch.cli.json_schemas import SCHEMAS, schema_file
from ccsync_watch.model import Part
from ccsync_watch.store.egress_ledger import LedgerEntry, add_entry
from support.storing import OTHER, SESSION, World, message, usage

if TYPE_CHECKING:
    from pathlib import Path

_SECRET = "the password is Tr0ub4dor&3-horse"
_PRINTED = {
    "audit": ([],),
    "config": ([], ["show", "retention"]),
    "doctor": ([],),
    "explain": ([SESSION], [OTHER]),
    "ledger": ([], [SESSION]),
    "prices": ([],),
    "prune": (["--older-than", "1d", "--dry-run"],),
    "redact": (["--explain"],),
    "repair": (["--dry-run"],),
    "search": (["Hello"], ["nothing"]),
    "service": (["status"],),
    "sessions": ([], ["Hello"]),
    "show": ([SESSION], [OTHER]),
    "stats": ([], ["--by", "session"], ["--by", "tool"], ["--by", "model", "--last", "3m"]),
    "status": ([],),
}
_EMPTY = {
    "audit": ([],),
    "config": ([],),
    "doctor": ([],),
    "ledger": ([],),
    "prune": (["--older-than", "1d"], ["--older-than", "1d", "--dry-run"]),
    "repair": ([], ["--dry-run"]),
    "status": ([],),
}


@pytest.fixture
def filled(env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return an environment with sessions that have calls, costs, a secret and uploads."""
    world = World(tmp_path / "state")
    used = usage("m1", tokens_in=100, tokens_out=20, model="claude-opus-4-5", cost_usd=0.5)
    world.ingest(message("a1", "Hello"), usages=(used,), git_branch="main")
    call = Part("tool-result", {"ok": True, "path": "/a", "lines_added": 2}, "t1", "Edit")
    world.ingest(message("r1", kind="tool_result", parts=(call,)))
    unknown = usage("m2", tokens_in=1, model="unheard-of")
    world.ingest(message("b1", _SECRET, session_id=OTHER), usages=(unknown,), session_id=OTHER)
    with world.database.write() as connection:
        entry = LedgerEntry(1, "a.example", SESSION, "messages", 2, 10, {"password": 1})
        add_entry(connection, entry)
    world.close()
    return env


def _strict(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return a schema in which an object has no fields but those that are documented."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema else {}
    return {**closed, **{name: _strict(part) for name, part in schema.items()}}


def _read_schema(command: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_file(command).read_text(encoding="utf-8"))
    return schema


def _errors(command: str, printed: str) -> list[str]:
    """Return what its schema forbids in an answer; the lines of `ledger` are objects."""
    texts = printed.splitlines() if command == "ledger" else [printed]
    validator = Draft202012Validator(_strict(_read_schema(command)))
    return [error.message for text in texts for error in validator.iter_errors(json.loads(text))]


def test_every_command_that_prints_json_has_a_schema() -> None:
    """And is tried below; no schema is of anything else."""
    with_json = set()
    for command in list_commands():
        parser = ArgumentParser()
        command.load().add_arguments(parser)
        if "--json" in parser.format_usage():
            with_json.add(command.name)
    assert with_json == _PRINTED.keys()
    assert {path.name for path in SCHEMAS.iterdir()} == {schema_file(n).name for n in _PRINTED}


@pytest.mark.parametrize("command", _PRINTED)
def test_a_schema_is_printed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the arguments that the command needs else, and without a store."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--schema"], {})
    assert ended.value.code == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema == _read_schema(command)
    Draft202012Validator.check_schema(schema)
    assert schema["title"].startswith(f"ccsync-watch {command} ")
    assert schema["version"] >= 1


@pytest.mark.parametrize(
    ("command", "words"), [(name, words) for name, calls in _PRINTED.items() for words in calls]
)
def test_the_json_is_what_the_schema_says(
    filled: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    words: list[str],
) -> None:
    """Each documented field is there, with its type; no other is."""
    text = io.TextIOWrapper(io.BytesIO(f"{_SECRET}\n".encode()))
    monkeypatch.setattr(sys, "stdin", text)
    main([command, *words, "--json"], filled)
    assert _errors(command, capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("command", "words"), [(name, words) for name, calls in _EMPTY.items() for words in calls]
)
def test_it_is_so_before_anything_is_stored(
    env: dict[str, str], capsys: pytest.CaptureFixture[str], command: str, words: list[str]
) -> None:
    """For the commands that do not need a store."""
    main([command, *words, "--json"], env)
    assert _errors(command, capsys.readouterr().out) == []
