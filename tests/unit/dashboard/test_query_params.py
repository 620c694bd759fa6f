"""The query of an address: what is not usable is as if it was not there."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from ccsync_watch.dashboard.query_params import (
    MAX_TEXT_CHARS,
    build_query,
    call_param,
    exact_param,
    last_shown_seq,
    number_param,
    text_param,
)


def request(query: str = "", **headers: str) -> Request:
    """Return a request with this query."""
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "query_string": query.encode(), "headers": pairs})


@pytest.mark.parametrize(
    ("stream_request", "last"),
    [
        (request(), 0),
        (request("after=7"), 7),
        (request("after=7", last_event_id="9"), 9),
        (request("after=7", last_event_id="x"), 7),
        (request("after=7", last_event_id="9" * 5000), 7),
        (request("after=-1"), 0),
    ],
)
def test_stream_continues_after_what_was_shown(stream_request: Request, last: int) -> None:
    """The browser's own record of it is newer than the page's address."""
    assert last_shown_seq(stream_request) == last


def test_text_is_trimmed_and_cut() -> None:
    """A missing one is empty."""
    assert text_param(request("q=+a+b+"), "q") == "a b"
    assert text_param(request("q=" + "a" * 9999), "q") == "a" * MAX_TEXT_CHARS
    assert text_param(request(), "q") == ""


def test_stored_value_is_as_it_is() -> None:
    """Only what is longer than any path is cut."""
    assert exact_param(request("path=+a+"), "path") == " a "
    assert exact_param(request("path=" + "a" * 4096), "path") == "a" * 4096
    assert exact_param(request("path=" + "a" * 9999), "path") == "a" * 4096


def test_call_has_a_time_a_message_and_a_part() -> None:
    """With one of them missing there is none."""
    assert call_param(request("at=0&seq=7&part=0")) == (0, 7, 0)
    assert call_param(request("at=0&seq=7")) is None


@pytest.mark.parametrize("value", ["", "x", "-1", "1e9", "\u0661", "9" * 18])
def test_number_is_none_for_anything_else(value: str) -> None:
    """Numbers that SQLite cannot hold count as anything else."""
    assert number_param(request(f"at={value}"), "at") is None
    assert number_param(request("at=" + "9" * 17), "at") == int("9" * 17)


def test_query_leaves_out_what_is_empty() -> None:
    """A change replaces what was there."""
    assert build_query({"q": "a b", "sort": "", "at": 1}, at=0, before=None) == "?q=a+b&at=0"
