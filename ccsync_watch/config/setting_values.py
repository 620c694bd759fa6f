"""The types of settings that are more than a text, a number or a truth value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

ProjectPolicy: TypeAlias = Literal["full", "metadata", "off"]

DEFAULT_PORT = 8377


class Secret:
    """A value that no log, error or `repr` shows; `reveal` is the only way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for the one header that needs it."""
        return self._value

    def masked(self) -> str:
        """Return the prefix and the last two characters: enough to distinguish two keys."""
        return f"{self._value[:4]}…{self._value[-2:]}" if len(self._value) > 12 else "…"  # noqa: PLR2004 - shorter would show most of it

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class RedactSettings:
    """The user's own regular expressions: what else is secret, and what never is."""

    patterns: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """Where the local page listens on loopback; without a port, at the usual one if it is free."""

    enabled: bool = True
    port: int | None = None


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long texts are kept: for so many days, and within a database of so many bytes."""

    max_age_days: int | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ModelPrices:
    """The user's own prices of a model: USD for a million tokens, for a thousand searches.

    What is None has the price of the more general kind: an hour's cache write that of 5 minutes,
    this and a cache read that of input, a search the known price.
    """

    input: float
    output: float
    cache_write_5m: float | None = None
    cache_write_1h: float | None = None
    cache_read: float | None = None
    web_search: float | None = None


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """What may be spent in each period, in USD; None has no limit."""

    day: float | None = None
    week: float | None = None
    month: float | None = None

    def by_period(self) -> dict[str, float | None]:
        """Return the limits by their periods, the shortest first."""
        return {"day": self.day, "week": self.week, "month": self.month}


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """What may be spent on everything, and on projects by a folder, its name or a glob."""

    limits: BudgetLimits = BudgetLimits()
    projects: tuple[tuple[str, BudgetLimits], ...] = ()


@dataclass(frozen=True, slots=True)
class DestinationInfo:
    """Where the settings say that sessions are uploaded to: a product's name and an address.

    Its app cannot open sessions of more messages than about `max_messages`, and is at `app_url`,
    None where that is not known: no answer of the backend has it.
    """

    name: str
    url: str
    max_messages: int
    app_url: str | None = None

    def session_url(self, document_id: str | None) -> str | None:
        """Return where the app shows the session with this id at the backend, None if not known."""
        if self.app_url is None or document_id is None:
            return None
        return f"{self.app_url}/dashboard?session={document_id}"
