"""Prompts typed while Claude worked: each is stored once, wherever the client wrote it."""

from __future__ import annotations

import itertools
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ccsync_watch.store.database import open_database
from support.histories import Historian, Transcript, feed
from support.lines import call, iso, text

if TYPE_CHECKING:
    from pathlib import Path

    from ccsync_watch.store.database import Database

Row = dict[str, Any]


class _Client:
    """Writes a session in which somebody types while Claude works."""

    def __init__(self) -> None:
        self.transcript: Transcript = Historian().session()
        self._numbers = itertools.count(1)
        self.add(self._writer.prompt("dig the beds"))

    @property
    def _writer(self) -> Any:  # noqa: ANN401 - as in the transcript
        return self.transcript.writer

    def add(self, *rows: Row) -> None:
        self.transcript.rows += rows

    def work(self) -> None:
        """Call a tool, and get its result."""
        number = next(self._numbers)
        called = call(f"toolu_{number}", "Bash", command="dig")
        row = self._writer.answer(called, usage_id=f"msg_{number}")
        row["message"]["stop_reason"] = "tool_use"
        self.add(row, self._writer.result(f"toolu_{number}", "dug"))

    def end(self) -> None:
        """Answer the last time in a turn."""
        self.add(self._writer.answer(text("done"), usage_id=f"msg_{next(self._numbers)}"))

    def prompt(self, words: str) -> None:
        self.add(self._writer.prompt(words))

    def queue(self, operation: str, words: object = None, **more: object) -> int:
        """Write a row of the queue; return its time."""
        at_ms = self._writer.at_ms
        self._writer.at_ms += 10
        row = {
            "type": "queue-operation",
            "operation": operation,
            "timestamp": iso(at_ms),
            "sessionId": self.transcript.session_id,
            **({} if words is None else {"content": words}),
            **more,
        }
        self.add(row)
        return int(at_ms)

    def attach(self, prompt: object, **more: Any) -> None:  # noqa: ANN401 - any JSON
        attachment = {"type": "queued_command", "prompt": prompt, "commandMode": "prompt", **more}
        self.add(self._writer.row("attachment", body_first=True, attachment=attachment))


def _old(client: _Client) -> None:
    """Write it into the queue only, as the client of 2.1.6 to 2.1.39 does."""
    client.work()
    client.queue("enqueue", "also the hedge")
    client.work()
    client.queue("remove")
    client.work()
    client.end()


def _two_at_once(client: _Client) -> None:
    client.work()
    client.queue("enqueue", "also the hedge")
    client.queue("enqueue", "and the path")
    client.work()
    client.queue("remove")
    client.queue("remove")
    client.end()


def _with_reports(client: _Client) -> None:
    report = "<task-notification>\n<task-id>b1</task-id>\n</task-notification>"
    client.work()
    client.queue("enqueue", report)
    client.queue("enqueue", orjson.dumps({"task_id": "b1", "tool_use_id": "toolu_1"}).decode())
    client.queue("enqueue", "<system-reminder>\nrain is near\n</system-reminder>")
    client.queue("enqueue", '<teammate-message teammate_id="lily">\nhello\n</teammate-message>')
    client.queue("enqueue", "a peer says so", origin={"kind": "peer"})
    client.queue("enqueue", "also the hedge")
    client.work()
    client.queue("remove")
    client.queue("remove", report, reason="absorbed_mid_turn")
    client.end()
    client.queue("dequeue")
    client.prompt(report)


def _attached(client: _Client, *, is_first: bool = False, **removed: str) -> None:
    client.work()
    client.queue("enqueue", "also the hedge")
    if is_first:
        client.attach("also the hedge", source_uuid="c-1")
    client.queue("remove", "also the hedge", reason="absorbed_mid_turn", **removed)
    if not is_first:
        client.attach("also the hedge", source_uuid="c-1")
    client.work()
    client.end()


def _attached_first(client: _Client) -> None:
    _attached(client, is_first=True)


def _said_twice(client: _Client) -> None:
    """Say the same words again: another prompt."""
    for _ in range(2):
        _attached(client)
        client.prompt("also the hedge")
        client.end()


