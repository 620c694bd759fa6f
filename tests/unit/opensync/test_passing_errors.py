"""A description is of the backend's own state, or of a row."""

from __future__ import annotations

import pytest

from ccsync_watch.opensync.passing_errors import is_passing


@pytest.mark.parametrize(
    "said",
    [
        "OptimisticConcurrencyControlFailure: Documents read from or written to changed",
        "Optimistic concurrency control failure",
        "OCC conflict in table messages",
        "The server is overloaded",
        "System overload",
        "Too many requests",
        "too many concurrent requests in this deployment",
        "TooManyConcurrentRequests",
        "Rate limit exceeded",
        "you are being rate-limited",
        "Function execution timed out (maximum duration: 1s)",
        "Your request timed out",
        "Timeout while waiting for the database",
        "request time-out",
        "Deadline exceeded",
        "ExpiredInQueue",
        "Service unavailable",
        "Temporarily unavailable, try again later",
        "The backend is too busy. Please retry",
        'Write conflict in "messages"',
    ],
)
def test_a_state_of_the_backend_passes(said: str) -> None:
    """The same request may succeed later."""
    assert is_passing(said)
    assert is_passing(f" ({said})")


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Missing externalId",
        "Missing timeoutSeconds",
        'Unknown role "timeout"',
        "Unknown role 'too many requests'",
        'Object is missing the field "rate limit',
        "ArgumentValidationError: Value does not match validator. Value: overloaded",
        "Value is too large (1.2 MiB), please try again",
        "Invalid API request: the text says `timeout`",
        "too many fields",
        "occurrence",
        "Session has conflicts",
    ],
)
def test_a_fault_of_a_row_does_not_pass(said: str) -> None:
    """Also where it quotes a row's words."""
    assert not is_passing(said)
