"""The tree of errors: what each means for the exit code, and how it reads."""

from __future__ import annotations

import re

import pytest

from ccsync_watch import errors
from ccsync_watch.errors import CcsyncError, DestinationError, Retryable, Unsent

EXIT_CODES = {
    "CcsyncError": 1,
    "ConfigError": 2,
    "QueryError": 2,
    "UnsafePath": 2,
    "StateError": 2,
    "OtherSchema": 2,
    "NewerSchema": 2,
    "DatabaseDamaged": 2,
    "AlreadyRunning": 1,
    "DaemonUnavailable": 3,
    "NotRunning": 3,
    "StillStarting": 3,
    "NotAnswering": 3,
    "StartFailed": 1,
    "NothingStored": 1,
    "ServiceManagerSilent": 1,
    "RedactorUnavailable": 1,
    "DestinationError": 4,
    "Retryable": 4,
    "Unsent": 4,
    "Unauthorized": 4,
    "UnexpectedAnswer": 4,
    "Rejected": 4,
}


def tree(base: type[CcsyncError]) -> dict[str, type[CcsyncError]]:
    """Return an error's class and all below it by name."""
    classes = {base.__name__: base}
    for child in base.__subclasses__():
        classes |= tree(child)
    return classes


@pytest.mark.parametrize("name", EXIT_CODES)
def test_each_error_has_its_exit_code(name: str) -> None:
    """Scripts rely on them: 2 is a mistake, 3 no daemon, 4 the backend."""
    assert tree(CcsyncError)[name].exit_code == EXIT_CODES[name]


def test_the_drawn_tree_is_the_real_one() -> None:
    """The module's docstring names every class, and no other."""
    drawn = re.findall(
        r"^[│ ]*[├└─ ]*([A-Z]\w+Error|[A-Z]\w+) {2,}", errors.__doc__ or "", re.MULTILINE
    )
    assert set(drawn) == set(tree(CcsyncError)) == set(EXIT_CODES)


def test_an_error_is_one_line_that_ends_in_the_hint() -> None:
    """The thing, then what to do."""
    assert str(CcsyncError("it broke", hint="fix it")) == "it broke: fix it"
    assert str(CcsyncError("it broke", hint="")) == "it broke"


def test_only_what_may_pass_is_tried_again() -> None:
    """Passing errors carry how long the backend asked us to wait."""
    error = Retryable("busy", hint="wait", retry_after=7)
    assert error.is_passing
    assert error.retry_after == 7
    assert Unsent("away", hint="").retry_after is None
    assert not DestinationError("no", hint="").is_passing
