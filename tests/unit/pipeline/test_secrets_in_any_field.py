"""Whatever field of a row holds a secret, and wherever a text is cut: the store has none of it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from support import row_samples
from support.lines import OTHER, SESSION, Writer, call, text
from support.pumping import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ccsync_watch.privacy import Redactor

TOKEN = "ghp_" + "Zx9Kq2Lm4Np6Rs8Tv0Wy1Ab3Cd5Ef7Gh9JkL"
PHRASE = "plum giraffes like mauve herons"
"""No rule would find it: it is known from a file."""
PIECE = 8
"""So many characters of a secret in a row are a part of it."""


@pytest.fixture
def bench(tmp_path: Path, build_redactor: Callable[[], Redactor]) -> Iterator[Bench]:
    """Return a pump with the real rules."""
    bench = Bench(tmp_path, redactor=build_redactor())
    yield bench
    bench.close()


def _everything(bench: Bench) -> str:
    return "\n".join(bench.database.read().iterdump())


def _lines_with_parts(bench: Bench) -> list[str]:
    pieces = [
        secret[start : start + PIECE]
        for secret in (TOKEN, PHRASE)
        for start in range(len(secret) - PIECE)
    ]
    return [
        line[:300]
        for line in _everything(bench).splitlines()
        if any(map(line.__contains__, pieces))
    ]


def _with_token(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any JSON
    """Yield a value once for each of its texts, with the token as that text, and behind it."""
    if isinstance(value, str):
        yield TOKEN
        yield f"{value} {TOKEN}"
    elif isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            for changed in _with_token(value[key]):
                copied = copy.copy(value)
                copied[key] = changed
                yield copied
        if isinstance(value, dict):
            yield {**value, TOKEN: "words"}
            yield {**value, "unknown": TOKEN}


@pytest.mark.parametrize("sample", list(row_samples.samples()), ids=lambda sample: sample.name)
def test_no_field_of_a_row_is_stored_raw(bench: Bench, sample: row_samples.RowSample) -> None:
    """Texts, ids, types, keys that nobody knows."""
    path = bench.path()
    for number, row in enumerate(_with_token(sample.row)):
        if row.get("uuid") == sample.row.get("uuid") and "uuid" in row:
            uuid = {"uuid": f"00000000-0000-4000-8000-{number:012}"}
            bench.append(path, {**row, **uuid})
        else:
            bench.append(path, row)
    bench.catch_up()
    assert _lines_with_parts(bench) == []


def test_no_name_of_a_file_is_stored_raw(bench: Bench) -> None:
    """Those of transcripts, of subagents and of folders."""
    paths = [
        bench.path(TOKEN),
        bench.path(f"agent-{TOKEN}"),
        bench.path(SESSION, f"-home-{TOKEN}"),
        bench.path(f"agent-{TOKEN}", f"x/{OTHER}/subagents"),
    ]
    for number, path in enumerate(paths):
        row = Writer().prompt(f"hello {number}")
        bench.append(path, {**row, "sessionId": TOKEN} if number == 1 else row)
    bench.catch_up()
    assert _lines_with_parts(bench) == []
    assert len(bench.texts()) > 1


def _cut_texts(writer: Writer, before: str, secret: str) -> list[dict[str, Any]]:
    """Return rows with a secret in each kind of text that is cut."""
    words = f"{before} {secret} and more words"
    return [
        writer.prompt(words),
        writer.answer(
            text("ok"),
            call("t1", "Edit", file_path="/a.py", old_string="a", new_string="b"),
            call("t2", "Bash", command=words),
            call("t3", "mcp__x__y", query=words),
        ),
        writer.result("t1", words, is_error=True),
        writer.result("t2", words),
        writer.result("t3", words, is_error=True),
        writer.prompt(f"<bash-stdout>{words}</bash-stdout>"),
        writer.prompt(f'<teammate-message teammate_id="{words}">x</teammate-message>'),
        writer.row("system", subtype="informational", content=words),
        writer.row("summary", summary=words, leafUuid="l1"),
        writer.row("custom-title", customTitle=words),
        writer.row("worktree-state", cwd=f"/{before}/{secret}"),
    ]


@pytest.mark.parametrize(
    "limit", [80, 160, 200, 1000, 4000, (64 << 10) + 1000, (64 << 10) + 4000, 100_000]
)
@pytest.mark.parametrize("is_styled", [False, True])
@pytest.mark.parametrize("secret", [TOKEN, PHRASE])
def test_no_cut_leaves_a_part_of_a_secret(
    bench: Bench,
    limit: int,
    secret: str,
    is_styled: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Wherever a secret is around a limit: what is cut is redacted before."""
    bench.redactor.add_known(PHRASE, "file")
    step = 4 if limit <= 4000 else 9
    for offset in range(limit - len(secret) - 4, limit + 6, step):
        if offset > 0:
            before = ("word " * (offset // 5 + 1))[: offset - 1]
            if is_styled:
                before = f"\x1b[1m{before}\x1b[0m"
            session_id = f"00000000-0000-4000-8000-{offset:012}"
            rows = _cut_texts(Writer(session_id), before, secret)
            bench.append(bench.path(session_id), *rows)
    bench.catch_up()
    assert _lines_with_parts(bench) == []
