"""Commands are found by listing their package; each says what the lists need."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.cli import command_index
from ccsync_watch.cli.command_index import list_commands
from ccsync_watch.cli.command_line import build_parser

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = {command.name: command for command in list_commands()}
LISTED = [command for command in COMMANDS.values() if not command.is_hidden]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_parts(name: str) -> None:
    """A help line, arguments, and a main function."""
    command = COMMANDS[name]
    assert command.help
    assert not command.help.endswith(".")
    module = command.load()
    module.add_arguments(argparse.ArgumentParser())
    assert callable(module.main)
    assert (module.__doc__ or "").startswith(command.help)


def test_listed_commands_are_in_an_order_of_their_own() -> None:
    """No two have the same place."""
    assert len({command.order for command in LISTED}) == len(LISTED)
    assert LISTED[0].name == "run"


def test_help_lists_every_command_but_hidden_ones() -> None:
    """Each with its help line."""
    text = " ".join(build_parser("--help", COMMANDS).format_help().split())
    for command in LISTED:
        assert f" {command.name} {command.help} " in text
    assert "plugin-command" not in text


def test_help_imports_no_command() -> None:
    """Or it would take longer than most commands do."""
    before = {name for name in sys.modules if name.startswith("ccsync_watch.cli.commands.")}
    build_parser("--help", {command.name: command for command in list_commands()})
    after = {name for name in sys.modules if name.startswith("ccsync_watch.cli.commands.")}
    assert after == before


def test_a_new_file_is_a_new_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else has to be changed; what it leaves out has a default."""
    (tmp_path / "say_hello.py").write_text('"""Say hello."""\nORDER = 7\n')
    (tmp_path / "odd_one.py").write_text("IS_HIDDEN = True\n")
    (tmp_path / "__init__.py").write_text("")
    monkeypatch.setattr(command_index, "_FOLDER", str(tmp_path))
    hello, odd = list_commands()
    assert (hello.name, hello.help, hello.order, hello.is_hidden) == (
        "say-hello",
        "Say hello",
        7,
        False,
    )
    assert (odd.name, odd.help, odd.is_hidden) == ("odd-one", "", True)
