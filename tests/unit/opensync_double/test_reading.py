"""What the backend's own reading addresses return, one rule to a test."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from support.opensync_double.samples import TEXT, message, session

if TYPE_CHECKING:
    import httpx

    from support.opensync_double.backend import Backend
    from support.opensync_double.clock import ManualClock
    from support.opensync_double.records import Fields, Json
    from support.opensync_double.server import OpenSyncDouble

OTHER_KEY = "osk_other"


def read(backend: Backend, path: str, *, api_key: str | None = None, **query: Json) -> Fields:
    """Return the answer of a reading address, which must be 200."""
    answer = backend.get(f"{path}?{urlencode(query)}", api_key=api_key)
    assert answer.status == 200
    fields: Fields = answer.json
    return fields


def search(backend: Backend, words: str, **query: Json) -> list[str]:
    """Return the external ids of the sessions that a search finds."""
    results = read(backend, "/api/search", q=words, **query)["results"]
    return [result["externalId"] for result in results]


def test_sessions_are_listed_by_their_last_update(backend: Backend, clock: ManualClock) -> None:
    """The latest is first; 50 without a limit."""
    for external_id in ("s1", "s2", "s3"):
        backend.post("/sync/session", session(external_id))
        clock.advance(1)
    backend.post("/sync/message", message("m1", "s1"))
    listed = read(backend, "/api/sessions", limit=2)["sessions"]
    assert [row["externalId"] for row in listed] == ["s1", "s3"]
    assert (listed[0]["title"], listed[0]["messageCount"]) == ("Fix the parser", 1)
    assert "searchableText" not in listed[0]


def test_a_session_is_read_with_its_messages(backend: Backend) -> None:
    """By its own id, which the list has; in the order of their dates, parts included."""
    backend.post("/sync/session", session())
    backend.post("/sync/message", message("m2", createdAt=2))
    backend.post("/sync/message", message("m1", createdAt=1, parts=[TEXT, TEXT]))
    own_id = read(backend, "/api/sessions")["sessions"][0]["id"]
    answer = read(backend, "/api/sessions/get", id=own_id)
    assert answer["session"]["title"] == "Fix the parser"
    assert [row["externalId"] for row in answer["messages"]] == ["m1", "m2"]
    assert answer["messages"][0]["parts"] == [TEXT, TEXT]
    assert read(backend, "/api/export", id=own_id)["messages"] == [
        {"role": "user", "content": "hello\nhello"},
        {"role": "user", "content": "hello"},
    ]


def test_sessions_of_others_are_not_found(backend: Backend) -> None:
    """Neither by id nor by a search nor in the list."""
    backend.add_user(OTHER_KEY)
    backend.post("/sync/session", session())
    own_id = read(backend, "/api/sessions")["sessions"][0]["id"]
    answer = backend.get(f"/api/sessions/get?id={own_id}", api_key=OTHER_KEY)
    assert (answer.status, answer.json) == (404, {"error": "Session not found"})
    assert read(backend, "/api/sessions", api_key=OTHER_KEY) == {"sessions": []}
    assert search(backend, "parser") == ["s1"]
    assert read(backend, "/api/search", q="parser", api_key=OTHER_KEY) == {"results": []}


@pytest.mark.parametrize(
    ("words", "is_hit"),
    [
        ("parser", True),
        ("PARSER", True),
        ("pars", True),
        ("zebra parser", True),
        ("parser zebra", True),
        ("pars zebra", False),
        ("arser", False),
        ("...", False),
    ],
)
def test_a_search_finds_whole_words_and_the_beginning_of_the_last(
    backend: Backend, words: str, *, is_hit: bool
) -> None:
    """Any of the words is enough."""
    backend.post("/sync/session", session())
    assert search(backend, words) == (["s1"] if is_hit else [])


def test_a_search_looks_only_at_the_search_text(backend: Backend) -> None:
    """▲ A text that a later title wiped is not found, though its message is there."""
    backend.post("/sync/session", session())
    backend.post("/sync/message", message())
    assert search(backend, "hello") == ["s1"]
    backend.post("/sync/session", session(title="Other"))
    assert search(backend, "hello") == []


def test_a_semantic_search_needs_a_key_of_openai(backend: Backend) -> None:
    """Without one it fails."""
    assert backend.get("/api/search?q=x&type=semantic").status == 500


@pytest.mark.parametrize("path", ["/api/search", "/api/sessions/get", "/api/export"])
def test_a_missing_parameter_is_a_400(backend: Backend, path: str) -> None:
    """A query or an id is required."""
    assert backend.get(path).status == 400


def test_statistics_sum_the_sessions(backend: Backend) -> None:
    """Of the key's owner."""
    backend.post("/sync/session", session(durationMs=7))
    backend.post("/sync/session", session("s2"))
    backend.post("/sync/message", message())
    statistics = read(backend, "/api/stats")
    assert (statistics["sessionCount"], statistics["messageCount"]) == (2, 1)
    assert (statistics["totalTokens"], statistics["totalCost"]) == (240, 3.0)


