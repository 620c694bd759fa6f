"""`--schema`: the JSON schema of what a command prints with `--json`, from a file in `schemas`.

Names in it are stable: a field may be added, none is renamed or removed while `version` is the
same. `tests/unit/cli/test_json_schemas.py` compares each with what its command prints.
"""

from __future__ import annotations

from argparse import Action
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.console import say

if TYPE_CHECKING:
    from argparse import ArgumentParser

SCHEMAS = Path(__file__).with_name("schemas")


def schema_file(command: str) -> Path:
    """Return the schema of a command; there is none for one without `--json`."""
    return SCHEMAS / f"{command}.schema.json"


def add_schema_option(parser: ArgumentParser, command: str) -> None:
    """Let a command that has a schema print it, whatever else it needs."""
    if schema_file(command).exists():
        parser.add_argument(
            "--schema", action=_PrintSchema, command=command,
            help="print the JSON schema of --json, and nothing else",
        )  # fmt: skip


class _PrintSchema(Action):
    def __init__(self, option_strings: list[str], dest: str, *, command: str, help: str) -> None:  # noqa: A002 - as inherited
        super().__init__(option_strings, dest, nargs=0, default=False, help=help)
        self._command = command

    def __call__(self, parser: ArgumentParser, *_: Any) -> None:  # noqa: ANN401 - as inherited
        say(schema_file(self._command).read_text(encoding="utf-8").rstrip())
        parser.exit()