def _in_other_words(client: _Client) -> None:
    """Queue a placeholder for what was pasted."""
    client.work()
    typed_ms = client.queue("enqueue", "look at [Pasted text #1 +20 lines]")
    client.queue("remove")
    client.attach("look at row after row", timestamp=iso(typed_ms))
    client.end()


def _by_command(client: _Client) -> None:
    client.work()
    client.queue("enqueue", "look at [Image #1]")
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}
    client.queue("remove", "look at [Image #1]", reason="absorbed_mid_turn", commandUuid="c-9")
    client.attach([text("look at it"), image], source_uuid="c-9")
    client.end()


def _dequeued(client: _Client) -> None:
    client.work()
    client.queue("enqueue", "also the hedge")
    client.end()
    client.queue("dequeue")
    client.prompt("also the hedge")
    client.end()


def _dequeued_behind_a_report(client: _Client) -> None:
    """Queue prompts and reports alike, as the oldest clients did."""
    report = "<bash-notification>\n<shell-id>b1</shell-id>\n</bash-notification>"
    client.queue("enqueue", report)
    client.queue("enqueue", "also the hedge")
    client.queue("dequeue")
    client.prompt(report)
    client.work()
    client.queue("remove")
    client.end()


def _taken_back(client: _Client) -> None:
    client.work()
    for words in ("also the hedge", "and the path"):
        client.queue("enqueue", words)
    for words in ("also the hedge", "and the path"):
        client.queue("popAll", words)
    client.queue("enqueue", "and the roof")
    client.queue("popAll")
    client.queue("enqueue", "and the shed")
    client.queue("remove")
    client.end()


def _not_delivered(client: _Client) -> None:
    client.work()
    for reason in ("cleared", "delivered_to_agent", "agent_stopped"):
        client.queue("enqueue", f"not {reason}")
        client.queue("remove", f"not {reason}", reason=reason)
    client.end()


def _named(client: _Client) -> None:
    """Remove by the client's ids, in another order; what the last one means is not queued."""
    client.work()
    client.queue("enqueue", "also the hedge", commandUuid="c1")
    client.queue("enqueue", "not the shed", commandUuid="c2")
    client.queue("remove", commandUuid="c2", reason="cleared")
    client.queue("remove", commandUuid="c3", reason="cleared")
    client.queue("remove", commandUuid="c1", reason="absorbed_mid_turn")
    client.end()


def _in_a_result(client: _Client) -> None:
    client.work()
    client.queue("enqueue", "also the hedge")
    client.queue("remove", reason="absorbed_mid_turn")
    result = client.transcript.rows[2]["message"]["content"][0]
    result["content"] += _reminder("also the hedge")
    client.end()


def _only_in_a_result(client: _Client) -> None:
    client.work()
    result = client.transcript.rows[2]["message"]["content"][0]
    result["content"] += _reminder("also the hedge")
    client.end()


def _beside_a_result(client: _Client) -> None:
    client.work()
    blocks = client.transcript.rows[2]["message"]["content"]
    blocks.append(text(_reminder("also the hedge").strip()))
    client.attach("also the hedge", source_uuid="c-1")
    client.end()


def _a_row_follows(client: _Client) -> None:
    """Give a delivered prompt a row of its own, too."""
    client.work()
    client.queue("enqueue", "also the hedge")
    client.queue("remove")
    client.prompt("also the hedge")
    client.end()


def _a_row_precedes(client: _Client) -> None:
    client.work()
    client.queue("enqueue", "also the hedge")
    client.prompt("also the hedge")
    client.queue("remove")
    client.end()


def _wrong_one_removed(client: _Client) -> None:
    """Remove a report without naming it: the prompt leaves the queue later."""
    client.work()
    client.queue("enqueue", "also the hedge")
    client.queue("remove")
    client.work()
    client.end()
    client.queue("dequeue")
    client.prompt("also the hedge")
    client.end()


def _printed(client: _Client) -> None:
    """Queue every prompt, as with -p."""
    first = client.transcript.rows.pop()
    client.queue("enqueue", "dig the beds")
    client.queue("dequeue")
    client.add(first)
    client.end()
    client.queue("enqueue", "/compact now")
    client.queue("dequeue")
    client.prompt("<command-name>/compact</command-name>\n<command-args>now</command-args>")
    client.work()
    client.queue("enqueue", "also the hedge")
    client.queue("remove")
    client.end()


