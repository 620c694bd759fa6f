"""The search: which queries it accepts, what it finds, and how the index stays current."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ccsync_watch.clock import SystemClock
from ccsync_watch.errors import QueryError
from ccsync_watch.store import search, search_queries
from ccsync_watch.store.packed_texts import DAMAGED
from ccsync_watch.store.schema import add_functions
from ccsync_watch.store.search_compiler import compile_query
from ccsync_watch.store.search_queries import MatchingSessions, find_in_conversation
from ccsync_watch.store.search_words import split_words
from ccsync_watch.store.stored_messages import session_messages
from support.searching import NOW_MS, search_for
from support.storing import OTHER, SESSION, World, message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccsync_watch.clock import Clock
    from ccsync_watch.store.database import Database


def _index(database: Database, clock: Clock | None = None) -> int:
    count = 0
    while indexed := search.catch_up(database, clock or SystemClock()):
        count += indexed
    return count


def _sessions_of(world: World, words: str) -> list[str]:
    _index(world.database)
    return [hit.session_id for hit in search_for(world.database, words).hits]


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Have a store with a few words that nothing in the tests changes."""
    world = World(tmp_path_factory.mktemp("search"))
    world.ingest(message("u1", "alpha AND beta OR NEAR(x) text:y"), message("u2", "Übung 日本語"))
    _index(world.database)
    yield world
    world.close()


@given(words=st.text(st.sampled_from('aB -"():*ORNT\0\u65e5_.')) | st.text())
@example(words='"')
@example(words="text : a")
@example(words="a AND NOT b")
@example(words="-a -b OR (c is:error)")
@example(words="*abc* *b.c* -*abc*")
@example(words="NEAR(a b, 2)*")
@example(words="a\0b")
@example(words="___")
@example(words="^a + b - c {d}")
@example(words="-(a OR -(is:error " * 2 + "-c" + "))" * 2)
@example(words="(a OR -(tool:b " * 2 + "-c" + "))" * 2)
@example(words="\u4e2da" * 500)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_typed_is_found_or_explained(stocked: World, words: str) -> None:
    """No text is a syntax error of SQLite."""
    try:
        query = compile_query(stocked.database, words, NOW_MS)
    except QueryError as error:
        assert error.hint  # noqa: PT017 - either is right
        return
    search_for(stocked.database, words)
    MatchingSessions(stocked.database, query).all_ids()
    find_in_conversation(stocked.database, query, SESSION, None)


@pytest.mark.parametrize(
    "words", ['"AND" beta ', "alpha NEAR ", "text:y ", "near(x)", "ubung ", "ÜBUN", "日本"]
)
def test_words_of_the_syntax_and_of_other_scripts_are_words(stocked: World, words: str) -> None:
    """Accents and case make no difference."""
    assert search_for(stocked.database, words).hits


def test_the_last_word_is_a_prefix(world: World) -> None:
    """Unless a space follows; the words before it must match whole."""
    world.ingest(message("u1", "configuration of readers"))
    world.ingest(message("u1", "a conf apart", session_id=OTHER), session_id=OTHER)
    assert set(_sessions_of(world, "conf")) == {SESSION, OTHER}
    assert set(_sessions_of(world, "c")) == {SESSION, OTHER}
    assert _sessions_of(world, "configuration rea") == [SESSION]
    assert _sessions_of(world, "conf ") == [OTHER]
    assert _sessions_of(world, "conf readers") == []


def test_the_words_that_were_asked_for_are_marked(world: World) -> None:
    """So that a page can show them."""
    world.ingest(message("u1", "before needle after"))
    _index(world.database)
    (hit,) = search_for(world.database, "needle").hits
    assert "\x02needle\x03" in hit.snippet


def test_a_replaced_message_is_found_by_its_new_words_alone(world: World) -> None:
    """The old ones are removed before the new ones are indexed."""
    world.ingest(message("u1", "original"))
    assert _sessions_of(world, "original") == [SESSION]
    world.ingest(message("u1", "replacement"))
    assert search_for(world.database, "original").hits == []
    assert search.count_unindexed(world.database) == 1
    assert _sessions_of(world, "replacement") == [SESSION]
    assert search.count_unindexed(world.database) == 0


