"""What the user allows to be kept of a project: everything, its metadata, or nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.model import Redacted
from ccsync_watch.opensync import wire
from ccsync_watch.privacy.policy.projects import Projects
from ccsync_watch.store import session_summaries, stored_messages
from support.lines import SESSION, Writer, call, text
from support.pumping import Bench, ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ccsync_watch.config import ProjectPolicy

OTHER = "99999999-2222-4333-8444-555555555555"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return a pump on an empty folder."""
    bench = Bench(tmp_path)
    yield bench
    bench.close()


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
            (".", False),
            ("./", False),
            ("..", False),
        ],
    )
    def test_a_folder_is_out_when_it_or_one_above_matches(
        self,
        pattern: str,
        is_out: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """With or without the glob's last star; a name that only begins alike is another."""
        expected = "off" if is_out else "full"
        assert Projects(exclude=[pattern]).policy("/home/user/project") == expected
        assert Projects(exclude=["/nowhere", pattern]).policy("/home/user/project") == expected

    def test_a_tilde_is_the_users_home(self) -> None:
        """As in a shell."""
        home = os.environ["HOME"]
        projects = Projects(exclude=["~/secret"])
        assert projects.policy(f"{home}/secret/x") == "off"
        assert projects.policy(f"{home}/public") == "full"

    def test_an_excluded_sessions_rows_are_not_stored(self, bench: Bench) -> None:
        """Its offset moves on, other sessions are kept."""
        bench.restart(projects=Projects(exclude=["/home/user/secret"]))
        secret, open_row = Writer(cwd="/home/user/secret/x"), Writer(OTHER).prompt("b")
        size = bench.append(bench.path(), secret.prompt("a"))
        bench.append(bench.path(OTHER), open_row)
        bench.catch_up()
        assert bench.uuids() == ids(open_row)
        assert size in bench.offsets()

    def test_a_row_without_a_folder_excludes_nothing(self, bench: Bench) -> None:
        """It is not known where it ran."""
        bench.restart(projects=Projects(exclude=["/"]))
        row = Writer().prompt("a")
        del row["cwd"]
        bench.append(bench.path(), row)
        bench.catch_up()
        assert bench.uuids() == ids(row)


class TestPolicies:
    """A policy for each glob."""

    @pytest.mark.parametrize(
        ("folder", "policy"),
        [
            ("/work", "metadata"),
            ("/work/shop/src", "metadata"),
            ("/work/open", "full"),
            ("/work/open/secret", "off"),
            ("/work/both", "metadata"),
            ("/work/out/open", "off"),
            ("/elsewhere", "full"),
        ],
    )
    def test_the_longest_glob_decides(self, folder: str, policy: str) -> None:
        """In whatever order; of equally long ones the strictest; what is excluded stays out."""
        policies: list[tuple[str, ProjectPolicy]] = [
            ("/work/**", "metadata"),
            ("/work/open", "full"),
            ("/work/open/secret/*", "off"),
            ("/work/both", "full"),
            ("/work/both/", "metadata"),
            ("/work/out/open", "full"),
        ]
        for ordered in (policies, policies[::-1]):
            projects = Projects(exclude=["/work/out"], policies=ordered)
            assert projects.policy(folder) == policy


METADATA = Projects(policies=[("/home/user/private", "metadata")])
WORDS = "Zebra"


def _everything(bench: Bench) -> str:
    return "\n".join(bench.database.read().iterdump())


class TestMetadata:
    """Sessions of which no text is kept."""

    def test_no_word_of_it_is_stored(self, bench: Bench) -> None:
        """Prompts, answers, arguments, outputs, titles: sizes and outcomes stand in their place."""
        bench.restart(projects=METADATA)
        writer = Writer(cwd="/home/user/private/x")
        bench.append(
            bench.path(),
            writer.prompt(f"{WORDS} one\n{WORDS}"),
            writer.answer(text(f"{WORDS} two"), call("t1", "Bash", command=f"echo {WORDS}")),
            writer.result("t1", f"{WORDS} three\n", is_error=True),
            {"type": "custom-title", "customTitle": WORDS, "sessionId": SESSION},
            {"type": "summary", "summary": WORDS, "leafUuid": "u1"},
        )
        bench.catch_up()
        assert WORDS not in _everything(bench)
        rows = stored_messages.session_messages(bench.database, SESSION)
        contents = [(part.kind, part.tool_name, part.content) for r in rows[1:] for part in r.parts]
        assert contents == [
            ("text", None, {"lines": 2, "bytes": 15}),
            ("text", None, {"lines": 1, "bytes": 9}),
            ("tool-call", "Bash", {}),
            ("tool-result", "Bash", {"ok": False, "lines": 1, "bytes": 12, "durationMs": 1000}),
        ]
        summary = session_summaries.session_summary(bench.database, SESSION)
        assert summary is not None
        assert (summary.value.title, summary.value.project_name) == ("x", "x")
        assert summary.value.prompt_tokens > 0

    def test_what_leaves_says_how_much_was_withheld(self, bench: Bench) -> None:
        """The reader sees that there was a prompt, and how long."""
        bench.restart(projects=METADATA)
        bench.append(bench.path(), Writer(cwd="/home/user/private").prompt(WORDS))
        bench.catch_up()
        row = stored_messages.session_messages(bench.database, SESSION)[1]
        payload = wire.message_payload(Redacted(row), None).value
        assert payload["textContent"] == "[withheld: 1 line, 5 bytes]"

    @pytest.mark.parametrize("is_split", [False, True])
    def test_a_session_that_enters_such_a_folder_stays_private(
        self,
        bench: Bench,
        is_split: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        """From that row on, wherever it goes; what was said before is kept, in any batches."""
        bench.restart(projects=METADATA)
        writer = Writer()
        rows = [writer.prompt("before")]
        rows.append({**writer.prompt(f"{WORDS} in"), "cwd": "/home/user/private"})
        rows.append(writer.prompt(f"{WORDS} after"))
        for row in rows:
            bench.append(bench.path(), row)
            if is_split:
                bench.catch_up()
        bench.restart()
        bench.append(bench.path(), writer.prompt(f"{WORDS} much later"))
        bench.catch_up()
        assert WORDS not in _everything(bench)
        assert "before" in _everything(bench)


@pytest.mark.parametrize(
    "glob", ["C:\\Users\\jo\\shop", "c:/Users/jo/shop/**", "/mnt/c/Users/jo/*"]
)
@pytest.mark.parametrize(
    "folder", ["c:\\Users\\jo\\shop\\src", "C:/Users/jo/shop", "/mnt/c/Users/jo/shop"]
)
def test_a_folder_of_windows_matches_in_every_spelling(glob: str, folder: str) -> None:
    """The client writes it in the spelling of the shell that it runs in."""
    assert Projects(exclude=[glob]).policy(folder) == "off"
    assert Projects(exclude=[glob]).policy("D:\\Users\\jo\\shop") == "full"


@pytest.mark.parametrize(
    ("glob", "folder", "policy"),
    [
        ("C:\\dev\\shop", "/c/dev/shop/src", "off"),
        ("C:/dev/*", "/mnt/c/dev/shop", "off"),
        ("/c/dev/shop", "c:\\dev\\shop", "off"),
        ("C:\\Dev\\SHOP", "c:\\dev\\shop", "off"),
        ("*\\Shop", "C:\\dev\\shop", "off"),
        ("*/Shop", "C:\\dev\\shop", "off"),
        ("/home/jo/shop", "\\\\wsl$\\Debian\\home\\jo\\shop", "off"),
        ("\\\\wsl$\\Debian\\home\\jo\\shop", "/home/jo/shop", "off"),
        ("\\\\wsl$\\Debian\\home\\jo", "\\\\wsl$\\Ubuntu\\home\\jo", "full"),
        ("/w/shop", "/mnt/w/shop", "full"),
        ("/Home/jo", "/home/jo", "full"),
    ],
)
def test_a_glob_of_windows_means_what_programs_inside_of_it_write(
    glob: str, folder: str, policy: str
) -> None:
    """Upper and lower case are the same there; elsewhere nothing is joined."""
    assert Projects(exclude=[glob]).policy(folder) == policy
