"""The record of what each client last did with the plugin, and the table that is made of it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.claude_client.plugin_trial import (
    AT_ONCE,
    BY_A_TURN,
    EVENTS,
    NO_ANSWER,
    REFUSED,
    PluginTrial,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_PATH = Path(__file__).with_suffix(".json")

HEADS = (
    "Claude Code", "install", "hooks", "starts the daemon", "commands in the terminal",
    "commands in `claude -p`",
)  # fmt: skip
_INSTALLERS = {
    "command": "`claude plugin install`, `--plugin-dir`",
    "terminal": "`/plugin install`",
}
_ANSWERS = {
    AT_ONCE: "answered at once",
    BY_A_TURN: "answered by a turn of the model",
    REFUSED: 'refused: "requires approval"',
    NO_ANSWER: "refused, prints nothing",
}


def read_record() -> dict[str, PluginTrial]:
    """Return the recorded trials by the client's version, oldest first."""
    trials = [_read_trial(fields) for fields in json.loads(_PATH.read_text(encoding="utf-8"))]
    return {trial.version: trial for trial in trials}


def write_record(trials: Iterable[PluginTrial]) -> None:
    """Replace the recorded trials of these clients; keep the others."""
    record = read_record() if _PATH.exists() else {}
    record |= {trial.version: trial for trial in trials}
    newest_last = sorted(record.values(), key=lambda trial: _parts(trial.version))
    _PATH.write_text(json.dumps([asdict(trial) for trial in newest_last], indent=1) + "\n")


def client_table(record: dict[str, PluginTrial]) -> list[tuple[str, ...]]:
    """Return a row for each range of clients that do the same."""
    rows: list[tuple[str, ...]] = []
    for _same, group in groupby(record.values(), key=lambda trial: replace(trial, version="")):
        trials = list(group)
        first, last = trials[0], trials[-1]
        versions = first.version if first == last else f"{first.version} to {last.version}"
        install = _INSTALLERS[first.installer]
        if first.installer == "command" and len(first.folders) < 2:
            install = install.partition(",")[0]
        rows.append(
            (
                versions,
                install,
                "all" if first.hooks == EVENTS else ", ".join(first.hooks) or "none",
                "yes" if first.starts_daemon else "no",
                _describe(first.status_in_terminal, first.now_in_terminal),
                _describe(first.status_in_print, first.now_in_print),
            )
        )
    return rows


def _read_trial(fields: dict[str, Any]) -> PluginTrial:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }
    return PluginTrial(**values)


def _describe(status: str, now: str) -> str:
    if status == now:
        return _ANSWERS[status]
    return f"`sync-status` {_ANSWERS[status]}, `sync-now` {_ANSWERS[now]}"


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
