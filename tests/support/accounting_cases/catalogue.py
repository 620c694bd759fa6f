"""All cases, each with a name of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.accounting_cases import (
    client_totals,
    copies,
    dates,
    identities,
    model_names,
    price_rules,
    subagents,
)

if TYPE_CHECKING:
    from support.accounting_cases.case import Case


def cases() -> list[Case]:
    """Return every case, in the order of the table."""
    modules = (identities, copies, client_totals, subagents, price_rules, model_names, dates)
    return [case for module in modules for case in module.cases()]
