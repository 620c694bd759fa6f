"""Write the tables of commands and settings into the READMEs; with --check, only compare.

A table stands between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "tests")]

from ccsync_watch.cli.client_limits import CLIENT_LIMITS  # noqa: E402 - after the path
from ccsync_watch.cli.command_index import list_commands  # noqa: E402 - as above
from ccsync_watch.config import declared_settings  # noqa: E402 - as above
from ccsync_watch.transcripts.left_out import LEFT_OUT  # noqa: E402 - as above
from support.claude_client.plugin_record import (  # noqa: E402 - as above
    HEADS,
    client_table,
    read_record,
)
from support.row_samples import row_table  # noqa: E402 - as above
from support.tailing_cases import case_rows  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.cli.command_index import Command

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "plugin/README.md", "ccsync_watch/transcripts/README.md")
_SECTION = re.compile(
    r"(?P<begin><!-- generated: (?P<name>\w+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL
)


def command_table() -> str:
    """Return a line for each command, with its usage."""
    rows = [(_usage(command), command.help) for command in list_commands() if not command.is_hidden]
    return _table(("command", "what it does"), rows)


def setting_table() -> str:
    """Return a line for each setting."""
    rows = []
    for setting in declared_settings().values():
        sources = [f"`{setting.variable}`"] if setting.variable else []
        sources += [f"`{setting.flag}`"] if setting.is_flag else []
        default = setting.shown_default
        rows.append((f"`{setting.name}`", ", ".join(sources), default, setting.documentation))
    return _table(("key", "environment, flag", "default", "meaning"), rows)


def option_table() -> str:
    """Return a line for each option of the plugin."""
    rows = [
        (f"`{setting.name}`", setting.shown_default, setting.documentation)
        for setting in declared_settings().values()
        if setting.option_title
    ]
    return _table(("option", "default", "meaning"), rows)


def shown_row_table() -> str:
    """Return a line for the rows of which the same is made."""
    heads = ("row of a transcript", "kind", "page", "export, terminal", "backend")
    return _table(heads, row_table())


def left_out_table() -> str:
    """Return a line for each reason why rows are left out."""
    names: dict[str, dict[str, list[str]]] = {}
    for label, reason in LEFT_OUT.items():
        family, _, name = label.rpartition("/")
        names.setdefault(reason, {}).setdefault(family, []).append(f"`{name}`")
    rows = [
        (reason, *(", ".join(families.get(family, ())) for family in ("", "attachment", "system")))
        for reason, families in names.items()
    ]
    return _table(("left out because it is", "lines", "attachments", "system rows"), rows)


def plugin_client_table() -> str:
    """Return a line for the clients that do the same with the plugin; see scripts/clients."""
    return _table(HEADS, client_table(read_record()))


def client_limit_table() -> str:
    """Return a line for everything that `sync-status` and `doctor` say of an old client."""
    rows = [
        (
            f"from {limit.since}, before {limit.fixed_in}"
            if limit.since != "0"
            else f"before {limit.fixed_in}",
            limit.what,
            limit.hint,
        )
        for limit in CLIENT_LIMITS
    ]
    return _table(("Claude Code", "what it does not do", "what to do"), rows)


def tailing_case_table() -> str:
    """Return a line for each case that a tailer has to survive, with the tests that show it."""
    return _table(("case", "what happens", "shown by, in tests/"), case_rows())


TABLES: dict[str, Callable[[], str]] = {
    "commands": command_table,
    "settings": setting_table,
    "options": option_table,
    "rows": shown_row_table,
    "left_out": left_out_table,
    "tailing_cases": tailing_case_table,
    "clients": plugin_client_table,
    "client_limits": client_limit_table,
}


def _usage(command: Command) -> str:
    """Return how the command is called, without the flags that several commands have."""
    parser = argparse.ArgumentParser(
        prog=command.name,
        add_help=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, width=1000),
    )
    command.load().add_arguments(parser)
    usage = parser.format_usage().removeprefix("usage: ").strip()
    flags = (setting.flag for setting in declared_settings().values() if setting.is_flag)
    usage = re.sub("".join(rf" \[{flag} \S+\]" for flag in flags), "", usage)
    choices = re.sub(r"\{([^}]*)\}", lambda match: match[1].replace(",", "|"), usage)
    return f"`{choices}`".replace("|", "\\|")


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def generate(text: str) -> str:
    """Return the text with every generated table as it is now."""
    return _SECTION.sub(lambda match: match["begin"] + TABLES[match["name"]]() + match["end"], text)


def main() -> int:
    """Write the tables, or return 1 when --check finds one that is out of date."""
    is_checking = "--check" in sys.argv[1:]
    outdated = []
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in READMES}
    generated = {match["name"] for text in texts.values() for match in _SECTION.finditer(text)}
    if generated != TABLES.keys():
        missing = ", ".join(sorted(TABLES.keys() - generated))
        print(f"no README has a section for: {missing}", file=sys.stderr)
        return 1
    for name, text in texts.items():
        if generate(text) != text:
            outdated.append(name)
            if not is_checking:
                (ROOT / name).write_text(generate(text), encoding="utf-8")
    if outdated and is_checking:
        print(f"out of date: {', '.join(outdated)}: run scripts/fix", file=sys.stderr)
    return 1 if outdated and is_checking else 0


if __name__ == "__main__":
    sys.exit(main())