def _same_time(client: _Client) -> None:
    client.work()
    at = iso(client.transcript.writer.at_ms)
    for words in ("one", "two"):
        client.queue("enqueue", words, timestamp=at)
        client.queue("remove", timestamp=at)
    client.end()


def _no_time(client: _Client) -> None:
    client.work()
    for words in ("one", "two"):
        client.queue("enqueue", words, timestamp="later")
        client.queue("remove", timestamp="later")
    client.end()


def _reminder(words: str) -> str:
    return (
        "\n\n<system-reminder>\nThe user sent a new message while you were working:\n"
        f"{words}\n\nIMPORTANT: After completing your current task, you MUST address the user's"
        " message above. Do not ignore it.\n</system-reminder>"
    )


HEDGE = ["dig the beds", "also the hedge"]
HISTORIES = {
    _old: HEDGE,
    _two_at_once: [*HEDGE, "and the path"],
    _with_reports: HEDGE,
    _attached: HEDGE,
    _attached_first: HEDGE,
    _said_twice: [*HEDGE, "also the hedge", "also the hedge", "also the hedge"],
    _in_other_words: ["dig the beds", "look at row after row"],
    _by_command: ["dig the beds", "look at it"],
    _dequeued: HEDGE,
    _dequeued_behind_a_report: HEDGE,
    _taken_back: ["dig the beds", "and the shed"],
    _not_delivered: ["dig the beds"],
    _named: HEDGE,
    _in_a_result: HEDGE,
    _only_in_a_result: HEDGE,
    _beside_a_result: HEDGE,
    _a_row_follows: HEDGE,
    _a_row_precedes: HEDGE,
    _wrong_one_removed: HEDGE,
    _printed: HEDGE,
    _same_time: ["dig the beds", "one", "two"],
    _no_time: ["dig the beds", "one", "two"],
}


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.__name__[1:])
def test_a_prompt_is_stored_once_in_any_split_and_when_read_again(
    history: Any,  # noqa: ANN401 - one of the functions above
    tmp_path: Path,
) -> None:
    """However the daemon's batches fall, and whatever it reads again, in any other batches."""
    client = _Client()
    history(client)
    lines = client.transcript.lines()
    splits = [[lines], [[line] for line in lines]]
    splits += [[lines[:at], lines[at:]] for at in range(1, len(lines))]
    for number, split in enumerate(splits):
        database = open_database(tmp_path / f"store-{number}", now_ms=1)
        for batch in split:
            feed(database, client.transcript, batch)
        assert _prompts(database) == HISTORIES[history], split
        before = _rows(database)
        for again in ([lines], [[line] for line in lines]):
            for batch in again:
                feed(database, client.transcript, batch)
        assert _rows(database) == before
        database.close()


def test_a_prompt_stays_one_when_the_file_is_rewritten(tmp_path: Path) -> None:
    """Other offsets make no other prompt."""
    client = _Client()
    _two_at_once(client)
    database = open_database(tmp_path, now_ms=1)
    feed(database, client.transcript, client.transcript.lines())
    client.transcript.rows.insert(0, {"type": "mode", "mode": "normal"})
    feed(database, client.transcript, client.transcript.lines())
    assert Counter(_prompts(database)) == Counter([*HEDGE, "and the path"])
    database.close()


def _prompts(database: Database) -> list[str]:
    rows = database.read().execute(
        "SELECT group_concat(json_extract(p.content, '$'), '') FROM messages m"
        " JOIN parts p ON p.message_seq = m.seq AND p.kind = 'text'"
        " WHERE m.kind = 'prompt' GROUP BY m.seq ORDER BY m.seq"
    )
    return [row[0] for row in rows]


def _rows(database: Database) -> list[tuple[Any, ...]]:
    rows = database.read().execute(
        "SELECT m.id, m.kind, m.timestamp_ms, m.start, p.content, o.version FROM messages m"
        " JOIN outbox o ON o.seq = m.seq JOIN parts p ON p.message_seq = m.seq"
        " ORDER BY m.seq, p.position"
    )
    return [tuple(row) for row in rows]


