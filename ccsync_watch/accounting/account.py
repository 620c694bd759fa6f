"""The values of this package: tokens, costs with their source, the account of a session."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from ccsync_watch.units import dollars

if TYPE_CHECKING:
    from collections.abc import Iterable

# client: the client's own figure, which covers all of it. computed: tokens at the price that counts
# for their model, whoever wrote it down; or the client's figure times the user's multiplier.
# partial: a lower bound, as some tokens are unknown or have no price. unpriced: none has one.
# These values are JSON; what people read is in COST_SOURCES.
Provenance: TypeAlias = Literal["client", "computed", "partial", "unpriced"]


@dataclass(frozen=True, slots=True)
class CostSource:
    """A provenance as people read it: one word, and what it means."""

    label: str
    meaning: str


COST_SOURCES: dict[Provenance, CostSource] = {
    "client": CostSource("reported", "Claude Code's own figure"),
    "computed": CostSource("estimated", "tokens at known prices"),
    "partial": CostSource(
        "partial", "some of the tokens or prices are not known: the true cost is higher"
    ),
    "unpriced": CostSource("unpriced", "no price is known, or the tokens cannot be read"),
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens and searches. `input` is what was neither written to nor read from the cache."""

    input: int = 0
    output: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    web_searches: int = 0

    @property
    def cache_write(self) -> int:
        """Cache writes of both lifetimes."""
        return self.cache_write_5m + self.cache_write_1h

    @property
    def prompt(self) -> int:
        """Everything that was sent: input, cache writes and cache reads."""
        return self.input + self.cache_write + self.cache_read

    @property
    def billed(self) -> tuple[int, int, int, int, int]:
        """The values that two accounts must agree on; not every client reports lifetimes."""
        return self.input, self.output, self.cache_write, self.cache_read, self.web_searches

    def __add__(self, other: Tokens) -> Tokens:
        # Spelled out, here and below, for speed: a store may have a hundred thousand sessions.
        return Tokens(
            self.input + other.input,
            self.output + other.output,
            self.cache_write_5m + other.cache_write_5m,
            self.cache_write_1h + other.cache_write_1h,
            self.cache_read + other.cache_read,
            self.web_searches + other.web_searches,
        )

    def __sub__(self, other: Tokens) -> Tokens:
        return Tokens(
            self.input - other.input,
            self.output - other.output,
            self.cache_write_5m - other.cache_write_5m,
            self.cache_write_1h - other.cache_write_1h,
            self.cache_read - other.cache_read,
            self.web_searches - other.web_searches,
        )

    def covers(self, other: Tokens) -> bool:
        """Return whether none of the other's values is larger."""
        return all(mine >= theirs for mine, theirs in zip(self.billed, other.billed, strict=True))


NO_TOKENS = Tokens()


@dataclass(frozen=True, slots=True)
class Cost:
    """Money and its provenance; `usd` is None when nothing is known."""

    usd: float | None
    provenance: Provenance


UNPRICED = Cost(None, "unpriced")
NOTHING = Cost(0.0, "computed")


def total_cost(costs: Iterable[Cost]) -> Cost:
    """Return the sum of costs, whatever their order; partial when one of them is not known.

    The sum of nothing is zero; a lower bound of nothing is none.
    """
    costs = list(costs)
    if not costs:
        return NOTHING
    known = [cost.usd for cost in costs if cost.usd is not None]
    if len(known) < len(costs) and not any(known):
        return UNPRICED
    if len(known) < len(costs) or any(cost.provenance == "partial" for cost in costs):
        return Cost(math.fsum(known), "partial")
    is_client = all(cost.provenance == "client" for cost in costs)
    return Cost(math.fsum(known), "client" if is_client else "computed")


def format_cost(cost: Cost) -> str:
    """Return a cost for people: `≥` before a partial one, `unpriced` for one that is not known."""
    if cost.usd is None:
        return "unpriced"
    shown = dollars(cost.usd)
    return f"≥ {shown}" if cost.provenance == "partial" else shown


@dataclass(frozen=True, slots=True)
class ClientTotals:
    """A `cost-state` line: the client's own running total of a session.

    Where the user has prices or a multiplier, the costs are at those: `reported_usd` is what the
    client wrote, `own_priced` are the models with prices of the user's, and the others' costs are
    the client's times `multiplier`.
    """

    usd: float
    models: dict[str, tuple[Tokens, float]]
    has_guess: bool = False
    api_ms: int | None = None
    tool_ms: int | None = None
    duration_ms: int | None = None
    lines_added: int | None = None
    lines_removed: int | None = None
    reported_usd: float | None = None
    own_priced: frozenset[str] = frozenset()
    multiplier: float = 1.0

    @property
    def tokens(self) -> Tokens:
        """The tokens of all models."""
        return sum((tokens for tokens, _usd in self.models.values()), NO_TOKENS)

    @property
    def reported(self) -> float:
        """The client's own figure."""
        return self.usd if self.reported_usd is None else self.reported_usd

    @property
    def provenance(self) -> Provenance:
        """Where the whole comes from."""
        return "client" if self.reported_usd is None else "computed"

    def provenance_of(self, model: str) -> Provenance:
        """Return where a model's cost comes from."""
        is_own = model in self.own_priced or self.multiplier != 1
        return "computed" if is_own else "client"


NO_TOTALS = ClientTotals(0.0, {})


@dataclass(frozen=True, slots=True)
class ModelAccount:
    """What a session used of one model; `model` is None where no row names it.

    `is_reported`: its cost is what the client reported, at most times the user's multiplier.
    """

    model: str | None
    responses: int
    tokens: Tokens
    cost: Cost
    is_reported: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """What a session used of one model on one day (ISO; None = not known).

    `unrecorded` of its tokens are in no row. `is_counted`: not before the days that are asked for.
    """

    day: str | None
    model: str | None
    responses: int
    tokens: Tokens
    unrecorded: Tokens
    cost: Cost
    is_counted: bool = True


@dataclass(frozen=True, slots=True)
class SessionAccount:
    """A session's figures, its subagents' included; copies of other sessions' responses are not.

    `tokens` = those of its rows + `unrecorded`: what the client counted and no row reports
    (compaction requests, cut streams). `row_cost` is the cost of the rows alone. Times and lines
    are the client's own, None where it wrote none. `notes` explain figures that are not obvious.
    `models` and `shares` both add up to the tokens and the cost.
    """

    session_id: str
    tokens: Tokens
    unrecorded: Tokens
    cost: Cost
    row_cost: Cost
    client_usd: float | None
    inherited_usd: float | None
    models: tuple[ModelAccount, ...]
    responses: int
    shares: tuple[Share, ...] = ()
    api_ms: int | None = None
    tool_ms: int | None = None
    lines_added: int | None = None
    lines_removed: int | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)
