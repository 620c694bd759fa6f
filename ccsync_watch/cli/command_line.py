"""Parse the command line, run the command, and turn any failure into one line and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ccsync_watch import __version__
from ccsync_watch.cli.character_sets import use_substitutes
from ccsync_watch.cli.command_index import Command, list_commands
from ccsync_watch.cli.console import printable, quietly, warn
from ccsync_watch.cli.json_schemas import add_schema_option
from ccsync_watch.cli.problem_text import error_line
from ccsync_watch.errors import CcsyncError, ConfigError, StateError
from ccsync_watch.state_path import state_path

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence

_DESCRIPTION = "Stream Claude Code sessions, redacted, to a dashboard that you own."
_DEFAULT_COMMAND = "run"
_DEFAULT_COLUMNS = 80
_LONGEST_COMMAND = len("completion")

_EXAMPLES = ("start", "status", "open", "stats --last 7d --by project", "config")

_EXIT_CODES = (
    "Exit codes: 0 done; 1 failed, or not all is read, stored and sent; 2 wrong usage or"
    " configuration; 3 the daemon is not running; 4 the backend rejected the request or cannot be"
    " reached."
)


def main(argv: Sequence[str] | None = None, env: Mapping[str, str] | None = None) -> int:
    """Run one command; return its exit code."""
    if env is None:
        # A program of its own: whatever it creates is for this user alone.
        os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        use_substitutes(stream)
    # No argument is a path. What is not UTF-8 names nothing, and SQLite and JSON do not accept it.
    words = [_valid_text(word) for word in (sys.argv[1:] if argv is None else argv)]
    if not words or (words[0].startswith("-") and words[0] not in {"-h", "--help", "--version"}):
        words.insert(0, _DEFAULT_COMMAND)
    commands = {command.name: command for command in list_commands()}
    if argv is None and "_ARGCOMPLETE" in os.environ:
        _complete(commands)
    _check_name(words[0], commands)
    try:
        arguments = _parse(words, commands)
    except KeyboardInterrupt:  # importing the command may take a second
        return _interrupted()
    except OSError as error:  # a help or a schema that cannot be written
        return _failed(error)
    if env is None:
        is_daemon = argv is None and arguments.command == _DEFAULT_COMMAND
        try:
            env = _clean_environment() if is_daemon else os.environ
        except CcsyncError as error:
            warn(printable(error_line(error)))
            return error.exit_code
        except OSError as error:
            warn(printable(_system_error(error)))
            return 1
    return _guard(commands[arguments.command], arguments, env)


def _parse(words: Sequence[str], commands: Mapping[str, Command]) -> argparse.Namespace:
    parser = build_parser(words[0], commands)
    arguments, others = parser.parse_known_args(words)
    if others:
        _reject(words[0], others[0])
    return arguments


def _reject(command: str, word: str) -> NoReturn:
    """End with exit code 2 for a word that the command does not have.

    The library would refer to the help of the whole program.
    """
    what = (
        f"{word} is not an option of {command}" if word.startswith("-") else f"{word!r} is too much"
    )
    warn(printable(f"{what}: see `ccsync-watch {command} --help`"))
    raise SystemExit(ConfigError.exit_code)


def _complete(commands: Mapping[str, Command]) -> None:
    # Loaded here: only a shell that completes a command needs it.
    from ccsync_watch.cli.completion import complete  # noqa: PLC0415 - see above

    complete(commands, build_parser)


def _clean_environment() -> Mapping[str, str]:
    # Loaded here: other commands start faster without it.
    from ccsync_watch.cli.clean_environment import enter  # noqa: PLC0415 - see above

    return enter()


def _valid_text(word: str) -> str:
    return word.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def build_parser(name: str, commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    """Return the grammar, of the command with this name alone if it is one.

    That command is imported; of all others there is only what `--help` lists.
    """
    parser = _Parser(
        prog="ccsync-watch",
        description=_DESCRIPTION,
        epilog=_epilog(_EXAMPLES, f"Without a command: {_DEFAULT_COMMAND}. {_EXIT_CODES}"),
    )
    parser.add_argument("--version", action="version", version=f"ccsync-watch {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    for command in [commands[name]] if name in commands else commands.values():
        # Without `help` it is not listed; None would be listed.
        listed: dict[str, Any] = {} if command.is_hidden else {"help": command.help}
        subparser = subparsers.add_parser(
            command.name, description=command.help, epilog=_EXIT_CODES, **listed
        )
        if command.name == name:
            module = command.load()
            module.add_arguments(subparser)
            subparser.epilog = _epilog(getattr(module, "EXAMPLES", ()), _EXIT_CODES)
            add_schema_option(subparser, command.name)
            _add_verbosity(subparser)
    return parser


def _epilog(examples: Sequence[str], text: str) -> str:
    """Return what stands below a help: examples, a line each, and a paragraph."""
    lines = [f"  ccsync-watch {example}" for example in examples]
    return "\n".join([*(["examples:", *lines, ""] if lines else []), text])


def _add_verbosity(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "-q", "--quiet", action="store_true", help="no notices, warnings and progress bars"
    )
    group.add_argument(
        "-v", "--verbose", action="store_true", help="what is done, and where an error is from"
    )


def _check_name(name: str, commands: Mapping[str, Command]) -> None:
    """End with exit code 2 for a command that does not exist."""
    if name in commands or name.startswith("-"):
        return
    # Loaded here: only a mistake needs it.
    from difflib import get_close_matches  # noqa: PLC0415 - see above

    known = [command.name for command in commands.values() if not command.is_hidden]
    near = get_close_matches(name, known)
    # The nearest one, and those whose letters are exchanged, which count as two mistakes.
    near = near[:1] + [other for other in near[1:] if sorted(other) == sorted(name)]
    meant = " or ".join(f"`{command}`" for command in near)
    suggestion = f" (did you mean {meant}?)" if near else ""
    warn(printable(f"{name!r} is not a command{suggestion}: see `ccsync-watch --help`"))
    raise SystemExit(ConfigError.exit_code)


def _guard(command: Command, arguments: argparse.Namespace, env: Mapping[str, str]) -> int:
    try:
        with _verbosity(arguments, env):
            return _run(command, arguments, env)
    except CcsyncError as error:
        warn(printable(error_line(error)))
        return error.exit_code
    except (KeyboardInterrupt, EOFError):
        return _interrupted()
    except OSError as error:
        return _failed(error)
    except _database_error() as error:
        warn(printable(_database_failure(error, env)))
        return StateError.exit_code


def _verbosity(
    arguments: argparse.Namespace, env: Mapping[str, str]
) -> contextlib.AbstractContextManager[None]:
    if getattr(arguments, "verbose", False):
        # Loaded here: few ask for it.
        from ccsync_watch.cli.verbose import log_verbosely  # noqa: PLC0415 - see above

        return log_verbosely(env)
    return quietly() if getattr(arguments, "quiet", False) else contextlib.nullcontext()


def _failed(error: OSError) -> int:
    if isinstance(error, BrokenPipeError):
        # The reader of our output has ended; do not fail again when it is flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    warn(printable(_system_error(error)))
    return 1


def _system_error(error: OSError) -> str:
    # Loaded here: only a failure needs it.
    from ccsync_watch.disk_faults import hint_for  # noqa: PLC0415 - see above

    path = f"{error.filename}: " if error.filename else ""
    is_full = error.errno == errno.ENOSPC
    hint = "free some space, then try again" if is_full else hint_for(error)
    return f"{path}{error.strerror or error}: {hint}"


def _database_failure(error: sqlite3.Error, env: Mapping[str, str]) -> str:
    # Loaded here: only a failure needs them.
    import sqlite3  # noqa: PLC0415 - see above

    from ccsync_watch.disk_faults import is_passing, state_error  # noqa: PLC0415 - see above

    folder = Path(state_path(env) or ".")
    if is_passing(folder, error):
        return error_line(state_error(folder / "ccsync.db", error))
    if isinstance(error, sqlite3.IntegrityError):
        # The file is sound: no repair helps against a mistake of the program.
        return (
            f"a defect of ccsync-watch: its database refused a row ({error}): nothing is lost;"
            f" please report this, with the end of {folder / 'log'}"
        )
    return f"cannot read the database ({error}): start `ccsync-watch`, which repairs it"


def _database_error() -> type[sqlite3.Error]:
    # Loaded here: `--help` does without the database.
    import sqlite3  # noqa: PLC0415 - see above

    return sqlite3.Error


def _interrupted() -> int:
    warn("interrupted; no data is lost")
    return 1


def _run(command: Command, arguments: argparse.Namespace, env: Mapping[str, str]) -> int:
    # Loaded here: `--help` does without the settings.
    from ccsync_watch.cli.arguments import setting_flags  # noqa: PLC0415 - see above

    return command.load().main(arguments, env, setting_flags(arguments))


class _Parser(argparse.ArgumentParser):
    """Reports a mistake in one line, and accepts no abbreviations: new flags would break them."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - as inherited
        super().__init__(**{"allow_abbrev": False, "formatter_class": _Help, **options})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401 - as inherited
        """Parse words; those of a query may begin with a hyphen, and stand behind options."""
        if args is None or all(action.dest != "query" for action in self._actions):
            return super().parse_known_args(args, namespace)
        words = _query_words(args, self._option_string_actions)
        parsed, rest = super().parse_known_args(words, namespace)
        while rest and (rest[0] == "--" or not rest[0].startswith("-")):
            word = rest.pop(0)
            parsed.query = [*parsed.query, *(rest if word == "--" else [word])]
            rest = [] if word == "--" else rest
        if rest:
            self.error(f"{rest[0]} is not an option; write -- before it to search for it")
        return parsed, rest

    def error(self, message: str) -> NoReturn:
        warn(printable(f"{message}: see `{self.prog} --help`"))
        raise SystemExit(ConfigError.exit_code)


def _query_words(words: Sequence[str], options: Collection[str]) -> list[str]:
    """Return the words with a space before each `-word` that is not an option.

    So the library takes it for no mistake; a `--word` that is not an option is one.
    """
    end = words.index("--") if "--" in words else len(words)
    return [
        f" {word}" if re.match(r"-[^-]", word) and word not in options else word
        for word in words[:end]
    ] + list(words[end:])


class _Help(argparse.HelpFormatter):
    """Keeps the longest command on one line with its help: the library ignores their indent.

    It is made for every argument: the library would load all compressors to find the width.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Wrap each line by itself; those that are indented are examples, and stay whole."""
        fill = super()._fill_text
        return "\n".join(
            line if line.startswith(" ") or not line else fill(line, width, indent)
            for line in text.split("\n")
        )

    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        self._action_max_length = max(
            self._action_max_length, 2 * self._indent_increment + _LONGEST_COMMAND
        )


def _columns() -> int:
    """Return the width of the terminal, as the shell or the system says."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _DEFAULT_COLUMNS
    except (OSError, ValueError):  # a pipe, or no file at all
        return _DEFAULT_COLUMNS
