"""A conversation as a page shows it: calls with their outcomes and subagents, and turns; pure."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from ccsync_watch.accounting.account import Cost, total_cost
from ccsync_watch.dashboard.speakers import is_folded, speaker_of
from ccsync_watch.plain_text import has_sequences, plain_text
from ccsync_watch.store.conversations import permanent_name
from ccsync_watch.store.rewound import is_rewound
from ccsync_watch.store.turns import STARTERS
from ccsync_watch.store.withdrawn import withdrawal
from ccsync_watch.transcripts.call_outcome import CallOutcome, read_outcome
from ccsync_watch.transcripts.inferred_times import is_inferred

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from ccsync_watch.model import JsonValue, Part, StyleRun
    from ccsync_watch.outgoing import StoredMessage
    from ccsync_watch.store.context_sizes import ContextSize
    from ccsync_watch.store.conversations import SubagentRow, TimelineStep
    from ccsync_watch.store.rewound import RewoundRange
    from ccsync_watch.transcripts.task_list import TasksAfter


_EXCERPT_CHARS = 100


# What is typed to a program and what it answers is not Markdown, though it may look like it.
_VERBATIM_KINDS = frozenset({"command", "command_output"})


@dataclass(frozen=True, slots=True)
class EntryItem:
    """One thing to show of a message: a text, a call, an attachment.

    `styles` are those of its text, or of its outcome's output. `result` is all that is stored of a
    call's result; `tasks` is the client's list of tasks after a call that has to do with it.
    """

    kind: str
    content: JsonValue
    tool_name: str | None = None
    outcome: CallOutcome | None = None
    subagents: tuple[SubagentRow, ...] = ()
    styles: tuple[StyleRun, ...] = ()
    result: JsonValue = None
    tasks: TasksAfter | None = None

    @property
    def is_of_terminal(self) -> bool:
        """Whether its text was written for a terminal, as its styles or their sequences say."""
        return bool(self.styles) or (isinstance(self.content, str) and has_sequences(self.content))


@dataclass(frozen=True, slots=True)
class Entry:
    """One message to show. `is_folded`: neither the user nor Claude wrote it.

    `is_rewound`: the user took it back, with all that it led to. `is_final`: its tokens are all
    that its response used, not what it had used when it was written. Entries with the same
    `response` are what the client wrote of one response.
    """

    message: StoredMessage
    items: tuple[EntryItem, ...]
    is_folded: bool
    is_rewound: bool = False
    is_final: bool = True
    response: int | None = None

    @property
    def name(self) -> str:
        """The name of the message in links to it."""
        return permanent_name(self.message)

    @property
    def fate(self) -> str | None:
        """Why the message no longer stands, in a word; None for one that does."""
        return "rewound" if self.is_rewound else withdrawal(self.message)

    @property
    def has_inferred_time(self) -> bool:
        """Whether the message's own row has no readable time."""
        return is_inferred(self.message.facts)

    @property
    def speaker(self) -> str:
        """Who or what the message is from."""
        return speaker_of(self.message)

    @property
    def excerpt(self) -> str:
        """The first line of what it says, which names a folded one; empty without words."""
        for item in self.items:
            content = item.content
            if isinstance(content, dict) and "label" in content:
                content = f"{content['label']}: {content.get('text') or ''}".removesuffix(": ")
            if isinstance(content, str) and content.strip():
                line = plain_text(content).strip().split("\n", 1)[0]
                return f"{line[:_EXCERPT_CHARS]}…" if len(line) > _EXCERPT_CHARS else line
        return ""


def build_entries(
    messages: Iterable[StoredMessage],
    *,
    results: Mapping[str, Part],
    subagents: Sequence[SubagentRow],
    earlier_calls: Iterable[str] = (),
    rewound: Sequence[RewoundRange] = (),
    unfinished: Container[int] = (),
    responses: Mapping[int, int] = MappingProxyType({}),
    tasks: Mapping[str | None, TasksAfter] = MappingProxyType({}),
) -> list[Entry]:
    """Return what to show of these messages.

    `results` are those of their calls, by the call's id. A result is shown with its call. Its own
    place is left out, if its call is among these messages or `earlier_calls`. `rewound` is what the
    user took back; `unfinished` are the numbers of messages with responses that had not ended;
    `responses` says of which response a message is; `tasks` has the list of tasks after calls.
    """
    messages = list(messages)
    by_call: defaultdict[str | None, list[SubagentRow]] = defaultdict(list)
    for subagent in subagents:
        by_call[subagent.tool_use_id].append(subagent)
    calls = {
        part.tool_use_id
        for message in messages
        for part in message.parts
        if part.kind == "tool-call"
    }
    calls.update(earlier_calls)
    entries = []
    for message in messages:
        items = tuple(_build_items(message, results, by_call, calls, tasks))
        if items:
            entry = Entry(
                message,
                items,
                is_folded(message.kind),
                is_rewound(rewound, message.seq),
                is_final=message.seq not in unfinished,
                response=responses.get(message.seq),
            )
            entries.append(entry)
    return entries