def test_reading_rejects_a_bad_key(backend: Backend) -> None:
    """As writing does."""
    answer = backend.answer("GET", "/api/sessions", "Bearer osk_wrong", b"")
    assert answer.status == 401


def test_a_long_session_cannot_be_read(backend: Backend) -> None:
    """▲ Each message's parts are a range of their own, and a query has 4,096."""
    rows = [message(f"m{number}") for number in range(4096)]
    backend.post("/sync/batch", {"sessions": [session()], "messages": rows[:4095]})
    own_id = read(backend, "/api/sessions")["sessions"][0]["id"]
    assert backend.get(f"/api/sessions/get?id={own_id}").status == 200
    backend.post("/sync/batch", {"messages": rows[4095:]})
    assert backend.get(f"/api/sessions/get?id={own_id}").status == 500


def test_reading_works_over_http(double: OpenSyncDouble, client: httpx.Client) -> None:
    """Parameters come in the address."""
    double.backend.post("/sync/session", session())
    results = client.get("/api/search", params={"q": "parser"}).json()["results"]
    assert [result["externalId"] for result in results] == ["s1"]
    assert double.backend.calls[-1].path == "/api/search"


def test_the_list_of_ids_reads_every_session_whole(backend: Backend) -> None:
    """▲ Above the engine's limit of bytes it fails, however short its answer would be."""
    long = {"type": "text", "content": "x" * 20_000}
    for number in range(10):
        backend.post("/sync/session", session(f"s{number}"))
        backend.post("/sync/message", message(f"m{number}", f"s{number}", parts=[long]))
    assert len(backend.get("/sync/sessions/list").json["sessionIds"]) == 10
    backend.max_read_bytes = 100_000
    answer = backend.get("/sync/sessions/list")
    assert answer.status == 500
    assert "Too many bytes read" in answer.json["error"]


def test_1600_full_sessions_are_too_many_for_the_list(backend: Backend) -> None:
    """▲ Some 1,600 sessions with a full search text each are 16 MiB."""
    long = {"type": "text", "content": "x" * 10_000}
    for number in range(1700):
        backend.post("/sync/message", message(f"m{number}", f"s{number}", parts=[long]))
        if number == 1500:
            assert backend.get("/sync/sessions/list").status == 200
    assert backend.get("/sync/sessions/list").status == 500


def test_a_session_can_be_deleted_in_the_app(backend: Backend) -> None:
    """With its messages: their ids are free again."""
    backend.post("/sync/session", session())
    backend.post("/sync/message", message())
    backend.delete_session("s1")
    assert backend.get("/sync/sessions/list").json == {"sessionIds": []}
    assert backend.all_messages() == []
    backend.post("/sync/message", message("m1", "s2"))
    assert len(backend.messages("s2")) == 1
    with pytest.raises(KeyError):
        backend.delete_session("s1")


@pytest.mark.parametrize(
    ("path", "payload", "calls"),
    [
        ("/sync/session", session(), 3),
        ("/sync/message", message(), 3),
        ("/sync/batch", {"messages": [message(), message("m2")]}, 3),
        ("/sync/batch", {"sessions": [session()], "messages": [message()]}, 4),
        ("/sync/batch", {}, 2),
    ],
)
def test_writing_costs_function_calls(
    backend: Backend, path: str, payload: Fields, calls: int
) -> None:
    """▲ The action, the check of the key, and the function: the same for one row and for many."""
    backend.post(path, payload)
    assert backend.function_calls == calls


@pytest.mark.parametrize(
    ("path", "calls"),
    [("/health", 1), ("/sync/sessions/list", 3), ("/api/sessions", 4), ("/nowhere", 0)],
)
def test_reading_costs_function_calls(backend: Backend, path: str, calls: int) -> None:
    """The addresses for owners also log each answer."""
    backend.get(path)
    assert backend.function_calls == calls
