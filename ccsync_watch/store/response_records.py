"""Which records of a message id form one response, by what they say alone; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

SEVERAL = ""
"""In place of a record's id: it fits several responses."""


class Record(NamedTuple):
    """A row of `usage`; `request_id` is None if an earlier version stored it, which kept none."""

    id: str
    request_id: str | None
    prompt_tokens: int
    state: tuple[int, int]

    @property
    def rank(self) -> tuple[bool, bool, tuple[int, int], str]:
        """Of the records of a response the greatest counts."""
        return self.request_id is not None, self.prompt_tokens > 0, self.state, self.id

    def may_continue_in(self, block: Record) -> bool:
        """Return whether a later block may be of the same response: after its end all are equal."""
        return not self.state[0] or self.state == block.state


def find_targets(records: Sequence[Record]) -> dict[str, str]:
    """Return, by id, the record with which each record of a message id forms one response; pure.

    A record that is certainly a response of its own is its own target. One that fits several
    responses has the target `SEVERAL`: it counts in none, as each of them has a later state.
    """
    early = [record for record in records if any(_grown(record, records))]
    certain = [record for record in records if record.request_id and record.prompt_tokens]
    targets = {record.id: record.id for record in certain if record not in early}
    by_prompt: dict[int, str] = {}
    for record in sorted(certain):
        if record not in early:
            by_prompt.setdefault(record.prompt_tokens, record.id)
    unnamed = [record for record in records if record.request_id == "" and record.prompt_tokens]
    for record in sorted(unnamed):
        if record not in early:
            target = by_prompt.setdefault(record.prompt_tokens, record.id)
            targets[record.id] = target
    for record in early:
        grown = {targets[other.id] for other in _grown(record, records)}
        targets[record.id] = min(grown) if len(grown) == 1 else SEVERAL
    for record in sorted(records, key=_search_order):
        if record.id not in targets:
            fitting = {targets[other.id] for other in _fitting(record, records, targets)}
            targets[record.id] = (
                record.id if not fitting else min(fitting) if len(fitting) == 1 else SEVERAL
            )
    return targets


def _grown(record: Record, records: Sequence[Record]) -> list[Record]:
    """Return the ends of what a record may be an early state of, with a longer prompt.

    With searches and other tools of the API, a response reads more while it is written.
    """
    if record.state[0] or not record.prompt_tokens or record.request_id is None:
        return []
    return [
        other
        for other in records
        if other.state[0]
        and other.request_id == record.request_id
        and other.prompt_tokens > record.prompt_tokens
    ]


def _search_order(record: Record) -> tuple[bool, bool, str]:
    """Return the order of what is uncertain: what has a request id first, old records last."""
    return record.request_id is None, not record.request_id, record.id


def _fitting(record: Record, records: Sequence[Record], targets: dict[str, str]) -> list[Record]:
    """Return the records of which an uncertain one may be an earlier state."""
    known = [other for other in records if targets.get(other.id, SEVERAL) != SEVERAL]
    if record.request_id is None and record.prompt_tokens:
        return [other for other in known if other.prompt_tokens == record.prompt_tokens]
    with_prompt = [other for other in known if other.prompt_tokens]
    if not record.request_id:
        return with_prompt or known
    same = [other for other in with_prompt if other.request_id == record.request_id]
    unnamed = [other for other in with_prompt if targets[other.id] == other.id]
    return same or [other for other in unnamed if not other.request_id]