def test_what_is_queued_before_its_session_is_known_is_not_stored(tmp_path: Path) -> None:
    """It may be of an excluded project; it is a first prompt, which has a row of its own."""
    client = _Client()
    first = client.transcript.rows.pop()
    client.queue("enqueue", "dig the beds")
    lines = client.transcript.lines()
    database = open_database(tmp_path, now_ms=1)
    feed(database, client.transcript, lines)
    assert not database.read().execute("SELECT 1 FROM waiting_prompts").fetchone()
    client.queue("dequeue")
    client.add(first)
    feed(database, client.transcript, client.transcript.lines()[len(lines) :])
    assert _prompts(database) == ["dig the beds"]
    assert not database.read().execute("SELECT 1 FROM waiting_prompts").fetchone()
    database.close()


@pytest.mark.parametrize("size", [1, 100])
def test_a_fork_copies_a_queued_prompt(tmp_path: Path, size: int) -> None:
    """It counts for its source only, whichever of its rows stands for it there."""
    client = _Client()
    _attached(client)
    fork = Historian().session()
    fork.session_id = "fork"
    for row in client.transcript.rows:
        if "uuid" in row:
            source = client.transcript.session_id
            mark = {"requestSessionId": source} if row["type"] == "assistant" else {}
            fork.rows.append({**row, **mark, "sessionId": "fork"})
    fork.writer.session_id = "fork"
    fork.writer.at_ms = client.transcript.writer.at_ms + 60_000
    fork.rows += [fork.writer.prompt("and now"), fork.writer.answer(text("yes"), usage_id="msg_9")]
    database = open_database(tmp_path, now_ms=1)
    for transcript in (client.transcript, fork):
        lines = transcript.lines()
        for at in range(0, len(lines), size):
            feed(database, transcript, lines[at : at + size])
    rows = database.read().execute(
        "SELECT session_id = 'fork', group_concat(is_inherited > 0) FROM messages"
        " WHERE kind = 'prompt' GROUP BY session_id ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [(0, "0,0"), (1, "1,1,0")]
    database.close()


def _play(client: _Client, random: Random) -> list[str]:
    """Type, work and deliver at random, as clients do; return the prompts in their order."""
    said = ["dig the beds"]
    waiting: list[str] = []
    for number in range(random.randint(4, 12)):
        action = random.choice(["work", "type", "type", "report", "deliver", "end", "take back"])
        if action == "type":
            waiting.append(random.choice([f"words {number}", "yes"]))
            client.queue("enqueue", waiting[-1])
        elif action == "report":
            client.queue("enqueue", "<task-notification><task-id>b</task-id></task-notification>")
        elif action == "deliver" and waiting:
            client.work()
            _hand_over(client, waiting, random.choice(["queue", "first", "last"]))
            said += waiting
            waiting = []
            client.work()
        elif action == "end" and waiting:
            client.end()
            client.queue("dequeue")
            said.append(waiting.pop(0))
            client.prompt(said[-1])
            client.end()
        elif action == "take back" and waiting:
            client.queue("popAll")
            waiting = []
        else:
            client.work()
    client.end()
    return said


def _hand_over(client: _Client, waiting: list[str], attached: str) -> None:
    ids = [f"c-{len(client.transcript.rows)}-{number}" for number in range(len(waiting))]
    for step in {"queue": ("bare",), "first": ("attach", "named")}.get(
        attached, ("named", "attach")
    ):
        for words, command_id in zip(waiting, ids, strict=True):
            if step == "bare":
                client.queue("remove")
            elif step == "named":
                reason = "absorbed_mid_turn"
                client.queue("remove", words, reason=reason, commandUuid=command_id)
            else:
                client.attach(words, source_uuid=command_id)


@pytest.mark.parametrize("seed", range(20))
def test_any_history_in_any_batches_has_each_prompt_once(tmp_path: Path, seed: int) -> None:
    """Also one that says the same several times, and when it is read again."""
    random = Random(seed)  # noqa: S311 - the same histories in every run
    client = _Client()
    said = _play(client, random)
    lines = client.transcript.lines()
    database = open_database(tmp_path, now_ms=1)

    def read() -> list[tuple[Any, ...]]:
        at = 0
        while at < len(lines):
            size = random.choice([1, 2, 5, 50])
            feed(database, client.transcript, lines[at : at + size])
            at += size
        return _rows(database)

    before = read()
    assert _prompts(database) == said
    assert read() == before
    database.close()
