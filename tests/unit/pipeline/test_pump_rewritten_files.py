"""The bytes before the offset are not those that were read."""

from __future__ import annotations

import pytest

from support.lines import OTHER, Writer, line
from support.pumping import IS_LIVE, Bench, ids, joined


class TestRewrites:
    """The bytes before the offset are not those that were read."""

    @pytest.mark.tailing_case("19")
    @IS_LIVE
    def test_a_truncated_file_is_read_from_its_start(self, bench: Bench, is_live: bool) -> None:  # noqa: FBT001 - a parameter
        """What is left of it is known, what is written then is new."""
        writer = Writer()
        rows = [writer.prompt(f"row {number}") for number in range(9)]
        bench.append(bench.path(), *rows)
        bench.catch_up()
        bench.rewrite(bench.path(), *rows[:3])
        bench.catch_up_again(is_live=is_live)
        assert bench.offsets() == [len(joined(*rows[:3]))]
        more = writer.prompt("more")
        bench.append(bench.path(), more)
        bench.catch_up_again(is_live=is_live)
        assert bench.uuids() == ids(*rows, more)

    @pytest.mark.tailing_case("20", "21")
    @IS_LIVE
    def test_a_file_refilled_larger_is_read_from_its_start(
        self,
        bench: Bench,
        is_live: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """The offset lies inside the new bytes, and says nothing of them."""
        writer = Writer()
        old, new = writer.prompt("old"), [writer.prompt(f"new {number}") for number in range(9)]
        bench.append(bench.path(), old)
        bench.catch_up()
        bench.rewrite(bench.path(), *new)
        bench.catch_up_again(is_live=is_live)
        assert bench.uuids() == ids(old, *new)
        assert bench.unreadable() == []

    @IS_LIVE
    def test_a_file_emptied_and_refilled_to_the_same_size_is_read_again(
        self,
        bench: Bench,
        is_live: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """Its time shows that it changed."""
        one, two = Writer().prompt("one"), Writer(OTHER).prompt("two")
        bench.append(bench.path(), one)
        bench.catch_up()
        bench.rewrite(bench.path(), two)
        bench.catch_up_again(is_live=is_live)
        assert bench.uuids() == ids(one, two)

    @pytest.mark.tailing_case("22")
    def test_a_writer_that_did_not_notice_leaves_nul_bytes(self, bench: Bench) -> None:
        """After a copy-and-truncate it writes at its old offset."""
        writer = Writer()
        old, new = writer.prompt("old"), writer.prompt("new")
        size = bench.append(bench.path(), old)
        bench.catch_up()
        bench.rewrite(bench.path(), b"\0" * size, new)
        bench.catch_up()
        assert bench.uuids() == ids(old, new)
        assert bench.unreadable() == [(0, size, "NUL bytes")]

    @pytest.mark.tailing_case("33b")
    @IS_LIVE
    def test_a_changed_beginning_and_an_append_are_both_read(
        self,
        bench: Bench,
        is_live: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """The changed row is sent again, the rest is known."""
        writer = Writer()
        rows = [writer.prompt(f"row {number}") for number in range(9)]
        bench.append(bench.path(), *rows)
        bench.catch_up()
        changed = {**rows[0], "message": {"role": "user", "content": "ROW 0"}}
        more = writer.prompt("more")
        bench.rewrite(bench.path(), changed, *rows[1:], more)
        bench.catch_up_again(is_live=is_live)
        assert bench.uuids() == ids(*rows, more)
        assert bench.texts()[0] == "ROW 0"

    @IS_LIVE
    def test_a_file_that_lost_rows_is_read_from_its_start(
        self,
        bench: Bench,
        is_live: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """The client renames a smaller one over it; what was stored stays."""
        writer = Writer()
        rows = [writer.prompt(f"row {number}") for number in range(9)]
        bench.append(bench.path(), *rows)
        bench.catch_up()
        more = writer.prompt("more")
        bench.replace(bench.path(), *rows[5:], more)
        bench.catch_up_again(is_live=is_live)
        assert bench.uuids() == ids(*rows, more)
        assert bench.sent_again() == 0

    @pytest.mark.tailing_case("27")
    @IS_LIVE
    def test_a_copy_renamed_over_it_continues_at_the_offset(
        self,
        bench: Bench,
        is_live: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """Another inode, the same bytes before the offset: only what is new is read."""
        writer = Writer()
        rows = [writer.prompt(f"row {number}") for number in range(9)]
        bench.append(bench.path(), *rows)
        bench.catch_up()
        more = writer.prompt("more")
        bench.replace(bench.path(), *rows, more)
        assert bench.catch_up_again(is_live=is_live) == len(line(more))
        assert bench.uuids() == ids(*rows, more)

    @pytest.mark.tailing_case("25")
    @IS_LIVE
    def test_a_file_deleted_and_created_again_is_read_from_its_start(
        self,
        bench: Bench,
        is_live: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """Also when it is larger and has the inode of the one deleted."""
        writer = Writer()
        old, new = writer.prompt("old"), [writer.prompt(f"new {number}") for number in range(9)]
        bench.append(bench.path(), old)
        bench.catch_up()
        bench.path().unlink()
        bench.append(bench.path(), *new)
        bench.catch_up_again(is_live=is_live)
        assert bench.uuids() == ids(old, *new)

    @pytest.mark.tailing_case("26")
    def test_a_reused_inode_is_not_the_same_file(self, bench: Bench) -> None:
        """A checkpoint belongs to a path, not to an inode."""
        one, two = Writer().prompt("one"), Writer(OTHER).prompt("two")
        bench.append(bench.path(), one)
        bench.catch_up()
        bench.close()
        inode = bench.path().stat().st_ino
        bench.path().unlink()
        bench.append(bench.path(OTHER), two)
        bench.restart()
        bench.catch_up()
        assert bench.uuids() == ids(one, two)
        assert inode

    def test_a_row_exchanged_for_one_of_the_same_length_is_noticed(self, bench: Bench) -> None:
        """The rows of a session end alike: they differ further in front."""
        writer = Writer()
        rows = [writer.prompt(f"row {number}") for number in range(9)]
        bench.append(bench.path(), *rows)
        bench.catch_up()
        other, more = writer.prompt("ROW 8"), writer.prompt("more")
        bench.rewrite(bench.path(), *rows[:8], other, more)
        bench.catch_up()
        assert bench.uuids() == ids(*rows, other, more)

    @pytest.mark.tailing_case("31")
    def test_a_file_below_64_bytes_keeps_its_identity(self, bench: Bench) -> None:
        """It has one from its first line, and growth does not change it."""
        first = b'{"type":"mode"}\n'
        bench.append(bench.path(), first)
        bench.catch_up()
        row = Writer().prompt("a")
        bench.append(bench.path(), row)
        before = bench.pump.progress.bytes_read
        bench.catch_up()
        assert bench.pump.progress.bytes_read - before == len(line(row))
