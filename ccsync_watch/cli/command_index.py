"""Find the commands: every module in `commands` is one, named after it.

A module's first docstring line is the command's help, `ORDER` its place in lists; one with
`IS_HIDDEN` is not listed. All of that is read from the source, because importing every command for
`--help` would take longer than most commands do.
"""

from __future__ import annotations

import importlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_FOLDER = Path(__file__).parent / "commands"
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


@dataclass(frozen=True, slots=True)
class Command:
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
        _read(_FOLDER / name)
        for name in os.listdir(_FOLDER)  # noqa: PTH208 - names are needed, and this is faster
        if name.endswith(".py") and not name.startswith("_")
    ]
    return sorted(commands, key=lambda command: (command.order, command.name))


def _read(path: Path) -> Command:
    source = path.read_text(encoding="utf-8")
    docstring, order = _DOCSTRING.match(source), _ORDER.search(source)
    return Command(
        name=path.stem.replace("_", "-"),
        help=docstring[1] if docstring else "",
        order=int(order[1]) if order else _LAST,
        is_hidden=_IS_HIDDEN.search(source) is not None,
    )
