"""Find the commands: every module in `commands` is one, named after it.

A module's first docstring line is the command's help, `ORDER` its place in lists; one with
`IS_HIDDEN` is not listed. All of that is read from the source, because importing every command for
`--help` would take longer than most commands do.
"""

from __future__ import annotations

import importlib
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

# Neither pathlib nor dataclasses here: together they would take a third of the time of `--help`.
_FOLDER = os.path.join(os.path.dirname(__file__), "commands")  # noqa: PTH118, PTH120 - see above
_DOCSTRING = re.compile(r'"""(.+?)\.?(?:""")?$', re.MULTILINE)
_ORDER = re.compile(r"^ORDER = (\d+)$", re.MULTILINE)
_IS_HIDDEN = re.compile(r"^IS_HIDDEN = True$", re.MULTILINE)
_LAST = 10_000


class CommandModule(Protocol):
    """What a command's module has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        ...

    def main(
        self, arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]
    ) -> int:
        """Run the command; return its exit code. `flags` are those settings given as flags."""
        ...


class Command(NamedTuple):
    """One command of the command line."""

    name: str
    help: str
    order: int
    is_hidden: bool

    def load(self) -> CommandModule:
        """Import the command's module."""
        module = importlib.import_module(f"ccsync_watch.cli.commands.{self.name.replace('-', '_')}")
        return cast("CommandModule", module)


def list_commands() -> list[Command]:
    """Return all commands, hidden ones last."""
    commands = [
        _read(name)
        for name in os.listdir(_FOLDER)  # noqa: PTH208 - see above
        if name.endswith(".py") and not name.startswith("_")
    ]
    return sorted(commands, key=lambda command: (command.order, command.name))


def _read(file_name: str) -> Command:
    path = os.path.join(_FOLDER, file_name)  # noqa: PTH118 - see above
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - see above
        source = file.read()
    docstring, order = _DOCSTRING.match(source), _ORDER.search(source)
    return Command(
        name=file_name.removesuffix(".py").replace("_", "-"),
        help=docstring[1] if docstring else "",
        order=int(order[1]) if order else _LAST,
        is_hidden=_IS_HIDDEN.search(source) is not None,
    )
