"""What versions of Claude Code cannot do with the plugin: one table, which the README shows too."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.daemon.background import is_older
from ccsync_watch.problem import Problem
from ccsync_watch.regular_files import file_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ccsync_watch.problem import Severity

# Such as `claude-code/2.1.120/harness` and `claude-code_2-1-332_agent`, from 2.1.120 on.
_MARK = re.compile(r"claude-code[_/](\d+)[-.](\d+)[-.](\d+)")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_SESSION_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]*")
# The last rows of a transcript: some have no version.
_TAIL_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class ClientLimit:
    """What clients from `since` on do not do, before `fixed_in`, and what helps.

    Measured with the versions that `scripts/clients` tries, and some between them.
    """

    code: str
    since: str
    fixed_in: str
    what: str
    hint: str
    severity: Severity = "info"


CLIENT_LIMITS = (
    ClientLimit(
        "client-without-plugins",
        "0",
        "2.0.12",
        "has no plugins",
        "update it, or start the daemon yourself: `ccsync-watch start`",
        "warning",
    ),
    ClientLimit(
        "hook-unknown-to-client",
        "2.0.12",
        "2.0.42",
        "has no hook SessionEnd",
        "nothing to do: the daemon reads the transcripts all the same",
    ),
    ClientLimit(
        "client-refuses-commands",
        "2.0.12",
        "2.1.9",
        'may refuse to run `sync-status` and `sync-now` ("requires approval"); `claude -p` prints'
        " nothing then",
        "run `ccsync-watch status` and `ccsync-watch sync-now` in a terminal; or, from 2.0.42 on,"
        " allow the two by a rule, as the plugin's README says",
    ),
    ClientLimit(
        "client-refuses-spaces",
        "2.1.9",
        "2.1.92",
        "refuses to run `sync-status` and `sync-now` if the path of the plugin contains a space",
        "run `ccsync-watch status` and `ccsync-watch sync-now` in a terminal",
    ),
    ClientLimit(
        "hook-unknown-to-client",
        "2.1.9",
        "2.1.116",
        "has no hook UserPromptExpansion: `sync-status` and `sync-now` cost a turn of the model",
        "run `ccsync-watch status` and `ccsync-watch sync-now` in a terminal, which is free",
    ),
    ClientLimit(
        "client-prints-no-answer",
        "2.1.116",
        "2.1.178",
        "does not print what a hook answers in `claude -p`: there, the two commands cost a turn of"
        " the model",
        "run `ccsync-watch status` and `ccsync-watch sync-now` in a terminal, which is free",
    ),
)


def limits_of(version: str | None) -> list[Problem]:
    """Return what a client cannot do, nothing of one whose version is unknown."""
    return [
        Problem(limit.code, "Claude Code", f"{version} {limit.what}", limit.hint, limit.severity)
        for limit in CLIENT_LIMITS
        if version and not is_older(version, limit.since) and is_older(version, limit.fixed_in)
    ]


def marked_version(mark: str) -> str | None:
    """Return the version in the environment variable by which a client names itself, AI_AGENT."""
    match = _MARK.match(mark)
    return ".".join(match.groups()) if match else None


def session_version(claude_dirs: Iterable[Path], session_id: str | None) -> str | None:
    """Return the version of the client that wrote a session's last rows, None if none says so."""
    if not session_id or not _SESSION_ID.fullmatch(session_id):
        return None
    for folder in claude_dirs:
        for path in folder.glob(f"projects/*/{session_id}.jsonl"):
            for line in reversed(_last_lines(path)):
                version = _parse(line).get("version")
                if isinstance(version, str) and _VERSION.fullmatch(version):
                    return version
    return None


def _last_lines(path: Path) -> list[bytes]:
    with suppress(OSError), file_of(path) as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL_BYTES))
        return file.read(_TAIL_BYTES).split(b"\n")
    return []


def _parse(line: bytes) -> dict[str, Any]:
    with suppress(orjson.JSONDecodeError):
        row = orjson.loads(line)
        if isinstance(row, dict):
            return row
    return {}
