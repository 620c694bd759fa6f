"""What a shell may put where the user pressed Tab; `argcomplete` talks with the shell.

It sets a variable and runs the program: nothing of this is loaded otherwise.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import argcomplete
from argcomplete.shell_integration import shellcode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Mapping

    from ccsync_watch.cli.command_index import Command

VARIABLE = "_ARGCOMPLETE"
SHELLS = ("bash", "zsh", "fish")
PROGRAM = "ccsync-watch"
_MAX_OFFERED = 200


def complete(
    commands: Mapping[str, Command],
    build_parser: Callable[[str, Mapping[str, Command]], argparse.ArgumentParser],
) -> None:
    """Print what fits, for the shell; does not return if the shell asked."""
    words = os.environ.get("COMP_LINE", "").split()
    name = next((word for word in words[1:] if word in commands), "")
    shown = {key: command for key, command in commands.items() if not command.is_hidden}
    parser = build_parser(name, shown)
    for action in _actions(parser):
        offer = _OFFERS.get(action.metavar if isinstance(action.metavar, str) else "")
        if offer is not None:
            action.completer = offer  # type: ignore[attr-defined]  # as the library asks for it
    argcomplete.autocomplete(parser, always_complete_options="long")


def shell_code(shell: str) -> str:
    """Return the text that makes a shell complete this program."""
    return str(shellcode([PROGRAM], shell=shell))


def _actions(parser: argparse.ArgumentParser) -> Iterable[argparse.Action]:
    for action in parser._actions:  # noqa: SLF001 - the library has no list of them
        yield action
        if isinstance(action.choices, dict):
            for inner in action.choices.values():
                yield from _actions(inner)


def _column(column: str) -> Callable[..., list[str]]:
    """Return what offers the latest values of a column of the sessions."""

    def offer(prefix: str, **_more: object) -> list[str]:
        # Loaded here: most completions are of options.
        from ccsync_watch.config import state_folder  # noqa: PLC0415 - see above
        from ccsync_watch.store.database import open_for_reading  # noqa: PLC0415 - see above

        database = open_for_reading(state_folder(os.environ))
        if database is None:
            return []
        try:
            rows = database.read().execute(
                f"SELECT {column} FROM sessions WHERE NOT is_excluded AND"  # noqa: S608 - one of ours
                f" substr({column}, 1, ?) = ? GROUP BY 1 ORDER BY max(updated_ms) DESC LIMIT ?",
                (len(prefix), prefix, _MAX_OFFERED),
            )
            return [str(row[0]) for row in rows]
        finally:
            database.close()

    return offer


def _keys(**_more: object) -> list[str]:
    from ccsync_watch.config import declared_settings  # noqa: PLC0415 - as above

    return list(declared_settings())


_OFFERS: dict[str, Callable[..., list[str]]] = {
    "SESSION": _column("id"),
    "ID": _column("id"),
    "KEY": _keys,
    "PROJECT": _column("project_path"),
    "BRANCH": _column("git_branch"),
    "MACHINE": _column("host"),
}
