"""Histories of every client, read in any order, in any pieces, copied and damaged."""

from __future__ import annotations

import random
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from ccsync_watch.accounting.activity import by_session_id
from ccsync_watch.accounting.session_accounts import load_accounts
from ccsync_watch.store.database import DATABASE_NAME, Database, open_database
from ccsync_watch.store.status_figures import uncounted_rows, unknown_line_types
from support.histories import START_MS, Historian, feed, in_order, stored, stored_totals
from support.lines import line
from support.pumping import PROJECT, Bench, empty_store
from support.storing import price_list

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from ccsync_watch.model import Line
    from support.histories import Transcript

COPIES = ("kept", "redated", "recopied", "rewritten", "fork", "branch")
# What happens next, in or to which session, and the seed of everything else. That few values are
# drawn makes a failing example small within seconds.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["turn", "turn", "agent", "copy", "noise"]),
        st.integers(0, 4),
        st.integers(0, 999),
    ),
    min_size=1,
    max_size=12,
)
SEEDS = st.integers(0, 9999)
_COUNTS = (0, 1, 10, 10, 7777)


def write(steps: Sequence[tuple[str, int, int]]) -> Historian:
    """Write the history of some steps, each later than all before it."""
    history = Historian()
    _converse(history, history.session(), random.Random(0))  # noqa: S311 - a repeatable history
    for kind, which, seed in steps:
        chance = random.Random(seed)  # noqa: S311 - as above
        mains = [transcript for transcript in history.transcripts if transcript.agent_id is None]
        session = mains[which % len(mains)]
        session.writer.at_ms = max(transcript.writer.at_ms for transcript in history.transcripts)
        if kind == "turn":
            _converse(history, session, chance)
        elif kind == "noise":
            history.noise(session)
        elif kind == "agent":
            _respond(history, history.session(agent_of=session), chance)
        else:
            _converse(history, history.copy(session, chance.choice(COPIES)), chance)
    note("\n".join(history.log))
    return history


def _converse(history: Historian, to: Transcript, chance: random.Random) -> None:
    """Write a prompt and its answer."""
    history.prompt(to)
    _respond(history, to, chance)


def _respond(history: Historian, to: Transcript, chance: random.Random) -> None:
    """Write a response of any client."""
    identity = _identity(chance)
    has_id = identity.get("has_message_id", True) or identity["has_request_id"]
    blocks = chance.randint(1, 3) if has_id else 1
    history.response(
        to,
        tokens=_tokens(chance),
        blocks=blocks,
        is_growing=chance.random() < 0.3,
        starts_empty=identity.get("has_message_id", True) and chance.random() < 0.3,
        is_sidechain=chance.random() < 0.2,
        cost_usd=chance.choice([None, None, 0.25]),
        advisor=(500, 5) if chance.random() < 0.2 else None,
        **identity,
    )


def _tokens(chance: random.Random) -> tuple[int, int, int, int]:
    input_tokens, output, written, read = (chance.choice(_COUNTS) for _count in range(4))
    return input_tokens + 1, output, written, read


def _identity(chance: random.Random) -> dict[str, bool]:
    """Return what says which rows report a response: of the API, or of some gateway."""
    kinds: list[dict[str, bool]] = [
        {"has_request_id": True},
        {"has_request_id": True},
        {"has_request_id": False},
        {"has_request_id": True, "has_constant_id": True},
        {"has_request_id": False, "has_constant_id": True},
        {"has_request_id": True, "has_message_id": False},
        {"has_request_id": False, "has_message_id": False},
    ]
    return chance.choice(kinds)


_EMPTY = empty_store()


