"""Projects that the user keeps out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.pipeline import is_excluded
from lines import Writer
from pumping import Bench, ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


OTHER = "99999999-2222-4333-8444-555555555555"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return a pump on an empty folder."""
    made = Bench(tmp_path)
    yield made
    made.close()


class TestExclusion:
    """Projects that the user wants kept out."""

    @pytest.mark.parametrize(
        ("pattern", "is_out"),
        [
            ("/home/user/project", True),
            ("/home/user/project/", True),
            ("/home/user/*", True),
            ("/home/user/project/*", True),
            ("/home/user/project/**", True),
            ("/home/user", True),
            ("**/project/**", True),
            ("*/project", True),
            ("/home/*/project", True),
            ("/", True),
            ("*", True),
            ("/home/user/proj", False),
            ("/home/user/project/sub", False),
            ("project", False),
            ("", False),
            ("  ", False),
        ],
    )
    def test_a_folder_is_out_when_it_or_one_above_matches(
        self,
        pattern: str,
        is_out: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """With or without the glob's last star; a name that only begins alike is another."""
        assert is_excluded("/home/user/project", [pattern]) is is_out
        assert is_excluded("/home/user/project", ["/nowhere", pattern]) is is_out

    def test_a_tilde_is_the_users_home(self) -> None:
        """As in a shell."""
        home = os.environ["HOME"]
        assert is_excluded(f"{home}/secret/x", ["~/secret"])
        assert not is_excluded(f"{home}/public", ["~/secret"])

    def test_an_excluded_sessions_rows_are_not_stored(self, bench: Bench) -> None:
        """Its offset moves on, other sessions are kept."""
        bench.restart(exclude_projects=("/home/user/secret",))
        secret, open_row = Writer(cwd="/home/user/secret/x"), Writer(OTHER).prompt("b")
        size = bench.append(bench.path(), secret.prompt("a"))
        bench.append(bench.path(OTHER), open_row)
        bench.catch_up()
        assert bench.uuids() == ids(open_row)
        assert size in bench.offsets()

    def test_a_row_without_a_folder_excludes_nothing(self, bench: Bench) -> None:
        """It is not known where it ran."""
        bench.restart(exclude_projects=("/",))
        row = Writer().prompt("a")
        del row["cwd"]
        bench.append(bench.path(), row)
        bench.catch_up()
        assert bench.uuids() == ids(row)
