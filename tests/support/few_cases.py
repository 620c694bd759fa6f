"""`--few-cases`: of each parametrized test its first and its last case.

For a further version of Python: the other cases differ in data, not in what they need of Python,
and run with the version that runs everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(
        "--few-cases",
        action="store_true",
        help="run the first and the last case of each parametrized test only",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect all but the first and the last case of each test."""
    if not config.getoption("--few-cases"):
        return
    last = {_name(item): item for item in items}
    seen: set[str] = set()
    kept: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        name = _name(item)
        is_kept = name not in seen or item is last[name]
        seen.add(name)
        (kept if is_kept else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = kept


def _name(item: pytest.Item) -> str:
    """Return the name of the test that an item is a case of."""
    return item.nodeid.partition("[")[0]