def test_a_message_that_gets_its_first_part_is_found(world: World) -> None:
    """It had none to replace."""
    world.ingest(message("u1", parts=()))
    _index(world.database)
    world.ingest(message("u1", "arrived"))
    assert _sessions_of(world, "arrived") == [SESSION]


def test_a_message_replaced_before_it_was_indexed_is_found_once(world: World) -> None:
    """It is due, and new."""
    world.ingest(message("u1", "first"))
    world.ingest(message("u1", "second"))
    assert _sessions_of(world, "second") == [SESSION]
    assert _sessions_of(world, "first") == []


def test_removed_text_cannot_be_found(world: World) -> None:
    """A message without its parts, and one that is gone altogether."""
    world.ingest(message("u1", "secretive"), message("u2", "secretive"))
    _index(world.database)
    with world.database.write() as connection:
        connection.execute("DELETE FROM parts")
        connection.execute("DELETE FROM compact_messages WHERE uuid_key = 'u2'")
    assert search_for(world.database, "secretive").hits == []
    assert _sessions_of(world, "secretive") == []


def test_the_words_of_removed_texts_leave_the_index_once_a_day(world: World) -> None:
    """FTS5 only marks them as removed, until it merges what it wrote."""

    def is_in_file(word: str) -> bool:
        world.database.checkpoint()
        return word.encode() in world.database.path.read_bytes()

    world.ingest(message("u9", "stays and is the title"))
    for number, word in enumerate(("xylophonist", "bassoonist")):
        world.ingest(message(f"w{number}", word), message(f"u{number}", "stays"))
        _index(world.database, world.clock)
        assert is_in_file(word)
        with world.database.write() as connection:
            connection.execute(
                "DELETE FROM parts WHERE message_seq = (SELECT seq FROM messages WHERE uuid = ?)",
                (f"w{number}",),
            )
        _index(world.database, world.clock)
    assert not is_in_file("xylophonist")
    assert is_in_file("bassoonist")
    world.clock.advance(86_400)
    _index(world.database, world.clock)
    assert not is_in_file("bassoonist")
    assert search.catch_up(world.database, world.clock) == 0
    assert len(search_for(world.database, "stays").hits) == 3
    with world.database.write() as connection:
        connection.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")


def test_the_index_is_that_of_the_stored_texts(world: World) -> None:
    """Whatever changed or went since: FTS5 compares its index with the packed texts."""
    text = "a long text that is packed " * 20
    world.ingest(*(message(f"u{number}", f"{text} {number}") for number in range(5)))
    _index(world.database)
    world.ingest(message("u1", f"{text} changed"), message("u5", "new"))
    with world.database.write() as connection:
        connection.execute(
            "DELETE FROM parts WHERE message_seq = (SELECT seq FROM messages WHERE uuid = 'u2')"
        )
        connection.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
    _index(world.database)
    with world.database.write() as connection:
        connection.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
    read = world.database.read()
    kinds = read.execute("SELECT typeof(packed), count(*) FROM indexed_texts GROUP BY 1")
    assert dict(map(tuple, kinds)) == {"blob": 4, "text": 1}


def test_excluded_sessions_are_not_found(world: World) -> None:
    """Though they were indexed when they were not excluded yet."""
    world.ingest(message("u1", "shared word"))
    world.ingest(message("u1", "shared word", session_id=OTHER), session_id=OTHER)
    _index(world.database)
    with world.database.write() as connection:
        connection.execute("UPDATE sessions SET is_excluded = 1 WHERE id = ?", (OTHER,))
    assert _sessions_of(world, "shared") == [SESSION]


