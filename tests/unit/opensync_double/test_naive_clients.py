"""Clients that do not know the backend: each loses or damages something, and the double shows it.

Beside each one is a client that is careful in the same place: it is a trap, not a defect of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.opensync_double.backend import Backend
from support.opensync_double.samples import message, session
from support.search_texts import has_right_search_text

if TYPE_CHECKING:
    from support.opensync_double.clock import ManualClock

PAST_MS = 1_700_000_000_000
OTHER_KEY = "osk_other"
WORDS = [f"word{number}" for number in range(30)]


def said(number: int, text: str | None = None) -> dict[str, object]:
    """Return the message with this number, from long ago."""
    text = text or WORDS[number]
    part = {"type": "text", "content": text}
    return message(f"m{number}", textContent=text, parts=[part], createdAt=PAST_MS + number)


def upload(backend: Backend) -> None:
    """Send a session and its messages, in order and once."""
    backend.post("/sync/session", session(createdAt=PAST_MS))
    for number in range(len(WORDS)):
        backend.post("/sync/message", said(number))


def finds(backend: Backend, word: str) -> bool:
    """Return whether a search for the word finds the session."""
    return bool(backend.get(f"/api/search?q={word}").json["results"])


class TestSearchText:
    """What the owner can search for."""

    def test_a_careful_upload_is_found(self, backend: Backend) -> None:
        """Every word once."""
        upload(backend)
        assert all(finds(backend, word) for word in WORDS)
        assert has_right_search_text(backend, "s1")

    def test_a_client_that_only_renames_loses_every_text(self, backend: Backend) -> None:
        """▲ It sends the new title, is answered ok, and nothing but the title is found."""
        upload(backend)
        backend.post("/sync/session", session(title="Renamed"))
        assert [word for word in WORDS if finds(backend, word)] == []
        assert len(backend.messages("s1")) == len(WORDS)

    def test_a_client_that_sends_again_after_a_new_title_is_found(self, backend: Backend) -> None:
        """The leading messages fill the text again; as messages they do not change."""
        upload(backend)
        backend.post("/sync/session", session(title="Renamed"))
        for number in range(len(WORDS)):
            backend.post("/sync/message", said(number))
        assert has_right_search_text(backend, "s1")

    def test_a_client_that_sends_again_to_be_sure_doubles_texts(self, backend: Backend) -> None:
        """▲ The messages are as they were, and the search text has each of them twice."""
        upload(backend)
        for number in range(len(WORDS)):
            backend.post("/sync/message", said(number))
        text = backend.session("s1").searchable_text or ""
        assert [text.split().count(word) for word in WORDS] == [2] * len(WORDS)
        assert not has_right_search_text(backend, "s1")

    def test_a_client_that_only_corrects_a_message_leaves_its_secret(
        self, backend: Backend
    ) -> None:
        """▲ The message is clean, and a search for the secret still finds its session."""
        upload(backend)
        backend.post("/sync/message", said(3, "hunter2"))
        backend.post("/sync/message", said(3, "[removed]"))
        assert backend.messages("s1")[3].text_content == "[removed]"
        assert finds(backend, "hunter2")
        assert "hunter2" in backend.tables_text()

    def test_a_title_that_is_changed_away_and_back_takes_the_secret_out(
        self, backend: Backend
    ) -> None:
        """The only way: the text is the title alone again, then what is sent after it."""
        upload(backend)
        backend.post("/sync/message", said(3, "hunter2"))
        backend.post("/sync/message", said(3, "[removed]"))
        backend.post("/sync/session", session(title="away"))
        backend.post("/sync/session", session())
        assert not finds(backend, "hunter2")
        assert "hunter2" not in backend.tables_text()

    def test_a_title_in_a_batch_keeps_the_text(self, backend: Backend) -> None:
        """A single state with the whole text as title, then a batch with the title: both stay."""
        upload(backend)
        whole = "Renamed " + " ".join(WORDS)
        for _ in range(2):  # and both may be sent again
            backend.post("/sync/session", session(title=whole))
            backend.post("/sync/batch", {"sessions": [session(title="Renamed")]})
        assert backend.session("s1").title == "Renamed"
        assert has_right_search_text(backend, "s1")


class TestDates:
    """When a session was."""

    def test_a_client_that_sends_messages_first_dates_the_session_now(
        self, backend: Backend, clock: ManualClock
    ) -> None:
        """▲ For good: the date in its state comes too late."""
        backend.post("/sync/message", said(0))
        backend.post("/sync/session", session(createdAt=PAST_MS))
        assert backend.session("s1").created_at_ms == clock.now_ms

    def test_a_client_that_starts_with_a_late_line_keeps_that_date(self, backend: Backend) -> None:
        """▲ A first state that was made from a later transcript dates the session for good."""
        backend.post("/sync/session", session(createdAt=PAST_MS + 18_000_000))
        backend.post("/sync/session", session(createdAt=PAST_MS, title="Better"))
        assert backend.session("s1").created_at_ms == PAST_MS + 18_000_000


class TestCosts:
    """What the owner pays for."""

    def test_a_client_that_sends_the_state_with_each_line_has_all_read_each_time(
        self, backend: Backend, clock: ManualClock
    ) -> None:
        """▲ The documents read grow with the square of the lines; twice is enough."""
        careful = Backend(clock=clock)
        upload(careful)
        careful.post("/sync/session", session(promptTokens=1000))
        backend.post("/sync/session", session())
        for number in range(len(WORDS)):
            backend.post("/sync/message", said(number))
            backend.post("/sync/session", session(promptTokens=1000 + number))
        assert backend.embedding_jobs == len(WORDS) + 1
        assert backend.embedding_documents == sum(range(len(WORDS) + 1)) == 465
        assert (careful.embedding_jobs, careful.embedding_documents) == (2, len(WORDS))

    def test_a_client_that_sends_line_by_line_pays_for_each(
        self, backend: Backend, clock: ManualClock
    ) -> None:
        """▲ Three calls a line; a batch of fresh lines costs three together."""
        careful = Backend(clock=clock)
        lines = [message(f"m{number}") for number in range(100)]
        for line in lines:
            backend.post("/sync/message", line)
        careful.post("/sync/batch", {"messages": lines})
        assert (backend.function_calls, careful.function_calls) == (300, 3)


class TestListOfSessions:
    """A client that asks for the list before it uploads, and one that does without."""

    @staticmethod
    def gated_upload(backend: Backend) -> bool:
        """Upload, if the list of sessions says what is there already."""
        answer = backend.get("/sync/sessions/list")
        if answer.status == 200:
            upload(backend)
        return answer.status == 200

    def test_a_client_that_needs_the_list_never_uploads_to_a_full_account(
        self, backend: Backend
    ) -> None:
        """▲ The list fails for good, and writing would work."""
        backend.post("/sync/session", session("old"))
        backend.max_read_bytes = 100
        assert not self.gated_upload(backend)
        assert [row.external_id for row in backend.sessions()] == ["old"]
        upload(backend)
        assert has_right_search_text(backend, "s1")


class TestAccounts:
    """A client that takes what it acknowledged once for what is there."""

    @pytest.mark.parametrize("way", ["other-key", "deleted"])
    def test_a_client_that_goes_by_its_own_record_sends_the_rest_only(
        self, backend: Backend, way: str
    ) -> None:
        """▲ Under another account, or after a deletion, the old lines are nowhere."""
        upload(backend)
        key = backend.api_key
        if way == "other-key":
            key = OTHER_KEY
            backend.add_user(key)
        else:
            backend.delete_session("s1")
        assert backend.get("/sync/sessions/list", api_key=key).json == {"sessionIds": []}
        new = message("m99", createdAt=PAST_MS + 99)
        assert backend.post("/sync/message", new, api_key=key).status == 200
        assert [row.external_id for row in backend.messages("s1", api_key=key)] == ["m99"]
        assert backend.session("s1", api_key=key).title is None

    def test_the_same_ids_under_another_account_stay_where_they_were(
        self, backend: Backend
    ) -> None:
        """▲ Sent again whole, the lines are still the first account's: their ids are global."""
        upload(backend)
        backend.add_user(OTHER_KEY)
        backend.post("/sync/session", session(), api_key=OTHER_KEY)
        for number in range(len(WORDS)):
            assert backend.post("/sync/message", said(number), api_key=OTHER_KEY).status == 200
        assert backend.messages("s1", api_key=OTHER_KEY) == []
        assert backend.session("s1", api_key=OTHER_KEY).message_count == 0


