"""Secrets that a session read are removed wherever they turn up later, also after a restart."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.privacy.policy.policy import Policy
from ccsync_watch.privacy.policy.projects import Projects
from ccsync_watch.store import checkpoints, stored_messages
from support.lines import OTHER, SESSION, Writer, call, text
from support.pumping import PROJECT, Bench
from support.watched import WatchedFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ccsync_watch.privacy import Redactor

VALUE = "plum giraffe 7"
"""No rule would find it."""
FILE = f"PORT=80\nDB_PASSWORD='{VALUE}'\n"


@pytest.fixture
def bench(tmp_path: Path, build_redactor: Callable[[], Redactor]) -> Iterator[Bench]:
    """Return a pump with a redactor that a restart builds again."""
    bench = Bench(tmp_path, redactor=build_redactor(), build_redactor=build_redactor)
    yield bench
    bench.close()


def _everything(bench: Bench) -> str:
    return "\n".join(bench.database.read().iterdump())


def _read(writer: Writer, used: str = "t1") -> list[dict[str, object]]:
    detail = {"type": "text", "file": {"filePath": "/app/.env", "content": FILE, "numLines": 2}}
    return [
        writer.answer(call(used, "Read", file_path="/app/.env")),
        writer.result(used, f"     1\tPORT=80\n     2\tDB_PASSWORD='{VALUE}'\n", detail=detail),
    ]


@pytest.mark.parametrize("is_split", [False, True])
@pytest.mark.parametrize(
    "rows",
    [
        _read,
        lambda writer: [
            writer.answer(call("t1", "Bash", command="cat .env")),
            writer.result("t1", FILE, detail={"stdout": FILE, "stderr": ""}),
        ],
        lambda writer: [
            writer.answer(call("t1", "Bash", command="env")),
            writer.result("t1", [{"type": "text", "text": f"PATH=/bin\nDB_PASSWORD={VALUE}\n"}]),
        ],
        lambda writer: [
            writer.answer(call("t1", "Write", file_path="/app/.env", content=FILE)),
        ],
        lambda writer: [
            writer.answer(call("t1", "Bash", command=f"cat > .env <<'EOF'\n{FILE}EOF")),
        ],
        lambda writer: [
            writer.answer(call("t1", "Bash", command=f'echo "DB_PASSWORD={VALUE}" | tee -a .env')),
        ],
        lambda writer: [
            writer.answer(
                call("t1", "Bash", command=f"sed -i 's|^DB_PASSWORD=.*|DB_PASSWORD={VALUE}|' .env")
            ),
        ],
        lambda writer: [
            writer.answer(call("t1", "Bash", command="tail -n +1 conf/*")),
            writer.result("t1", f"==> conf/a.txt <==\nA=1\n\n==> conf/.env <==\n{FILE}"),
        ],
        lambda writer: [
            writer.answer(call("t1", "Grep", pattern="B", output_mode="content")),
            writer.result("t1", f"src/a.py:3:B = 1\napp/.env:2:DB_PASSWORD='{VALUE}'"),
        ],
        lambda writer: [
            writer.answer(call("t1", "Bash", command="git diff")),
            writer.result(
                "t1",
                "diff --git a/.env b/.env\n--- a/.env\n+++ b/.env\n@@ -1 +1,2 @@\n PORT=80\n"
                f"+DB_PASSWORD={VALUE}\n",
            ),
        ],
        lambda writer: [
            writer.row(
                "attachment",
                body_first=True,
                attachment={
                    "type": "file",
                    "filename": "/app/.env",
                    "content": {"type": "text", "file": {"filePath": "/app/.env", "content": FILE}},
                },
            ),
        ],
    ],
    ids=["Read", "cat", "env", "Write", "<<", "echo", "sed", "tail", "Grep", "diff", "mention"],
)
def test_what_was_read_is_removed_later(
    bench: Bench,
    rows: object,
    is_split: bool,  # noqa: FBT001 - a parameter
) -> None:
    """In plain and in its encoded forms, in that session and in others."""
    writer = Writer()
    assert callable(rows)
    for row in rows(writer):
        bench.append(bench.path(), row)
        if is_split:
            bench.catch_up()
    bench.append(bench.path(), writer.prompt(f"It is {VALUE}, or {VALUE.replace(' ', '%20')}?"))
    bench.catch_up()
    bench.append(bench.path(OTHER), Writer(OTHER).answer(text(f"I use {VALUE}.")))
    bench.catch_up()
    assert VALUE not in _everything(bench)
    assert "plum%20giraffe" not in _everything(bench)
    assert "I use [REDACTED:file:" in _everything(bench)


def test_the_content_of_a_secret_file_is_not_shown(bench: Bench) -> None:
    """Only path, lines and bytes, even of parts that are not secret."""
    writer = Writer()
    bench.append(
        bench.path(),
        writer.answer(call("t1", "Bash", command="cat .env")),
        writer.result("t1", "HOST=example\n"),
        writer.answer(call("t2", "Bash", command="cat .env")),
        writer.result("t2", "cat: HOST=example: no such thing", is_error=True),
    )
    bench.catch_up()
    assert "HOST=example" not in _everything(bench)
    rows = stored_messages.session_messages(bench.database, SESSION)
    assert rows[2].parts[0].content == {"ok": True, "lines": 1, "bytes": 13, "durationMs": 1000}


def test_a_restart_loads_known_secrets_again(bench: Bench) -> None:
    """From the transcript: the value is nowhere in the store."""
    writer = Writer()
    bench.append(bench.path(), *_read(writer))
    bench.catch_up()
    assert len(checkpoints.load_disclosures(bench.database)) == 1
    bench.restart()
    bench.append(bench.path(), writer.prompt(f"It is {VALUE}."))
    bench.catch_up()
    assert VALUE not in _everything(bench)


@pytest.mark.parametrize("is_watched", [True, False])
def test_known_secrets_are_loaded_from_a_transcript_that_moved(
    bench: Bench, *, is_watched: bool
) -> None:
    """Its lines are where they were, under its new path: it is known by its stream."""
    writer = Writer()
    bench.append(bench.path(), *_read(writer))
    bench.catch_up()
    moved = bench.root / "-home-user-worktree" / bench.path().name
    moved.parent.mkdir()
    bench.path().rename(moved)
    if is_watched:
        bench.catch_up()
    bench.restart()
    bench.append(moved, writer.prompt(f"It is {VALUE}."))
    bench.catch_up()
    assert VALUE not in _everything(bench)


def test_known_secrets_are_loaded_once_the_transcript_can_be_read(bench: Bench) -> None:
    """A folder's permissions or too many open files are temporary; the secret stays one."""
    bench.append(bench.path(), *_read(Writer()))
    bench.catch_up()
    bench.files = WatchedFiles(
        refuse=lambda path: OSError(24, "Too many open files") if path.endswith("jsonl") else None
    )
    bench.restart()
    bench.catch_up()
    assert bench.files.opened == [os.fspath(bench.path())]
    bench.files.refuse = lambda _path: None
    bench.append(bench.path(OTHER), Writer(OTHER).prompt(f"It is {VALUE}."))
    bench.catch_up()
    assert len(bench.uuids(OTHER)) == 1
    assert VALUE not in _everything(bench)