@pytest.fixture(params=[3000, 2], ids=["few matches", "many matches"])
def max_sorted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Have the matches of a test counted as few, or as too many to be sorted."""
    monkeypatch.setattr(search_queries, "MAX_SORTED", request.param)
    return int(request.param)


def _all_pages(world: World, words: str, limit: int) -> list[str]:
    """Return the names of all hits, of as many pages as there are."""
    names: list[str] = []
    page = search_for(world.database, words, limit=limit)
    while page.end is not None:
        assert len(page.groups) == limit
        names += [hit.name for hit in page.hits]
        page = search_for(world.database, words, limit=limit, after=page.end)
    return names + [hit.name for hit in page.hits]


@pytest.mark.usefixtures("max_sorted")
def test_the_last_active_session_comes_first_whichever_was_stored_first(world: World) -> None:
    """A first import reads the newest transcripts first. Each hit is on one page, once."""
    day_ms = 86_400_000
    for number, session_id in enumerate(("newest", "middle", "oldest")):
        at_ms = world.clock.now_ms - number * day_ms
        said = (
            message(f"{session_id} {row}", "same", session_id=session_id, at_ms=at_ms + row)
            for row in range(3)
        )
        world.ingest(*said, session_id=session_id)
    # A row of the first session after those of the others.
    world.ingest(
        message("newest 3", "same", session_id="newest", at_ms=world.clock.now_ms + 5),
        session_id="newest",
    )
    _index(world.database)
    expected = [
        f"{session_id} {row}"
        for session_id, rows in (("newest", 4), ("middle", 3), ("oldest", 3))
        for row in reversed(range(rows))
    ]
    for limit in (1, 2, 3, 20):
        assert _all_pages(world, "same", limit) == expected, limit


@pytest.mark.usefixtures("max_sorted")
def test_each_session_with_the_words_is_known(world: World) -> None:
    """However many matches there are; excluded ones are for the list to leave out."""
    for number in range(9):
        session_id = f"s{number}"
        text = "needle" if number % 2 else "hay"
        world.ingest(message("u1", text, session_id=session_id), session_id=session_id)
    _index(world.database)
    matching = MatchingSessions(world.database, compile_query(world.database, "needle", NOW_MS))
    assert [number for number in range(9) if f"s{number}" in matching] == [1, 3, 5, 7]
    ids = matching.all_ids()
    assert ids is None or sorted(ids) == ["s1", "s3", "s5", "s7"]
    assert "unknown" not in matching


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("where is getUserByEmailAddress now", "email", "\x02Email\x03"),
        ("where is getUserByEmailAddress now", "getUser", "\x02getUser\x03ByEmailAddress"),
        ("where is getUserByEmailAddress now", "EmailAddress ", "\x02EmailAddress\x03"),
        ("class HTTPServerFactory", "server", "\x02Server\x03"),
        ("数据库迁移失败了\uff0c请检查日志文件", "迁移失败", "\x02迁移失败\x03"),
        ("数据库迁移失败了\uff0c请检查日志文件", "志", "\x02志\x03"),
        ("数据库迁移失败了\uff0c请检查日志文件", "日志 迁移", "\x02迁移\x03"),
        ("ファイルを確認してください", "確認", "\x02確認\x03"),
        ("데이터베이스가 느립니다", "베이스", "\x02베이스\x03"),
        ("ตรวจสอบฐานข้อมูล", "ฐานข้อมูล", "\x02ฐานข้อมูล\x03"),
        ("运行pytest失败", "pytest", "\x02pytest\x03"),
    ],
)
def test_what_is_inside_of_a_word_is_found_and_marked(
    world: World, text: str, words: str, marked: str
) -> None:
    """Parts of identifiers, and words of scripts that have no spaces."""
    world.ingest(message("u1", text))
    _index(world.database)
    (hit,) = search_for(world.database, words).hits
    assert marked in hit.snippet


@pytest.mark.parametrize("words", ["移迁", "库日", '"mail"', "userEmail", "byEmailUser"])
def test_what_is_not_inside_of_a_word_is_not_found(world: World, words: str) -> None:
    """Neighbours in their order only."""
    world.ingest(message("u1", "数据库迁移失败了\uff0c日志 getUserByEmailAddress"))
    assert _sessions_of(world, words) == []


def test_encoded_data_is_not_split() -> None:
    """It changes between cases more often than an identifier."""
    assert split_words("aGVsbG8gd29ybGQgYW5kIG1vcmU eyJhbGciOiJIUzI1NiJ9") == ""
    assert split_words("parseAuditRow") == "parse Audit Row"


@pytest.mark.parametrize("unit", ["a", "aB", "\u4e2d", "\u4e2da", "A", "a1"])
def test_no_text_takes_longer_than_its_length_asks_for(unit: str) -> None:
    """Minutes, if time grew with the square; and what comes of it is not much longer either."""
    text = unit * (400_000 // len(unit))
    assert len(split_words(text)) < 4 * len(text)


def _torn(connection: sqlite3.Connection, seq: int) -> None:
    connection.execute("INSERT INTO search (rowid, text) VALUES (?, 'torn')", (seq,))
    raise RuntimeError


def test_the_index_is_built_in_pieces_and_continues_after_a_crash(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a crash undid is indexed again, nothing twice."""
    count = search.CHUNK_MESSAGES + 50
    world.ingest(*(message(f"u{number}", f"word{number}") for number in range(count)))
    indexed = search.catch_up(world.database, SystemClock())
    assert 0 < indexed <= search.CHUNK_MESSAGES
    with monkeypatch.context() as patch:
        patch.setattr(search, "_add", _torn)
        with pytest.raises(RuntimeError):
            search.catch_up(world.database, SystemClock())
    world.restart()
    left = search.count_unindexed(world.database)
    assert left == count + 1 - indexed  # our own header is among them
    assert _index(world.database) == left
    assert len(search_for(world.database, f"word{count - 1} ").hits) == 1
    assert search_for(world.database, "torn").hits == []


