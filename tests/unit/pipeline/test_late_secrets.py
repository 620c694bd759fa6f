"""What was stored before it became known as a secret is removed afterwards, without being asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from ccsync_watch.pipeline import late_secrets
from ccsync_watch.pipeline.late_secrets import LateSecrets
from ccsync_watch.store import search
from ccsync_watch.store.install_keys import install_key
from support.fakes import FakeClock
from support.lines import OTHER, SESSION, Writer, call, text
from support.pumping import Bench
from support.searching import search_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ccsync_watch.privacy import Redactor

VALUE = 'plum "giraffe" 7'
"""No rule would find it."""
WORD = "giraffe"


@pytest.fixture
def bench(tmp_path: Path, build_redactor: Callable[[], Redactor]) -> Iterator[Bench]:
    """Return a pump with a redactor that a restart builds again."""
    bench = Bench(tmp_path, redactor=build_redactor(), build_redactor=build_redactor)
    yield bench
    bench.close()


def _late_secrets(bench: Bench) -> LateSecrets:
    return LateSecrets(
        bench.database,
        redactor=bench.redactor,
        install_key=install_key(bench.state),
        clock=bench.clock,
        is_released=True,
    )


def _finish(late: LateSecrets) -> int:
    steps = 0
    while late.step():
        steps += 1
        assert steps < 1000, "the search does not come to an end"
    return steps


def _on_disk(bench: Bench) -> bytes:
    return b"".join(
        path.read_bytes() for path in bench.state.iterdir() if path.name.startswith("ccsync.db")
    )


def _write_earlier(bench: Bench) -> Writer:
    """Store the value in every kind of text; and have another session without it."""
    writer = Writer()
    bench.append(
        bench.path(),
        writer.prompt(f"Use {VALUE} for it"),
        writer.answer(
            text(f'The JSON is {{"a": "{VALUE}"}}'),
            call("c1", "Bash", command=f"deploy '{VALUE}'"),
        ),
        writer.result("c1", orjson.dumps({"a": orjson.dumps({"b": VALUE}).decode()}).decode()),
        writer.row("summary", summary=f"About {VALUE}", leafUuid="l1"),
        writer.row("custom-title", customTitle=f"The {VALUE} title"),
    )
    bench.append(bench.path(OTHER), Writer(OTHER).prompt("plum giraffe 8"))
    bench.catch_up()
    clock = FakeClock()
    while search.catch_up(bench.database, clock):
        pass
    return writer


def _disclose(bench: Bench, writer: Writer) -> None:
    content = f"DB_PASSWORD='{VALUE}'\n"
    bench.append(bench.path(), writer.answer(call("t1", "Write", path="/.env", content=content)))
    bench.catch_up()


def _everything(bench: Bench) -> str:
    return "\n".join(bench.database.read().iterdump())


def _mark_sent(bench: Bench) -> None:
    with bench.database.write() as connection:
        connection.execute("DELETE FROM outbox")


def test_what_was_stored_before_is_redacted(bench: Bench) -> None:
    """Prompts, answers, calls, outputs, titles and the index; only the session with it."""
    writer = _write_earlier(bench)
    _finish(_late_secrets(bench))
    _mark_sent(bench)
    _disclose(bench, writer)
    assert _everything(bench).count(WORD) > 5
    assert search_for(bench.database, WORD).hits
    _finish(_late_secrets(bench))
    assert _everything(bench).count(WORD) == 2  # of the other session
    assert b"plum" not in _on_disk(bench).replace(b"plum giraffe 8", b"")
    assert "[REDACTED:file:" in bench.texts()[1]
    again = bench.select(
        "SELECT DISTINCT session_id FROM outbox JOIN messages USING (seq) WHERE NOT is_certain"
    )
    assert again == [(SESSION,)]
    clock = FakeClock()
    while search.catch_up(bench.database, clock):
        pass
    assert [hit.session_id for hit in search_for(bench.database, WORD).hits] == [OTHER]


def test_messages_without_texts_end_no_search(bench: Bench) -> None:
    """A notice without text has no part; what is behind it is redacted as well."""
    writer = Writer()
    notice = writer.answer(call("c1", "Bash", command="ls"))
    notice["message"]["model"] = "<synthetic>"  # the client's own words, of which here are none
    bench.append(bench.path(), notice, writer.prompt(f"Use {VALUE} for it"))
    bench.catch_up()
    query = "SELECT kind FROM messages WHERE seq NOT IN (SELECT message_seq FROM parts)"
    assert bench.select(query) == [("notice",)]
    _finish(_late_secrets(bench))
    _disclose(bench, writer)
    _finish(_late_secrets(bench))
    assert WORD not in _everything(bench)


def test_a_search_that_was_interrupted_begins_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However far it was; the store has no value in it, only that it was not searched for it."""
    monkeypatch.setattr(late_secrets, "CHUNK_BYTES", 10)
    monkeypatch.setattr(late_secrets, "CHUNK_ROWS", 1)
    writer = _write_earlier(bench)
    _disclose(bench, writer)
    for steps in range(0, 40, 3):
        late = _late_secrets(bench)
        for _ in range(steps):
            late.step()
        bench.restart()
        bench.catch_up()
    _finish(_late_secrets(bench))
    assert _everything(bench).count(WORD) == 2  # of the other session


def test_what_was_searched_for_is_not_searched_for_again(bench: Bench) -> None:
    """At every start the same values become known again."""
    _disclose(bench, _write_earlier(bench))
    assert _finish(_late_secrets(bench)) > 1
    bench.restart()
    bench.catch_up()
    assert _finish(_late_secrets(bench)) == 0


def test_a_value_of_the_environment_is_known_since_a_start(bench: Bench) -> None:
    """It was in the texts before."""
    _write_earlier(bench)
    bench.restart()
    bench.redactor.add_known(VALUE, "env")
    _finish(_late_secrets(bench))
    assert _everything(bench).count(WORD) == 2  # of the other session
    assert "[REDACTED:env:" in bench.texts()[1]