def test_a_missing_transcript_does_not_stop_others(bench: Bench) -> None:
    """Its disclosures cannot be loaded."""
    bench.append(bench.path(), *_read(Writer()))
    bench.catch_up()
    bench.path().unlink()
    bench.restart()
    bench.append(bench.path(OTHER), Writer(OTHER).prompt("hello"))
    bench.catch_up()
    assert "hello" in _everything(bench)


def test_a_rewritten_transcript_has_new_disclosures(bench: Bench) -> None:
    """The old lines are not where they were."""
    writer = Writer()
    bench.append(bench.path(), writer.prompt("one"), *_read(writer))
    bench.catch_up()
    bench.path().write_bytes(b"")
    bench.append(bench.path(), Writer().prompt("two"))
    bench.catch_up()
    assert checkpoints.load_disclosures(bench.database) == {}


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize(
    ("policy", "projects"),
    [
        (Policy(tool_calls=False), Projects()),
        (Policy(), Projects(exclude=["/home/user/project"])),
        (Policy(), Projects(policies=[("/home/user/project", "metadata")])),
    ],
    ids=["no calls", "off", "metadata"],
)
def test_what_is_not_kept_discloses_all_the_same(
    bench: Bench, policy: Policy, projects: Projects, *, is_restarted: bool
) -> None:
    """An option that keeps less does not weaken what other texts are redacted with."""
    bench.policy = policy
    bench.restart(projects=projects)
    writer = Writer()
    for row in _read(writer):
        bench.append(bench.path(), row)
        bench.catch_up()
        if is_restarted:
            bench.restart()
    other = Writer(OTHER).prompt(f"It is {VALUE}.")
    bench.append(bench.path(OTHER), {**other, "cwd": "/elsewhere"})
    bench.catch_up()
    assert VALUE not in _everything(bench)
    assert "It is [REDACTED:file:" in _everything(bench)


def test_a_helper_of_the_client_discloses_too(bench: Bench) -> None:
    """Only its tokens are kept, but what it read is known."""
    agent_id = "aprompt_suggestion-0123456789abcdef"
    path = bench.path(f"agent-{agent_id}", f"{PROJECT}/{SESSION}/subagents")
    bench.append(path, *_read(Writer(agent_id=agent_id)))
    bench.catch_up()
    assert bench.uuids() == []
    bench.append(bench.path(), Writer().prompt(f"It is {VALUE}."))
    bench.catch_up()
    assert VALUE not in _everything(bench)