def test_a_piece_ends_after_a_few_milliseconds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others wait to write; every message is found in the end, changed ones too."""
    world.ingest(*(message(f"u{number}", "old") for number in range(4)))
    _index(world.database)
    world.ingest(*(message(f"u{number}", f"new{number}") for number in range(6)))
    monkeypatch.setattr(search, "_HOLD_SECONDS", -1.0)
    assert search.catch_up(world.database, SystemClock()) == 1
    _index(world.database)
    assert [len(_sessions_of(world, f"new{number} ")) for number in range(6)] == [1] * 6
    assert _sessions_of(world, "old") == []


def test_a_message_that_changed_before_it_was_indexed_is_waiting_once(world: World) -> None:
    """And one that was indexed already is waiting again."""
    world.ingest(message("u1", "old"))
    world.ingest(message("u1", "new"))
    assert search.count_unindexed(world.database) == 2  # with our own header
    _index(world.database)
    world.ingest(message("u1", "newest"))
    assert search.count_unindexed(world.database) == 1


def test_a_reset_index_is_built_again(world: World) -> None:
    """With every message."""
    world.ingest(message("u1", "keepsake"))
    _index(world.database)
    with world.database.write() as connection:
        search.reset_index(connection)
    assert search_for(world.database, "keepsake").hits == []
    assert search.count_unindexed(world.database) == 2  # with our own header
    assert _sessions_of(world, "keepsake") == [SESSION]


def test_nothing_typed_finds_nothing(world: World) -> None:
    """An empty search does not match everything."""
    world.ingest(message("u1"))
    assert _sessions_of(world, "  ") == []


@pytest.mark.parametrize("words", [" ?! ", "💥", '""', "*"])
def test_signs_alone_are_an_error(world: World, words: str) -> None:
    """A list of sessions would have all of them."""
    with pytest.raises(QueryError, match="no words"):
        compile_query(world.database, words, NOW_MS)


def test_the_table_is_that_of_the_schema(world: World) -> None:
    """`reset_index` creates the same one."""

    def definition() -> list[str]:
        rows = world.database.read().execute(
            "SELECT sql FROM sqlite_master WHERE name = 'search' OR name LIKE 'search!_terms%'"
            " ESCAPE '!' OR name = 'search_grams' ORDER BY name"
        )
        return [" ".join(row[0].split()).replace("( ", "(").replace(" )", ")") for row in rows]

    before = definition()
    with world.database.write() as connection:
        search.reset_index(connection)
    assert definition() == before
    assert len(before) == 5  # with two triggers


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("*gress*", {"progress", "regression"}),
        ("gress", {"progress", "regression"}),  # no message has it as a word
        ("*ogre", {"progress"}),
        ("*gress.ba", {"progress"}),  # from inside of one word into the next
        ("*\u00dcbung", {"ubungen"}),
        ("es", set()),
        ('"gress"', set()),
        ("*cdef", set()),
    ],
)
def test_what_is_inside_of_words_is_found(world: World, typed: str, names: set[str]) -> None:
    """With a star before it, or where no message has the word itself; not in encoded data."""
    texts = {
        "progress": "the progress.bar is here",
        "regression": "a regression, bar none",
        "ubungen": "viele \u00dcbungen",
        "encoded": "q1w2e3r4t5abcdefg6h7i8j9",
    }
    world.ingest(*(message(name, text) for name, text in texts.items()))
    _index(world.database)
    assert {hit.name for hit in search_for(world.database, typed).hits} == names


def test_words_leave_with_the_last_text_that_has_them(world: World) -> None:
    """With those of the index, once a day; what another text has is still looked up."""

    def terms() -> set[str]:
        return {row[0] for row in world.database.read().execute("SELECT term FROM search_terms")}

    more = " ".join(f"word{number}" for number in range(120))
    world.ingest(message("u1", f"alphabet betamax {more}"), message("u2", "alphabet"))
    _index(world.database)
    assert {"alphabet", "betamax"} <= terms()
    world.ingest(message("u1", "gammaray"))
    _index(world.database)
    assert {"alphabet", "gammaray"} <= terms()
    assert not {"betamax", "word0", "word119"} & terms()
    with world.database.write() as connection:
        connection.execute("INSERT INTO search_grams (search_grams) VALUES ('integrity-check')")


def test_a_damaged_text_keeps_no_other_from_being_found(world: World) -> None:
    """Neither one that is still to be indexed, nor one whose row has to leave the index."""
    words = "these words are packed " * 30
    world.ingest(message("u1", words + "alpha"), message("u2", words + "beta"))
    _index(world.database)
    world.ingest(message("u3", words + "gamma"), message("u4", words + "delta"))
    with closing(sqlite3.connect(world.database.path)) as connection:
        add_functions(connection)
        connection.execute("DROP TRIGGER parts_changed")
        connection.execute(
            "CREATE TEMP TABLE d AS SELECT seq FROM compact_messages WHERE uuid_key IN ('u1', 'u3')"
        )
        connection.execute(
            "UPDATE parts SET content = substr(content, 1, 20)"
            " WHERE message_seq IN (SELECT seq FROM temp.d)"
        )
        connection.execute(
            "UPDATE indexed_texts SET packed = substr(packed, 1, 20)"
            " WHERE seq IN (SELECT seq FROM temp.d)"
        )
        connection.commit()
    assert _sessions_of(world, "delta") == [SESSION]
    world.ingest(message("u1", words + "epsilon"))
    assert _sessions_of(world, "epsilon") == [SESSION]
    assert len(_sessions_of(world, "damaged")) == 1
    read = [item.parts[0].content for item in session_messages(world.database, SESSION)]
    assert json.loads(DAMAGED) in read
    assert words + "epsilon" in read
    assert words + "beta" in read


def test_an_index_that_is_dropped_meanwhile_is_built_from_its_beginning(world: World) -> None:
    """A secret was redacted after `catch_up` had looked, and before it writes."""

    class Redacted:
        read = world.database.read

        @contextmanager
        def write(self) -> Iterator[sqlite3.Connection]:
            with world.database.write() as connection:
                search.reset_index(connection)
            with world.database.write() as connection:
                yield connection

    world.ingest(message("u1", "alpha"), message("u2", "beta"))
    _index(world.database)
    world.ingest(message("u3", "gamma"))
    search.catch_up(cast("Database", Redacted()), SystemClock())
    for word in ("alpha", "beta", "gamma"):
        assert _sessions_of(world, word) == [SESSION]