def _build_items(
    message: StoredMessage,
    results: Mapping[str, Part],
    subagents: Mapping[str | None, Sequence[SubagentRow]],
    calls: set[str | None],
    tasks: Mapping[str | None, TasksAfter],
) -> Iterable[EntryItem]:
    for part in message.parts:
        call_id = part.tool_use_id or ""
        if part.kind == "tool-call":
            result = results.get(call_id)
            yield EntryItem(
                "call",
                part.content,
                part.tool_name or "unknown",
                read_outcome(result.content) if result else None,
                tuple(subagents.get(call_id, ())) if call_id else (),
                result.styles if result else (),
                result.content if result else None,
                tasks.get(call_id),
            )
        elif part.kind == "tool-result":
            if part.tool_use_id not in calls:
                outcome = read_outcome(part.content)
                yield EntryItem("result", None, part.tool_name, outcome, styles=part.styles)
        elif message.kind in _VERBATIM_KINDS and isinstance(part.content, str):
            yield EntryItem("verbatim", part.content, styles=part.styles)
        else:
            yield EntryItem(part.kind, part.content, styles=part.styles)


@dataclass(slots=True)
class Turn:
    """What one prompt led to. Times are the transcript's; `costs` are those of its responses.

    `name` is that of its prompt in links. `is_final`: its responses used no more tokens than those.
    """

    seq: int
    number: int
    started_ms: int | None
    ended_ms: int | None
    is_prompt: bool = True
    prompt_tokens: int = 0
    output_tokens: int = 0
    answers: int = 0
    calls: int = 0
    errors: int = 0
    costs: list[Cost] = field(default_factory=list)
    name: str = ""
    failed_calls: int = 0
    is_final: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing came of it, as of a command that the client answers itself."""
        return not (self.answers or self.errors)

    @property
    def duration_ms(self) -> int:
        """From the prompt to the last message before the next one."""
        return max(0, (self.ended_ms or 0) - (self.started_ms or 0))

    @property
    def cost(self) -> Cost:
        """The cost of all its responses."""
        return total_cost(self.costs)

    def add(self, step: TimelineStep) -> None:
        """Count one message of this turn."""
        self.ended_ms = max(self.ended_ms or 0, step.timestamp_ms or 0) or None
        self.prompt_tokens += step.prompt_tokens or 0
        self.output_tokens += step.output_tokens or 0
        self.answers += step.kind == "answer"
        self.calls += step.calls
        self.errors += step.kind == "api_error"
        self.failed_calls += step.failed_calls
        self.is_final &= step.is_final


@dataclass(slots=True)
class Timeline:
    """The turns of a session, or its last ones."""

    turns: list[Turn] = field(default_factory=list)


PriceTurns: TypeAlias = "Callable[[Mapping[str, int]], Mapping[int, Cost]]"
"""Returns what responses cost by their turns, each of which is named by a number."""
_PRICED_AT_ONCE = 2000


class _TurnCosts:
    """Gives turns the costs of their responses, those of many at once."""

    def __init__(self, price: PriceTurns, turns: deque[Turn]) -> None:
        self._price = price
        self._turns = turns
        self._unpriced: dict[str, int] = {}

    def add(self, response: str) -> None:
        """Add a response to the last turn."""
        self._unpriced[response] = self._turns[-1].seq
        if len(self._unpriced) >= _PRICED_AT_ONCE:
            self.settle()

    def settle(self) -> None:
        """Price what was added since the last time."""
        costs = self._price(self._unpriced)
        for turn in self._turns:
            if turn.seq in costs:
                turn.costs = [total_cost([*turn.costs, costs[turn.seq]])]
        self._unpriced.clear()


def build_timeline(
    steps: Iterable[TimelineStep],
    price: PriceTurns = lambda _turns: {},
    *,
    first_number: int = 1,
    most: int | None = None,
) -> Timeline:
    """Return a session's turns, at most so many, the last ones; they are numbered from the first.

    What comes before the first prompt belongs to none.

    A command to which nobody answered is not a turn, and a prompt that was sent during a turn is
    part of it. `price` is asked for the costs of many turns at once: a turn with a response whose
    cost is not known has a partial one.
    """
    # One more than are returned: the last one may turn out to be none.
    turns: deque[Turn] = deque(maxlen=most + 1 if most else None)
    costs = _TurnCosts(price, turns)
    number, is_running, has_ended = first_number, False, False
    for step in steps:
        if step.kind in STARTERS and not is_running:
            if turns and turns[-1].is_empty:
                number = turns.pop().number
            turn = Turn(step.seq, number, step.timestamp_ms, step.timestamp_ms)
            turn.is_prompt, turn.name = step.kind == "prompt", step.name
            number += 1
            turns.append(turn)
            has_ended = False
        if step.kind in {"answer", "interrupt", "api_error"}:
            has_ended |= step.ends_turn
            is_running = step.kind == "answer" and not has_ended
        if turns:
            turns[-1].add(step)
            if step.usage_id is not None:
                costs.add(step.usage_id)
    if turns and turns[-1].is_empty and not turns[-1].is_prompt:
        turns.pop()
    costs.settle()
    return Timeline(list(turns)[-most:] if most else list(turns))


@dataclass(frozen=True, slots=True)
class SessionTurns:
    """The last turns of a session; `are_all`: it had no others."""

    turns: list[Turn]
    are_all: bool


@dataclass(frozen=True, slots=True)
class SessionOutline:
    """The last turns of a session, and the sizes of its contexts: no text of its messages."""

    last: SessionTurns
    contexts: list[ContextSize]
