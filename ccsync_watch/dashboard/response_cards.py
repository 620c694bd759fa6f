"""Lay a conversation out: a card for each response of the API, long runs of calls folded; pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from ccsync_watch.dashboard.tool_views import STANDING_ALONE
from ccsync_watch.units import full_count, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ccsync_watch.dashboard.conversation import Entry, EntryItem

MAX_OPEN_CALLS = 5
"""A run of more calls is folded into a line that counts them."""
_QUIET_KINDS = frozenset({"call", "thinking"})


@dataclass(frozen=True, slots=True)
class Card:
    """What one response said and called, in the rows that the client wrote of it; or one message.

    There is always a first entry, which has the response's tokens if any of them has.
    """

    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        """The entry that the card is named by."""
        return self.entries[0]

    @property
    def items(self) -> Iterator[EntryItem]:
        """All that it shows."""
        return (item for entry in self.entries for item in entry.items)

    @property
    def is_of_calls(self) -> bool:
        """Whether Claude says nothing in it and only thinks and calls tools."""
        return self.first.message.kind == "answer" and all(
            item.kind in _QUIET_KINDS for item in self.items
        )

    @property
    def stands_alone(self) -> bool:
        """Whether a reader looks for it, so that it is not folded with others.

        It failed, asks the user, started a subagent, or has no result.
        """
        return any(
            item.kind == "call"
            and (
                item.outcome is None
                or not item.outcome.is_ok
                or bool(item.subagents)
                or item.tool_name in STANDING_ALONE
            )
            for item in self.items
        )


@dataclass(frozen=True, slots=True)
class CardGroup:
    """Cards that follow each other; those that are folded have calls only."""

    cards: tuple[Card, ...]
    is_folded: bool = False

    @property
    def summary(self) -> str:
        """How many calls of which tools: `7 calls: Bash 5, Read 2`."""
        tools = Counter(
            item.tool_name for card in self.cards for item in card.items if item.kind == "call"
        )
        counted = ", ".join(f"{name} {full_count(count)}" for name, count in tools.most_common())
        return f"{plural(sum(tools.values()), 'call')}: {counted}"

    @property
    def duration_ms(self) -> float:
        """How long the calls took, as far as their results say."""
        outcomes = (item.outcome for card in self.cards for item in card.items)
        return sum(outcome.duration_ms or 0 for outcome in outcomes if outcome)


def build_cards(entries: Iterable[Entry]) -> list[Card]:
    """Return the entries of each response in one card, if nothing else is between them."""
    cards: list[Card] = []
    for response, group in groupby(entries, key=_response_of):
        members = tuple(group)
        if response is None:
            cards += [Card((entry,)) for entry in members]
        else:
            cards.append(Card(members))
    return cards


def _response_of(entry: Entry) -> tuple[int, bool] | None:
    """Return what entries of one card have in common; None for one that has a card of its own."""
    if entry.response is None or entry.fate:
        return None
    return entry.response, entry.message.is_inherited


def group_cards(
    cards: Sequence[Card], *, named: str | None = None, is_growing: bool = False
) -> list[CardGroup]:
    """Return the cards with long runs of calls folded.

    Neither is one that has the message `named`, nor the last one of a conversation that is growing.
    """
    groups: list[CardGroup] = []
    runs = [
        (is_quiet, tuple(run))
        for is_quiet, run in groupby(
            cards, key=lambda card: card.is_of_calls and not card.stands_alone
        )
    ]
    for number, (is_quiet, run) in enumerate(runs):
        calls = sum(item.kind == "call" for card in run for item in card.items)
        has_named = any(entry.name == named for card in run for entry in card.entries)
        is_last = is_growing and number == len(runs) - 1
        is_folded = is_quiet and calls > MAX_OPEN_CALLS and not has_named and not is_last
        groups.append(CardGroup(run, is_folded))
    return groups
