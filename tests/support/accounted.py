"""What the program says of transcripts in files: from lines over the pump to the account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccsync_watch.accounting import activity
from ccsync_watch.accounting.account import NO_TOKENS, Cost, Tokens
from ccsync_watch.accounting.calendars import UTC_DAYS
from ccsync_watch.accounting.session_accounts import load_account, load_accounts
from ccsync_watch.store import status_figures
from ccsync_watch.store.conversations import list_subagents
from ccsync_watch.store.session_list import SessionFilter, list_sessions
from support.lines import line
from support.pumping import PROJECT, Bench
from support.storing import price_list

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from support.histories import Transcript


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """A listed session: what people read of it. `days` and `models` have prompt and output tokens.

    `subagents` have the id, the type, the description and the call of each.
    """

    title: str | None
    model: str | None
    prompts: int
    turns: int
    calls: int
    tokens: tuple[int, int]
    cost: Cost
    days: dict[str | None, tuple[int, int]]
    models: dict[str | None, tuple[int, int]]
    subagents: frozenset[tuple[str, str | None, str | None, str | None]]
    notes: tuple[str, ...] = field(compare=False)


class Accounted:
    """Transcripts in a folder of their own, a pump that reads them, and the figures."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder)
        self.prices = price_list(folder)

    def path(self, transcript: Transcript, *, is_flat: bool = False) -> Path:
        """Return the path of a transcript; `is_flat`: a subagent's, as 2.0.42 to 2.1.120 had it."""
        if transcript.agent_id is None or is_flat:
            return self.bench.path(transcript.name)
        folder = f"{PROJECT}/{transcript.session_id}/subagents"
        return self.bench.path(transcript.name, folder)

    def write(self, transcript: Transcript, *, is_flat: bool = False) -> None:
        """Write a transcript whole, later than all before it."""
        path = self.path(transcript, is_flat=is_flat)
        self.bench.rewrite(path, *[line(row) for row in transcript.rows])

    def read(
        self, *transcripts: Transcript, one_by_one: bool = False, is_flat: bool = False
    ) -> None:
        """Write transcripts in this order and read them: the last first, or each when written."""
        for transcript in transcripts:
            self.write(transcript, is_flat=is_flat)
            if one_by_one:
                self.bench.catch_up()
        self.bench.catch_up()

    def sessions(self) -> dict[str, SessionFigures]:
        """Return the figures of every listed session."""
        database = self.bench.database
        done = activity.by_session_id(database)
        rows, _end = list_sessions(database, SessionFilter(), limit=1000)
        figures: dict[str, SessionFigures] = {}
        for row in rows:
            account = load_account(database, row.session_id, self.prices, calendar=UTC_DAYS)
            did = done.get(row.session_id, activity.Activity())
            assert did.prompts == row.prompts
            figures[row.session_id] = SessionFigures(
                title=row.title,
                model=row.model,
                prompts=did.prompts,
                turns=did.turns,
                calls=did.tool_calls,
                tokens=_pair(account.tokens),
                cost=account.cost,
                days=_sums((share.day, share.tokens) for share in account.shares),
                models=_sums((model.model, model.tokens) for model in account.models),
                subagents=frozenset(
                    (agent.agent_id, agent.agent_type, agent.description, agent.tool_use_id)
                    for agent in list_subagents(database, row.session_id)
                ),
                notes=account.notes,
            )
        return figures

    def tokens(self) -> tuple[int, int]:
        """Return the prompt and output tokens of everything, also of what is not listed."""
        accounts = load_accounts(self.bench.database, self.prices)
        return _pair(sum((account.tokens for account in accounts.values()), NO_TOKENS))

    def sent_texts(self) -> list[str]:
        """Return the texts of the messages that are to be sent, without our headers."""
        query = (
            "SELECT json_extract(p.content, '$') FROM outbox o JOIN messages m ON m.seq = o.seq"
            " JOIN parts p ON p.message_seq = m.seq AND p.kind = 'text' WHERE m.kind <> 'session'"
        )
        return sorted(str(text) for (text,) in self.bench.select(query))

    def uncounted(self) -> dict[str, int]:
        """Return how many rows report tokens that no total contains, by reason."""
        return status_figures.uncounted_rows(self.bench.database)


def _pair(tokens: Tokens) -> tuple[int, int]:
    return tokens.prompt, tokens.output


def _sums(items: Iterable[tuple[str | None, Tokens]]) -> dict[str | None, tuple[int, int]]:
    sums: dict[str | None, Tokens] = {}
    for key, tokens in items:
        sums[key] = sums.get(key, NO_TOKENS) + tokens
    return {key: _pair(tokens) for key, tokens in sums.items()}