def _kept_of(pieces: Sequence[tuple[Transcript, list[Line]]]) -> tuple[Any, Any, Any]:
    """Return what the store keeps of tokens, the sums of it, and every session's account."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / DATABASE_NAME).write_bytes(_EMPTY)
        with closing(open_database(Path(folder), now_ms=START_MS)) as database:
            database._writer.execute("PRAGMA synchronous = OFF")  # type: ignore[union-attr]  # it is open
            for transcript, lines in pieces:
                feed(database, transcript, lines)
            accounts = load_accounts(database, price_list(Path(folder)))
            return stored(database), stored_totals(database), accounts


def _pieces(history: Historian, size: int) -> list[tuple[Transcript, list[Line]]]:
    return [
        (transcript, lines[at : at + size])
        for transcript, lines in in_order(history)
        for at in range(0, len(lines), size)
    ]


class TestOrder:
    """Lines that are stored in any order, in any pieces, some of them twice."""

    @given(STEPS, SEEDS, st.integers(1, 7))
    @settings(max_examples=40)
    def test_totals_do_not_depend_on_order_split_or_repetition(
        self, steps: list[tuple[str, int, int]], seed: int, size: int
    ) -> None:
        """The truth comes out, and every table and account is the same."""
        history = write(steps)
        rows, totals, figures = _kept_of(list(in_order(history)))
        assert totals == history.totals()
        chance = random.Random(seed)  # noqa: S311 - a repeatable order
        pieces = _pieces(history, size)
        shuffled = [*pieces, *chance.sample(pieces, len(pieces) // 2)]
        chance.shuffle(shuffled)
        assert _kept_of(shuffled) == (rows, totals, figures)

    def test_ten_thousand_messages_read_again_in_any_way_stay_the_same(self) -> None:
        """Four sessions with forks of every kind, read whole, in pieces, backwards and twice."""
        chance = random.Random(7)  # noqa: S311 - a repeatable history, not a secret
        history = Historian()
        for _number in range(4):
            main = history.session()
            for _turn in range(250):
                history.prompt(main)
                history.response(main, blocks=2, is_growing=chance.random() < 0.5)
            for how in COPIES:
                if chance.random() < 0.5:
                    history.response(history.copy(main, how))
        assert sum(len(transcript.rows) for transcript in history.transcripts) >= 10_000
        once = _kept_of(list(in_order(history)))
        assert once[1] == history.totals()
        for size in (97, 3000):
            pieces = _pieces(history, size)
            again = [*pieces, *chance.sample(pieces, len(pieces) // 3)]
            chance.shuffle(again)
            assert _kept_of(again) == once


class _Disk:
    """Transcripts on disk, and a pump that reads them."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        state = Path(self.folder.name) / "state"
        state.mkdir(mode=0o700)
        (state / DATABASE_NAME).write_bytes(_EMPTY)
        self.bench = Bench(Path(self.folder.name))

    def close(self) -> None:
        """Remove everything."""
        self.bench.close()
        self.folder.cleanup()

    @property
    def database(self) -> Database:
        """Return the store."""
        return self.bench.database

    def path(self, transcript: Transcript) -> Path:
        """Return where a transcript is."""
        folder = f"{PROJECT}/{transcript.session_id}/subagents"
        return self.bench.path(transcript.name, folder if transcript.agent_id else PROJECT)

    def message_ids(self) -> set[str]:
        """Return the ids of all stored messages but our own headers."""
        rows = self.bench.select("SELECT id FROM messages WHERE kind <> 'session'")
        return {name for (name,) in rows}

    def done(self) -> dict[str, tuple[int, int]]:
        """Return the prompts and turns of each session."""
        done = by_session_id(self.database)
        return {name: (item.prompts, item.turns) for name, item in done.items()}

    def unread(self) -> int:
        """Return how many ranges and rows are reported as not read or not counted."""
        uncounted = sum(uncounted_rows(self.database).values())
        unknown = sum(unknown_line_types(self.database).values())
        return len(self.bench.unreadable()) + uncounted + unknown


