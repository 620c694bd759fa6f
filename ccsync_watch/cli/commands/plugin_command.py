"""Answer the plugin's `sync-status` and `sync-now` without a turn of the model.

Called by the plugin's UserPromptExpansion hook with the client's JSON on standard input, or as
its fallback with `--plain`. It prints a decision or a text, and ends with 0. What is not finished
within ten seconds is left to the daemon, and said to be.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch import __version__
from ccsync_watch.cli.console import say
from ccsync_watch.cli.later import Later
from ccsync_watch.cli.plugin_report import error_text, late_status_text, status_text
from ccsync_watch.cli.plugin_sync import late_sync_text, sync_text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

IS_HIDDEN = True
_MAX_INPUT = 1 << 20
# Only where something takes longer than it should by all other limits.
_ANSWER_SECONDS = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the plugin's scripts pass."""
    parser.add_argument("--plugin-version", default=__version__)
    parser.add_argument("--plain", choices=("status", "now"))
    parser.add_argument("--session")


def main(arguments: argparse.Namespace, env: Mapping[str, str], _flags: Mapping[str, Any]) -> int:
    """Print the answer to one of the plugin's commands."""
    if arguments.plain:
        session_id = arguments.session or env.get("CLAUDE_CODE_SESSION_ID")
        say(_answer(arguments.plain, session_id, env, arguments.plugin_version))
        return 0
    request = _parse_request(sys.stdin.buffer.read(_MAX_INPUT))
    if request is None:
        # Not for us, or from a client with another protocol: the command's own text answers.
        return 0
    command, session_id = request
    reason = _answer(command, session_id, env, arguments.plugin_version)
    output = {"hookEventName": "UserPromptExpansion", "suppressOriginalPrompt": True}
    decision = {"decision": "block", "reason": f"\n{reason}", "hookSpecificOutput": output}
    say(orjson.dumps(decision).decode())
    return 0


def _parse_request(data: bytes) -> tuple[str, str | None] | None:
    try:
        fields = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(fields, dict) or not isinstance(fields.get("command_name"), str):
        return None
    _plugin, _colon, name = fields["command_name"].rpartition(":")
    session_id = fields.get("session_id")
    if name not in {"sync-status", "sync-now"}:
        return None
    return name.removeprefix("sync-"), session_id if isinstance(session_id, str) else None


def _answer(command: str, session_id: str | None, env: Mapping[str, str], version: str) -> str:
    def work() -> str:
        if command == "status":
            return status_text(env, session_id, plugin_version=version)
        return sync_text(env, session_id)

    def say_late() -> str:
        if command == "status":
            return late_status_text(_ANSWER_SECONDS)
        return late_sync_text(env, session_id, _ANSWER_SECONDS)

    answer = Later(lambda: _guard(work)).get(_ANSWER_SECONDS)
    return _guard(say_late) if answer is None else answer


def _guard(work: Callable[[], str]) -> str:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - nothing of ours may disturb the user's session
        return error_text(error)