class TestTwoMachines:
    """Clients of two machines that have one session, one of them an older copy of it."""

    def test_a_client_that_sends_what_it_has_lowers_the_totals(
        self, backend: Backend, clock: ManualClock
    ) -> None:
        """▲ Totals are absolute: the last ones count."""
        backend.post("/sync/session", session(promptTokens=29_970))
        clock.advance(60)
        backend.post("/sync/session", session(promptTokens=6_660))
        assert backend.session("s1").prompt_tokens == 6_660

    def test_a_client_that_reads_before_finds_the_newer_totals(
        self, backend: Backend, clock: ManualClock
    ) -> None:
        """A session that was just written to is the first of the list."""
        backend.post("/sync/session", session("s0"))
        clock.advance(1)
        backend.post("/sync/session", session(promptTokens=29_970))
        newest = backend.get("/api/sessions?limit=1").json["sessions"][0]
        assert (newest["externalId"], newest["promptTokens"]) == ("s1", 29_970)

    def test_a_client_that_batches_rows_of_the_other_takes_their_parts(
        self, backend: Backend
    ) -> None:
        """▲ They were copied with the transcript, and are there already."""
        upload(backend)
        line = {name: value for name, value in said(3).items() if name != "createdAt"}
        assert backend.post("/sync/batch", {"messages": [line]}).json["errors"] == []
        assert backend.messages("s1")[3].parts == ()

    def test_a_state_of_names_alone_changes_nothing_and_is_the_newest(
        self, backend: Backend, clock: ManualClock
    ) -> None:
        """So a session can be found in the list, however old it is."""
        upload(backend)
        before = backend.session("s1")
        backend.post("/sync/session", session("s2"))
        clock.advance(1)
        backend.post("/sync/session", {"externalId": "s1", "createdAt": 5})
        after = backend.session("s1")
        after.updated_at_ms = before.updated_at_ms
        assert after == before
        newest = backend.get("/api/sessions?limit=1").json["sessions"][0]
        assert newest["externalId"] == "s1"
