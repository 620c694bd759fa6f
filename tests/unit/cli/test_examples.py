"""Every command's `--help` has examples, and each of them is a command line that is accepted."""

from __future__ import annotations

import shlex

import pytest

from ccsync_watch.cli import command_line
from ccsync_watch.cli.command_index import list_commands

COMMANDS = {command.name: command for command in list_commands()}
SHOWN = [name for name, command in COMMANDS.items() if not command.is_hidden]


@pytest.mark.parametrize("name", SHOWN)
def test_examples_are_accepted_and_shown(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By the grammar of the command itself, whole, on lines of their own."""
    examples = getattr(COMMANDS[name].load(), "EXAMPLES", ())
    assert examples, f"add EXAMPLES to {name}"
    parser = command_line.build_parser(name, COMMANDS)
    for example in examples:
        words = shlex.split(example.partition(" <")[0].partition(" >")[0])
        assert parser.parse_args(words).command == name
    with pytest.raises(SystemExit):
        command_line.main([name, "--help"], {})
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("examples:")
    assert lines[at + 1 : at + 1 + len(examples)] == [f"  ccsync-watch {text}" for text in examples]
    assert lines[at + 1 + len(examples)] == ""


def test_the_program_s_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the commands that a newcomer needs, each of them known."""
    with pytest.raises(SystemExit):
        command_line.main(["--help"], {})
    lines = capsys.readouterr().out.splitlines()
    examples = [line.split() for line in lines[lines.index("examples:") + 1 :] if line[:1] == " "]
    assert examples
    assert all(words[0] == "ccsync-watch" and words[1] in SHOWN for words in examples)