class TestFiles:
    """Files that grow by any bytes while the pump reads."""

    @given(STEPS, SEEDS, st.sampled_from([60, 700, 5000]), st.sampled_from([400, 1 << 20]))
    # A fork that is read whole before the rest of its source.
    @example([("turn", 0, 0), ("turn", 0, 242), ("copy", 0, 665)], 0, 700, 400)
    @settings(max_examples=40)
    def test_any_split_of_the_bytes_gives_the_truth(
        self, steps: list[tuple[str, int, int]], seed: int, size: int, chunk_bytes: int
    ) -> None:
        """Any order of the files, torn in mid-line; prompts and turns are the same too."""
        history = write(steps)
        chance = random.Random(seed)  # noqa: S311 - a repeatable order
        rest = {
            number: b"".join(map(line, transcript.rows))
            for number, transcript in enumerate(history.transcripts)
        }
        with closing(_Disk()) as disk:
            disk.bench.restart(chunk_bytes=chunk_bytes)
            while rest:
                number = chance.choice(sorted(rest))
                end = chance.randint(1, size * 4)
                disk.bench.append(disk.path(history.transcripts[number]), rest[number][:end])
                rest[number] = rest[number][end:]
                if not rest[number]:
                    del rest[number]
                if chance.random() < 0.3:
                    disk.bench.catch_up()
            disk.bench.catch_up()
            assert stored_totals(disk.database) == history.totals()
            assert disk.unread() == 0
            done = disk.done()
        with closing(_Disk()) as disk:
            for transcript in history.transcripts:
                disk.bench.append(disk.path(transcript), b"".join(map(line, transcript.rows)))
                disk.bench.catch_up()
            assert disk.done() == done


def _damaged(data: list[bytes], at: int, chance: random.Random) -> tuple[str, list[bytes]]:
    """Return what happened to one line of a file, and the lines then."""
    whole = data[at].rstrip(b"\n")
    position = chance.randrange(1, len(whole))
    # The last line cannot be spliced with another: it would be one that is still being written.
    splice = ["spliced"] if at < len(data) - 1 else []
    kind = chance.choice(["flip", "flip", "cut", "byte", "nul", *splice])
    torn = {
        "flip": whole[:position] + bytes([whole[position] ^ 1 << chance.randrange(8)])
        + whole[position + 1 :] + b"\n",
        "cut": whole[:position] + b"\n",
        "spliced": whole[:position],
        "byte": whole[:position] + b"\xe9" + whole[position:] + b"\n",
        "nul": whole[:position] + b"\0" * 40 + b"\n",
    }[kind]  # fmt: skip
    return kind, [*data[:at], torn, *data[at + 1 :]]


class TestDamage:
    """One line of one file was damaged: torn, spliced with the next one, or a byte was lost."""

    @pytest.mark.tailing_case("13")
    @given(STEPS, SEEDS)
    @settings(max_examples=30)
    def test_neighbours_are_kept_and_what_is_missing_is_reported(
        self, steps: list[tuple[str, int, int]], seed: int
    ) -> None:
        """No other row is lost, no more than the row's own tokens, and none without a word."""
        history = write(steps)
        chance = random.Random(seed)  # noqa: S311 - a repeatable place
        files = [[line(row) for row in transcript.rows] for transcript in history.transcripts]
        number = chance.randrange(len(files))
        at = chance.randrange(len(files[number]))
        row = history.transcripts[number].rows[at]
        kind, files[number] = _damaged(files[number], at, chance)
        note(f"{kind} in line {at} of {history.transcripts[number].name}: {files[number][at]!r}")
        with closing(_Disk()) as intact, closing(_Disk()) as damaged:
            for position, transcript in enumerate(history.transcripts):
                intact.bench.append(intact.path(transcript), b"".join(map(line, transcript.rows)))
                damaged.bench.append(damaged.path(transcript), b"".join(files[position]))
            intact.bench.catch_up()
            damaged.bench.catch_up()
            missing = intact.message_ids() - damaged.message_ids()
            own = str(row.get("uuid"))
            assert {name for name in missing if not name.endswith(own)} == set()
            if _is_json(files[number][at]):
                return  # nothing can say that another value was written
            lost = _sum(stored_totals(intact.database)) - _sum(stored_totals(damaged.database))
            # More only where the row lost the id by which a copy of it is known.
            assert abs(lost) <= _tokens_of(row)
            if lost or missing:
                assert damaged.unread() > intact.unread()


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data.decode("utf-8", "replace"))
    except orjson.JSONDecodeError:
        return False
    return True


def _sum(totals: Counter[tuple[str, str]]) -> int:
    return sum(totals.values())


def _tokens_of(row: dict[str, Any]) -> int:
    """Return the tokens that an assistant row reports, its advisor's included."""
    message = row.get("message", {})
    used = message.get("usage", {}) if isinstance(message, dict) else {}
    return sum(
        value
        for counts in (used, *used.get("iterations", ()))
        for name, value in counts.items()
        if name.endswith("_tokens")
    )
