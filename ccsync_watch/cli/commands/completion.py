"""Print what makes a shell complete commands, options and sessions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.completion import SHELLS, shell_code
from ccsync_watch.cli.console import say
from ccsync_watch.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

ORDER = 180
EXAMPLES = (
    "completion bash >> ~/.bash_completion",
    "completion zsh > ~/.zfunc/_ccsync-watch",
    "completion fish > ~/.config/fish/completions/ccsync-watch.fish",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the shell."""
    parser.add_argument("shell", nargs="?", choices=SHELLS, help="yours, by $SHELL")


def main(arguments: argparse.Namespace, env: Mapping[str, str], _flags: Mapping[str, Any]) -> int:
    """Print the text for a shell's own file."""
    shell = arguments.shell or os.path.basename(env.get("SHELL", ""))  # noqa: PTH119 - a name
    if shell not in SHELLS:
        raise ConfigError("your shell is not known", hint=f"name one of {', '.join(SHELLS)}")
    say(shell_code(shell).rstrip())
    return 0
